"""Flags about memory: the CUDA allocator, VRAM, moving weights between RAM and GPU, caching of results."""

from wan22.launch.knowledge.condition import (
    autotune_on,
    before,
    dynamic_vram_on,
    gpu_board,
    has,
    since,
    vram_below,
    vram_from,
)
from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, REPORTS, Knowledge
from wan22.schema.setting_lint import Effect

_OUT = "Take it out."
_SLOW_RUN = "A run with loading took 97 s where one without took 71 s (RTX 4090D, 640x640, ComfyUI's own note)."
_ON_CARD = "DynamicVRAM is off with it, and asking ComfyUI to free memory frees little."

_ALLOCATOR: tuple[Knowledge, ...] = (
    Knowledge("--cuda-malloc", Effect.no_effect, "It is for GPUs only.", COMFYUI, _OUT, when=(has("--cpu"),)),
    Knowledge(
        "--cuda-malloc",
        Effect.known_effect,
        "Keeps the allocator cudaMallocAsync, which ComfyUI would otherwise switch off for --fast autotune.",
        COMFYUI,
        "ComfyUI's authors know of faults of the two together; watch the log.",
        when=(autotune_on(), since("0.3.65")),
    ),
    Knowledge(
        "--cuda-malloc",
        Effect.no_effect,
        "ComfyUI takes the allocator cudaMallocAsync by itself with every torch 2 for CUDA.",
        COMFYUI,
        _OUT,
    ),
    Knowledge("--disable-cuda-malloc", Effect.no_effect, "It is for GPUs only.", COMFYUI, _OUT, when=(has("--cpu"),)),
    Knowledge(
        "--disable-cuda-malloc",
        Effect.known_effect,
        "Takes torch's own allocator, the only one that looks at PYTORCH_CUDA_ALLOC_CONF. On Windows the driver is "
        "reported to spill into RAM with it instead of running out of memory, many times slower.",
        f"{COMFYUI}; {REPORTS}",
        "Use it for CUDA graphs in a compile node, or to try allocator options.",
    ),
)

_VRAM: tuple[Knowledge, ...] = (
    *(
        row
        for flag, what in (
            ("--gpu-only", "All models, the text encoder too, stay in VRAM (33 GiB in fp8)."),
            ("--highvram", "Both experts stay in VRAM (27 GiB in fp8), so pass 2 need not load its own."),
        )
        for row in (
            Knowledge(
                flag,
                Effect.harmful,
                f"{what} That leaves too little working memory on this board: jobs can run out of memory.",
                COMFYUI,
                _OUT,
                when=(vram_below(40),),
            ),
            Knowledge(
                flag,
                Effect.known_effect,
                f"{what} {_ON_CARD}",
                COMFYUI,
                "Right for a machine that makes nothing but Wan clips.",
                when=(vram_from(79),),
            ),
            Knowledge(
                flag,
                Effect.unknown,
                f"{what} {_ON_CARD} Whether it fits depends on board, size and length; it is right for 80 GB.",
                COMFYUI,
                "Leave it out on smaller boards.",
            ),
        )
    ),
    Knowledge(
        "--normalvram",
        Effect.harmful,
        "The flag was removed: ComfyUI 0.21.1 and newer end with exit code 2 when they are given it.",
        COMFYUI,
        _OUT,
        when=(since("0.21.1"),),
    ),
    Knowledge("--normalvram", Effect.no_effect, "It is the default.", COMFYUI, _OUT),
    Knowledge(
        "--lowvram",
        Effect.no_effect,
        "It does nothing while DynamicVRAM is on, the default since about ComfyUI 0.16.",
        COMFYUI,
        _OUT,
        when=(dynamic_vram_on(),),
    ),
    *(
        row
        for flag, what in (
            ("--lowvram", "Weights come from RAM in pieces and the text encoder runs on the processor."),
            ("--novram", "All weights stay in RAM and come to the GPU piece by piece, in every step."),
        )
        for row in (
            Knowledge(
                flag,
                Effect.harmful,
                f"{what} On this board one expert fits, so it only costs time.",
                COMFYUI,
                _OUT,
                when=(vram_from(24),),
            ),
            Knowledge(
                flag,
                Effect.known_effect,
                f"{what} Slower, needs less VRAM.",
                COMFYUI,
                "Only where a job would not fit.",
            ),
        )
    ),
    Knowledge(
        "--cpu",
        Effect.harmful,
        "Everything runs on the processor and the GPU of this profile idles: hours instead of minutes.",
        COMFYUI,
        _OUT,
        when=(gpu_board(),),
    ),
    Knowledge("--cpu", Effect.known_effect, "Everything runs on the processor.", COMFYUI),
    Knowledge(
        "--reserve-vram",
        Effect.known_effect,
        "So many GB stay free for the desktop and other programs (by default 0.4 on Linux, 0.6 to 0.7 on Windows). "
        "More of it lessens out-of-memory errors and moves more weights to RAM.",
        COMFYUI,
    ),
    Knowledge(
        "--vram-headroom",
        Effect.known_effect,
        "DynamicVRAM keeps so many more GB free, whatever other programs take.",
        COMFYUI,
        when=(dynamic_vram_on(),),
    ),
    Knowledge("--vram-headroom", Effect.no_effect, "It is for DynamicVRAM, which is off.", COMFYUI, _OUT),
    Knowledge(
        "--enable-dynamic-vram",
        Effect.known_effect,
        "Keeps DynamicVRAM on although another flag would switch it off.",
        COMFYUI,
        when=(has("--gpu-only", "--highvram", "--novram", "--cpu"),),
    ),
    Knowledge(
        "--enable-dynamic-vram",
        Effect.no_effect,
        "DynamicVRAM is the default on NVIDIA boards with torch 2.8 or newer, except under WSL in ComfyUI 0.25.",
        COMFYUI,
        "Keep it only where the log says that DynamicVRAM is off.",
    ),
    Knowledge(
        "--disable-dynamic-vram",
        Effect.known_effect,
        "Goes back to loading by estimates. ComfyUI says that the flag will be removed.",
        f"{COMFYUI}; {COMFYUI_NEW}",
        "Use it to find out whether DynamicVRAM is at fault.",
    ),
)

_MOVING: tuple[Knowledge, ...] = (
    *(
        Knowledge(
            "--async-offload",
            Effect.no_effect,
            "Two streams are the default on NVIDIA boards.",
            COMFYUI,
            _OUT,
            value=value,
            when=(since("0.25.0"),),
        )
        for value in ("", "2")
    ),
    Knowledge(
        "--async-offload",
        Effect.known_effect,
        "Weights travel between RAM and GPU while the GPU computes. It helps where a model does not fit whole.",
        COMFYUI,
    ),
    Knowledge(
        "--disable-async-offload",
        Effect.harmful,
        "The GPU waits whenever weights travel between RAM and GPU.",
        COMFYUI,
        "Take it out unless you look for a fault.",
    ),
    Knowledge(
        "--disable-pinned-memory",
        Effect.known_effect,
        "Weights travel more slowly between RAM and GPU, but less RAM is locked: a way out where RAM runs short.",
        REPORTS,
        "Only with less than 64 GB of RAM.",
    ),
    Knowledge(
        "--disable-smart-memory",
        Effect.harmful,
        f"All models leave the GPU after every job, so each clip loads them again. {_SLOW_RUN}",
        COMFYUI,
        _OUT,
    ),
    Knowledge(
        "--force-non-blocking",
        Effect.unknown,
        "Meant for boards of other makers; ComfyUI does what is right on NVIDIA by itself.",
        COMFYUI,
        _OUT,
    ),
    Knowledge(
        "--mmap-torch-files",
        Effect.no_effect,
        "It is for .ckpt and .pt files; the Wan models are .safetensors.",
        COMFYUI,
        _OUT,
    ),
    Knowledge(
        "--disable-mmap",
        Effect.unknown,
        "Model files are read into RAM instead of being mapped: more RAM; the time is not measured.",
        COMFYUI,
    ),
    *(
        Knowledge(flag, Effect.unknown, "About loading weights from a fast disk; not measured.", source)
        for flag, source in (("--fast-disk", COMFYUI), ("--disable-fast-disk", COMFYUI_NEW))
    ),
    Knowledge("--disable-nvml-pressure", Effect.unknown, "Not measured.", COMFYUI_NEW),
)

_CACHE: tuple[Knowledge, ...] = (
    Knowledge(
        "--cache-none",
        Effect.harmful,
        f"Every node runs again for every clip, the loading of models from disk too. {_SLOW_RUN}",
        COMFYUI,
        "Only as a way out where RAM runs short (less than 64 GB).",
    ),
    Knowledge(
        "--cache-classic",
        Effect.no_effect,
        "It is the default of this ComfyUI.",
        COMFYUI,
        _OUT,
        when=(before("0.3.67"),),
    ),
    Knowledge(
        "--cache-classic",
        Effect.known_effect,
        "Results of nodes are kept until they change. The default of newer ComfyUI drops some when RAM runs short.",
        COMFYUI,
        "Good for measuring: repeats stay alike.",
    ),
    Knowledge(
        "--cache-lru", Effect.known_effect, "So many results of nodes are kept, also of earlier workflows.", COMFYUI
    ),
    Knowledge(
        "--cache-ram",
        Effect.no_effect,
        "It is the default of this ComfyUI.",
        COMFYUI,
        _OUT,
        value="",
        when=(since("0.25.0"),),
    ),
    Knowledge("--cache-ram", Effect.known_effect, "Results of nodes are dropped when so little RAM is left.", COMFYUI),
    Knowledge(
        "--high-ram",
        Effect.known_effect,
        "Keeps results and weights in RAM even when it runs short; for machines with plenty.",
        COMFYUI,
        "Only with well over 64 GB of RAM.",
    ),
)

MEMORY_FLAGS: tuple[Knowledge, ...] = (*_ALLOCATOR, *_VRAM, *_MOVING, *_CACHE)
