"""The steps of a ladder: gentler ways to make a video that the GPU had no memory for, and how far one may go."""

from enum import Enum

from wan22.schema.frozen import Tolerant


class Effect(Enum):
    """What a rung does to the result."""

    same_picture = "same_picture"
    other_picture = "other_picture"


class OomPolicy(Enum):
    """How far the program may go by itself after the GPU ran out of memory."""

    never = "never"
    same_picture = "same_picture"
    any = "any"

    def allows(self, effect: Effect) -> bool:
        """Whether a rung of this effect may be tried at all."""
        if self is OomPolicy.same_picture:
            return effect is Effect.same_picture
        return self is OomPolicy.any


class Rung(Tolerant):
    """One gentler way. `cost` and `changes` are sentences for the person who is asked.

    `flags`: words for ComfyUI's command line on top of the others; `instead_of`: flags of a profile that they replace.
    `is_fresh`: the server is started anew, or told to let go of everything, before. `width` to `length`, `previews`
    and `tiled_decode`: what becomes of the request; None = as it was. `vram_bytes`: the estimate for the job then,
    None where it cannot be told.
    """

    name: str
    title: str
    cost: str
    changes: str
    effect: Effect
    is_fresh: bool = True
    flags: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    length: int | None = None
    previews: bool | None = None
    tiled_decode: bool | None = None
    vram_bytes: int | None = None
