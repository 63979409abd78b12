"""What a bare Debian or Ubuntu lacks and how to get it: apt for root, else one line to copy; pip from its wheel."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from step import SetupFailed, StepFailed, run, say

try:
    import ctypes
except ImportError:  # a Python that was built without libffi
    ctypes = None  # type: ignore[assignment]

# Package -> the library in it that Qt loads, also when it draws offscreen only.
QT_LIBRARIES = {
    "libglib2.0-0": "libglib-2.0.so.0",
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
}
WHEELS = Path("/usr/share/python-wheels")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
APT_OPTIONS = ["-q", "-y", "-o", "DPkg::Lock::Timeout=120"]


def has_apt() -> bool:
    """Whether this is a system of Debian's family."""
    return sys.platform.startswith("linux") and shutil.which("apt-get") is not None


def is_root() -> bool:
    """Whether system packages may be installed without asking anybody."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def missing_qt_packages() -> list[str]:
    """The packages whose library cannot be loaded here; empty on other systems than Linux."""
    if not sys.platform.startswith("linux") or ctypes is None:
        return []
    missing = []
    for package, library in QT_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def lacks_certificates() -> bool:
    """Whether the root certificates are missing that Debian's pip uses in place of its own."""
    return has_apt() and not CERTIFICATES.exists()


def line_to_copy(packages: list[str]) -> str:
    """The one command that installs these packages, or nothing where there is no apt."""
    if not has_apt() or not packages:
        return ""
    sudo = "" if is_root() else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends " + " ".join(packages)


def install(packages: list[str], variables: dict[str, str]) -> None:
    """Install system packages as root. Package lists that cannot be read matter only if the packages do not arrive."""
    say("  installing with apt: " + " ".join(packages))
    quiet = {**variables, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    command = ["apt-get", *APT_OPTIONS, "install", "--no-install-recommends", *packages]
    try:
        said = run(["apt-get", *APT_OPTIONS, "update"], "Reading the package lists", quiet, "/")
    except StepFailed as failed:
        said = failed.output
    try:
        run(command, "Installing system packages", quiet, "/")
    except StepFailed as failed:
        if not any("dpkg was interrupted" in line for line in failed.output):
            raise StepFailed("Installing system packages", failed.code, said + failed.output) from None
        run(["dpkg", "--configure", "-a"], "Finishing an interrupted apt", quiet, "/")
        run(command, "Installing system packages", quiet, "/")


def find_pip_wheel(cache: Path, variables: dict[str, str]) -> Path:
    """A pip wheel that Debian ships: already here, or fetched by apt into `cache` without root. SetupFailed if not."""
    unpacked = cache / "usr" / "share" / "python-wheels"
    reason = ""
    if not newest_wheel(WHEELS) and not newest_wheel(unpacked) and has_apt():
        reason = fetch_pip_wheel(cache, variables)
    found = newest_wheel(WHEELS) or newest_wheel(unpacked)
    if found is None:
        raise SetupFailed(
            f"This Python comes without pip, and there is no wheel of pip to start from. {reason}".rstrip()
        )
    return found


def newest_wheel(folder: Path) -> Path | None:
    """The pip wheel in a folder, if there is one."""
    found = sorted(folder.glob("pip-*.whl"))
    return found[-1] if found else None


def fetch_pip_wheel(cache: Path, variables: dict[str, str]) -> str:
    """Fetch it with apt and return what went wrong, if anything.

    `apt-get download` needs no root, only package lists; where the system has none, they are read into `cache`.
    """
    say("  fetching pip with apt")
    apt = cache / "apt"
    for folder in (apt / "lists" / "partial", apt / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    own = ["apt-get", "-q", "-o", f"Dir::State::Lists={apt / 'lists'}", "-o", f"Dir::Cache={apt}"]
    own += ["-o", "Acquire::Languages=none", "-o", "Debug::NoLocking=1"]
    download = ["download", "python3-pip-whl"]
    said: list[str] = []
    for commands in ([["apt-get", "-q", *download]], [[*own, "update"], [*own, *download]]):
        try:
            for command in commands:
                said += run(command, "Fetching pip", {**variables, "LC_ALL": "C.UTF-8"}, str(cache))
            for package in cache.glob("python3-pip-whl*.deb"):
                run(["dpkg-deb", "-x", str(package), str(cache)], "Unpacking pip", variables, str(cache))
                package.unlink()
            reason = ""
            break
        except StepFailed as failed:
            # apt calls an update that reached nobody a success: what it said before explains more.
            said += failed.output
            reason = StepFailed("Fetching pip", failed.code, said).sentence
    shutil.rmtree(apt, ignore_errors=True)
    return reason
