"""start.bat and find_python.bat under Wine, with a Windows CPython and a stand-in for start.py.

`WAN22_WINE_PYTHON` names the folder of the Windows Python's python.exe (3.11 to 3.13, 64 bit).
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fresh_machine.conftest import WINDOWS_PYTHON

ROOT = Path(__file__).resolve().parents[2]
PLACES = ["panel", "Wan 2.2 pänel", "wän (x86) & co"]
STAND_IN = """
import json, os, sys
with open(__file__ + ".json", "w", encoding="utf-8") as handle:
    json.dump({"arguments": sys.argv[1:], "folder": os.getcwd(), "names": sorted(os.environ)}, handle)
sys.exit(int(sys.argv[-1]) if sys.argv[-1:] and sys.argv[-1].lstrip("-").isdigit() else 0)
"""
# Python's site module runs this first: the interpreter then says that it is another version.
WRONG_VERSION = "import sys\nsys.version_info = (3, 10, 0, 'final', 0)\n"
# A copy of python.exe under the name of uv.exe runs the file `run` when it is called as `uv run ...`.
FAKE_UV = """
import runpy, sys
assert sys.argv[1:6] == ["--no-project", "--isolated", "--python", "3.12", "python"], sys.argv
sys.argv = sys.argv[6:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def why_not() -> str:
    if not WINDOWS_PYTHON:
        return "WAN22_WINE_PYTHON names no folder with a Windows Python"
    if not (Path(WINDOWS_PYTHON) / "python.exe").is_file():
        return f"{WINDOWS_PYTHON} holds no python.exe"
    return "" if shutil.which("wine") else "wine is not installed"


pytestmark = [pytest.mark.wine, pytest.mark.timeout(300), pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")]


def windows(path: Path | str) -> str:
    """A path of this machine as Wine's programs see it."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """A Windows of its own; nothing in it is shared with the user's."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.run("wineboot", "-i")

    def run(self, *words: str, path: str = "", folder: Path | None = None, **more: str) -> tuple[int, str]:
        """Run a program; its exit code and what it printed. CPython dies on any handles of Wine's but pipes."""
        variables = {
            "HOME": os.environ["HOME"],
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "WINEPATH": path,
            **more,
        }
        done = subprocess.run(
            ["wine", *words], env=variables, cwd=folder, input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def wine() -> Iterator[Wine]:
    prefix = Path(tempfile.mkdtemp(prefix="wan22-wine-"))
    yield Wine(prefix)
    server = shutil.which("wineserver", path=os.pathsep.join([os.environ["PATH"], "/usr/lib/wine"]))
    if server:
        subprocess.run([server, "--kill"], env={**os.environ, "WINEPREFIX": str(prefix)})
        subprocess.run([server, "--wait"], env={**os.environ, "WINEPREFIX": str(prefix)})
    shutil.rmtree(prefix, ignore_errors=True)


class Panel:
    """The batch files with the stand-in beside them."""

    def __init__(self, wine: Wine, folder: Path) -> None:
        self.wine = wine
        self.folder = folder
        self.elsewhere = folder.parent / "elsewhere"
        self.elsewhere.mkdir()
        (folder / "packaging" / "windows").mkdir(parents=True)
        for name in ("start.bat", "test.bat", "packaging/windows/find_python.bat"):
            shutil.copy(ROOT / name, folder / name)
        for name in ("start.py", "test.py"):
            (folder / name).write_text(STAND_IN, encoding="utf-8")

    def start(self, *arguments: str, path: str, name: str = "start", **more: str) -> tuple[int, str]:
        batch = windows(self.folder / f"{name}.bat")
        return self.wine.run(batch, *arguments, path=path, folder=self.elsewhere, **more)

    def seen(self, name: str = "start") -> Any:
        """What the stand-in was given, or None if it never ran."""
        file = self.folder / f"{name}.py.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


@pytest.fixture
def panel(wine: Wine, tmp_path: Path) -> Panel:
    return Panel(wine, tmp_path / "Wan 2.2 pänel")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["start", "test"])
def test_arguments_folder_and_exit_code_arrive(wine: Wine, tmp_path: Path, place: str, name: str):
    panel = Panel(wine, tmp_path / place)
    arguments = ["run", "--prompt", "a b, c", "bild ü.png", "7"]
    code, said = panel.start(*arguments, path=windows(WINDOWS_PYTHON), name=name)
    seen = panel.seen(name)
    assert seen is not None, said
    assert seen["arguments"] == arguments
    assert seen["folder"] == windows(panel.elsewhere), "paths in the arguments are meant from there"
    assert [item for item in seen["names"] if item.startswith("WAN22_")] == []
    assert code == 7
    assert "ended with code 7" in said
    assert "Press any key" in said


def test_a_double_click_keeps_the_window_open_and_ends_well(panel: Panel):
    code, said = panel.start(path=windows(WINDOWS_PYTHON))
    assert (code, panel.seen()["arguments"]) == (0, [])
    assert "Press any key" in said
    assert "ended with code" not in said


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("3",), 3), (("0",), 0)])
def test_a_machine_is_not_made_to_wait(panel: Panel, arguments: tuple[str, ...], code: int):
    ended, said = panel.start(*arguments, path=windows(WINDOWS_PYTHON), CI="true")
    assert ended == code
    assert "Press any key" not in said


def test_a_crash_is_no_success(panel: Panel):
    code, said = panel.start("-1073741819", path=windows(WINDOWS_PYTHON), CI="true")
    assert code != 0
    assert "ended with code -1073741819" in said


def test_without_any_python_it_says_what_to_install(panel: Panel):
    code, said = panel.start("--version", path="")
    assert code == 3
    assert "needs Python 3.11, 3.12 or 3.13 (64 bit), and none was found" in said
    assert "winget install Python.Python.3.12" in said
    assert panel.seen() is None


def test_a_python_of_the_wrong_version_is_refused(panel: Panel, tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WRONG_VERSION, encoding="utf-8")
    code, said = panel.start("--version", path=windows(WINDOWS_PYTHON), PYTHONPATH=windows(tmp_path / "site"))
    assert code == 3
    assert "none was found" in said
    assert panel.seen() is None


def test_a_launcher_that_finds_nothing_does_no_harm(panel: Panel, tmp_path: Path):
    (tmp_path / "launcher").mkdir()
    shutil.copy(Path(WINDOWS_PYTHON) / "python.exe", tmp_path / "launcher" / "py.exe")  # it refuses the option -3.12
    path = f"{windows(tmp_path / 'launcher')};{windows(WINDOWS_PYTHON)}"
    code, said = panel.start("run", "0", path=path)
    assert code == 0, said
    assert panel.seen()["arguments"] == ["run", "0"]


def test_uv_brings_a_python_where_none_suits(panel: Panel, tmp_path: Path):
    (tmp_path / "u v").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WRONG_VERSION, encoding="utf-8")
    shutil.copy(Path(WINDOWS_PYTHON) / "python.exe", tmp_path / "u v" / "uv.exe")
    (panel.elsewhere / "run").write_text(FAKE_UV, encoding="utf-8")
    code, said = panel.start(
        "a b",
        "5",
        path=f"{windows(tmp_path / 'u v')};{windows(WINDOWS_PYTHON)}",
        PYTHONPATH=windows(tmp_path / "site"),
        PYTHONHOME=windows(WINDOWS_PYTHON),
    )
    assert code == 5, said
    assert panel.seen()["arguments"] == ["a b", "5"]
