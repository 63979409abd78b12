"""The settings file behind the form: where it lies, what it sets, what is wrong with it."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from wan22.schema.problem import Problem
from wan22.system.cancel import CancelToken
from wan22.system.settings_file import SettingOrigin, setting_origins
from wan22.system.threads import Worker
from wan22.ui.state.asking import Asking, Work

_SAVE_LIMIT_S = 10.0


class SettingSource(QObject):
    """`changed` after the file was read; `problem` when it cannot be used."""

    changed = Signal()

    def __init__(self, path: Path, environment: Mapping[str, str], work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.origins: Mapping[str, SettingOrigin] = {}
        self.problem: Problem | None = None
        self._environment = environment
        self._asking = Asking(work, "setting-origins", self)
        self._asking.answered.connect(self._take)
        self._asking.refused.connect(self._refused)

    def read(self, after: Worker | None = None) -> None:
        """Read the file again, once `after` has written it."""

        def question(_: CancelToken) -> dict[str, SettingOrigin]:
            if after is not None:
                after.join(_SAVE_LIMIT_S)
            return setting_origins(self.path, self._environment)

        self._asking.ask(question)

    def lock_words(self, key: str) -> str:
        """Why a setting cannot be changed here; empty when it can."""
        origin = self.origins.get(key)
        if origin is None or origin.kind != "environment":
            return ""
        return lock_words(origin.variable)

    def _take(self, origins: Mapping[str, SettingOrigin]) -> None:
        self.origins, self.problem = origins, None
        self.changed.emit()

    def _refused(self, problem: Problem) -> None:
        self.origins, self.problem = {}, problem
        self.changed.emit()


def lock_words(variable: str) -> str:
    """Why a field cannot be edited."""
    return f"The environment variable {variable} sets this and wins; take it away to change it here."
