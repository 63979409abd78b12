"""The form of the settings: made from the model, judged by the model."""

from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, field_validator
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui.page_check import texts, without_name
from wan22.schema.settings import Settings
from wan22.system.settings_file import SettingOrigin
from wan22.ui.state.setting_draft import SettingDraft
from wan22.ui.state.setting_field import FieldKind, setting_fields, text_of
from wan22.ui.theme import Theme
from wan22.ui.widgets.folder_field import FolderField
from wan22.ui.widgets.setting_form import SettingForm


class Pace(Enum):
    slow = "slow"
    fast = "fast"


class More(Settings):
    """A version to come: it has fields that no part of the window knows."""

    retry_count: int = Field(default=3, ge=0, lt=10, title="Retries", description="How often to try again.")
    is_quiet: bool = Field(default=False, title="Quiet", description="No sounds.")
    pace: Pace = Field(default=Pace.slow, title="Pace")
    level: Literal["low", "high"] = "low"
    key_file: Path | None = Field(default=None, title="Key", description="A file.")
    word: str = Field(default="x", min_length=1, max_length=4)

    @field_validator("word")
    @classmethod
    def _not_bad(cls, word: str) -> str:
        if word == "bad":
            raise ValueError("this word is taken")
        return word


def form_of(qtbot: QtBot, draft: SettingDraft) -> SettingForm:
    form = SettingForm(draft, ("comfyui", "python", "url", "profile"))
    qtbot.addWidget(form)
    form.show()
    return form


def test_a_new_field_of_the_model_appears_by_itself(qtbot: QtBot, theme: Theme):
    draft = SettingDraft(More())
    form = form_of(qtbot, draft)
    said = texts(form)
    assert {"Retries", "How often to try again. Allowed: 0 or more, less than 10.", "Pace", "Level"} <= set(said)
    kinds = {key: type(editor.entry) for key, editor in form.editors.items()}
    assert kinds["is_quiet"] is QCheckBox
    assert kinds["pace"] is kinds["level"] is QComboBox
    assert kinds["key_file"] is kinds["output"] is FolderField
    assert "comfyui" not in kinds
    assert without_name(form) == []


def test_fields_know_their_kind_limits_and_default():
    fields = {field.key: field for field in setting_fields(More)}
    assert (fields["port"].kind, fields["port"].limits, fields["port"].default_text) == (
        FieldKind.whole,
        "1\N{EN DASH}65535",
        "8188",
    )
    assert (fields["sample_hz"].kind, fields["sample_hz"].default_text) == (FieldKind.number, "5")
    assert (fields["output"].kind, fields["key_file"].kind) == (FieldKind.folder, FieldKind.file)
    assert fields["pace"].choices == ("slow", "fast")
    assert fields["start_limit_s"].limits == "more than 0"
    assert (text_of(None), text_of(True), text_of(0.1 + 0.2)) == ("", "true", "0.30000000000000004")


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("port", "0", "It must be 1 or more."),
        ("port", "70000", "It must be 65535 or less."),
        ("port", "many", "It must be a whole number."),
        ("port", "1.5", "It must be a whole number."),
        ("sample_hz", "2,5", "It must be a number."),
        ("sample_hz", "nan", "It must be 10 or less."),
        ("start_limit_s", "0", "It must be more than 0."),
        ("retry_count", "10", "It must be less than 10."),
        ("word", "bad", "This word is taken."),
        ("word", "longer", "It must have 4 letters or fewer."),
        ("level", "middle", "It must be 'low' or 'high'."),
        ("pace", "middle", "It must be 'slow' or 'fast'."),
        ("port", " 9000 ", ""),
        ("port", "", ""),
        ("output", "C:\\Vidéos\\läufe 1", ""),
    ],
)
def test_the_models_own_rule_speaks(key: str, text: str, words: str):
    draft = SettingDraft(More())
    draft.set_text(key, text)
    assert draft.complaint(key) == words
    assert draft.is_valid is (words == "")


def test_typing_judges_at_once_and_reset_goes_back(qtbot: QtBot, theme: Theme):
    draft = SettingDraft(Settings(port=9000))
    form = form_of(qtbot, draft)
    editor = form.editors["port"]
    line = editor.entry
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "99999")
    assert editor.note.text() == "✕ It must be 65535 or less."
    assert draft.edited == ("port",)
    line.selectAll()
    qtbot.keyClicks(line, "9001")
    assert editor.note.text() == "Not saved yet."
    assert getattr(draft.result(), "port") == 9001  # noqa: B009 - the draft knows a model, not its fields
    editor.reset.click()
    assert line.text() == "8188"
    assert draft.result() == Settings()
    assert not editor.reset.isVisible()
    draft.set_text("port", "9000")
    assert draft.edited == ()


def test_an_empty_field_means_the_default():
    draft = SettingDraft(Settings(output=Path("/runs"), port=9000, model_mirror="https://mirror"))
    for key in ("output", "port", "model_mirror"):
        draft.set_text(key, "  ")
    assert draft.result() == Settings()
    draft.set_text("output", "~/runs")
    assert draft.result() == Settings(output=Path.home() / "runs")


def test_what_the_environment_sets_is_read_only(qtbot: QtBot, theme: Theme):
    draft = SettingDraft(Settings())
    draft.set_text("port", "9001")
    draft.set_text("sample_hz", "4")
    form = form_of(qtbot, draft)
    editor = form.editors["port"]
    draft.show_saved(Settings(port=9002), {"port": SettingOrigin("environment", "WAN22_PORT")})
    assert isinstance(editor.entry, QLineEdit)
    assert editor.entry.isReadOnly()
    assert editor.entry.text() == "9002"
    assert "WAN22_PORT" in editor.note.text()
    draft.set_text("port", "1")
    assert draft.edited == ("sample_hz",)
    draft.show_saved(Settings(port=9002, sample_hz=4.0), {"port": SettingOrigin("file")})
    assert not editor.entry.isReadOnly()
    assert editor.note.text() == "Set in settings.toml."
    assert draft.edited == ()


def test_switches_and_choices_write_the_draft(qtbot: QtBot, theme: Theme):
    draft = SettingDraft(More())
    form = form_of(qtbot, draft)
    editors = form.editors
    box, choice, path = editors["is_quiet"].entry, editors["pace"].entry, editors["key_file"].entry
    assert isinstance(box, QCheckBox)
    assert isinstance(choice, QComboBox)
    assert isinstance(path, FolderField)
    box.click()
    choice.setFocus()
    qtbot.keyClicks(choice, "f")
    choice.textActivated.emit("fast")
    path.take("/keys/a b.pem")
    assert draft.result() == More(is_quiet=True, pace=Pace.fast, key_file=Path("/keys/a b.pem"))
