"""A form that is made from the fields of a settings model: a new field appears by itself."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import GAP
from wan22.ui.state.setting_draft import SettingDraft
from wan22.ui.state.setting_field import FieldKind, SettingField
from wan22.ui.state.setting_source import lock_words
from wan22.ui.widgets.folder_field import FolderField, set_read_only
from wan22.ui.widgets.form_row import FormRow

NUMBER_WIDTH = 200
_WORDS = {"true": "on", "false": "off"}


class SettingEditor(FormRow):
    """One setting: entered, judged as it is typed, told where it comes from, and reset."""

    def __init__(self, field: SettingField, draft: SettingDraft, parent: QWidget | None = None) -> None:
        limits = f" Allowed: {field.limits}." if field.limits else ""
        super().__init__(field.title, f"{field.help}{limits}", parent)
        self.field = field
        self._draft = draft
        self._show, self._lock, self.entry = self._entry()
        self.reset = QPushButton("Reset")
        self.reset.setProperty("kind", "flat")
        self.reset.setAccessibleName(f"Reset: {field.title}")
        self.reset.setToolTip(f"Back to the default: {_shown(field, field.default_text)}")
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.clicked.connect(lambda: draft.reset(field.key))
        self.place(self.entry, self.reset)
        draft.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what the draft says."""
        draft, key = self._draft, self.field.key
        is_locked = draft.is_locked(key)
        self._show(draft.text(key))
        self._lock(is_locked)
        self.reset.setVisible(not is_locked and not draft.is_default(key))
        complaint = draft.complaint(key)
        if complaint:
            self.show_note(f"✕ {complaint}", "bad")
        elif is_locked:
            self.show_note(lock_words(draft.origin(key).variable))
        elif draft.is_edited(key):
            self.show_note("Not saved yet.", "accent")
        elif draft.origin(key).kind == "file":
            self.show_note("Set in settings.toml.")
        else:
            self.show_note("Default.")

    def _entry(self) -> tuple[Callable[[str], None], Callable[[bool], None], QWidget]:
        """How a text is shown, how the entry is locked, and the entry itself."""
        field = self.field
        tip = field.help or field.title
        if field.kind in (FieldKind.folder, FieldKind.file):
            path = FolderField(field.title, tip, is_file=field.kind is FieldKind.file)
            path.line.setPlaceholderText(_shown(field, field.default_text))
            path.edited.connect(self._typed)
            return path.show_text, path.set_locked, path
        if field.kind is FieldKind.switch:
            box = QCheckBox(field.title)
            box.clicked.connect(lambda is_on: self._typed("true" if is_on else "false"))
            _name(box, field.title, tip)
            return (lambda text: box.setChecked(text == "true")), (lambda locked: box.setEnabled(not locked)), box
        if field.kind is FieldKind.choice:
            choice = QComboBox()
            choice.addItems(list(field.choices))
            choice.textActivated.connect(self._typed)
            _name(choice, field.title, tip)
            return choice.setCurrentText, (lambda locked: choice.setEnabled(not locked)), choice
        line = QLineEdit()
        line.setPlaceholderText(_shown(field, field.default_text))
        line.textEdited.connect(self._typed)
        _name(line, field.title, tip)
        if field.kind in (FieldKind.whole, FieldKind.number):
            line.setFixedWidth(NUMBER_WIDTH)
        return (lambda text: None if line.text() == text else line.setText(text)), partial(set_read_only, line), line

    def _typed(self, text: str) -> None:
        self._draft.set_text(self.field.key, text)


class SettingForm(QWidget):
    """All fields of the draft, without those that have a place of their own elsewhere."""

    def __init__(self, draft: SettingDraft, elsewhere: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.editors = {key: SettingEditor(field, draft) for key, field in draft.fields.items() if key not in elsewhere}
        for editor in self.editors.values():
            column.addWidget(editor)


def _name(widget: QWidget, name: str, tip: str) -> None:
    widget.setAccessibleName(name)
    widget.setToolTip(tip)


def _shown(field: SettingField, text: str) -> str:
    return _WORDS.get(text, text) if field.kind is FieldKind.switch else text or "default"
