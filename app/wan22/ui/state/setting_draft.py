"""Settings as they are edited: what is in force, what was typed, what the model says to it."""

from collections.abc import Mapping

from pydantic import BaseModel
from PySide6.QtCore import QObject, Signal

from wan22.system.settings_file import SettingOrigin
from wan22.ui.state.setting_field import SettingField, complaints, setting_fields, text_of, value_of

DEFAULT_ORIGIN = SettingOrigin("default")


class SettingDraft(QObject):
    """Texts by key over a saved model; `changed` after every edit and whenever something else is in force.

    What the environment sets cannot be edited: it would win over whatever is saved.
    """

    changed = Signal()

    def __init__(self, saved: BaseModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fields: Mapping[str, SettingField] = {field.key: field for field in setting_fields(type(saved))}
        self._saved = saved
        self._origins: Mapping[str, SettingOrigin] = {}
        self._texts: dict[str, str] = {}
        self._complaints: dict[str, str] = {}

    def show_saved(self, saved: BaseModel, origins: Mapping[str, SettingOrigin]) -> None:
        """Other settings are in force; edits stay, but for those that say the same now."""
        self._saved, self._origins = saved, origins
        self._texts = {
            key: text for key, text in self._texts.items() if not self.is_locked(key) and self._differs(key, text)
        }
        self._judge()

    def text(self, key: str) -> str:
        """What stands in the field."""
        return self._texts.get(key, text_of(getattr(self._saved, key)))

    def set_text(self, key: str, text: str) -> None:
        """The user typed."""
        if self.is_locked(key):
            return
        if self._differs(key, text):
            self._texts[key] = text
        else:
            self._texts.pop(key, None)
        self._judge()

    def reset(self, key: str) -> None:
        """Back to the default; counts once it is saved."""
        self.set_text(key, self.fields[key].default_text)

    def discard(self) -> None:
        """Forget all edits."""
        self._texts.clear()
        self._judge()

    def origin(self, key: str) -> SettingOrigin:
        """Where the value in force comes from."""
        return self._origins.get(key, DEFAULT_ORIGIN)

    def is_locked(self, key: str) -> bool:
        """Whether the environment decides."""
        return self.origin(key).kind == "environment"

    def is_edited(self, key: str) -> bool:
        """Whether something unsaved stands in the field."""
        return key in self._texts

    def is_default(self, key: str) -> bool:
        """Whether the field says what the default says."""
        field = self.fields[key]
        return text_of(value_of(field, self.text(key))) == field.default_text

    def complaint(self, key: str) -> str:
        """What the model says against the field, "" for nothing; key "" is what it says against the whole."""
        return self._complaints.get(key, "")

    @property
    def edited(self) -> tuple[str, ...]:
        """Keys with unsaved edits, in the order of the model."""
        return tuple(key for key in self.fields if key in self._texts)

    @property
    def is_valid(self) -> bool:
        """Whether it could be saved."""
        return not self._complaints

    def result(self) -> BaseModel:
        """The model with the edits. ValidationError unless `is_valid`."""
        return type(self._saved).model_validate(self._values())

    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {key: getattr(self._saved, key) for key in self.fields}
        return values | {key: value_of(self.fields[key], text) for key, text in self._texts.items()}

    def _differs(self, key: str, text: str) -> bool:
        return text_of(value_of(self.fields[key], text)) != text_of(getattr(self._saved, key))

    def _judge(self) -> None:
        self._complaints = complaints(type(self._saved), self._values()) if self._texts else {}
        self.changed.emit()
