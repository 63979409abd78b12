"""Which node pack brings a class that a server does not know."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodePack:
    """A collection of nodes and where it is published; `core` means ComfyUI itself, in a newer version."""

    name: str
    url: str
    core: bool = False


_CORE = "https://github.com/comfyanonymous/ComfyUI"
_KJ = NodePack("ComfyUI-KJNodes", "https://github.com/kijai/ComfyUI-KJNodes")

_PACKS: tuple[tuple[re.Pattern[str], NodePack], ...] = (
    (
        re.compile(r" VFI$|^Make Interpolation State List$|^KSampler Gradually Adding More Denoise"),
        NodePack("ComfyUI-Frame-Interpolation", "https://github.com/Fannovel16/ComfyUI-Frame-Interpolation"),
    ),
    (
        re.compile(r"^VHS_"),
        NodePack("ComfyUI-VideoHelperSuite", "https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite"),
    ),
    (re.compile(r"KJ$|^TorchCompile(ModelAdvanced|ModelWanVideoV2|VAE)$|^ModelPatchTorchSettings$"), _KJ),
    (re.compile(r"^(INT|Float|String|BOOL)Constant|^WidgetToString$|^(Set|Get)Node$|^ImageResizeKJ"), _KJ),
    (re.compile(r"GGUF"), NodePack("ComfyUI-GGUF", "https://github.com/city96/ComfyUI-GGUF")),
    (
        re.compile(r"^WanVideo"),
        NodePack("ComfyUI-WanVideoWrapper", "https://github.com/kijai/ComfyUI-WanVideoWrapper"),
    ),
    (
        re.compile(r"^RifeTensorrt$"),
        NodePack("ComfyUI-Rife-Tensorrt", "https://github.com/yuvraj108c/ComfyUI-Rife-Tensorrt"),
    ),
    (re.compile(r"\(rgthree\)$"), NodePack("rgthree-comfy", "https://github.com/rgthree/rgthree-comfy")),
    (re.compile(r"^easy "), NodePack("ComfyUI-Easy-Use", "https://github.com/yolain/ComfyUI-Easy-Use")),
    (re.compile(r"\+$"), NodePack("ComfyUI_essentials", "https://github.com/cubiq/ComfyUI_essentials")),
    (re.compile(r"^FrameInterpolat"), NodePack("ComfyUI 0.20 or newer", _CORE, core=True)),
    (
        re.compile(
            r"^(Comfy(Switch|Math|Number|Not)\w*|Primitive(Int|Float|Boolean|String\w*)|Wan\w+|CreateVideo|SaveVideo|"
            r"GetVideoComponents|EasyCache|LazyCache|ModelComputeDtype|ModelAttentionBackend|ResizeImageMaskNode)$"
        ),
        NodePack("a newer ComfyUI", _CORE, core=True),
    ),
)


def pack_of(class_type: str) -> NodePack | None:
    """The pack known to bring a class; None when it is not known here."""
    return next((pack for pattern, pack in _PACKS if pattern.search(class_type)), None)
