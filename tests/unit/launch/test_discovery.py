import os
import sys
from pathlib import Path

import pytest

from tests.unit.launch.installs import make_comfyui, touch
from wan22.launch.discovery import Installation, candidate_folders, find_installation, probe_python
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

NOTHING: dict[str, str] = {}


def test_a_checkout_with_its_own_environment(tmp_path: Path):
    folder = make_comfyui(tmp_path / "Meine KI" / "ComfyÜI", "0.3.64")
    python = touch(folder / ".venv" / "bin" / "python")
    found = find_installation(folder, platform="linux", environment=NOTHING)
    assert (found.folder, found.python, found.layout) == (folder, python, "checkout")
    assert (found.working_folder, found.python_flags, found.version) == (folder, (), "0.3.64")
    assert (found.commit, found.notices) == (None, ())
    assert found.main_file == folder / "main.py"
    assert find_installation(folder / "main.py", platform="linux", environment=NOTHING) == found
    assert find_installation(folder.parent / "ComfyÜI", platform="linux", environment=NOTHING) == found


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_linked_python_is_not_followed(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    real = touch(tmp_path / "usr" / "python3.12")
    link = folder / "venv" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert find_installation(folder, platform="linux", environment=NOTHING).python == link
    assert find_installation(folder, link, platform="linux", environment=NOTHING).python == link


def test_the_windows_portable_by_either_folder(tmp_path: Path):
    top = tmp_path / "ComfyUI_windows_portable"
    folder = make_comfyui(top / "ComfyUI")
    python = touch(top / "python_embeded" / "python.exe")
    for given in (top, folder, folder / "main.py"):
        found = find_installation(given, platform="win32", environment=NOTHING)
        assert (found.folder, found.python, found.layout) == (folder, python, "portable")
        assert (found.working_folder, found.python_flags) == (top, ("-s",))
    assert find_installation(top, python, platform="win32").layout == "portable"
    other = touch(tmp_path / "other" / "python.exe")
    given_python = find_installation(top, other, platform="win32")
    assert (given_python.layout, given_python.python, given_python.python_flags) == ("given", other, ())
    assert given_python.working_folder == folder


def test_windows_names_of_a_venv_and_a_conda_folder(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    conda = touch(folder / "env" / "python.exe")
    assert find_installation(folder, platform="win32", environment=NOTHING).python == conda
    venv = touch(folder / "venv" / "Scripts" / "python.exe")
    found = find_installation(folder, platform="win32", environment=NOTHING)
    assert found.python == venv
    assert str(conda) in found.notices[0]
    assert find_installation(folder, folder / "env", platform="win32").python == conda


def test_a_python_that_is_only_guessed_is_told(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    on_path = touch(tmp_path / "usr" / "bin" / "python3")
    environment = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), str(tmp_path / "usr" / "bin")])}
    found = find_installation(folder, platform="linux", environment=environment)
    assert found.python == on_path
    assert "PATH" in found.notices[0]
    conda = touch(tmp_path / "miniconda" / "bin" / "python")
    found = find_installation(
        folder, platform="linux", environment=environment | {"CONDA_PREFIX": str(tmp_path / "miniconda")}
    )
    assert found.python == conda
    assert "conda" in found.notices[0]


def test_the_shop_stub_of_windows_is_no_python(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    touch(tmp_path / "WindowsApps" / "python.exe")
    with pytest.raises(AppError) as caught:
        find_installation(folder, platform="win32", environment={"PATH": str(tmp_path / "WindowsApps")})
    assert caught.value.problem.code == "comfyui_python_not_found"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_what_was_looked_for_is_told(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    broken = folder / ".venv" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.symlink_to(tmp_path / "gone")
    with pytest.raises(AppError) as caught:
        find_installation(folder, platform="linux", environment=NOTHING)
    assert caught.value.problem.code == "comfyui_python_not_found"
    assert f"{folder / '.venv'} (its Python is a link that leads nowhere)" in caught.value.problem.detail
    assert str(folder / "venv") in caught.value.problem.detail
    for wrong in (tmp_path / "nothing.exe", tmp_path):
        with pytest.raises(AppError) as caught:
            find_installation(folder, wrong, platform="linux")
        assert caught.value.problem.code == "comfyui_python_not_found"
        assert str(wrong) in caught.value.problem.message


@pytest.mark.parametrize("kind", ["absent", "empty", "other"])
def test_a_folder_without_comfyui(tmp_path: Path, kind: str):
    folder = tmp_path / "somewhere"
    if kind != "absent":
        folder.mkdir()
    if kind == "other":
        touch(folder / "main.py")
    with pytest.raises(AppError) as caught:
        find_installation(folder)
    assert caught.value.problem.code == "comfyui_not_found"
    assert str(folder) in caught.value.problem.message
    words = {"absent": "does not exist", "empty": "no main.py", "other": "not ComfyUI's"}
    assert words[kind] in caught.value.problem.message


def test_usual_places_hold_what_is_really_there(tmp_path: Path):
    home = tmp_path / "home"
    first = make_comfyui(home / "ComfyUI")
    second = make_comfyui(home / "comfy" / "ComfyUI")
    third = make_comfyui(tmp_path / "elsewhere")
    (home / "Documents" / "ComfyUI").mkdir(parents=True)
    found = candidate_folders(home, {"COMFYUI_PATH": str(third)}, "linux")
    assert found[:3] == (third, first, second)
    assert home / "Documents" / "ComfyUI" not in found


def test_usual_places_of_windows(tmp_path: Path):
    local, roaming = tmp_path / "Local", tmp_path / "Roaming"
    make_comfyui(local / "Comfy-Desktop" / "ComfyUI-Installs" / "mine" / "ComfyUI")
    matrix = make_comfyui(roaming / "StabilityMatrix" / "Packages" / "ComfyUI")
    make_comfyui(tmp_path / "Downloads" / "ComfyUI_windows_portable" / "ComfyUI")
    environment = {"LOCALAPPDATA": str(local), "APPDATA": str(roaming), "SystemDrive": "C:"}
    assert candidate_folders(tmp_path, environment, "win32") == (
        local / "Comfy-Desktop" / "ComfyUI-Installs" / "mine",
        matrix,
        tmp_path / "Downloads" / "ComfyUI_windows_portable",
    )


def python_of(folder: Path, python: Path) -> Installation:
    return Installation(folder=folder, python=python, layout="given", working_folder=folder)


def test_a_real_python_tells_its_facts(tmp_path: Path):
    facts = probe_python(python_of(tmp_path, Path(sys.executable)), CancelToken())
    assert facts.version == ".".join(map(str, sys.version_info[:3]))
    assert Path(facts.executable) == Path(sys.executable)
    assert (facts.torch_version, facts.cuda_available) == (None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo cannot load libpython >&2; exit 127", "ended with 127"),
        ("exec sleep 30", "no answer within"),
        (None, "cannot be started"),
    ],
)
def test_a_python_that_does_not_run(tmp_path: Path, script: str | None, words: str):
    python = tmp_path / "python"
    if script is not None:
        touch(python, f"#!/bin/sh\n{script}\n").chmod(0o755)
    with pytest.raises(AppError) as caught:
        probe_python(python_of(tmp_path, python), limit_s=0.5)
    assert caught.value.problem.code == "comfyui_python_unusable"
    assert words in caught.value.problem.message


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
def test_asking_a_python_can_be_stopped(tmp_path: Path):
    python = touch(tmp_path / "python", "#!/bin/sh\nexec sleep 30\n")
    python.chmod(0o755)
    cancel = CancelToken()
    cancel.set()
    with pytest.raises(AppError) as caught:
        probe_python(python_of(tmp_path, python), cancel)
    assert caught.value.problem.code == "cancelled"
