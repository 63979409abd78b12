"""Which folder of ComfyUI a loader reads its files from."""

import re

# The first pattern that fits "class.input" decides.
_FOLDERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^CLIPVisionLoader"), "clip_vision"),
    (re.compile(r"\.clip_name\d?$"), "text_encoders"),
    (re.compile(r"^FrameInterpolationModelLoader"), "frame_interpolation"),
    (re.compile(r"^UpscaleModelLoader"), "upscale_models"),
    (re.compile(r"\.unet_name$|^DiffusionModelLoader|^WanVideoModelLoader"), "diffusion_models"),
    (re.compile(r"\.vae_name$"), "vae"),
    (re.compile(r"\.lora_name$|\.lora(_\d+)?$"), "loras"),
    (re.compile(r"\.control_net_name$"), "controlnet"),
    (re.compile(r"\.style_model_name$"), "style_models"),
    (re.compile(r"\.ckpt_name$"), "checkpoints"),
)


def model_folder(class_type: str, input_name: str) -> str | None:
    """Folder relative to ComfyUI's own, such as `models/loras`; None when it is not known for this loader."""
    name = f"{class_type}.{input_name}"
    return next((f"models/{folder}" for pattern, folder in _FOLDERS if pattern.search(name)), None)
