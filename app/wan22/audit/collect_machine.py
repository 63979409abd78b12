"""Processor, memory and disks."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from wan22.audit.source import AuditSources, Found
from wan22.schema.audit import DiskFacts, MachineFacts
from wan22.system.cancel import CancelToken
from wan22.system.machine import Volume, core_count, memory_sizes, thread_count, volumes

_CPU_KEY = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_CPU_LINE = re.compile(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", re.MULTILINE)
_LIMIT_FILES = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
_NOT_TOLD = "The system does not tell."


def collect_machine(sources: AuditSources, _cancel: CancelToken) -> Found:
    """`MachineFacts`."""
    memory = memory_sizes()
    cpu = _cpu_name(sources)
    cores = core_count()
    reasons = {}
    if cpu is None:
        reasons["cpu"] = _NOT_TOLD
    if cores is None:
        reasons["cpu_cores"] = _NOT_TOLD
    if memory.swap_bytes is None:
        reasons["swap_bytes"] = "The system hides it (on Windows when its performance counters are switched off)."
    disks = tuple(_disks(sources, volumes()))
    if sources.platform == "win32":
        for number, disk in enumerate(disks):
            if disk.kind is None:
                reasons[f"disks.{number}.kind"] = "Windows is not asked what kind of disk it is."
    limit = _memory_limit(sources.root, memory.total_bytes) if sources.platform == "linux" else None
    facts = MachineFacts(
        cpu=cpu,
        cpu_cores=cores,
        cpu_threads=thread_count(),
        cpu_usable=_usable_threads(),
        memory_bytes=memory.total_bytes,
        memory_free_bytes=memory.free_bytes,
        memory_limit_bytes=limit,
        swap_bytes=memory.swap_bytes,
        swap_used_bytes=memory.swap_used_bytes,
        disks=disks,
    )
    return Found(facts, reasons)


def _cpu_name(sources: AuditSources) -> str | None:
    if sources.platform == "win32":
        name = sources.read_registry(_CPU_KEY, "ProcessorNameString")
        return " ".join(name.split()) if isinstance(name, str) else None
    try:
        text = (sources.root / "proc" / "cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _CPU_LINE.search(text)
    return " ".join(found[1].split()) if found else None


def _usable_threads() -> int | None:
    """Fewer than there are in a container that is given some of them."""
    ask = getattr(os, "sched_getaffinity", None)
    return None if ask is None else len(ask(0))


def _memory_limit(root: Path, total_bytes: int) -> int | None:
    """What the control group allows; a number above the memory there is means no limit."""
    for name in _LIMIT_FILES:
        try:
            text = (root / name).read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        return int(text) if text.isdecimal() and int(text) < total_bytes else None
    return None


def _disks(sources: AuditSources, found: tuple[Volume, ...]) -> list[DiskFacts]:
    """Every volume, those that hold something of ours with its name."""
    holds = _places(sources, [Path(volume.mount) for volume in found])
    return [
        DiskFacts(
            mount=volume.mount,
            file_system=volume.file_system,
            kind="removable" if volume.is_removable else disk_kind(volume.device, sources.root, sources.platform),
            total_bytes=volume.total_bytes,
            free_bytes=volume.free_bytes,
            holds=tuple(holds.get(volume.mount, ())),
        )
        for volume in found
    ]


def _places(sources: AuditSources, mounts: list[Path]) -> Mapping[str, list[str]]:
    wanted = {"runs": sources.runs_root}
    if sources.comfyui is not None:
        wanted["ComfyUI"] = sources.comfyui
        # Often a link to another disk. The profile's own folders are not asked for here: choosing it asks the driver.
        top = sources.comfyui if (sources.comfyui / "models").is_dir() else sources.comfyui / "ComfyUI"
        wanted["models"] = top / "models"
    holds: dict[str, list[str]] = {}
    for name, path in wanted.items():
        real = Path(os.path.realpath(path))
        around = [mount for mount in mounts if real.is_relative_to(mount)]
        if around:
            holds.setdefault(str(max(around, key=lambda mount: len(mount.parts))), []).append(name)
    return holds


def disk_kind(device: str, root: Path, platform: str) -> str | None:
    """NVMe, SSD or hard disk, by what Linux knows of the block device; None elsewhere and behind a mapping."""
    name = device.rpartition("/")[2]
    if platform != "linux" or not name:
        return None
    entry = root / "sys" / "class" / "block" / name
    if not entry.exists():
        return None
    if name.startswith("nvme"):
        return "NVMe"
    block = Path(os.path.realpath(entry))
    for folder in (block, block.parent):  # of a partition the disk around it knows
        try:
            text = (folder / "queue" / "rotational").read_text(encoding="ascii").strip()
        except OSError:
            continue
        # Virtual disks say whatever their host likes.
        return None if name.startswith("vd") else {"0": "SSD", "1": "hard disk"}.get(text)
    return None
