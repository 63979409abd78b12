from types import SimpleNamespace

import psutil
import pytest

from wan22.system.machine import core_count, is_on_mains, memory_sizes, thread_count, volumes


def test_sizes_of_this_machine():
    sizes = memory_sizes()
    assert 0 < sizes.free_bytes <= sizes.total_bytes
    assert sizes.swap_bytes is None or 0 <= (sizes.swap_used_bytes or 0) <= sizes.swap_bytes
    assert (thread_count() or 1) >= (core_count() or 1)
    assert is_on_mains() in (True, False, None)


def partition(device: str, mount: str, options: str = "rw,fixed", kind: str = "ntfs") -> object:
    return SimpleNamespace(device=device, mountpoint=mount, fstype=kind, opts=options)


def test_every_device_once_and_no_empty_drive(monkeypatch: pytest.MonkeyPatch):
    found = [
        partition("C:\\", "C:\\"),
        partition("C:\\", "C:\\mounted again"),
        partition("D:\\", "D:\\", "cdrom", ""),
        partition("E:\\", "E:\\", "rw,removable", ""),
        partition("/dev/loop1", "/snap/core", "ro", "squashfs"),
    ]

    def usage(mount: str) -> object:
        if mount == "E:\\":
            raise OSError("the device is not ready")
        return SimpleNamespace(total=100, free=60)

    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: found)
    monkeypatch.setattr(psutil, "disk_usage", usage)
    first, second = volumes()
    assert (first.mount, first.total_bytes, first.free_bytes, first.is_removable) == ("C:\\", 100, 60, False)
    assert (second.mount, second.file_system, second.total_bytes, second.is_removable) == ("E:\\", None, None, True)


@pytest.mark.parametrize("error", [OSError("hidden"), RuntimeError("Performance counters may be disabled.")])
def test_a_system_without_swap_information(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def refused() -> object:
        raise error

    monkeypatch.setattr(psutil, "swap_memory", refused)
    assert memory_sizes().swap_bytes is None


def test_mains_and_battery(monkeypatch: pytest.MonkeyPatch):
    battery = SimpleNamespace(power_plugged=False)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert is_on_mains() is False
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert is_on_mains() is None
