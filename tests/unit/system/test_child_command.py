import subprocess
import sys
from pathlib import Path

import pytest

from wan22.system.child_command import child_environment, cleaned_environment, own_command, self_command
from wan22.system.console_interrupt import NOT_ATTACHED, UNSUPPORTED

LINUX = "linux"
WINDOWS = "win32"


def cleaned(
    base: dict[str, str], extra: dict[str, str] | None = None, bundle: str | None = None, platform: str = LINUX
):
    result = cleaned_environment(base, extra or {}, bundle=bundle, platform=platform)
    assert result.pop("PYTHONUTF8") == "1"
    assert result.pop("PYTHONUNBUFFERED") == "1"
    return result


def test_this_program_starts_itself():
    assert self_command("monitor", "--json") == (sys.executable, "-P", "-m", "wan22", "monitor", "--json")


def test_the_command_really_starts_this_program(tmp_path: Path):
    (tmp_path / "wan22.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    done = subprocess.run(
        self_command("__console_interrupt", "4294967292"), cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (NOT_ATTACHED if sys.platform == "win32" else UNSUPPORTED, "")


def test_a_frozen_program_is_its_own_interpreter():
    assert own_command(("monitor",), r"C:\wan22\wan22.exe", frozen=True) == (r"C:\wan22\wan22.exe", "monitor")


def test_the_windowed_interpreter_is_replaced_by_the_one_with_a_console(tmp_path: Path):
    windowed = tmp_path / "pythonw.exe"
    assert own_command((), str(windowed), frozen=False)[0] == str(windowed)
    (tmp_path / "python.exe").touch()
    assert own_command((), str(windowed), frozen=False)[0] == str(tmp_path / "python.exe")


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSAFEPATH", "PYTHONIOENCODING"])
def test_what_misleads_another_python_is_dropped(name: str):
    assert cleaned({name: "/x", "HOME": "/home/me"}) == {"HOME": "/home/me"}


def test_extra_wins_over_everything():
    result = cleaned_environment(
        {"A": "1"}, {"A": "2", "PYTHONPATH": "/mine", "PYTHONUTF8": "0"}, bundle=None, platform=LINUX
    )
    assert result == {"A": "2", "PYTHONPATH": "/mine", "PYTHONUTF8": "0", "PYTHONUNBUFFERED": "1"}


def test_names_are_one_whatever_their_case_on_windows():
    assert cleaned({"Path": "a", "PythonPath": "x"}, {"PATH": "b"}, platform=WINDOWS) == {"PATH": "b"}
    assert cleaned({"Path": "a"}, {"PATH": "b"}) == {"Path": "a", "PATH": "b"}


def test_the_library_path_of_a_frozen_build_is_taken_back():
    base = {"LD_LIBRARY_PATH": "/opt/wan22/_internal", "LD_LIBRARY_PATH_ORIG": "/usr/lib/cuda"}
    assert cleaned(base, bundle="/opt/wan22/_internal") == {"LD_LIBRARY_PATH": "/usr/lib/cuda"}
    assert cleaned({"LD_LIBRARY_PATH": "/opt/wan22/_internal"}, bundle="/opt/wan22/_internal") == {}
    assert cleaned({"LD_LIBRARY_PATH": "/usr/lib/cuda"}) == {"LD_LIBRARY_PATH": "/usr/lib/cuda"}


def test_folders_of_a_frozen_build_leave_every_variable():
    bundle = "C:\\Wän 22\\_internal"
    base = {
        "PATH": f"{bundle}\\bin;C:\\Windows;{bundle}",
        "QT_PLUGIN_PATH": f"{bundle}\\plugins",
        "OTHER": f"{bundle}-not",
        "_PYI_ARCHIVE_FILE": "x",
    }
    assert cleaned(base, bundle=bundle, platform=WINDOWS) == {"PATH": "C:\\Windows", "OTHER": f"{bundle}-not"}


def test_the_default_base_is_our_own_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAN22_TEST_MARK", "ü")
    monkeypatch.setenv("PYTHONPATH", "/x")
    environment = child_environment({"MORE": "1"})
    assert environment["WAN22_TEST_MARK"] == "ü"
    assert environment["MORE"] == "1"
    assert "PYTHONPATH" not in environment
    assert "PATH" not in child_environment(base={})
