"""Processor, memory, volumes and power source of this machine, as the system tells them."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

_MOUNT_LIMIT = 32


@dataclass(frozen=True, slots=True)
class MemorySizes:
    """Bytes. Swap is Linux' swap space or Windows' page file."""

    total_bytes: int
    free_bytes: int
    swap_bytes: int | None
    swap_used_bytes: int | None


@dataclass(frozen=True, slots=True)
class Volume:
    """A local volume. Sizes are None where the system does not tell them to us."""

    device: str
    mount: str
    file_system: str | None
    is_removable: bool
    total_bytes: int | None
    free_bytes: int | None


def core_count() -> int | None:
    """Physical cores; None where the system does not tell."""
    return psutil.cpu_count(logical=False)


def thread_count() -> int | None:
    """Hardware threads; None where the system does not tell."""
    return psutil.cpu_count(logical=True)


def memory_sizes() -> MemorySizes:
    """Sizes now. Raises OSError where the system hides them."""
    memory = psutil.virtual_memory()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a container without /proc/vmstat
            swap = psutil.swap_memory()
    except (psutil.Error, OSError, RuntimeError):  # RuntimeError: Windows with its performance counters switched off
        return MemorySizes(memory.total, memory.available, None, None)
    return MemorySizes(memory.total, memory.available, swap.total, swap.used)


def volumes() -> tuple[Volume, ...]:
    """Local volumes, each device once; no network drives, whose server may not answer."""
    return tuple(_volumes())


def is_on_mains() -> bool | None:
    """Whether power comes from the mains; None when there is no battery or the system does not tell."""
    try:
        battery = psutil.sensors_battery()
    except (psutil.Error, OSError):
        return None
    return None if battery is None else battery.power_plugged


def _volumes() -> Iterator[Volume]:
    seen: set[str] = set()
    for found in psutil.disk_partitions(all=False)[:_MOUNT_LIMIT]:
        options = found.opts.split(",")
        if found.device in seen or "cdrom" in options or found.fstype == "squashfs":
            continue
        seen.add(found.device)
        try:
            usage = psutil.disk_usage(found.mountpoint)
        except OSError:
            usage = None
        yield Volume(
            device=found.device,
            mount=found.mountpoint,
            file_system=found.fstype or None,
            is_removable="removable" in options,
            total_bytes=usage.total if usage is not None else None,
            free_bytes=usage.free if usage is not None else None,
        )
