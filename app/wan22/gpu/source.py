"""The seam: whatever can tell what the GPUs do."""

from typing import Protocol

from wan22.gpu.metric import MetricCost
from wan22.schema.gpu import GpuInventory, GpuSampled


class EndOfReadings(Exception):  # noqa: N818 - a fact, not a fault
    """Raised by `read` of a source that has an end (a replay) once everything was read."""


class GpuSource(Protocol):
    """A place to read GPUs from. All calls come from one thread.

    Errors: AppError `driver_missing`, `driver_mismatch` at construction or `inventory`; `driver_lost` from anywhere,
    after which the caller closes it and makes a new one with back-off. `EndOfReadings` from `read`.
    """

    def inventory(self) -> GpuInventory:
        """What does not change. Called once after construction."""
        ...

    def read(self) -> GpuSampled:
        """One tick: a reading for every GPU; the source itself decides which slow groups are due.

        No readings at all when there is nothing new.
        """
        ...

    def costs(self) -> tuple[MetricCost, ...]:
        """What each kind of value costs to read; empty when that means nothing (a replay)."""
        ...

    def close(self) -> None:
        """Let go of the driver; calling it twice is harmless."""
        ...
