"""The operating system, how it spends power, and whether it is a guest."""

import platform
import re
from pathlib import Path

from wan22.audit.source import AuditSources, Found
from wan22.schema.audit import SystemFacts
from wan22.system.cancel import CancelToken
from wan22.system.machine import is_on_mains

_VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_GRAPHICS_KEY = r"SYSTEM\CurrentControlSet\Control\GraphicsDrivers"
_SCHEME_KEY = r"SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes"
_FIRST_WINDOWS_11 = 22000

_PLANS = {
    "381b4222-f694-41f0-9685-ff5bb260df2e": "Balanced",
    "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c": "High performance",
    "a1841308-3541-4fab-bc81-f71556f20b4a": "Power saver",
    "e9a42b02-d5df-448d-aa00-03f14749eb61": "Ultimate performance",
}
_MODES = {
    "00000000-0000-0000-0000-000000000000": "Balanced",
    "961cc777-2547-4f9d-8174-7d86181b8a7a": "Best power efficiency",
    "3af9b8d9-7c97-431d-ad78-34a8bfea439f": "Better performance",
    "ded574b5-45a0-4f42-8737-46345c09c238": "Best performance",
}
_CONTAINER_MARKS = {"run/.containerenv": "podman", ".dockerenv": "docker"}
_CONTAINER_GROUP = re.compile(r"(kubepods|docker|containerd|libpod|lxc)")
_GROUP_NAMES = {"kubepods": "kubernetes", "libpod": "podman"}
_NO_BATTERY = "This machine has no battery that the system tells of."


def collect_os(sources: AuditSources, _cancel: CancelToken) -> Found:
    """`SystemFacts`."""
    mains = is_on_mains()
    source = None if mains is None else "mains" if mains else "battery"
    reasons = {"power_source": _NO_BATTERY} if source is None else {}
    if sources.platform == "win32":
        return _windows(sources, source, reasons)
    return _linux(sources, source, reasons)


def _windows(sources: AuditSources, power_source: str | None, reasons: dict[str, str]) -> Found:
    read = sources.read_registry
    build = read(_VERSION_KEY, "CurrentBuild")
    name = read(_VERSION_KEY, "ProductName")
    if isinstance(name, str) and str(build).isdecimal() and int(str(build)) >= _FIRST_WINDOWS_11:
        name = name.replace("Windows 10", "Windows 11")  # the registry never learned the new name
    release = read(_VERSION_KEY, "DisplayVersion")
    revision = read(_VERSION_KEY, "UBR")
    scheduling = read(_GRAPHICS_KEY, "HwSchMode")
    if scheduling not in (1, 2):
        reasons["gpu_scheduling"] = "Nobody has set it: the driver's own default is in force."
    plan = _plan(sources)
    if plan is None:
        reasons["power_plan"] = "The registry names no active power plan."
    mode = read(_SCHEME_KEY, "ActiveOverlayAcPowerScheme")
    if str(mode).lower() not in _MODES:
        reasons["power_mode"] = "Windows names no power mode; desktop machines often have none."
    facts = SystemFacts(
        name=" ".join(str(part) for part in (name, release) if part) or None,
        build=None if build is None else f"{build}.{revision}" if revision is not None else str(build),
        architecture=_architecture(),
        power_plan=plan,
        power_mode=_MODES.get(str(mode).lower()) if mode else None,
        power_source=power_source,
        gpu_scheduling={1: False, 2: True}.get(scheduling) if isinstance(scheduling, int) else None,
        wsl=False,
        container="",
    )
    return Found(facts, reasons)


def _plan(sources: AuditSources) -> str | None:
    identity = sources.read_registry(_SCHEME_KEY, "ActivePowerScheme")
    if not isinstance(identity, str):
        return None
    known = _PLANS.get(identity.lower())
    if known is not None:
        return known
    name = sources.read_registry(rf"{_SCHEME_KEY}\{identity}", "FriendlyName")
    # A plan of the system is written as "@library,-number,Name".
    return name.rpartition(",")[2].strip() or identity if isinstance(name, str) else identity


def _linux(sources: AuditSources, power_source: str | None, reasons: dict[str, str]) -> Found:
    root = sources.root
    kernel = _text(root / "proc/sys/kernel/osrelease") or platform.release() or None
    governor = _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if governor is None:
        reasons["power_plan"] = "The system names no CPU governor (a virtual machine or a container has none)."
    reasons["gpu_scheduling"] = "Only Windows has it."
    is_wsl = "microsoft" in (kernel or "").lower()
    facts = SystemFacts(
        name=_release_name(root),
        kernel=kernel,
        architecture=_architecture(),
        power_plan=governor,
        power_source=power_source,
        wsl=is_wsl,
        container=_container(sources),
    )
    return Found(facts, reasons)


def _release_name(root: Path) -> str | None:
    for name in ("etc/os-release", "usr/lib/os-release"):
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)"?', _text(root / name) or "", re.MULTILINE)
        if found:
            return found[1].strip()
    return None


def _container(sources: AuditSources) -> str:
    """Kind of the container that we are in; empty when nothing speaks for one."""
    named = sources.environment.get("container", "")
    if re.fullmatch(r"[a-z0-9-]{2,20}", named):
        return named
    group = _CONTAINER_GROUP.search(_text(sources.root / "proc/1/cgroup") or "")
    if group:
        return _GROUP_NAMES.get(group[1], group[1])
    for mark, kind in _CONTAINER_MARKS.items():
        if (sources.root / mark).exists():
            return kind
    return ""


def _architecture() -> str | None:
    return platform.machine() or None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
