import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run

DATA = Path(__file__).parents[2] / "data" / "launch"
FLAG = 'note = "n"\nread_by = "ComfyUI"\n'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "config" / "profiles"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    folder = tmp_path / "Künstliche & (UI)"
    shutil.copytree(DATA / "fake_comfyui", folder)
    return folder


def exported(comfyui: Path, to: Path, *words: str) -> int:
    given = ["export", "scripts", "--to", str(to), "--comfyui", str(comfyui), "--python", sys.executable]
    return run([*given, *words])


def test_the_guides_scripts_are_there(own: Path, comfyui: Path, capsys: pytest.CaptureFixture[str]):
    assert exported(comfyui, comfyui / "scripts") == ExitCode.ok
    names = {path.name for path in (comfyui / "scripts").iterdir()}
    wanted = {
        f"launch_wan22_{name}.{kind}"
        for name in ("rtx5090", "rtx4090", "a100", "h100", "nvidia", "cpu")
        for kind in ("bat", "sh")
    }
    assert names == wanted | {"wan22_benchmark.py", "save_env.py"}
    batch = (comfyui / "scripts" / "launch_wan22_rtx5090.bat").read_bytes()
    assert batch.isascii()
    assert b'cd /d "%~dp0.."\r\n' in batch
    assert b'"--use-sage-attention"' in batch
    assert batch.count(b"\n") == batch.count(b"\r\n")
    shell = (comfyui / "scripts" / "launch_wan22_rtx5090.sh").read_text(encoding="utf-8")
    assert 'folder="$here"/..' in shell
    assert "# --use-sage-attention: SageAttention computes" in shell
    capsys.readouterr()
    assert exported(comfyui, comfyui / "scripts", "--json", "--profile", "cpu", "--port", "9001") == ExitCode.ok
    (document,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(path).name for path in document["files"]][:2] == ["launch_wan22_cpu.bat", "launch_wan22_cpu.sh"]
    assert "--port 9001 --cpu" in (comfyui / "scripts" / "launch_wan22_cpu.sh").read_text(encoding="utf-8")


def test_what_this_comfyui_does_not_know_is_left_out_and_said(
    own: Path, comfyui: Path, capsys: pytest.CaptureFixture[str]
):
    assert exported(comfyui, comfyui / "x", "--profile", "rtx5090-original") == ExitCode.ok
    assert "--force-channels-last is not known to ComfyUI" in capsys.readouterr().out
    text = (comfyui / "x" / "launch_wan22_rtx5090-original.sh").read_text(encoding="utf-8")
    assert "--force-channels-last is not known" in text.replace("\n# ", " ").partition("folder=")[0]
    assert "export TORCH_COMPILE=1" in text
    assert "exec" in text
    assert "--force-channels-last" not in text.rpartition("exec")[2]


@pytest.mark.skipif(os.name == "nt", reason="there is no POSIX shell")
def test_the_shell_script_starts_comfyui_as_the_profile_says(own: Path, comfyui: Path, tmp_path: Path):
    (own / "mine.toml").write_text(
        f'title = "Mine"\n[environment.T_X]\nvalue = "ünï $HOME"\n{FLAG}[flags.--cpu]\nvalue = true\n{FLAG}'
        f'[flags.--output-directory]\nvalue = "a b\'c"\n{FLAG}',
        encoding="utf-8",
    )
    assert exported(comfyui, tmp_path / "scripts", "--profile", "mine") == ExitCode.ok
    script = tmp_path / "scripts" / "launch_wan22_mine.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    (comfyui / "main.py").write_text(
        "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd(), os.environ.get('T_X')]))\n",
        encoding="utf-8",
    )
    done = subprocess.run([script, "--last"], capture_output=True, text=True, check=True, encoding="utf-8")
    arguments, folder, value = json.loads(done.stdout)
    assert arguments == ["--port", "8188", "--cpu", "--output-directory", "a b'c", "--last"]
    assert folder == str(comfyui)
    assert value == "ünï $HOME"


def test_a_value_that_no_script_can_carry_stops_everything(
    own: Path, comfyui: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (own / "mine.toml").write_text(f'title = "M"\n[environment.T_X]\nvalue = \'a"b\'\n{FLAG}', encoding="utf-8")
    assert exported(comfyui, tmp_path / "scripts") == ExitCode.profile
    said = capsys.readouterr().err
    assert "environment variable T_X" in said
    assert "a double quote" in said
    assert not (tmp_path / "scripts").exists()


def test_letters_beyond_ascii_are_reported(
    own: Path, comfyui: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (own / "mine.toml").write_text(f'title = "M"\n[environment.T_X]\nvalue = "ünï"\n{FLAG}', encoding="utf-8")
    assert exported(comfyui, tmp_path / "scripts", "--profile", "mine") == ExitCode.ok
    said = capsys.readouterr().out
    assert "launch_wan22_mine.bat: letters beyond ASCII in" in said
    assert "environment variable T_X" in said


def test_somebody_elses_file_is_not_overwritten(
    own: Path, comfyui: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "scripts" / "launch_wan22_cpu.bat"
    path.parent.mkdir()
    path.write_text("echo mine", encoding="utf-8")
    assert exported(comfyui, path.parent) == ExitCode.usage
    assert "launch_wan22_cpu.bat was not written by wan22" in capsys.readouterr().err
    assert list(path.parent.iterdir()) == [path]
    assert exported(comfyui, path.parent, "--force") == ExitCode.ok
    assert exported(comfyui, path.parent) == ExitCode.ok


def test_a_broken_profile_does_not_stop_the_others(
    own: Path, comfyui: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (own / "mine.toml").write_text("title = \n", encoding="utf-8")
    assert exported(comfyui, tmp_path / "scripts") == ExitCode.ok
    assert "mine.toml" in capsys.readouterr().err
    assert exported(comfyui, tmp_path / "scripts", "--profile", "mine") == ExitCode.profile


def test_without_a_comfyui_it_says_what_to_name(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["export", "scripts", "--to", str(tmp_path)]) == ExitCode.installation
    assert "--comfyui FOLDER" in capsys.readouterr().err


def test_forwarding_files_lead_back(own: Path, comfyui: Path, tmp_path: Path):
    assert exported(comfyui, tmp_path / "scripts", "--profile", "cpu") == ExitCode.ok
    command = [sys.executable, str(tmp_path / "scripts" / "save_env.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "wan22 audit" in done.stdout
    command = [sys.executable, str(tmp_path / "scripts" / "wan22_benchmark.py"), "--no-such-option"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == ExitCode.usage
