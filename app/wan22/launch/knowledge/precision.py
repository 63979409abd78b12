"""Flags about precision, memory layout and compiled kernels."""

from wan22.launch.knowledge.condition import before, board_below, board_is, gpu_board, has_part, lacks
from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, TINY_MODEL, TORCH, Knowledge
from wan22.schema.setting_lint import Effect

_NO_FP8 = board_below("a board older than the RTX 40 series", (8, 9))
_OUT = "Take it out."
_SCALED = "The usual Wan 2.2 files (fp8_scaled) carry their own precision"

PRECISION_FLAGS: tuple[Knowledge, ...] = (
    Knowledge(
        "--force-channels-last",
        Effect.harmful,
        "Loading any Wan model fails with 'required rank 4 tensor to use channels_last format': the layout is for "
        "still images, Wan has 3D convolutions.",
        TINY_MODEL,
        "Take it out: with it no Wan job can succeed.",
    ),
    Knowledge(
        "--force-fp32",
        Effect.harmful,
        "Everything is computed in fp32: several times slower and far more memory.",
        COMFYUI,
        _OUT,
        when=(lacks("--cpu"),),
    ),
    Knowledge("--force-fp32", Effect.known_effect, "Everything is computed in fp32.", COMFYUI),
    *(
        Knowledge(
            flag,
            Effect.no_effect,
            "Wan is computed in fp16 on these boards anyway (the log says 'model weight dtype torch.float16').",
            COMFYUI,
            _OUT,
            when=(lacks("--cpu"),),
        )
        for flag in ("--force-fp16", "--fp16-unet")
    ),
    *(
        Knowledge(flag, Effect.unknown, "fp16 on a processor; not tried.", COMFYUI, _OUT)
        for flag in ("--force-fp16", "--fp16-unet")
    ),
    Knowledge(
        "--bf16-unet",
        Effect.harmful,
        "The passes are computed in bf16, so --fast fp16_accumulation gains nothing any more.",
        COMFYUI,
        "Keep one of the two.",
        when=(before("0.4.0"), has_part("--fast", "fp16_accumulation")),
    ),
    Knowledge(
        "--bf16-unet",
        Effect.known_effect,
        "The passes are computed in bf16 instead of fp16: as fast without --fast fp16_accumulation, other rounding.",
        COMFYUI,
        when=(before("0.4.0"),),
    ),
    Knowledge(
        "--bf16-unet",
        Effect.unknown,
        f"{_SCALED}; what the flag does to them in this ComfyUI is not tried.",
        COMFYUI,
        "Look at the log line 'model weight dtype'.",
    ),
    *(
        Knowledge(
            flag,
            Effect.harmful,
            "The passes are computed in this precision: several times slower and far more memory.",
            COMFYUI,
            _OUT,
        )
        for flag in ("--fp32-unet", "--fp64-unet")
    ),
    *(
        Knowledge(
            flag,
            Effect.unknown,
            f"{_SCALED}; storing them in another fp8 form is not tried and cannot save anything.",
            COMFYUI,
            "Take it out and keep the loader's weight type on default.",
        )
        for flag in ("--fp8_e4m3fn-unet", "--fp8_e5m2-unet", "--fp8_e8m0fnu-unet")
    ),
    *(
        Knowledge(
            flag,
            Effect.no_effect,
            "The text encoder's file decides: ComfyUI takes the precision that it finds in umt5_xxl.",
            COMFYUI,
            _OUT,
        )
        for flag in (
            "--fp8_e4m3fn-text-enc",
            "--fp8_e5m2-text-enc",
            "--fp16-text-enc",
            "--fp32-text-enc",
            "--bf16-text-enc",
        )
    ),
    Knowledge(
        "--bf16-vae",
        Effect.no_effect,
        "bf16 is what ComfyUI takes for Wan's VAE on these boards anyway.",
        COMFYUI,
        _OUT,
        when=(board_is("an A100, RTX 30 or newer", (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (10, 3), (12, 0)),),
    ),
    Knowledge("--bf16-vae", Effect.known_effect, "Encodes and decodes in bf16.", COMFYUI),
    Knowledge(
        "--fp16-vae",
        Effect.harmful,
        "Encodes and decodes in fp16, whose range can be too small: black frames. bf16 is as fast and the default.",
        COMFYUI,
        _OUT,
    ),
    Knowledge(
        "--fp32-vae",
        Effect.harmful,
        "Encodes and decodes in fp32: slower and twice the memory.",
        COMFYUI,
        "Take it out unless you look for a fault in the VAE.",
        when=(gpu_board(),),
    ),
    Knowledge("--fp32-vae", Effect.known_effect, "Encodes and decodes in fp32.", COMFYUI),
    Knowledge(
        "--cpu-vae",
        Effect.harmful,
        "Encoding and decoding run on the processor: far slower for every clip.",
        COMFYUI,
        _OUT,
        when=(lacks("--cpu"),),
    ),
    Knowledge("--cpu-vae", Effect.no_effect, "Everything runs on the processor already.", COMFYUI, _OUT),
    Knowledge(
        "--fp16-intermediates",
        Effect.unknown,
        "Pictures between nodes are kept in fp16: less RAM, slightly other colours. Experimental, not measured.",
        COMFYUI,
    ),
    Knowledge(
        "--supports-fp8-compute",
        Effect.harmful,
        "ComfyUI believes that this board multiplies in fp8, which it cannot.",
        COMFYUI,
        _OUT,
        when=(_NO_FP8,),
    ),
    Knowledge(
        "--supports-fp8-compute",
        Effect.no_effect,
        "ComfyUI sees by itself that RTX 40, RTX 50 and H100 boards multiply in fp8.",
        COMFYUI,
        _OUT,
    ),
    Knowledge(
        "--deterministic",
        Effect.harmful,
        "Torch takes slower algorithms where it can, and copies between RAM and GPU wait for each other.",
        f"{COMFYUI}; {TORCH}",
        "Take it out unless you look for a fault.",
    ),
    *(
        Knowledge(
            flag,
            Effect.no_effect,
            "It belongs to a compiler that Wan's blocks do not call (read in the source, not run).",
            COMFYUI_NEW,
            "Keep it only against crashes with 'aimdo memory compile error'.",
        )
        for flag in ("--disable-comfy-compiler", "--disable-cuda-graphs", "--assert-graph-breaks")
    ),
    *(
        Knowledge(flag, Effect.unknown, "Comfy Kitchen's Triton kernels; not measured with Wan 2.2.", COMFYUI)
        for flag in ("--enable-triton-backend", "--disable-triton-backend")
    ),
)
