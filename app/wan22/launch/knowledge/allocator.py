"""The options inside torch's two allocator variables; `launch.profile_lint` judges each option by itself."""

from wan22.launch.knowledge.condition import cuda_malloc_on, has, on_windows, since
from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, TORCH, Knowledge
from wan22.schema.setting_lint import Effect

_OUT = "Take it out."
_OLD, _NEW = "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"
_IGNORED = "is an option of torch's own allocator. ComfyUI uses cudaMallocAsync by default, which ignores it."
_KEPT = "Works only while ComfyUI does not take cudaMallocAsync."
_SEGMENTS = "expandable_segments"
_NATIVE: dict[str, str] = {
    "max_split_size_mb": "never splits blocks larger than this, which can lessen fragmentation.",
    "garbage_collection_threshold": "gives cached memory back early, once that share of VRAM is used.",
    "roundup_power2_divisions": "rounds sizes up, which trades memory for less fragmentation.",
}
"""Option → what it makes torch's own allocator do."""


def _ignored(name: str) -> tuple[Knowledge, ...]:
    """When the options of the variable do nothing."""
    without_gpu = tuple(
        Knowledge(
            name,
            Effect.no_effect,
            f"{option} is an option for GPU memory, and with --cpu none is used.",
            TORCH,
            _OUT,
            f"{option}:*",
            (has("--cpu"),),
        )
        for option in (*_NATIVE, _SEGMENTS)
    )
    under_async = tuple(
        Knowledge(name, Effect.no_effect, f"{option} {_IGNORED}", TORCH, _OUT, f"{option}:*", (cuda_malloc_on(),))
        for option in _NATIVE
    )
    segments = (
        Knowledge(
            name,
            Effect.no_effect,
            f"{_SEGMENTS} {_IGNORED} Newer ComfyUI (seen in 0.38) even removes it from the variable, and on Windows "
            "torch does not support it.",
            f"{TORCH}; {COMFYUI_NEW}",
            _OUT,
            f"{_SEGMENTS}:*",
            (cuda_malloc_on(),),
        ),
        Knowledge(
            name,
            Effect.no_effect,
            f"Torch does not support {_SEGMENTS} on Windows; it prints a warning and goes on without.",
            TORCH,
            _OUT,
            f"{_SEGMENTS}:*",
            (on_windows(),),
        ),
    )
    return (*without_gpu, *under_async, *segments)


def _working(name: str) -> tuple[Knowledge, ...]:
    """What the options do where torch's own allocator is at work."""
    return tuple(
        Knowledge(name, Effect.known_effect, f"Torch's own allocator {words}", TORCH, _KEPT, f"{option}:*")
        for option, words in _NATIVE.items()
    )


def _backend(name: str) -> tuple[Knowledge, ...]:
    return (
        Knowledge(
            name,
            Effect.no_effect,
            "ComfyUI chooses cudaMallocAsync by itself.",
            COMFYUI,
            _OUT,
            "backend:cudaMallocAsync",
            (cuda_malloc_on(),),
        ),
        Knowledge(
            name,
            Effect.unknown,
            "ComfyUI appends its own backend behind this one; which of two wins is not known.",
            COMFYUI,
            "Choose the allocator with --cuda-malloc or --disable-cuda-malloc.",
            "backend:*",
        ),
    )


ALLOCATOR_VARIABLES: tuple[Knowledge, ...] = (
    Knowledge(
        _OLD,
        Effect.no_effect,
        "ComfyUI 0.38 and newer remove expandable_segments:True from this variable, also with --disable-cuda-malloc.",
        COMFYUI_NEW,
        _OUT,
        "expandable_segments:True",
        (has("--disable-cuda-malloc"), since("0.38.1")),
    ),
    *_backend(_OLD),
    *_ignored(_OLD),
    *_working(_OLD),
    Knowledge(
        _OLD,
        Effect.known_effect,
        "Torch's own allocator grows its blocks instead of adding new ones, which lessens fragmentation.",
        TORCH,
        f"{_KEPT} ComfyUI removes the option from about version 0.38 on.",
        f"{_SEGMENTS}:*",
    ),
    Knowledge(
        _NEW,
        Effect.no_effect,
        f"Torch reads the old name {_OLD} first, and that one is set too.",
        TORCH,
        "Keep one of the two.",
        when=(has(_OLD),),
    ),
    Knowledge(
        _NEW,
        Effect.no_effect,
        f"ComfyUI sets the old name {_OLD} whenever it takes cudaMallocAsync; torch reads that first.",
        f"{COMFYUI}; {TORCH}",
        _OUT,
        when=(cuda_malloc_on(),),
    ),
    *_ignored(_NEW),
    *_working(_NEW),
    Knowledge(
        _NEW,
        Effect.unknown,
        f"The new name of {_OLD}. ComfyUI leaves it alone; what it does there is not tried.",
        COMFYUI_NEW,
    ),
)
