"""Makes the panel's Python environment ready and then runs a command in it. Standard library only.

Used by start.py and test.py (and their .bat twins); runs on any Python 3.8+ to explain itself. A stamp is written
last and holds a fingerprint of the lock: an interrupted set-up is repeated, a finished one is skipped, a changed lock
brings an update. Everything is said on standard error, so that the output of the command itself stays clean.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import debian
import step
from step import SetupFailed, StepFailed, say

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.13", "3.12", "3.11")
LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
NEEDED_MB = 1000
QT_PROBE = "import PySide6.QtWidgets, PySide6.QtGui, PySide6.QtSvg"
VERSION_PROBE = "import sys; print('%d.%d' % sys.version_info[:2] if sys.maxsize > 2**32 else '32 bit')"
PIP = ["-I", "-u", "-m", "pip"]
HARMFUL = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT")


def environment_folder() -> Path:
    """Where the environment goes; WAN22_VENV moves it (the panel's own folder may be read-only)."""
    return Path(os.path.abspath(os.environ.get("WAN22_VENV") or ROOT / ".venv"))


def cache_folder() -> Path:
    """What the set-up keeps besides the environment: its lock and pip's wheel."""
    folder = environment_folder()
    return ROOT / ".cache" / "setup" if folder == ROOT / ".venv" else folder.with_name(folder.name + "-setup")


def environment_python(folder: Path) -> Path:
    """The environment's interpreter."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def setup_variables() -> dict[str, str]:
    """The user's variables, less those that would send packages elsewhere or load foreign modules."""
    kept = {name: value for name, value in os.environ.items() if name not in HARMFUL}
    return {**kept, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUTF8": "1"}


def version_of(python: Path | str) -> str:
    """`3.12` for an interpreter that runs, else what is wrong with it or nothing."""
    command = [str(python), "-I", "-S", "-c", VERSION_PROBE]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else ""


def suitable_python() -> str:
    """The interpreter that the environment is made with: this one, or another one on PATH."""
    # Started by the environment that is to be replaced (it is activated, say)? Its own origin outlives it.
    own = sys.executable if sys.prefix == sys.base_prefix else getattr(sys, "_base_executable", sys.executable)
    found = version_of(own)
    if found in VERSIONS:
        return str(own)
    for version in VERSIONS:
        other = shutil.which("python" + version)
        if other and version_of(other) == version:
            say(f"  this is Python {platform.python_version()}; using {other} instead")
            return other
    raise SetupFailed(
        f"This is Python {platform.python_version()}{' (32 bit)' if found == '32 bit' else ''}; "
        "the panel needs Python 3.11, 3.12 or 3.13 (64 bit), and none of them was found on PATH.",
        apt_line_for_python(),
    )


def apt_line_for_python() -> str:
    """The command that brings a suitable Python, if this system's packages hold one."""
    for version in VERSIONS if debian.has_apt() and shutil.which("apt-cache") else ():
        command = ["apt-cache", "show", f"python{version}-venv"]
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return debian.line_to_copy([f"python{version}", f"python{version}-venv"])
    return ""


def digest(*parts: bytes) -> str:
    """One name for all of these."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def fingerprint(lock_name: str, folder: Path, version: str) -> str:
    """Changes with the lock, the panel's own metadata, the places of both folders and the interpreter's version."""
    files = (ROOT / lock_name, ROOT / "pyproject.toml", ROOT / "app" / "wan22" / "__init__.py")
    return digest(*(path.read_bytes() for path in files), os.fsencode(ROOT), os.fsencode(folder), version.encode())


def stamp_of(folder: Path, lock_name: str) -> Path:
    """The file that says that this lock is installed."""
    return folder / f".ready-{Path(lock_name).stem}"


def owner_mark(folder: Path) -> Path:
    """The file that says that the panel made this folder, and for which place: scripts in it name that place."""
    return folder / ".made-by-wan22"


def unfinished_mark(folder: Path) -> Path:
    """The file that is there while packages are being unpacked."""
    return folder / ".installing"


def read(path: Path) -> str:
    """A small file's text, or nothing if there is none."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def is_ready(folder: Path, lock_name: str) -> bool:
    """Whether a finished set-up fits. The development lock holds all of the other one, so either will do for that."""
    accepted = [name for name in {lock_name, DEV_LOCK} if read(stamp_of(folder, name))]
    if not accepted:
        return False
    version = version_of(environment_python(folder))
    return any(read(stamp_of(folder, name)) == fingerprint(name, folder, version) for name in accepted)


def refuse_foreign(folder: Path) -> None:
    """Stop before touching a folder that the panel did not make."""
    ours = owner_mark(folder).exists() or (folder == ROOT / ".venv" and (folder / "pyvenv.cfg").exists())
    if folder.exists() and any(folder.iterdir()) and not ours:
        raise SetupFailed(f"{folder} holds something else than the panel's environment. Move it, or name another one.")


def why_unusable(folder: Path) -> str:
    """Why the environment must be made (anew), or nothing if it can be built upon."""
    if not folder.exists() or not any(folder.iterdir()):
        return "first start"
    version = version_of(environment_python(folder))
    if not version:
        return "its Python no longer runs"
    if version not in VERSIONS:
        return f"it has Python {version}"
    if unfinished_mark(folder).exists():
        return "the last set-up was interrupted"
    if owner_mark(folder).exists() and read(owner_mark(folder)) != digest(os.fsencode(folder)):
        return "the folder was moved"
    return "" if has_modules(str(environment_python(folder)), "pip") else "it has no pip"


def make_environment(folder: Path, python: str) -> None:
    """Create the environment with pip in it, in place of what is there."""
    if folder.exists():
        shutil.rmtree(str(folder))
    folder.mkdir(parents=True)
    free_mb = shutil.disk_usage(str(folder)).free // 10**6
    if free_mb < NEEDED_MB:
        raise SetupFailed(f"The disk of {folder} has {free_mb} MB free; the set-up needs {NEEDED_MB} MB.")
    owner_mark(folder).write_text(digest(os.fsencode(folder)), encoding="ascii")
    has_ensurepip = has_modules(python, "ensurepip")
    venv = [python, "-I", "-m", "venv", *([] if has_ensurepip else ["--without-pip"]), str(folder)]
    step.run(venv, "Making the environment", setup_variables(), str(ROOT))
    if not has_ensurepip:
        wheel = debian.find_pip_wheel(cache_folder(), setup_variables())
        say(f"  installing pip from {wheel.name}")
        with zipfile.ZipFile(str(wheel)) as archive:
            archive.extractall(str(next(folder.glob("lib/python3*/site-packages"))))


def has_modules(python: str, *names: str) -> bool:
    """Whether an interpreter can import all of these."""
    command = [python, "-I", "-c", "import " + ", ".join(names)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def get_system_packages(python: str) -> str:
    """Install all missing system packages at once if that is allowed.

    Otherwise returns the line that does, if one of them may stop the set-up. `python`: what the environment is to be
    made with, or nothing if there is one already.
    """
    vital = [f"python{version_of(python)}-venv"] if python and not has_modules(python, "ensurepip", "venv") else []
    if debian.lacks_certificates():
        vital.append("ca-certificates")
    missing = vital + debian.missing_qt_packages()
    if missing and debian.has_apt() and debian.is_root():
        try:
            debian.install(missing, setup_variables())
        except SetupFailed as failed:
            say(f"  {failed}")  # what cannot be done without them says so later
        else:
            return ""
    return debian.line_to_copy(missing) if vital else ""


def set_up(folder: Path, lock_name: str, window_required: bool) -> None:
    """Everything from system packages to the panel itself."""
    refuse_foreign(folder)
    reason = why_unusable(folder)
    python = suitable_python() if reason else ""
    line = get_system_packages(python)
    try:
        if reason:
            say(f"  making the Python environment {folder} ({reason})")
            make_environment(folder, python)
        install_packages(folder, lock_name)
    except SetupFailed as failed:
        failed.line = failed.line or line
        raise
    check_qt(folder, window_required)


def install_packages(folder: Path, lock_name: str) -> None:
    """Install exactly what the lock says, then the panel itself from this folder."""
    python, variables = str(environment_python(folder)), setup_variables()
    total = len(set(re.findall(r"^([\w.-]+)==", (ROOT / lock_name).read_text(encoding="ascii"), re.MULTILINE)))
    say(f"  installing {total} locked packages (130 to 180 MB to download the first time)")
    install = [python, *PIP, "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    locked = [*install, "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / lock_name)]
    unfinished_mark(folder).touch()
    try:
        step.run(locked, "Installing the packages", variables, str(ROOT), step.count_packages(total))
    except StepFailed as failed:
        if not any(line.startswith("Installing collected packages") for line in failed.output):
            unfinished_mark(folder).unlink()  # it ended before it touched the environment
        raise
    say("  installing the panel from this folder")
    step.run([*install, "--no-deps", "--no-build-isolation", "-e", "."], "Installing the panel", variables, str(ROOT))
    unfinished_mark(folder).unlink()
    owner_mark(folder).write_text(digest(os.fsencode(folder)), encoding="ascii")


def check_qt(folder: Path, window_required: bool) -> None:
    """Without Qt's system libraries there is no window; all else works."""
    missing = debian.missing_qt_packages()
    if missing:
        names = " ".join(missing)
        text = "The window (Qt) needs system packages, and installing them needs root."
        if not debian.has_apt():
            text = f"The window (Qt) needs system packages, whose names on Debian are: {names}"
        if window_required:
            raise SetupFailed(text, debian.line_to_copy(missing))
        say(f"  {text} The command line works without them.\n  {debian.line_to_copy(missing)}".rstrip())
    elif window_required:
        probe = [str(environment_python(folder)), "-I", "-c", QT_PROBE]
        step.run(probe, "Loading Qt", setup_variables(), str(ROOT))


@contextlib.contextmanager
def only_one_setup() -> Iterator[None]:
    """Hold a lock while setting up, so that a second start waits instead of unpacking into the same folder.

    The operating system frees it when we and the running step are gone (the step inherits it where that is possible).
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    with open(cache_folder() / "lock", "ab") as handle:
        if not try_lock(handle.fileno()):
            say("  another start is setting up the same folder; waiting for it")
            meter = step.Meter(time.monotonic())
            while not try_lock(handle.fileno()):
                meter.tick(time.monotonic(), "waiting")
                time.sleep(step.TICK_S)
            meter.clear()
        yield


def try_lock(descriptor: int) -> bool:
    """Take the lock if it is free. A file system without locks counts as free."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.set_inheritable(descriptor, True)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def prepare(lock_name: str, window_required: bool) -> Path:
    """Make everything ready and return the environment's Python. A second call takes milliseconds."""
    folder = environment_folder()
    python = environment_python(folder)
    if is_ready(folder, lock_name):
        return python
    started_s = time.monotonic()
    say(f"Setting up in {ROOT} (later starts skip this):")
    with only_one_setup():
        if not is_ready(folder, lock_name):
            set_up(folder, lock_name, window_required)
            stamp = fingerprint(lock_name, folder, version_of(python))
            stamp_of(folder, lock_name).write_text(stamp, encoding="ascii")
    say(f"Ready after {time.monotonic() - started_s:.0f} s.")
    return python


def explain(error: OSError) -> str:
    """What the operating system refused, as a sentence."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"a file or folder may not be written{place}. WAN22_VENV=FOLDER puts the environment elsewhere."
    if error.errno == errno.ENOSPC:
        return f"the disk is full{place}. The set-up needs {NEEDED_MB} MB."
    return f"{error.strerror or error}{place}."


def hand_over(command: list[str]) -> int:
    """Run the command and return its exit code; Ctrl-C is the command's own business."""
    ours = ("PYTHONPATH", "PYTHONHOME", "WAN22_VENV")  # the panel takes any other WAN22_ name for a setting
    variables = {name: value for name, value in os.environ.items() if name not in ours}
    if os.name != "nt":
        os.execve(command[0], command, variables)
    process = subprocess.Popen(command, env=variables)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def interrupt(*_: object) -> None:
    """Treat a request to end like Ctrl-C."""
    raise KeyboardInterrupt


def main(lock_name: str, command: list[str], window_required: bool) -> int:
    """Prepare, then run `python COMMAND...` in the environment and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        python = prepare(lock_name, window_required)
        signal.signal(signal.SIGTERM, previous)
        return hand_over([str(python), *command])
    except SetupFailed as failed:
        say(f"\nSet-up stopped: {failed}")
        if failed.line:
            say(f"\nCopy this line, then start again:\n  {failed.line}")
        return 3
    except OSError as error:
        say(f"\nSet-up stopped: {explain(error)}")
        return 3
    except KeyboardInterrupt:
        say("\nSet-up stopped on request; start again to go on.")
        return 130


def start(arguments: list[str]) -> int:
    """Run the panel, which names this script in the lines that it offers to copy."""
    os.environ["PANEL_COMMAND"] = "start.bat" if os.name == "nt" else "python3 " + shlex.quote(sys.argv[0])
    return main(LOCK, ["-P", "-m", "wan22", *(arguments or ["start"])], window_required=False)


def test(arguments: list[str]) -> int:
    """Run the checks and tests."""
    return main(DEV_LOCK, [str(ROOT / "packaging" / "checks.py"), *arguments], window_required=True)
