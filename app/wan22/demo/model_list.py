"""What `GET /models` says: folders of models, and the files in each that the look-alike's loaders offer."""

from wan22.demo.definitions import Definitions

FOLDERS = (
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "latent_upscale_models",
    "custom_nodes",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
    "background_removal",
    "frame_interpolation",
    "geometry_estimation",
    "optical_flow",
)
"""Folder names of ComfyUI 0.25.0 in its order."""

_LOADERS = {
    "diffusion_models": ("UNETLoader", "unet_name"),
    "text_encoders": ("CLIPLoader", "clip_name"),
    "vae": ("VAELoader", "vae_name"),
    "loras": ("LoraLoaderModelOnly", "lora_name"),
    "frame_interpolation": ("FrameInterpolationModelLoader", "model_name"),
}
_ENDINGS = (".safetensors", ".sft", ".pth", ".pt", ".ckpt", ".bin", ".pkl")


def model_files(definitions: Definitions, folder: str) -> list[str] | None:
    """Files of one folder; None for a folder that there is not."""
    if folder not in FOLDERS:
        return None
    if folder not in _LOADERS:
        return []
    class_type, name = _LOADERS[folder]
    required, _ = definitions.inputs(class_type)
    kind, *settings = required.get(name, ([],))
    choices = kind if isinstance(kind, list) else (settings[0].get("options", []) if settings else [])
    return [str(choice) for choice in choices if str(choice).endswith(_ENDINGS)]
