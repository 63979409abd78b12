"""Settings of the program: defaults < file < environment (`WAN22_…`) < flags."""

from pathlib import Path

from pydantic import Field

from wan22.schema.frozen import Strict

FORMAT = 1


class Settings(Strict):
    """All settings, each with the label and help that the faces show."""

    comfyui: Path | None = Field(
        default=None,
        title="ComfyUI folder",
        description="The folder with main.py, or the portable's top folder.",
    )
    python: Path | None = Field(
        default=None, title="Python of ComfyUI", description="Only needed when it is not found by itself."
    )
    url: str | None = Field(
        default=None,
        title="Server address",
        description="Attach to this running ComfyUI instead of starting one.",
    )
    profile: str | None = Field(
        default=None, title="Profile", description="GPU profile; empty = chosen by the GPU found."
    )
    port: int = Field(
        default=8188,
        ge=1,
        le=65535,
        title="Port",
        description="Port for a ComfyUI that is started from here.",
    )
    output: Path | None = Field(
        default=None,
        title="Folder for runs",
        description="Where run folders go; empty = the user's data folder.",
    )
    start_limit_s: float = Field(
        default=300.0, gt=0, title="Start limit", description="Seconds until ComfyUI must be ready."
    )
    stop_limit_s: float = Field(
        default=15.0, gt=0, title="Stop limit", description="Seconds that ComfyUI gets to end by itself."
    )
    sample_hz: float = Field(
        default=5.0, ge=0.2, le=10.0, title="Readings a second", description="How often the GPU is read."
    )
    model_mirror: str | None = Field(
        default=None,
        title="Mirror for model files",
        description="Address to fetch model files from instead of huggingface.co; empty = their own hosts.",
    )
    notifications: bool = Field(
        default=True,
        title="Notifications",
        description="Tell by the system when a job or a download ends while the window is not in front.",
    )
