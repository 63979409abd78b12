import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.launch.scripts import PRINTER, VALUES, WORDS, awkward, awkward_environment, seen
from wan22.launch.shell_file import shell_text
from wan22.launch.start_script import ScriptFlag, ScriptPlace, ScriptVariable, StartScript
from wan22.schema.problem import AppError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no POSIX shell")
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
FOLDERS = ["plain", "dir (x86) & co", "100% $HOME `id` 'x' !", "-ünï 日本"]


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / request.param
    (made / "scripts").mkdir(parents=True)
    (made / "main.py").write_text(PRINTER, encoding="utf-8")
    return made


def write(path: Path, script: StartScript) -> Path:
    path.write_text(shell_text(script), encoding="utf-8")
    path.chmod(0o755)
    return path


def run(*words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "CDPATH": "/tmp:/", **more}
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def starter(shell: str) -> list[str]:
    return [shell, "sh"] if shell == "busybox" else [shell]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_value_arrives_and_the_exit_code_goes_back(folder: Path, tmp_path: Path, shell: str):
    place = ScriptPlace("..", is_beside=True, python=sys.executable, main_file="main.py")
    script = write(folder / "scripts" / "launch.sh", awkward(place))
    done = run(*starter(shell), str(script), "--port", "9", "a b", cwd=tmp_path, END_WITH="7")
    assert (done.returncode, done.stderr) == (7, "")
    found = seen(folder)
    assert found["arguments"] == ["--first", *WORDS, "--last", "--port", "9", "a b"]
    assert awkward_environment(found["environment"]) == VALUES
    assert Path(found["folder"]) == folder


def test_it_is_a_program_and_may_be_called_by_a_relative_name(folder: Path):
    place = ScriptPlace("..", is_beside=True, python=sys.executable, main_file="main.py")
    write(folder / "scripts" / "launch.sh", awkward(place))
    assert run("./launch.sh", cwd=folder / "scripts").returncode == 0
    assert Path(seen(folder)["folder"]) == folder


def test_the_twin_of_another_system_looks_for_folder_and_python(folder: Path):
    place = ScriptPlace("", is_beside=False, python="", main_file="main.py")
    script = str(
        write(folder / "scripts" / "launch.sh", StartScript(place, flags=(ScriptFlag(("--cpu",), "No GPU."),)))
    )
    done = run(script, cwd=folder)
    assert done.returncode == 5
    assert "The folder of ComfyUI was not found" in done.stderr
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    done = run(script, cwd=folder, WAN22_COMFYUI=str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(folder)["arguments"] == ["--cpu"]
    assert run(script, cwd=folder, WAN22_COMFYUI=str(folder), WAN22_PYTHON="/nowhere").returncode == 127
    shutil.rmtree(folder / ".venv")
    assert run(script, cwd=folder, WAN22_COMFYUI=str(folder)).returncode == 0


def test_a_moved_script_says_so(tmp_path: Path):
    place = ScriptPlace("..", is_beside=True, python=sys.executable, main_file="main.py")
    done = run(str(write(tmp_path / "launch.sh", awkward(place))), cwd=tmp_path)
    assert done.returncode == 5
    assert "move this file back" in done.stderr


def test_letters_and_odd_names_arrive(folder: Path):
    variables = (ScriptVariable("T_LETTERS", "ünï 日本", "Letters."), ScriptVariable("T.ODD(X)", "a b'c", "A name."))
    place = ScriptPlace(str(folder), is_beside=False, python=sys.executable, main_file="main.py")
    script = StartScript(place, variables=variables, flags=(ScriptFlag(("--name", "ünï"), "Letters."),))
    assert run(str(write(folder / "scripts" / "launch.sh", script)), cwd=folder).returncode == 0
    found = seen(folder)
    assert found["arguments"] == ["--name", "ünï"]
    assert found["environment"]["T_LETTERS"] == "ünï 日本"
    assert found["environment"]["T.ODD(X)"] == "a b'c"


@pytest.mark.parametrize("value", ['a"b', "a\nb", "a\rb", "a\u2028b", "a\x00b", "a\x1ab", "\ud800"])
def test_what_its_twin_cannot_carry_is_refused(value: str):
    place = ScriptPlace("..", is_beside=True, python="python", main_file="main.py")
    with pytest.raises(AppError) as caught:
        shell_text(StartScript(place, variables=(ScriptVariable("T_X", value, "Odd."),)))
    assert caught.value.problem.code == "script_value_refused"
    assert "environment variable T_X" in caught.value.problem.message
