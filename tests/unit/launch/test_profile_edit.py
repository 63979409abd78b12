from pathlib import Path

import pytest

from wan22.launch.profile_edit import ProfileEditor
from wan22.launch.profile_store import profile_for_gpu
from wan22.schema.problem import AppError
from wan22.schema.profile import Expectation, Profile, Setting
from wan22.system.paths import data_folder

SHIPPED = data_folder() / "profiles"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "Jürgen Müller" / "profiles"


@pytest.fixture
def editor(own: Path) -> ProfileEditor:
    return ProfileEditor(SHIPPED, own)


def setting(value: object, note: str = "A note.") -> Setting:
    return Setting.model_validate({"value": value, "note": note, "read_by": "ComfyUI"})


def loaded(editor: ProfileEditor, name: str = "rtx5090") -> Profile:
    return editor.store.load(name).profile


def changed(profile: Profile, **fields: object) -> Profile:
    return profile.model_copy(update=fields)


def refused(code: str, call: object, *arguments: object) -> str:
    with pytest.raises(AppError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.problem.code == code
    return caught.value.problem.message


def test_a_changed_shipped_profile_is_a_file_of_differences_laid_over_it(editor: ProfileEditor, own: Path):
    before = {path: path.read_bytes() for path in SHIPPED.glob("*.toml")}
    profile = loaded(editor)
    wanted = changed(
        profile,
        flags={**profile.flags, "--reserve-vram": setting(1.5, "Room for the desktop.")},
        environment={"CUDA_VISIBLE_DEVICES": setting("1", "The second board.")},
        expect=Expectation(attention="sage", allocator="any", vram_state="NORMAL_VRAM", fp16_accumulation=True),
    )
    path = editor.save(wanted)
    assert path == own / "rtx5090.toml"
    text = path.read_text(encoding="utf-8")
    assert "--use-sage-attention" not in text
    assert "title" not in text
    assert loaded(editor) == wanted
    assert editor.store.load("rtx5090").overlays == (path,)
    assert {path: path.read_bytes() for path in SHIPPED.glob("*.toml")} == before


def test_what_is_taken_out_of_a_shipped_profile_is_not_given(editor: ProfileEditor):
    profile = loaded(editor, "rtx5090-original")
    wanted = changed(
        profile,
        flags={name: one for name, one in profile.flags.items() if name != "--force-channels-last"},
        environment={name: one for name, one in profile.environment.items() if name != "TORCH_COMPILE"},
    )
    editor.save(wanted)
    found = loaded(editor, "rtx5090-original")
    assert found.flags["--force-channels-last"].value is False
    assert "TORCH_COMPILE" not in found.environment
    assert len(found.environment) == len(profile.environment) - 1


def test_comments_line_ends_and_order_of_an_own_file_stay(editor: ProfileEditor, own: Path):
    own.mkdir(parents=True)
    path = own / "mine.toml"
    path.write_bytes(
        b'# my best one\r\nextends = "rtx5090"\r\ntitle = "Mine" # a good title\r\n\r\n'
        b'[flags.--reserve-vram] # for the desktop\r\nvalue = 2\r\nnote = "Room."\r\nread_by = "ComfyUI"\r\n'
    )
    profile = loaded(editor, "mine")
    editor.save(changed(profile, flags={**profile.flags, "--reserve-vram": setting(3, "Room.")}))
    text = path.read_bytes().decode("utf-8")
    assert "# my best one\r\n" in text
    assert "# a good title" in text
    assert "# for the desktop" in text
    assert 'extends = "rtx5090"' in text
    assert "value = 3" in text
    assert "--fast" not in text
    assert loaded(editor, "mine").flags["--reserve-vram"].value == 3
    assert b"value = 2" in path.with_name("mine.toml.bak").read_bytes()
    assert "mine" in editor.store.names()
    assert "mine.toml" not in editor.store.names()


def test_what_no_file_on_top_can_say_becomes_a_whole_profile(editor: ProfileEditor, own: Path):
    profile = loaded(editor)
    wanted = changed(profile, gpu=profile.gpu.model_copy(update={"power_w": None}))
    path = editor.save(wanted)
    assert path is not None
    assert "standalone = true" in path.read_text(encoding="utf-8")
    assert loaded(editor) == wanted
    again = changed(wanted, title="Another")
    editor.save(again)
    assert loaded(editor) == again


def test_saving_what_is_shipped_takes_the_file_away(editor: ProfileEditor, own: Path):
    profile = loaded(editor)
    editor.save(changed(profile, title="Another"))
    assert editor.save(profile) is None
    assert not (own / "rtx5090.toml").exists()
    assert loaded(editor) == profile
    assert editor.save(profile) is None


def test_clone_rename_delete(editor: ProfileEditor, own: Path):
    path = editor.clone("rtx5090", "quiet", "Quiet")
    assert path == own / "quiet.toml"
    assert loaded(editor, "quiet") == changed(loaded(editor), name="quiet", title="Quiet")
    assert profile_for_gpu(editor.store, ["NVIDIA GeForce RTX 5090"]) == "rtx5090"
    assert "named 'cpu'" in refused("profile_exists", editor.clone, "quiet", "cpu")
    assert "only small letters" in refused("profile_invalid", editor.clone, "quiet", "../evil")
    refused("profile_invalid", editor.clone, "quiet", "con")
    refused("profile_invalid", editor.clone, "quiet", "x" * 65)
    (own / "child.toml").write_text('extends = "quiet"\n', encoding="utf-8")
    assert "child builds on it" in refused("profile_extended", editor.rename, "quiet", "silent")
    assert "child builds on it" in refused("profile_extended", editor.delete, "quiet")
    assert editor.delete("child") == own / "child.toml.bak"
    editor.rename("quiet", "silent")
    assert loaded(editor, "silent").title == "Quiet"
    assert set(editor.store.names()) - {path.stem for path in SHIPPED.glob("*.toml")} == {"silent"}
    refused("profile_shipped", editor.delete, "rtx5090")
    refused("profile_shipped", editor.rename, "cpu", "other")
    refused("profile_not_found", editor.delete, "nothing")


def test_shipped_is_restored_and_the_changes_are_kept(editor: ProfileEditor, own: Path):
    assert editor.restore("rtx5090") is None
    profile = loaded(editor)
    editor.save(changed(profile, title="Another"))
    kept = editor.restore("rtx5090")
    assert kept == own / "rtx5090.toml.bak"
    assert "Another" in kept.read_text(encoding="utf-8")
    assert loaded(editor) == profile
    refused("profile_not_found", editor.restore, "nothing")


def test_a_broken_own_file_can_be_taken_away_but_not_edited_in_place(editor: ProfileEditor, own: Path):
    own.mkdir(parents=True)
    (own / "rtx5090.toml").write_text("title = \n", encoding="utf-8")
    assert editor.restore("rtx5090") == own / "rtx5090.toml.bak"
    (own / "mine.toml").write_text("title = \n", encoding="utf-8")
    assert editor.delete("mine").read_text(encoding="utf-8") == "title = \n"


def test_export_writes_a_whole_profile_that_reads_the_same(editor: ProfileEditor, tmp_path: Path):
    path = editor.export("rtx5090", tmp_path)
    assert path == tmp_path / "rtx5090.toml"
    assert editor.store.load(path).profile == loaded(editor)
    refused("profile_exists", editor.export, "rtx5090", path)
    path.write_text("x", encoding="utf-8")
    editor.export("rtx5090", path, overwrite=True)
    assert editor.store.load(path).profile == loaded(editor)
    refused("file_unwritable", editor.export, "cpu", tmp_path / "rtx5090.toml" / "inside.toml")


def test_hidden_letters_are_not_saved(editor: ProfileEditor):
    profile = loaded(editor)
    assert "control characters" in refused("profile_invalid", editor.save, changed(profile, title="a\x1b[2Jb"))
    assert "control characters" in refused("profile_invalid", editor.save, changed(profile, title="a\u202eb"))


@pytest.mark.parametrize("name", [path.stem for path in SHIPPED.glob("*.toml") if path.stem != "targets"])
def test_every_shipped_profile_survives_an_edit_of_its_title(editor: ProfileEditor, name: str):
    profile = loaded(editor, name)
    editor.save(changed(profile, title="Another"))
    assert loaded(editor, name) == changed(profile, title="Another")
    assert editor.save(profile) is None
    assert loaded(editor, name) == profile
