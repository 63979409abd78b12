import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wan22.schema.problem import AppError, Problem
from wan22.schema.settings import Settings
from wan22.system.settings_file import SettingOrigin, load_settings, save_settings, setting_origins


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
    assert "comfyui, model_mirror, notifications, output, port" in found.hint
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


def test_an_empty_text_is_not_given(tmp_path: Path):
    path = write(tmp_path / "settings.toml", 'output = ""\nurl = "  "\nprofile = "h100"\n')
    assert load_settings(path, {}, {}) == Settings(profile="h100")
    assert load_settings(path, {}, {"profile": ""}).profile == "h100"
    assert set(setting_origins(path, {})) == {"profile"}


def test_where_a_value_comes_from(tmp_path: Path):
    path = write(tmp_path / "settings.toml", 'format = 1\nport = 9000\nprofile = "h100"\n')
    environment = {"WAN22_PORT": "9001", "WAN22_URL": " ", "WAN22_HOME": "/x", "WAN22_NONSENSE": "1"}
    assert setting_origins(path, environment) == {
        "port": SettingOrigin("environment", "WAN22_PORT"),
        "profile": SettingOrigin("file"),
    }
    assert setting_origins(tmp_path / "missing.toml", {}) == {}


COMMENTED = """\
# my own notes
format = 1
comfyui = "/ai/Com fy ü"  # the fast disk

# tried 4 before
sample_hz = 2
port = 9000   # taken: 8188
"""


def test_comments_order_and_line_ends_stay(tmp_path: Path):
    for end in ("\n", "\r\n"):
        path = tmp_path / f"settings {len(end)}.toml"
        path.write_bytes(COMMENTED.replace("\n", end).encode())
        save_settings(path, Settings(comfyui=Path("/ai/Com fy ü"), sample_hz=2, port=9001, profile="h100"))
        expected = COMMENTED.replace("port = 9000   #", "port = 9001 #").replace("\n", end)
        told = path.read_bytes().decode()
        assert told.replace("9001   #", "9001 #") == expected + f'profile = "h100"{end}'
        assert path.with_name(path.name + ".bak").read_bytes().decode() == COMMENTED.replace("\n", end)


def test_nothing_is_written_when_nothing_changes(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "port = 8188 # mine, though it is the default\ncomfyui = '~/ComfyUI'")
    before = path.stat().st_mtime_ns
    save_settings(path, load_settings(path, {}, {}))
    assert (path.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == (before, [path])
    save_settings(path, Settings(sample_hz=2))
    assert load_settings(path, {}, {}) == Settings(sample_hz=2)
    assert "port = 8188 # mine" in path.read_text(encoding="utf-8")


def test_what_the_environment_sets_is_not_written(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "port = 9000\n")
    environment = {"WAN22_PORT": "9001", "WAN22_URL": "http://there:1"}
    in_force = load_settings(path, environment, {})
    save_settings(path, in_force.model_copy(update={"sample_hz": 2.0}), environment)
    assert load_settings(path, {}, {}) == Settings(port=9000, sample_hz=2.0)


@pytest.mark.parametrize("broken", [b"port = \n", b"\xff\xfe\x00p", b'comfyui = "C:\\AI"\r\n'])
def test_a_broken_file_is_kept_aside(tmp_path: Path, broken: bytes):
    path = tmp_path / "Einstellungen ü" / "settings.toml"
    path.parent.mkdir()
    path.write_bytes(broken)
    save_settings(path, Settings(port=9000))
    assert load_settings(path, {}, {}) == Settings(port=9000)
    assert path.with_name("settings.toml.broken").read_bytes() == broken


def test_unknown_keys_and_wrong_values_go(tmp_path: Path):
    path = write(tmp_path / "settings.toml", 'smaple_hz = 5 # oops\nport = "many"\n[table]\nx = 1\n')
    save_settings(path, Settings(profile="h100"))
    assert load_settings(path, {}, {}) == Settings(profile="h100")
    assert "smaple_hz" in path.with_name("settings.toml.bak").read_text(encoding="utf-8")


def test_a_file_of_a_newer_version_is_not_touched(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "format = 2\nnew = 1\n")
    with pytest.raises(AppError, match="format 2"):
        save_settings(path, Settings(port=9000))
    assert path.read_text(encoding="utf-8") == "format = 2\nnew = 1\n"


def test_a_read_only_file_is_left_alone(tmp_path: Path):
    path = write(tmp_path / "settings.toml", "port = 9000\n")
    path.chmod(0o444)
    with pytest.raises(AppError, match="marked read-only") as caught:
        save_settings(path, Settings(port=9001))
    path.chmod(0o644)
    assert caught.value.problem.code == "file_unwritable"
    assert path.read_text(encoding="utf-8") == "port = 9000\n"


def test_a_locked_file_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "settings.toml", "port = 9000\n")

    def locked(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(AppError, match="used by another process") as caught:
        save_settings(path, Settings(port=9001))
    assert caught.value.problem.code == "file_unwritable"
    assert path.read_text(encoding="utf-8") == "port = 9000\n"
    assert {one.name for one in tmp_path.iterdir()} == {"settings.toml", "settings.toml.bak"}


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.mkdir()
    with pytest.raises(AppError) as caught:
        save_settings(path, Settings(port=9001))
    assert caught.value.problem.code == "file_unreadable"
