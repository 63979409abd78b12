"""Under which circumstances a piece of knowledge about a setting holds: pure questions about a situation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wan22.schema.version import version_tuple

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a profile would run. `given`: each setting that is really given → its parts ("" for a bare flag).

    Versions, `capability` (CUDA compute capability) and `vram_gib` are None when not known.
    """

    given: Mapping[str, tuple[str, ...]]
    comfyui: Version | None = None
    torch: Version | None = None
    capability: tuple[int, int] | None = None
    vram_gib: float | None = None
    windows: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A question with three answers; `assumed` is taken for None, `words` say it to a person ("With …")."""

    words: str
    holds: Callable[[Situation], bool | None]
    assumed: bool = False


def since(version: str) -> Condition:
    """That ComfyUI or a newer one; an unknown ComfyUI counts as a current one."""
    return Condition(f"ComfyUI {version} or newer", lambda at: _at_least(at.comfyui, version), assumed=True)


def before(version: str) -> Condition:
    """A ComfyUI older than that."""
    return Condition(f"ComfyUI older than {version}", lambda at: _not(_at_least(at.comfyui, version)))


def torch_before(version: str) -> Condition:
    """A torch older than that."""
    return Condition(f"torch older than {version}", lambda at: _not(_at_least(at.torch, version)))


def board_is(words: str, *capabilities: tuple[int, int]) -> Condition:
    """A board of one of these generations."""
    return Condition(words, lambda at: None if at.capability is None else at.capability in capabilities)


def board_below(words: str, capability: tuple[int, int]) -> Condition:
    """A board of an older generation than that."""
    return Condition(words, lambda at: None if at.capability is None else at.capability < capability)


def vram_below(gib: float) -> Condition:
    """A board with less memory than that."""
    return Condition(f"less than {gib:g} GB of VRAM", lambda at: None if at.vram_gib is None else at.vram_gib < gib)


def vram_from(gib: float) -> Condition:
    """A board with at least that much memory."""
    return Condition(f"{gib:g} GB of VRAM or more", lambda at: None if at.vram_gib is None else at.vram_gib >= gib)


def has(*settings: str) -> Condition:
    """Any of these settings is given too."""
    words = " or ".join(settings)
    return Condition(f"{words} given", lambda at: any(setting in at.given for setting in settings))


def has_part(setting: str, part: str) -> Condition:
    """The setting is given with this part."""
    return Condition(f"{setting} {part} given", lambda at: part in at.given.get(setting, ()))


def lacks(*settings: str) -> Condition:
    """None of these settings is given."""
    words = " and ".join(settings)
    return Condition(f"{words} not given", lambda at: not any(setting in at.given for setting in settings))


def gpu_board() -> Condition:
    """The profile is for a GPU that is known by name."""
    return Condition("a GPU", lambda at: at.capability is not None)


def on_windows() -> Condition:
    """ComfyUI runs on Windows."""
    return Condition("Windows", lambda at: at.windows)


def cuda_malloc_on() -> Condition:
    """ComfyUI gives torch the allocator cudaMallocAsync."""
    return Condition("cudaMallocAsync in use", _cuda_malloc)


def autotune_on() -> Condition:
    """cuDNN autotuning is asked for, by name or by a bare `--fast`."""
    return Condition("--fast autotune given", _autotune)


def dynamic_vram_on() -> Condition:
    """ComfyUI manages VRAM dynamically instead of by estimates."""
    return Condition("DynamicVRAM in use", _dynamic_vram, assumed=True)


def _cuda_malloc(at: Situation) -> bool | None:
    if at.given.keys() & {"--cpu", "--disable-cuda-malloc"}:
        return False
    if "--cuda-malloc" in at.given or not _autotune(at):
        return True
    return _not(_at_least(at.comfyui, "0.3.65"))


def _autotune(at: Situation) -> bool:
    return bool({"", "autotune"} & set(at.given.get("--fast", ())))


def _dynamic_vram(at: Situation) -> bool | None:
    if "--disable-dynamic-vram" in at.given:
        return False
    forced = "--enable-dynamic-vram" in at.given
    if not forced and at.given.keys() & {"--gpu-only", "--highvram", "--novram", "--cpu"}:
        return False
    if not forced and at.torch is not None and at.torch < (2, 8):
        return False
    if at.comfyui is None or (0, 15) <= at.comfyui < (0, 16):
        return None
    return at.comfyui >= (0, 16)


def _at_least(found: Version | None, wanted: str) -> bool | None:
    limit = version_tuple(wanted)
    return None if found is None or limit is None else found >= limit


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
