"""The steps of a ladder: gentler ways to make a video that the GPU had no memory for, and how far one may go."""

from collections.abc import Sequence
from enum import Enum

from wan22.schema.frozen import Tolerant
from wan22.schema.request import GenerationRequest

_WHERE_WEIGHTS_ARE = frozenset({"--gpu-only", "--highvram", "--normalvram", "--lowvram", "--novram", "--cpu"})
_OF_REQUEST = ("width", "height", "length", "previews", "tiled_decode")


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

    `flags`: words for ComfyUI's command line on top of the others.
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

    def apply(self, request: GenerationRequest, flags: Sequence[str] = ()) -> tuple[GenerationRequest, tuple[str, ...]]:
        """The request and the extra flags with this rung's changes."""
        update = {name: value for name in _OF_REQUEST if (value := getattr(self, name)) is not None}
        return request.model_copy(update=update), joined_flags(flags, self.flags)


def joined_flags(flags: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Words of both command lines; a flag of `more` takes the place of the same or an excluded one, values included."""
    names = {word for word in more if word.startswith("--")}
    if names & _WHERE_WEIGHTS_ARE:
        names |= _WHERE_WEIGHTS_ARE
    kept: list[str] = []
    is_dropped = False
    for word in flags:
        if word.startswith("--"):
            is_dropped = word.partition("=")[0] in names
        if not is_dropped:
            kept.append(word)
    return (*kept, *more)
