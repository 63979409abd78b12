"""Flags that choose the attention of both passes."""

from wan22.launch.knowledge.condition import before, board_is, gpu_board, has, lacks
from wan22.launch.knowledge.row import COMFYUI, COMFYUI_NEW, RATES, Knowledge
from wan22.schema.setting_lint import Effect

_A100 = board_is("an A100", (8, 0))
_OUT = "Take it out."

ATTENTION_FLAGS: tuple[Knowledge, ...] = (
    Knowledge(
        "--use-sage-attention",
        Effect.no_effect,
        "SageAttention needs an NVIDIA GPU; on the processor every call falls back to PyTorch's attention.",
        COMFYUI,
        _OUT,
        when=(has("--cpu"),),
    ),
    Knowledge(
        "--use-sage-attention",
        Effect.no_effect,
        "SageAttention has no kernel for this board: every call falls back to PyTorch's attention, with a log line.",
        "SageAttention's source code",
        _OUT,
        when=(board_is("a board before the A100, or a B200", (6, 1), (7, 0), (7, 5), (10, 0), (10, 3)),),
    ),
    Knowledge(
        "--use-sage-attention",
        Effect.known_effect,
        "SageAttention gains little on this board. Without the sageattention package ComfyUI ends at once.",
        RATES,
        "Measure it against --use-pytorch-cross-attention.",
        when=(_A100,),
    ),
    Knowledge(
        "--use-sage-attention",
        Effect.known_effect,
        "Both passes use SageAttention, also where xformers is installed: the biggest single gain at 720p. Without the "
        "sageattention package ComfyUI ends at once; a call that fails falls back to PyTorch's attention, with a log "
        "line.",
        f"{COMFYUI}; {RATES}",
        "Use version 2 of the package (PyPI holds the old 1.0.6) and fp8_scaled files: unscaled fp8 can turn black.",
    ),
    Knowledge(
        "--use-flash-attention",
        Effect.unknown,
        "Where xformers is installed this ComfyUI takes xformers and ignores the flag.",
        COMFYUI,
        "Add --disable-xformers if you mean it.",
        when=(before("0.20.0"), lacks("--disable-xformers")),
    ),
    Knowledge(
        "--use-flash-attention",
        Effect.known_effect,
        "Both passes use the flash-attn package; without it ComfyUI ends at once. PyTorch's own attention runs flash "
        "kernels too, so expect no gain.",
        COMFYUI,
        "Use it to compare.",
    ),
    Knowledge(
        "--use-pytorch-cross-attention",
        Effect.known_effect,
        "Both passes use PyTorch's own attention (flash and cuDNN kernels), also where xformers is installed. That is "
        "the default on NVIDIA without xformers.",
        COMFYUI,
    ),
    *(
        Knowledge(
            flag,
            Effect.harmful,
            "Replaces PyTorch's fused attention by an older way that computes in slices: less memory, slower passes. "
            "Where xformers is installed the flag is ignored.",
            COMFYUI,
            _OUT,
            when=(gpu_board(),),
        )
        for flag in ("--use-split-cross-attention", "--use-quad-cross-attention")
    ),
    *(
        Knowledge(flag, Effect.known_effect, "Attention is computed in slices, which saves memory.", COMFYUI)
        for flag in ("--use-split-cross-attention", "--use-quad-cross-attention")
    ),
    Knowledge(
        "--use-ck-attention",
        Effect.unknown,
        "Comfy Kitchen's int8 attention; ComfyUI ends at once where it is not available. Not measured with Wan 2.2.",
        COMFYUI_NEW,
        "Measure it against --use-sage-attention.",
    ),
    Knowledge(
        "--disable-xformers",
        Effect.no_effect,
        "The attention chosen by the other flag goes before xformers in both passes; at most the VAE changes.",
        COMFYUI,
        _OUT,
        when=(has("--use-sage-attention", "--use-pytorch-cross-attention"),),
    ),
    Knowledge("--disable-xformers", Effect.known_effect, "An installed xformers is not used.", COMFYUI),
    *(
        Knowledge(
            flag,
            Effect.no_effect,
            "Wan's attention does not look at it, unless it is computed in slices.",
            COMFYUI,
            _OUT,
            when=(lacks("--use-split-cross-attention", "--use-quad-cross-attention"),),
        )
        for flag in ("--force-upcast-attention", "--dont-upcast-attention")
    ),
)
