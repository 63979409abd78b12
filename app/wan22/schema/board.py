"""What the name of a GPU board tells: which board it is and what its generation can do."""

import re

_VARIANTS = frozenset({"d", "laptop", "max", "mobile", "q", "super", "ti"})

# NVIDIA's table of compute capabilities, newest first; the first pattern that fits decides.
_CAPABILITIES: tuple[tuple[str, tuple[int, int]], ...] = (
    (r"rtx 50\d0|blackwell", (12, 0)),
    (r"g?b300", (10, 3)),
    (r"g?b[12]00", (10, 0)),
    (r"gh200|h[128]00|h20", (9, 0)),
    (r"rtx 40\d0|l4|l40s?|ada", (8, 9)),
    (r"a100x?|a800|a30", (8, 0)),
    (r"rtx 30\d0|rtx a\d{3,4}|a2|a10g?|a16|a40", (8, 6)),
    (r"rtx 20\d0|gtx 16\d0|quadro rtx|titan rtx|t4", (7, 5)),
    (r"v100s?|titan v", (7, 0)),
    (r"gtx 10\d0", (6, 1)),
)


def board_words(name: str) -> tuple[str, ...]:
    """Words of a board's name in small letters: `NVIDIA A100-SXM4-80GB` → nvidia, a100, sxm4, 80gb."""
    return tuple(re.findall(r"[a-z0-9]+", name.casefold()))


def board_has(name: str, wanted: str) -> bool:
    """Whether `wanted` stands in the board's name as whole words (`A100` is not in `RTX A1000`)."""
    return _end_of(board_words(name), board_words(wanted)) is not None


def is_board(name: str, wanted: str) -> bool:
    """As `board_has`, and no variant: `RTX 5090` is neither the laptop chip nor the 5090 D."""
    words = board_words(name)
    end = _end_of(words, board_words(wanted))
    return end is not None and _VARIANTS.isdisjoint(words[end:])


def compute_capability(name: str | None) -> tuple[int, int] | None:
    """CUDA compute capability of the board with that name, (8, 9) for an RTX 4090; None if unknown."""
    text = " ".join(board_words(name or ""))
    for pattern, capability in _CAPABILITIES:
        if re.search(rf"\b(?:{pattern})\b", text):
            return capability
    return None


def _end_of(words: tuple[str, ...], wanted: tuple[str, ...]) -> int | None:
    if not wanted:
        return None
    for start in range(len(words) - len(wanted) + 1):
        end = start + len(wanted)
        if words[start:end] == wanted:
            return end
    return None
