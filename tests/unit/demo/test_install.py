"""The look-alike's folder is a ComfyUI to everything that starts one."""

import subprocess
import sys
from pathlib import Path

import pytest

from wan22.demo.install import HIDDEN_COMMAND, install_demo
from wan22.launch.discovery import find_installation
from wan22.launch.flag_schema import read_flag_schema
from wan22.schema.problem import AppError
from wan22.system.child_command import self_command


def test_it_is_found_and_tells_its_flags(tmp_path: Path):
    folder = install_demo(tmp_path / "Ünï demo", self_command(HIDDEN_COMMAND))
    found = find_installation(folder, Path(sys.executable))
    assert (found.version, found.folder) == ("0.25.0", folder)
    schema = read_flag_schema(found, None)
    sage = schema.find("--use-sage-attention")
    split = schema.find("--use-split-cross-attention")
    assert sage is not None
    assert split is not None
    assert sage.group is not None
    assert sage.group == split.group
    fast = schema.find("--fast")
    assert fast is not None
    assert fast.takes == "many"
    assert schema.find("--normalvram") is None, "0.25 does not know it any more"


def test_writing_again_changes_nothing(tmp_path: Path):
    folder = install_demo(tmp_path, ("python", "x"))
    before = (folder / "main.py").stat().st_mtime_ns
    install_demo(tmp_path, ("python", "x"))
    assert (folder / "main.py").stat().st_mtime_ns == before
    install_demo(tmp_path, ("python", "y"))
    assert '"y"' in (folder / "main.py").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        install_demo(tmp_path / "file" / "demo", ("python",))
    assert caught.value.problem.code == "file_unwritable"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--normalvram"], "unrecognized arguments: --normalvram"),
        (["--use-sage-attention", "--use-flash-attention"], "not allowed with argument"),
        (["--fast", "magic"], "argument --fast: invalid PerformanceFeature value: 'magic'"),
        (["--port", "many"], "invalid int value"),
    ],
)
def test_a_wrong_flag_ends_it_as_in_comfyui(tmp_path: Path, words: list[str], said: str):
    folder = install_demo(tmp_path, self_command(HIDDEN_COMMAND))
    done = subprocess.run(
        [sys.executable, str(folder / "main.py"), *words], capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_an_unknown_scenario_ends_it(tmp_path: Path):
    folder = install_demo(tmp_path, self_command(HIDDEN_COMMAND))
    command = [sys.executable, str(folder / "main.py"), "--demo-scenario", "nope"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 1
    assert "No demo scenario is called 'nope'." in done.stderr
