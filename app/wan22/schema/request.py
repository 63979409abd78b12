"""One generation as asked for: everything that matters fits in one object."""

from pathlib import Path

from pydantic import Field

from wan22.schema.frozen import Strict

MAX_SEED = 2**64 - 1


class ServerTarget(Strict):
    """Which ComfyUI: a folder to start (owned) or an address to attach to. Exactly one is set."""

    folder: Path | None = None
    python: Path | None = None
    url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8188, ge=1, le=65535)
    extra_flags: tuple[str, ...] = ()


class GenerationRequest(Strict):
    """What to make. None means: keep what the workflow says. The seed is drawn before the run if None.

    `tiled_decode`: decode the frames in tiles, which needs less memory of the GPU.
    """

    workflow: str = "wan22_i2v_two_pass"
    image: Path
    prompt: str | None = None
    negative: str | None = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    width: int | None = Field(default=None, ge=16, le=16384)
    height: int | None = Field(default=None, ge=16, le=16384)
    length: int | None = Field(default=None, ge=1, le=16384)
    previews: bool = False
    tiled_decode: bool = False
