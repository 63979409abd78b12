"""Whether a window can be opened here. Qt itself would end the whole process when it finds no screen."""

import ctypes
import socket
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

WINDOW_PARTS = ("PySide6", "pyqtgraph")
_X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_X11_SOCKETS = Path("/tmp/.X11-unix")
_X11_PORT = 6000
_ANSWER_S = 1.0
_UNSEEN = ("offscreen", "minimal")


def window_obstacle(
    environment: Mapping[str, str],
    platform: str,
    *,
    is_installed: Callable[[str], bool] | None = None,
    can_load: Callable[[str], bool] | None = None,
) -> str | None:
    """Why no window can be opened here, as a sentence; None when it can. Imports nothing of Qt's."""
    missing = [name for name in WINDOW_PARTS if not (is_installed or _is_installed)(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return f"{' and '.join(missing)} {verb} not installed, which the window needs."
    if not platform.startswith("linux"):
        return None
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if not chosen and not _has_wayland(environment):
        found = _without_x11(environment)
        if found is not None:
            return found
    needed = dict(_LIBRARIES)
    if chosen == "xcb" or (not chosen and not _has_wayland(environment)):
        needed |= _X11_LIBRARIES
    packages = [package for library, package in needed.items() if not (can_load or _can_load)(library)]
    if packages:
        return f"The window needs system packages that are missing; on Debian: {' '.join(packages)}."
    return None


def unseen_reason(environment: Mapping[str, str], platform: str) -> str | None:
    """As `window_obstacle`, but a window that is drawn where nobody sees it does not count as one."""
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if chosen in _UNSEEN:
        return f"QT_QPA_PLATFORM={chosen} draws no window that can be seen."
    return window_obstacle(environment, platform)


def _has_wayland(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY")
    if not name:
        return False
    return (Path(environment.get("XDG_RUNTIME_DIR", "")) / name).exists()


def _without_x11(environment: Mapping[str, str]) -> str | None:
    """Why DISPLAY leads to no X server."""
    display = environment.get("DISPLAY", "")
    if not display:
        return "There is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set."
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdecimal():
        return f"DISPLAY is '{display}', which names no screen."
    if host in ("", "unix"):
        return None if _answers_here(int(number)) else f"No screen answers at DISPLAY={display}."
    try:
        socket.create_connection((host.strip("[]"), _X11_PORT + int(number)), timeout=_ANSWER_S).close()
    except (OSError, OverflowError):
        return f"No screen answers at DISPLAY={display}."
    return None


def _answers_here(number: int) -> bool:
    """Whether an X server listens on its socket, in the file system or in Linux' abstract names."""
    path = f"{_X11_SOCKETS}/X{number}"
    for address in (path, f"\0{path}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_ANSWER_S)
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # a name that was blocked counts as missing
        return False


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
