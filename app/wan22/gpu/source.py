"""The seam: whatever can tell what the GPUs do."""

from typing import Protocol

from wan22.schema.gpu import GpuInventory, GpuSampled


class GpuSource(Protocol):
    """A place to read GPUs from. All calls come from one thread.

    Errors: AppError `driver_missing`, `driver_mismatch` at construction or `inventory`; `driver_lost` from `read`,
    after which the caller closes it and makes a new one with back-off.
    """

    def inventory(self) -> GpuInventory:
        """What does not change. Called once after construction."""
        ...

    def read(self) -> GpuSampled:
        """One tick: a reading for every GPU; the source itself decides which slow groups are due."""
        ...

    def close(self) -> None:
        """Let go of the driver; calling it twice is harmless."""
        ...
