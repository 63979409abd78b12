"""Control panel for Wan 2.2 image-to-video in ComfyUI."""

__version__ = "0.1.0"
