import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wan22.schema.problem import AppError, Problem
from wan22.schema.settings import Settings
from wan22.system.settings_file import load_settings, save_settings


def problem_of(path: Path, environment: dict[str, str] | None = None, overrides: dict[str, object] | None = None):
    with pytest.raises(AppError) as caught:
        load_settings(path, environment or {}, overrides or {})
    found: Problem = caught.value.problem
    assert found.code == "settings_invalid"
    return found


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path):
    assert load_settings(tmp_path / "missing.toml", {}, {}) == Settings()


def test_each_source_wins_over_the_one_before(tmp_path: Path):
    path = write(tmp_path / "settings.toml", 'port = 1001\nsample_hz = 2\nprofile = "from the file"\n')
    environment = {"WAN22_PORT": "1002", "WAN22_SAMPLE_HZ": "4.5", "HOME": "/home/me", "WAN22_HOME": "/x"}
    assert load_settings(path, {}, {}).port == 1001
    found = load_settings(path, environment, {"port": 1003, "profile": None})
    assert (found.port, found.sample_hz, found.profile) == (1003, 4.5, "from the file")
    assert found.start_limit_s == Settings().start_limit_s


def test_an_empty_variable_is_not_set(tmp_path: Path):
    assert load_settings(tmp_path / "x", {"WAN22_PORT": "", "WAN22_PROFILE": "  "}, {}) == Settings()


def test_a_windows_file_is_read(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbfcomfyui = 'C:\\AI\\Com fy \xc3\xbc'\r\nport = 9000\r\n")
    found = load_settings(path, {}, {})
    assert found.comfyui == Path("C:\\AI\\Com fy ü")
    assert found.port == 9000


def test_a_tilde_is_the_home_folder(tmp_path: Path):
    assert load_settings(tmp_path / "x", {"WAN22_COMFYUI": "~/ComfyUI"}, {}).comfyui == Path.home() / "ComfyUI"


def test_an_unknown_key_names_the_file_and_the_right_name(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "smaple_hz = 5\n")
    found = problem_of(path)
    assert found.message == f"There is no setting 'smaple_hz' (from the file {path})."
    assert found.hint == "Did you mean 'sample_hz'?"
    assert found.where["key"] == "smaple_hz"


def test_an_unknown_variable_names_the_right_variable(tmp_path: Path):
    found = problem_of(tmp_path / "x", {"WAN22_PROFIL": "rtx"})
    assert "the environment variable WAN22_PROFIL)" in found.message
    assert found.hint == "Did you mean 'WAN22_PROFILE'?"


def test_a_key_like_no_other_lists_the_settings(tmp_path: Path):
    found = problem_of(write(tmp_path / "s.toml", "zzz = 1\n"))
    assert "comfyui, output, port" in found.hint
    assert "nearest" not in found.where


def test_a_bad_value_names_key_source_and_limit(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "port = 99999\n")
    found = problem_of(path)
    assert found.message == (
        f"The setting 'port' (from the file {path}) is 99999: Input should be less than or equal to 65535."
    )
    assert found.where == {"key": "port", "origin": f"the file {path}"}
    assert "from the environment variable WAN22_PORT) is 'many'" in problem_of(path, {"WAN22_PORT": "many"}).message
    assert "from the command line) is 0" in problem_of(path, {}, {"port": 0}).message


def test_all_bad_values_are_named_at_once(tmp_path: Path):
    message = problem_of(write(tmp_path / "s.toml", 'port = "x"\nsample_hz = 100\n')).message
    assert "'port'" in message
    assert "'sample_hz'" in message


def test_broken_toml_names_the_line(tmp_path: Path):
    found = problem_of(write(tmp_path / "settings.toml", 'port = 1\ncomfyui = "C:\\AI"\n'))
    assert "line 2" in found.message
    assert "single quotes" in found.hint


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path):
    found = problem_of(write(tmp_path / "settings.toml", "format = 2\n"))
    assert "format 2" in found.message
    assert "Upgrade" in found.hint


def test_only_what_differs_is_written(tmp_path: Path):
    path = tmp_path / "config" / "settings.toml"
    save_settings(path, Settings(port=9000))
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"format": 1, "port": 9000}
    save_settings(path, Settings())
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"format": 1}


_letters = st.characters(exclude_categories=["Cs"])
_stripped = st.text(_letters, min_size=1).map(str.strip).filter(bool)
_text = st.none() | _stripped
_paths = (
    st.none()
    | _stripped.filter(lambda text: "\x00" not in text and not text.startswith("~")).map(Path)
    | st.builds(
        lambda drive, parts: Path((f"{drive}:\\" + "\\".join(parts)).strip()),
        st.sampled_from(string.ascii_uppercase),
        st.lists(st.text("abc äß日\"' #=%&", min_size=1), min_size=1),
    )
)


@settings(deadline=None)  # a disk takes the time it takes
@given(
    comfyui=_paths,
    output=_paths,
    url=_text,
    profile=_text,
    port=st.integers(1, 65535),
    start_limit_s=st.floats(min_value=0, exclude_min=True, allow_nan=False),
    sample_hz=st.floats(0.2, 10.0),
)
def test_whatever_is_saved_comes_back(tmp_path_factory: pytest.TempPathFactory, **values: object):
    settings = Settings.model_validate(values)
    path = tmp_path_factory.getbasetemp() / "round trip.toml"
    save_settings(path, settings)
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(written) <= {"format", *Settings.model_fields}
    assert load_settings(path, {}, {}) == settings
