"""Exported .bat files run by a real command processor: cmd of Wine, with a Windows Python.

`WAN22_WINE_PYTHON` names the folder of the Windows Python's python.exe.
"""

from pathlib import Path

import pytest

from tests.fresh_machine.conftest import WINDOWS_PYTHON
from tests.fresh_machine.test_windows_start import Wine, why_not, windows, wine
from tests.unit.launch.scripts import PRINTER, VALUES, WORDS, awkward, awkward_environment, seen
from wan22.launch.batch_file import batch_text
from wan22.launch.forward_script import HERE, forward_text
from wan22.launch.start_script import ScriptFlag, ScriptPlace, ScriptVariable, StartScript

__all__ = ["wine"]
RESCANS = "Wine 8 looks for % in the value of %~dp0 once more and drops it; not tried on Windows"
PLACES = [
    "plain",
    "dir (x86) & co",
    "^ really! = a;b, c'd",
    "ünï 日本 & (1)",
    pytest.param("100% sure", marks=pytest.mark.xfail(reason=RESCANS, strict=False)),
]

pytestmark = [pytest.mark.wine, pytest.mark.timeout(300), pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")]


@pytest.fixture(params=PLACES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of that name with the stand-in for main.py."""
    made = tmp_path / request.param
    (made / "scripts").mkdir(parents=True)
    (made / "main.py").write_text(PRINTER, encoding="utf-8")
    return made


def python() -> str:
    return windows(Path(WINDOWS_PYTHON) / "python.exe")


def write(path: Path, script: StartScript) -> str:
    path.write_bytes(batch_text(script).encode("utf-8"))
    return windows(path)


def beside(folder: str = "..") -> ScriptPlace:
    return ScriptPlace(folder, is_beside=True, python=python(), main_file="main.py")


def test_every_value_arrives_and_the_exit_code_goes_back(wine: Wine, folder: Path):
    batch = write(folder / "scripts" / "launch.bat", awkward(beside()))
    code, said = wine.run(batch, "--port", "9", "a b", CI="true", END_WITH="7")
    found = seen(folder)
    assert found is not None, said
    assert found["arguments"] == ["--first", *WORDS, "--last", "--port", "9", "a b"]
    assert awkward_environment(found["environment"]) == VALUES
    assert found["folder"].rstrip("\\") == windows(folder)
    assert code == 7
    assert "ended with code 7" in said
    assert "Press any key" not in said


def test_a_good_end_says_nothing_and_a_crash_is_no_success(wine: Wine, folder: Path):
    batch = write(folder / "launch.bat", awkward(beside(".")))
    assert wine.run(batch, CI="true") == (0, "")
    code, said = wine.run(batch, CI="true", END_WITH="-1073741819")
    assert code != 0
    assert "ended with code -1073741819" in said


def test_a_whole_path_and_a_python_inside_work_as_well(wine: Wine, tmp_path: Path):
    comfyui = tmp_path / "Comfy (UI) & 100% ^!"
    comfyui.mkdir()
    (comfyui / "main.py").write_text(PRINTER, encoding="utf-8")
    place = ScriptPlace(windows(comfyui), is_beside=False, python=python(), main_file="main.py", python_flags=("-s",))
    code, said = wine.run(write(tmp_path / "launch.bat", awkward(place)), CI="true")
    assert code == 0, said
    assert seen(comfyui)["arguments"] == ["--first", *WORDS, "--last"]


def test_the_twin_of_another_system_looks_for_folder_and_python(wine: Wine, folder: Path):
    place = ScriptPlace("", is_beside=False, python="", main_file="main.py")
    script = StartScript(place, flags=(ScriptFlag(("--cpu",), "No GPU."),))
    batch = write(folder / "scripts" / "launch.bat", script)
    code, said = wine.run(batch, path=windows(WINDOWS_PYTHON), CI="true")
    assert (code, seen(folder)) == (5, None)
    assert "The folder of ComfyUI was not found" in said
    given = {"WAN22_COMFYUI": windows(folder), "CI": "true"}
    code, said = wine.run(batch, path=windows(WINDOWS_PYTHON), **given)
    assert code == 0, said
    assert seen(folder)["arguments"] == ["--cpu"]
    (folder / "seen.json").unlink()
    code, said = wine.run(batch, WAN22_PYTHON=python(), **given)
    assert code == 0, said
    assert seen(folder)["arguments"] == ["--cpu"]


def test_a_moved_script_says_so(wine: Wine, tmp_path: Path):
    batch = write(tmp_path / "launch.bat", awkward(beside()))
    code, said = wine.run(batch, CI="true")
    assert code == 5
    assert "move this file back" in said


def test_letters_beyond_ascii_do_no_harm_to_what_follows(wine: Wine, folder: Path):
    """Whether they arrive is not proved: Wine's reader of batch files ignores the code page."""
    variables = (ScriptVariable("T_LETTERS", "ünï 日本", "Letters."), ScriptVariable("T_AFTER", "a&b", "After it."))
    script = StartScript(beside(), variables=variables, flags=(ScriptFlag(("--name", "ünï"), "Letters."),))
    code, said = wine.run(write(folder / "scripts" / "launch.bat", script), CI="true")
    found = seen(folder)
    assert code == 0, said
    assert found["environment"]["T_AFTER"] == "a&b"
    assert len(found["arguments"]) == 2


def test_a_forwarding_file_hands_on_words_and_exit_code(wine: Wine, folder: Path):
    command = (python(), windows(folder / "main.py"))
    path = folder / "scripts" / "save_env.py"
    path.write_text(forward_text(command, ("audit",), "Saves it.", ("--output", HERE)), encoding="utf-8")
    code, said = wine.run(python(), windows(path), END_WITH="6")
    assert code == 6, said
    assert seen(folder)["arguments"] == ["audit", "--output", windows(folder / "scripts")]
    wine.run(python(), windows(path), "--json", "a b & c")
    assert seen(folder)["arguments"] == ["audit", "--json", "a b & c"]
