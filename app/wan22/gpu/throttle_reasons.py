"""What holds the clocks back: the bits of the driver's mask in words, and how much of a time each was at work."""

from dataclasses import dataclass
from enum import Enum

from wan22.schema.gpu import LIMITERS, GpuReading


class Treat(Enum):
    """How to take a reason while the GPU works. None of them means anything on an idle GPU."""

    benign = "benign"
    info = "info"
    finding = "finding"
    severe = "severe"


@dataclass(frozen=True, slots=True)
class ThrottleReason:
    """One bit of the mask of clocks event reasons."""

    bit: int
    name: str
    text: str
    treat: Treat


REASONS: tuple[ThrottleReason, ...] = (
    ThrottleReason(0x001, "gpu_idle", "Nothing runs, so the clocks are low.", Treat.benign),
    ThrottleReason(0x002, "application_clocks", "Somebody has set fixed application clocks.", Treat.info),
    ThrottleReason(
        0x004,
        "sw_power_cap",
        "At the power limit: normal for a GPU that is kept busy. Look closer only if the limit was lowered or the "
        "measured power is far below it.",
        Treat.info,
    ),
    ThrottleReason(
        0x008,
        "hw_slowdown",
        "The hardware has at least halved the clocks (heat or power). A flash during a change of state is harmless, "
        "a second of it is a fault.",
        Treat.finding,
    ),
    ThrottleReason(0x010, "sync_boost", "Grouped GPUs follow the slowest of the group.", Treat.info),
    ThrottleReason(
        0x020, "sw_thermal", "The driver lowers the clocks: the GPU or its memory is at its hottest.", Treat.finding
    ),
    ThrottleReason(
        0x040, "hw_thermal", "The hardware has at least halved the clocks because of heat: check cooling.", Treat.severe
    ),
    ThrottleReason(
        0x080,
        "hw_power_brake",
        "The system has pulled the power brake: check power supply, its cable and the chassis.",
        Treat.severe,
    ),
    ThrottleReason(0x100, "display_clocks", "The display's clocks set the limit.", Treat.info),
    ThrottleReason(0x200, "board_limit", "The board's own policy sets the limit.", Treat.info),
    ThrottleReason(
        0x400, "reliability", "At the highest voltage that is safe: usual for a GPU without other limits.", Treat.benign
    ),
)

_NS_A_SECOND = 1e9


def reasons_from_mask(mask: int) -> tuple[ThrottleReason, ...]:
    """The reasons in `mask`, lowest bit first; bits of newer drivers are kept as `unknown 0x…`."""
    found = [reason for reason in REASONS if mask & reason.bit]
    rest = mask
    for reason in REASONS:
        rest &= ~reason.bit
    while rest > 0:
        bit = rest & -rest
        rest ^= bit
        text = f"The driver gives a reason that this program does not know (0x{bit:x})."
        found.append(ThrottleReason(bit, f"unknown 0x{bit:x}", text, Treat.info))
    return tuple(found)


def limiter_shares(first: GpuReading, last: GpuReading) -> dict[str, float]:
    """Share of the time between two readings of one GPU, 0 to 1, that each limiter was at work.

    A limiter whose counter is missing in one of them or was set back in between is left out, as is everything when no
    time has passed. Raises ValueError for readings of two GPUs.
    """
    if first.gpu != last.gpu:
        raise ValueError(f"readings of GPU {first.gpu} and GPU {last.gpu} cannot be compared")
    duration_ns = (last.time_s - first.time_s) * _NS_A_SECOND
    if duration_ns <= 0:
        return {}
    shares = {}
    for name, column in LIMITERS.items():
        before, after = getattr(first, column), getattr(last, column)
        if before is not None and after is not None and after >= before:
            shares[name] = min(1.0, (after - before) / duration_ns)
    return shares
