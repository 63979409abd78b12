import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.launch.profile_file import profile_toml, read_toml, save_user_profile
from wan22.launch.profile_store import ProfileStore
from wan22.schema.problem import AppError, Problem
from wan22.schema.profile import Expectation, GpuExpectation, Profile, Setting

TEXT = 'title = "Jürgen"\n[gpu]\nvram_gib = 32\n'


def problem_of(path: Path) -> Problem:
    with pytest.raises(AppError) as caught:
        read_toml(path)
    return caught.value.problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_way_in_which_windows_saves_text(tmp_path: Path, encoding: str, line_end: str):
    path = tmp_path / "p.toml"
    path.write_bytes(TEXT.replace("\n", line_end).encode(encoding))
    assert read_toml(path).data == {"title": "Jürgen", "gpu": {"vram_gib": 32}}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"title = \n", "line 1, column 9 is not valid TOML: Invalid value."),
        (b'title = "x"\n[gpu]\nmatch = [\n', "end of document is not valid TOML: Invalid value."),
        (b"[gpu]\n[gpu]\n", "line 2, column 5 is not valid TOML: Cannot declare ('gpu',) twice."),
        (b'# caf\xe9\ntitle = "x"\n', "line 1 is not UTF-8 text."),
        (b"format = 2\n", "it was written for a newer version of this program (format 2, this one reads format 1)."),
        (b"format = 0\n", "format = 0 is not a format of profiles."),
        (b'format = "1"\n', "format = '1' is not a format of profiles."),
        (b"format = true\n", "format = True is not a format of profiles."),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path, raw: bytes, message: str):
    path = tmp_path / "p.toml"
    path.write_bytes(raw)
    found = problem_of(path)
    assert found.code == "profile_invalid"
    assert found.message == f"p.toml: {message}"
    assert found.hint
    assert found.where["file"] == str(path)


def test_a_newer_file_says_upgrade(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text("format = 9\nunknown_thing = 1\n", encoding="utf-8")
    assert problem_of(path).hint == "Upgrade this program."


def test_a_file_that_is_not_there(tmp_path: Path):
    assert problem_of(tmp_path / "p.toml").code == "file_unreadable"


def _stays(text: str) -> bool:
    """Whether the schema's own stripping leaves something."""
    try:
        Setting(value=True, note=text, read_by=text)
    except ValueError:
        return False
    return True


def _is_free(name: str) -> bool:
    try:
        Profile(name=name, title="x")
    except ValueError:
        return False
    return True


# what TOML, a profile and a file name can hold
names = st.from_regex(r"\A[a-z0-9][a-z0-9_.-]{0,20}\Z").filter(_is_free)
texts = st.text(max_size=40)
full_texts = st.text(min_size=1, max_size=40).filter(_stays)
numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
flag_values = st.one_of(st.booleans(), numbers, texts, st.lists(texts, min_size=1, max_size=3).map(tuple))
variable_values = st.one_of(numbers, texts.filter(lambda text: "\0" not in text))
flags = st.from_regex(r"\A--[A-Za-z0-9][A-Za-z0-9_-]{0,20}\Z")
variables = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_().]{0,20}\Z")
positive = st.one_of(st.none(), st.floats(min_value=1e-6, max_value=1e6))
expectations = st.builds(
    Expectation,
    attention=st.sampled_from(["sage", "pytorch", "sub-quadratic", "any"]),
    allocator=st.sampled_from(["native", "cudaMallocAsync", "any"]),
    vram_state=st.sampled_from(["NORMAL_VRAM", "DISABLED", "any"]),
    fp16_accumulation=st.one_of(st.none(), st.booleans()),
)
boards = st.builds(
    GpuExpectation,
    match=st.lists(st.from_regex(r"\A[A-Z0-9][A-Z0-9 ]{0,10}\Z"), max_size=3).map(tuple),
    fallback=st.booleans(),
    vram_gib=positive,
    power_w=positive,
)


def settings(keys: st.SearchStrategy[str], values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, Setting]]:
    one = st.builds(Setting, value=values, note=full_texts, read_by=full_texts)
    return st.dictionaries(keys, one, max_size=4)


profiles = st.builds(
    Profile,
    name=names,
    title=texts,
    description=texts,
    recommended=st.booleans(),
    gpu=boards,
    environment=settings(variables, variable_values),
    flags=settings(flags, flag_values),
    expect=expectations,
)


@given(profiles)
def test_what_is_saved_comes_back_unchanged(profile: Profile):
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own"
        path = save_user_profile(own, profile)
        loaded = ProfileStore(Path(folder) / "shipped", own).load(profile.name)
        assert loaded.profile == profile
        assert [type(entry.value) for entry in loaded.profile.flags.values()] == [
            type(entry.value) for entry in profile.flags.values()
        ]
        assert loaded.path == path
        assert path.read_text(encoding="utf-8") == profile_toml(profile)
