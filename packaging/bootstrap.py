"""Makes `.venv` ready and says what it does. Standard library only; runs on any Python 3.8+ to explain itself.

Used by start.py and test.py (and their .bat twins). Re-entrant: a stamp is written last and holds a fingerprint of
the locks, so that an interrupted set-up is repeated, a finished one skipped, and a changed lock brings an update.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
# What PySide6 needs of a bare Debian to draw anywhere, even offscreen.
QT_PACKAGES = (
    "libglib2.0-0",
    "libegl1",
    "libgl1",
    "libdbus-1-3",
    "libfontconfig1",
    "libxkbcommon0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
)
QT_PROBE = "import PySide6.QtWidgets, PySide6.QtGui, PySide6.QtSvg"


class SetupFailed(Exception):  # noqa: N818 - named for what the person reads
    """A sentence for the person, and one exact line to copy if there is one."""

    def __init__(self, message: str, line: str = "") -> None:
        super().__init__(message)
        self.line = line


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


def environment_folder() -> Path:
    """Where the environment goes; WAN22_VENV moves it (a read-only checkout, say)."""
    return Path(os.environ.get("WAN22_VENV") or ROOT / ".venv")


def environment_python(folder: Path) -> Path:
    """The environment's interpreter."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(lock: Path) -> str:
    """Changes whenever the lock, the build description or the interpreter changes."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (lock, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def check_python() -> None:
    """Refuse a Python that the locked packages are not made for."""
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        wanted = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
        raise SetupFailed(
            "This is Python {}.{}; the panel needs Python {}.".format(*found, wanted),
            "sudo apt-get install -y python3.11 python3.11-venv" if shutil.which("apt-get") else "",
        )


def is_root() -> bool:
    """Whether system packages may be installed without asking for a password."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(packages: list[str], purpose: str) -> None:
    """Install system packages as root, or tell the one line that does."""
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        raise SetupFailed(
            f"{purpose} needs these system packages, under whatever name they have here: " + " ".join(packages)
        )
    if not is_root():
        raise SetupFailed(f"{purpose} needs system packages, and installing them needs root.", line)
    say(f"  installing system packages for {purpose.lower()} with apt …")
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], "apt-get update", env=variables)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], "apt-get install", env=variables)


def run(command: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Run a step; its output is shown only when it fails."""
    done = subprocess.run(command, env=env, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        tail = done.stdout.decode("utf-8", "replace").strip().splitlines()[-25:]
        raise SetupFailed(f"{what} failed (exit code {done.returncode}):\n  " + "\n  ".join(tail))


def has_pip(python: Path) -> bool:
    """Whether the environment can install anything."""
    return (
        subprocess.run(
            [str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode
        == 0
    )


def make_environment(folder: Path) -> None:
    """Create the environment with pip in it, by the first way that this machine offers."""
    python = environment_python(folder)
    if python.exists() and has_pip(python):
        return
    say(f"  making a Python environment in {folder} …")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        # Debian keeps ensurepip (and with it `python3 -m venv`) in a package of its own.
        if is_root() and shutil.which("apt-get"):
            apt_install(["python3-venv", "ca-certificates"], "A Python environment")
        else:
            without_ensurepip(folder)
            return
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)], "Making the environment")


def without_ensurepip(folder: Path) -> None:
    """`venv --without-pip` plus pip out of its own wheel, for people without root."""
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends python3-venv"
    if importlib.util.find_spec("venv") is None:
        raise SetupFailed("This Python has no venv module, and installing it needs root.", line)
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], "Making the environment")
    wheel = find_pip_wheel()
    if wheel is None:
        raise SetupFailed("This Python comes without pip, and no pip wheel was found to start from.", line)
    say(f"  installing pip from {wheel.name} …")
    python = str(environment_python(folder))
    run([python, str(wheel / "pip"), "install", "-q", "--no-index", str(wheel)], "Installing pip")


def find_pip_wheel() -> Path | None:
    """A pip wheel that is here already, or that apt can fetch without root."""
    given = os.environ.get("WAN22_PIP_WHEEL")
    if given:
        return Path(given)
    cache = ROOT / ".cache" / "pip-wheel"
    for folder in (Path("/usr/share/python-wheels"), cache / "usr/share/python-wheels"):
        found = sorted(folder.glob("pip-*.whl"))
        if found:
            return found[-1]
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    cache.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        ["apt-get", "download", "-q", "python3-pip-whl"],
        cwd=str(cache),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    packages = sorted(cache.glob("python3-pip-whl*.deb"))
    if fetched.returncode or not packages:
        return None
    run(["dpkg-deb", "-x", str(packages[-1]), str(cache)], "Unpacking pip")
    found = sorted((cache / "usr/share/python-wheels").glob("pip-*.whl"))
    return found[-1] if found else None


def install_packages(folder: Path, lock: Path) -> None:
    """Install exactly what the lock says, then the panel itself from this folder."""
    python = str(environment_python(folder))
    say("  downloading and installing the locked packages (about 130 MB the first time) …")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    run([*pip, "--require-hashes", "-r", str(lock)], "Installing the packages")
    say("  installing the panel …")
    run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "Installing the panel")


def check_qt(folder: Path) -> None:
    """Qt loads system libraries that a bare server lacks."""
    python = str(environment_python(folder))
    if platform.system() != "Linux":
        return
    probe = subprocess.run([python, "-c", QT_PROBE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if probe.returncode == 0:
        return
    apt_install(list(QT_PACKAGES), "The window (Qt)")
    run([python, "-c", QT_PROBE], "Loading Qt")


def prepare(lock_name: str) -> Path:
    """Make everything ready and return the environment's Python. A second call takes milliseconds."""
    lock = ROOT / lock_name
    folder = environment_folder()
    stamp = folder / f".ready-{lock.stem}"
    python = environment_python(folder)
    check_python()
    mark = fingerprint(lock)
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == mark:
        return python
    started = time.monotonic()
    say("Setting up (once; later starts skip this):")
    stamp.unlink() if stamp.exists() else None
    make_environment(folder)
    install_packages(folder, lock)
    check_qt(folder)
    stamp.write_text(mark, encoding="utf-8")
    say(f"Ready after {time.monotonic() - started:.0f} s.")
    return python


def main(lock_name: str, command: list[str]) -> int:
    """Prepare, then run `python COMMAND…` in the environment and return its exit code."""
    try:
        python = prepare(lock_name)
    except SetupFailed as error:
        say(f"\nSet-up stopped: {error}")
        if error.line:
            say(f"\nCopy this line, then start again:\n  {error.line}")
        return 3
    except KeyboardInterrupt:
        say("\nSet-up stopped; start again to go on where it was.")
        return 130
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        return subprocess.run([str(python), *command], env=variables).returncode
    except KeyboardInterrupt:
        return 130
