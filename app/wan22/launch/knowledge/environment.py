"""Environment variables: who reads them, and what that does to a Wan 2.2 job in ComfyUI."""

from wan22.launch.knowledge.allocator import ALLOCATOR_VARIABLES
from wan22.launch.knowledge.condition import has, lacks
from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, CUDA, TORCH, Knowledge
from wan22.schema.setting_lint import Effect

_SEARCHED = "searched ComfyUI 0.3.64 and 0.25.0, the KJNodes, VideoHelperSuite and interpolation packs, and torch 2.14"
_LAUNCHER = "launch code of this program"


ENVIRONMENT: tuple[Knowledge, ...] = (
    *(
        Knowledge(
            name,
            Effect.no_effect,
            f"Nothing reads {name}: neither ComfyUI nor its usual node packs nor torch. Only a compile node in the "
            "workflow compiles the model.",
            _SEARCHED,
            "Take it out; to compile, put a TorchCompileModel node behind each of the two experts.",
        )
        for name in ("TORCH_COMPILE", "TORCH_COMPILE_MODE")
    ),
    Knowledge(
        "TORCH_COMPILE_DISABLE",
        Effect.known_effect,
        "Turns every torch.compile off, also that of compile nodes in the workflow.",
        TORCH,
        value="1",
    ),
    Knowledge("TORCH_COMPILE_DISABLE", Effect.no_effect, "Only 1 turns compiling off.", TORCH, "Take it out."),
    *(
        Knowledge(
            name,
            Effect.known_effect,
            "Used only while a compile node or a Triton kernel compiles; keeps or speeds up that work between starts.",
            TORCH,
        )
        for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS")
    ),
    *ALLOCATOR_VARIABLES,
    Knowledge(
        "PYTORCH_NO_CUDA_MEMORY_CACHING",
        Effect.harmful,
        "Torch asks the driver for every single piece of VRAM: for finding faults, far too slow for work.",
        TORCH,
        "Take it out.",
    ),
    Knowledge(
        "CUDA_LAUNCH_BLOCKING",
        Effect.harmful,
        "Every GPU kernel is waited for: for finding faults, slow.",
        CUDA,
        "Take it out.",
        value="1",
    ),
    Knowledge("CUDA_LAUNCH_BLOCKING", Effect.no_effect, "That is the default.", CUDA, "Take it out.", value="0"),
    Knowledge(
        "CUDA_MODULE_LOADING",
        Effect.no_effect,
        "LAZY is the default already, since CUDA 12.2 on Linux and 12.3 on Windows; torch asks for it since 1.13.",
        CUDA,
        "Take it out.",
        value="LAZY",
    ),
    Knowledge(
        "CUDA_MODULE_LOADING",
        Effect.harmful,
        "All GPU code is loaded at the start: a slower start and more memory, no faster passes.",
        CUDA,
        "Take it out.",
        value="EAGER",
    ),
    Knowledge(
        "CUDA_VISIBLE_DEVICES",
        Effect.no_effect,
        "ComfyUI overwrites it with what --cuda-device or --default-device says.",
        COMFYUI,
        "Keep one of the two.",
        when=(has("--cuda-device", "--default-device"),),
    ),
    Knowledge(
        "CUDA_VISIBLE_DEVICES",
        Effect.known_effect,
        "Only these GPUs are seen. Newer ComfyUI on Windows shows only the first GPU when nothing is said.",
        f"{CUDA}; {COMFYUI_NEW}",
    ),
    Knowledge(
        "CUDA_DEVICE_ORDER",
        Effect.known_effect,
        "PCI_BUS_ID counts the GPUs as nvidia-smi does; otherwise the fastest comes first.",
        CUDA,
    ),
    *(
        Knowledge(
            name,
            Effect.known_effect,
            "Limits the processor threads of torch's work on the processor. Both passes run on the GPU, so their "
            "times do not depend on it.",
            TORCH,
            "Take it out unless other programs need the processor.",
            when=(lacks("--cpu"),),
        )
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    ),
    *(
        Knowledge(name, Effect.known_effect, "The number of processor threads that torch computes with.", TORCH)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    ),
    Knowledge(
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
        Effect.unknown,
        "Speeds up matrix products in fp32. Wan computes in fp16, so little can change; not measured.",
        TORCH,
    ),
    *(
        Knowledge(name, Effect.no_effect, "ComfyUI sets it by itself.", COMFYUI, "Take it out.", value="1")
        for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
    ),
    Knowledge(
        "CUBLAS_WORKSPACE_CONFIG",
        Effect.known_effect,
        "Goes with --deterministic, which sets it by itself when it is missing.",
        COMFYUI,
    ),
    *(
        row
        for name in ("PYTHONUNBUFFERED", "PYTHONUTF8")
        for row in (
            Knowledge(name, Effect.no_effect, "This program sets it for every start.", _LAUNCHER, "Take it out.", "1"),
            Knowledge(
                name,
                Effect.harmful,
                "This program reads ComfyUI's log at once and in UTF-8, for which it sets 1 by itself.",
                _LAUNCHER,
                "Take it out.",
            ),
        )
    ),
    *(
        Knowledge(
            name, Effect.known_effect, "Read by VideoHelperSuite to find ffmpeg or to check paths.", "its source code"
        )
        for name in ("VHS_FORCE_FFMPEG_PATH", "VHS_USE_IMAGEIO_FFMPEG", "VHS_STRICT_PATHS")
    ),
    Knowledge(
        "COMFYUI_PATH", Effect.known_effect, "Tells ComfyUI-Manager where ComfyUI is.", "ComfyUI-Manager's source code"
    ),
    Knowledge(
        "COMFYUI_*",
        Effect.no_effect,
        "ComfyUI has no environment variable of this kind that changes its speed.",
        COMFYUI,
        "Take it out.",
    ),
)
