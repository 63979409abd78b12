from pathlib import Path

import pytest

from wan22.schema.problem import AppError
from wan22.system.paths import data_folder, data_folder_of, user_folders


def test_the_data_that_comes_with_the_program_is_found():
    assert (data_folder() / "profiles").is_dir()
    assert (data_folder() / "workflows").is_dir()


def test_packaged_data_comes_first(tmp_path: Path):
    package = tmp_path / "app" / "wan22"
    for folder in (tmp_path / "profiles", tmp_path / "workflows", package):
        folder.mkdir(parents=True)
    assert data_folder_of(package) == tmp_path
    (package / "_data").mkdir()
    assert data_folder_of(package) == package / "_data"


def test_missing_data_is_said(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        data_folder_of(tmp_path / "site-packages" / "wan22")
    assert caught.value.problem.code == "file_unreadable"
    assert str(tmp_path) in caught.value.problem.message


def test_one_variable_moves_all_folders_and_none_is_made(tmp_path: Path):
    home = tmp_path / "USB stick ü"
    folders = user_folders({"WAN22_HOME": str(home)})
    assert {folders.config, folders.data, folders.state, folders.cache, folders.log} == {
        home / name for name in ("config", "data", "state", "cache", "log")
    }
    assert not home.exists()


def test_the_home_may_be_relative_or_start_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert user_folders({"WAN22_HOME": "portable"}).log == tmp_path / "portable" / "log"
    assert user_folders({"WAN22_HOME": "~/panel"}).log == Path.home() / "panel" / "log"


@pytest.mark.parametrize("environment", [{}, {"WAN22_HOME": " "}])
def test_the_systems_usual_folders_otherwise(environment: dict[str, str]):
    folders = user_folders(environment)
    for folder in (folders.config, folders.data, folders.state, folders.cache, folders.log):
        assert folder.is_absolute()
        assert "wan22-panel" in folder.parts
