import socket
import sys
from pathlib import Path

import pytest

from wan22.system import display
from wan22.system.display import unseen_reason, window_obstacle

LINUX = "linux"


def obstacle(environment, platform=LINUX, *, missing=(), unloadable=()):
    return window_obstacle(
        environment,
        platform,
        is_installed=lambda name: name not in missing,
        can_load=lambda library: library not in unloadable,
    )


def test_without_qt_there_is_no_window_anywhere():
    for platform in ("win32", LINUX, "darwin"):
        assert obstacle({}, platform, missing=["PySide6"]) == "PySide6 is not installed, which the window needs."
    both = obstacle({}, missing=["PySide6", "pyqtgraph"])
    assert both == "PySide6 and pyqtgraph are not installed, which the window needs."


def test_windows_always_has_a_screen():
    assert obstacle({}, "win32", unloadable=["libEGL.so.1"]) is None


def test_linux_without_a_screen():
    assert "neither DISPLAY nor WAYLAND_DISPLAY" in (obstacle({}) or "")
    assert obstacle({"DISPLAY": "somewhere"}) == "DISPLAY is 'somewhere', which names no screen."
    assert obstacle({"DISPLAY": ":4711"}) == "No screen answers at DISPLAY=:4711."


def test_a_chosen_platform_is_believed():
    assert obstacle({"QT_QPA_PLATFORM": "offscreen"}) is None
    assert "libegl1" in (obstacle({"QT_QPA_PLATFORM": "offscreen"}, unloadable=["libEGL.so.1"]) or "")
    assert obstacle({"QT_QPA_PLATFORM": "offscreen"}, unloadable=["libxcb-cursor.so.0"]) is None
    assert "libxcb-cursor0" in (obstacle({"QT_QPA_PLATFORM": "xcb"}, unloadable=["libxcb-cursor.so.0"]) or "")


def test_wayland_needs_its_socket(tmp_path: Path):
    environment = {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert "no screen" in (obstacle(environment) or "").lower()
    (tmp_path / "wayland-7").touch()
    assert obstacle(environment) is None
    assert obstacle(environment, unloadable=["libxcb-cursor.so.0"]) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 sockets are Linux'")
def test_an_x_server_on_a_socket_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(display, "_X11_SOCKETS", tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "X5"))
        server.listen()
        assert obstacle({"DISPLAY": ":5.0"}) is None
        assert obstacle({"DISPLAY": "unix:5"}) is None
    assert "No screen answers" in (obstacle({"DISPLAY": ":5"}) or "")


def test_an_x_server_on_another_machine_is_asked(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(display, "_X11_PORT", server.getsockname()[1])
        assert obstacle({"DISPLAY": "127.0.0.1:0"}) is None
        server.accept()[0].close()
    assert "No screen answers" in (obstacle({"DISPLAY": "127.0.0.1:0"}) or "")


def test_this_machine_can_be_asked():
    assert window_obstacle({"QT_QPA_PLATFORM": "offscreen"}, sys.platform) is None


def test_a_window_that_nobody_sees_is_none():
    assert "offscreen" in (unseen_reason({"QT_QPA_PLATFORM": "offscreen"}, LINUX) or "")
    assert "no screen" in (unseen_reason({}, LINUX) or "")
