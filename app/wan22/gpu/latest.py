"""Readings put together: the slow values of an older tick under the fast ones of a newer."""

from dataclasses import replace
from typing import Any

from wan22.schema.gpu import READING_COLUMNS, GpuReading


def merged_reading(older: GpuReading | None, newer: GpuReading) -> GpuReading:
    """`newer`, with what it lacks filled from `older` (of the same GPU)."""
    if older is None:
        return newer
    missing: dict[str, Any] = {
        name: value
        for name in READING_COLUMNS
        if getattr(newer, name) is None and (value := getattr(older, name)) is not None
    }
    return replace(newer, **missing) if missing else newer
