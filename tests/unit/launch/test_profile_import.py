import os
from pathlib import Path

import pytest

from wan22.launch.profile_edit import ProfileEditor
from wan22.launch.profile_import import cautions, import_profile
from wan22.schema.problem import AppError
from wan22.system.paths import data_folder

FLAG = 'note = "n"\nread_by = "ComfyUI"\n'


@pytest.fixture
def editor(tmp_path: Path) -> ProfileEditor:
    return ProfileEditor(data_folder() / "profiles", tmp_path / "own")


def given(tmp_path: Path, text: str | bytes, name: str = "theirs.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_a_good_one_becomes_a_whole_profile_of_ones_own(editor: ProfileEditor, tmp_path: Path):
    source = given(tmp_path, f'extends = "rtx5090"\ntitle = "Theirs"\n[flags.--reserve-vram]\nvalue = 2\n{FLAG}')
    made = import_profile(editor, source)
    assert made.path == tmp_path / "own" / "theirs.toml"
    assert made.cautions == ()
    assert "standalone = true" in made.path.read_text(encoding="utf-8")
    assert editor.store.load("theirs").profile.flags.keys() >= {"--fast", "--reserve-vram"}
    with pytest.raises(AppError) as caught:
        import_profile(editor, source)
    assert caught.value.problem.code == "profile_exists"
    assert import_profile(editor, source, "theirs-2").profile.name == "theirs-2"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("title = ", "profile_invalid", "not valid TOML"),
        (b"\xff\xfe\x00", "profile_invalid", "not UTF-8"),
        (b"\x00\x01\x02", "profile_invalid", "not valid TOML"),
        ("x = " + "[" * 5000 + "]" * 5000, "profile_invalid", "too deep"),
        (f"[gpu]\nvram_gib = {'9' * 6000}\n", "profile_invalid", "TOML"),
        ("# " + "x" * 300_000, "profile_invalid", "bytes"),
        ('title = "a"\n' + "".join(f"[flags.--f{n}]\nvalue = 1\n{FLAG}" for n in range(300)), "profile_invalid", "200"),
        ('title = "a\\u001b[2Jb"\n', "profile_invalid", "control characters"),
        (f'title = "a"\n[flags.--a]\nvalue = "x\\u0000y"\n{FLAG}', "profile_invalid", "control characters"),
        (f'title = "{"x" * 5000}"\n', "profile_invalid", "longer than"),
        ('name = "../../evil"\ntitle = "a"\n', "profile_invalid", "name"),
        ('name = "nul"\ntitle = "a"\n', "profile_invalid", "reserved"),
        ('extends = "nothing-like-it"\n', "profile_not_found", "nothing-like-it"),
        ('extends = "theirs"\n', "profile_invalid", "in a circle"),
        ("format = 99\n", "profile_invalid", "newer version"),
        ('title = "a"\nunknown = 1\n', "profile_invalid", "unknown key"),
        (f'title = "a"\n[flags.-rf]\nvalue = 1\n{FLAG}', "profile_invalid", "not a flag"),
        (f'title = "a"\n[environment."A=B"]\nvalue = 1\n{FLAG}', "profile_invalid", "not a name"),
        (f'title = "a"\n[flags.--a]\nvalue = nan\n{FLAG}', "profile_invalid", "value in [flags.--a]"),
        ('title = "a"\nflags = 1979-05-27\n', "profile_invalid", "table"),
    ],
)
def test_a_hostile_file_is_refused_in_words(editor: ProfileEditor, tmp_path: Path, text: str, code: str, words: str):
    with pytest.raises(AppError) as caught:
        import_profile(editor, given(tmp_path, text))
    assert caught.value.problem.code == code
    assert words in caught.value.problem.message
    assert not (tmp_path / "own").exists() or not list((tmp_path / "own").iterdir())


def test_what_is_no_file_is_refused(editor: ProfileEditor, tmp_path: Path):
    for path, code in ((tmp_path, "profile_invalid"), (tmp_path / "nothing.toml", "profile_not_found")):
        with pytest.raises(AppError) as caught:
            import_profile(editor, path)
        assert caught.value.problem.code == code


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_file_without_end_is_refused(editor: ProfileEditor, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path / "pipe.toml", Path("/dev/zero")):
        with pytest.raises(AppError) as caught:
            import_profile(editor, path)
        assert "no file" in caught.value.problem.message


def test_what_can_run_other_code_is_named(editor: ProfileEditor, tmp_path: Path):
    source = given(
        tmp_path,
        f'title = "a"\n[environment.LD_PRELOAD]\nvalue = "/tmp/x.so"\n{FLAG}'
        f"[environment.OMP_NUM_THREADS]\nvalue = 4\n{FLAG}"
        f'[flags.--front-end-root]\nvalue = "/tmp"\n{FLAG}[flags.--base-directory]\nvalue = false\n{FLAG}',
    )
    made = import_profile(editor, source)
    assert len(made.cautions) == 2
    assert made.cautions[0].startswith("LD_PRELOAD can make ComfyUI load other programs")
    assert made.cautions[1].startswith("--front-end-root shows web pages")
    assert cautions(editor.store.load("rtx5090").profile) == ()
