"""How much room is left where the runs are kept."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from wan22.schema.panel_fact import PanelFact

SCARCE_BYTES = 5 * 10**9
"""Less than this is said to be little: one run takes some tens of megabytes, a temporary file of ComfyUI far more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSeen(PanelFact):
    """Bytes free on the disk of `folder`; None when it could not be asked."""

    folder: Path
    free_bytes: int | None


def free_bytes(folder: Path) -> int | None:
    """Bytes free on the disk that `folder` is on, or will be on once it is made; None when it cannot be asked."""
    for place in (folder, *folder.parents):
        if place.exists():
            try:
                return shutil.disk_usage(place).free
            except OSError:
                return None
    return None


def disk_text(free: int | None) -> str:
    """`412 GB`, `2.1 GB, little`; unknown is said."""
    if free is None:
        return "unknown"
    size = free / 1e9
    text = f"{size:.0f} GB" if size >= 10 else f"{size:.1f} GB"
    return text if free >= SCARCE_BYTES else f"{text}, little"
