"""Flags about the server around the computing: which GPU, address, folders, node packs, previews, log."""

from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, Knowledge
from wan22.schema.setting_lint import Effect

_LAUNCHER = "launch code of this program"

_OTHER: tuple[tuple[str, str], ...] = (
    ("--base-directory", "Moves models, node packs, input, output and user folders."),
    ("--input-directory", "Moves the folder of start images."),
    (
        "--output-directory",
        "Moves the folder that clips are saved to; this program asks ComfyUI for them all the same.",
    ),
    ("--temp-directory", "Moves the folder of temporary files, which is emptied at every start and end."),
    ("--user-directory", "Moves the folder of workflows, settings and the database."),
    ("--models-directory", "Moves the folder of models."),
    ("--extra-model-paths-config", "Adds more folders of models."),
    ("--database-url", "Moves the database; two ComfyUI at once need one each."),
    ("--disable-metadata", "Clips are saved without their workflow inside."),
    ("--disable-all-custom-nodes", "No node pack is loaded: a faster start, but no RIFE VFI, FILM VFI or KJNodes."),
    ("--whitelist-custom-nodes", "With --disable-all-custom-nodes these packs are loaded all the same."),
    ("--disable-api-nodes", "Nodes for paid services are left out: a slightly faster start."),
    ("--disable-partner-nodes", "Nodes for paid services are left out: a slightly faster start."),
    ("--offline", "ComfyUI asks nothing of the internet."),
    ("--enable-manager", "ComfyUI-Manager is loaded."),
    ("--preview-size", "Largest side of live previews in pixels."),
    ("--log-stdout", "Log lines below errors go to the other output; this program reads both."),
    ("--multi-user", "Settings and workflows are kept for each user."),
    ("--enable-cors-header", "Pages of other addresses may use this server."),
    ("--max-upload-size", "Largest start image in MB."),
    ("--tls-keyfile", "The server speaks https only."),
    ("--tls-certfile", "The server speaks https only."),
    ("--front-end-root", "Another web page is served; jobs do not change."),
    ("--front-end-version", "Another web page is served; jobs do not change."),
    ("--enable-compress-response-body", "Answers are compressed; jobs do not change."),
)

SERVER_FLAGS: tuple[Knowledge, ...] = (
    Knowledge(
        "--cuda-device",
        Effect.known_effect,
        "Only this GPU is seen; it overwrites CUDA_VISIBLE_DEVICES.",
        COMFYUI,
    ),
    Knowledge(
        "--default-device",
        Effect.known_effect,
        "This GPU comes first and the others stay visible; it overwrites CUDA_VISIBLE_DEVICES.",
        COMFYUI,
    ),
    *(
        Knowledge(flag, Effect.no_effect, "It is left out: this program sets it at every start.", _LAUNCHER, advice)
        for flag, advice in (
            ("--port", "Use the program's own setting."),
            ("--listen", "Give it for a single start instead."),
            ("--auto-launch", "Take it out."),
            ("--disable-auto-launch", "Take it out."),
        )
    ),
    Knowledge(
        "--windows-standalone-build",
        Effect.no_effect,
        "It opens a web browser at the start, which this program forbids ComfyUI.",
        _LAUNCHER,
        "Take it out.",
    ),
    Knowledge("--dont-print-server", Effect.known_effect, "One log line with the address less.", COMFYUI),
    *(
        Knowledge(
            "--verbose",
            Effect.harmful,
            "It hides the log lines that prove what the start has led to and that explain a crash.",
            COMFYUI,
            "Take it out, or use INFO.",
            value=level,
        )
        for level in ("WARNING", "ERROR", "CRITICAL")
    ),
    Knowledge("--verbose", Effect.known_effect, "The log says more.", COMFYUI),
    Knowledge(
        "--preview-method", Effect.no_effect, "It is the default: no previews.", COMFYUI, "Take it out.", value="none"
    ),
    Knowledge(
        "--preview-method",
        Effect.known_effect,
        "A preview is made in every step, which costs a little time; the request for a job can ask for it too.",
        COMFYUI,
    ),
    *(
        Knowledge(
            flag,
            Effect.known_effect,
            "Clips land in other folders with other names than usual.",
            COMFYUI_NEW,
        )
        for flag in ("--date-based-output", "--date-output-format")
    ),
    *(
        Knowledge(flag, Effect.no_effect, "It is for boards of other makers.", COMFYUI, "Take it out.")
        for flag in ("--directml", "--oneapi-device-selector", "--disable-ipex-optimize")
    ),
    Knowledge(
        "--debug-hang",
        Effect.known_effect,
        "Ctrl-C prints where every thread stands before ComfyUI ends.",
        COMFYUI,
        "Only to find out why it hangs.",
    ),
    *(Knowledge(flag, Effect.known_effect, words, COMFYUI) for flag, words in _OTHER),
)
