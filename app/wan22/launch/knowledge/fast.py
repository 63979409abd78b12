"""The options of `--fast`."""

from wan22.launch.knowledge.condition import board_below, board_is, has, since, torch_before
from wan22.launch.knowledge.row import COMFYUI, RATES, Knowledge
from wan22.schema.setting_lint import Effect

_A100 = board_is("an A100", (8, 0))
_OTHER_DATA_CENTRE = board_is("an H100, H200 or B200", (9, 0), (10, 0), (10, 3))
_NO_FP8 = board_below("a board older than the RTX 40 series", (8, 9))
_OUT = "Take it out."
_SCALED = "The usual Wan 2.2 files (fp8_scaled) carry their own precision"

FAST_FLAGS: tuple[Knowledge, ...] = (
    Knowledge(
        "--fast",
        Effect.harmful,
        "Without a name it switches on every untested optimisation at once, each with its own risk for the picture; "
        "from ComfyUI 0.3.65 on it also switches the allocator cudaMallocAsync off.",
        COMFYUI,
        'Name what you want: value = ["fp16_accumulation"].',
        value="",
    ),
    Knowledge(
        "--fast",
        Effect.harmful,
        "ComfyUI takes this text for one unknown option and ends with exit code 2.",
        COMFYUI,
        'Write a list: value = ["fp16_accumulation", "autotune"].',
        value="*[ ,]*",
    ),
    Knowledge("--fast", Effect.no_effect, "It is for GPUs only.", COMFYUI, _OUT, when=(has("--cpu"),)),
    Knowledge(
        "--fast",
        Effect.no_effect,
        "This board multiplies fp16 at the same speed with and without it.",
        RATES,
        "Take it out: it can only cost quality.",
        value="fp16_accumulation",
        when=(_A100,),
    ),
    Knowledge(
        "--fast",
        Effect.no_effect,
        "This torch has no such switch and ComfyUI says nothing about it.",
        COMFYUI,
        "Update torch to 2.7 or newer.",
        value="fp16_accumulation",
        when=(torch_before("2.7"),),
    ),
    Knowledge(
        "--fast",
        Effect.unknown,
        "Not measured on this board. Like the A100 it multiplies fp16 at full speed without it.",
        RATES,
        "Measure before you keep it.",
        value="fp16_accumulation",
        when=(_OTHER_DATA_CENTRE,),
    ),
    Knowledge(
        "--fast",
        Effect.known_effect,
        "Matrix products add up in fp16: linear layers up to twice as fast on RTX 40 and RTX 50 boards. Results "
        "differ slightly. The log proves it with 'Enabled fp16 accumulation.'",
        f"{COMFYUI}; {RATES}",
        "Look at a clip; nodes that set fp16 accumulation themselves can undo it for later jobs.",
        value="fp16_accumulation",
    ),
    Knowledge(
        "--fast",
        Effect.no_effect,
        f"This board cannot multiply in fp8. {_SCALED} and would ignore it anyway.",
        COMFYUI,
        _OUT,
        value="fp8_matrix_mult",
        when=(_NO_FP8,),
    ),
    Knowledge(
        "--fast",
        Effect.no_effect,
        f"{_SCALED} and ignore it. It acts on plain fp8 weights only.",
        COMFYUI,
        _OUT,
        value="fp8_matrix_mult",
    ),
    Knowledge(
        "--fast",
        Effect.no_effect,
        "It acts on fp16 weights only and needs the package cublas_ops; fp8_scaled files are not touched.",
        COMFYUI,
        _OUT,
        value="cublas_ops",
    ),
    Knowledge(
        "--fast",
        Effect.known_effect,
        "cuDNN tries out kernels for each new size: a small gain in the VAE at a fixed size, a slower first run. "
        "--cuda-malloc keeps the allocator that ComfyUI would switch off for it.",
        COMFYUI,
        value="autotune",
        when=(has("--cuda-malloc"), since("0.3.65")),
    ),
    Knowledge(
        "--fast",
        Effect.known_effect,
        "cuDNN tries out kernels for each new size: a small gain in the VAE at a fixed size, a slower first run. "
        "ComfyUI then no longer takes cudaMallocAsync by itself.",
        COMFYUI,
        "Measure it: two things change at once.",
        value="autotune",
        when=(since("0.3.65"),),
    ),
    Knowledge(
        "--fast",
        Effect.known_effect,
        "cuDNN tries out kernels for each new size: a small gain in the VAE at a fixed size, a slower first run.",
        COMFYUI,
        value="autotune",
    ),
    Knowledge(
        "--fast",
        Effect.unknown,
        "Not an option of ComfyUI 0.3.64 or 0.25.0. A ComfyUI that does not know it ends with exit code 2.",
        COMFYUI,
        "Options: fp16_accumulation, fp8_matrix_mult, cublas_ops, autotune.",
    ),
)
