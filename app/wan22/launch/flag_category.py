"""Groups of flags for a person who looks for one: ComfyUI's own list has no order."""

from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase

from wan22.launch.knowledge.attention import ATTENTION_FLAGS
from wan22.launch.knowledge.fast import FAST_FLAGS
from wan22.launch.knowledge.memory import MEMORY_FLAGS
from wan22.launch.knowledge.precision import PRECISION_FLAGS
from wan22.launch.knowledge.row import Knowledge


class FlagCategory(Enum):
    """What a flag is about; its value is the heading."""

    attention = "Attention"
    speed = "Speed"
    precision = "Precision"
    memory = "Memory"
    device = "Which GPU"
    folders = "Folders"
    packs = "Node packs and interface"
    server = "Server and log"


_KNOWN: tuple[tuple[FlagCategory, tuple[Knowledge, ...]], ...] = (
    (FlagCategory.attention, ATTENTION_FLAGS),
    (FlagCategory.precision, PRECISION_FLAGS),
    (FlagCategory.memory, MEMORY_FLAGS),
    (FlagCategory.speed, FAST_FLAGS),
)
_DEVICES = ("-device", "--directml", "--oneapi")
_DEVICES = ("-device", "--directml", "--oneapi")
_BY_WORD: tuple[tuple[FlagCategory, tuple[str, ...]], ...] = (
    (FlagCategory.attention, ("attention", "xformers")),
    (FlagCategory.precision, ("fp8", "fp16", "bf16", "fp32", "fp64", "precision")),
    (FlagCategory.memory, ("vram", "memory", "cache", "malloc", "offload", "mmap", "cpu", "gpu-only")),
    (FlagCategory.folders, ("directory", "-paths", "database", "user")),
    (FlagCategory.packs, ("node", "manager", "front-end", "feature", "assets", "preview", "metadata")),
)


def category_of(flag: str) -> FlagCategory:
    """Where a flag is looked for: by what is known of it, else by the words of its name."""
    if any(word in flag for word in _DEVICES):
        return FlagCategory.device
    for category, rows in _KNOWN:
        if _is_named(flag, rows):
            return category
    for category, words in _BY_WORD:
        if any(word in flag for word in words):
            return category
    return FlagCategory.server


def _is_named(flag: str, rows: Iterable[Knowledge]) -> bool:
    return any(fnmatchcase(flag, row.setting) for row in rows)
