"""What can be done with the chosen jobs: as buttons, as a menu, by keys."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from wan22.schema.queue import OVER, JobState, QueuedJob
from wan22.ui.measure import CONTROL_HEIGHT, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.widgets.text_label import TextLabel


class _Deed(NamedTuple):
    key: str
    text: str
    keys: str
    tip: str


_DEEDS: Sequence[_Deed] = (
    _Deed("edit", "Edit", "F2", "Change prompt, seed, size, length or profile of a job that waits"),
    _Deed("up", "Up", "Alt+Up", "Make it earlier; dragging does the same"),
    _Deed("down", "Down", "Alt+Down", "Make it later; dragging does the same"),
    _Deed("duplicate", "Duplicate", "Ctrl+D", "The same once more at the end, whatever became of it"),
    _Deed("retry", "Retry", "Ctrl+R", "Let a job that is over wait again, with everything as it was"),
    _Deed("remove", "Remove", "Del", "Take it out of the queue; runs that were made stay. It can be undone"),
    _Deed("run", "Open run", "Ctrl+O", "Open the folder of its run"),
    _Deed("history", "In History", "Ctrl+H", "Show its run in the History"),
)


_HINT = "Choose a job to edit, move, duplicate, retry or remove it."


class QueueActions(QWidget):
    """Buttons for `target`: of what can be done now alone. Their keys work as long as the keyboard is in it.

    Calls `deeds` by their keys.
    """

    def __init__(
        self, target: QWidget, deeds: Mapping[str, Callable[[], object]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_TINY)
        self.actions_by_key: dict[str, QAction] = {}
        self._buttons: dict[str, QToolButton] = {}
        self.hint = TextLabel(_HINT, TextRole.caption, "muted")
        self.hint.setFixedHeight(CONTROL_HEIGHT)
        self.hint.setContentsMargins(GAP_SMALL, 0, 0, 0)
        row.addWidget(self.hint)
        for deed in _DEEDS:
            if deed.key not in deeds:
                continue
            action = QAction(deed.text, self)
            action.setShortcut(QKeySequence(deed.keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{deed.tip} ({deed.keys})")
            action.triggered.connect(lambda _checked=False, do=deeds[deed.key]: do())
            target.addAction(action)
            self.actions_by_key[deed.key] = action
            self._buttons[deed.key] = self._button(action, deed)
            row.addWidget(self._buttons[deed.key])
        row.addStretch(1)
        self.count = TextLabel("", TextRole.caption, "muted")
        row.addWidget(self.count)

    def show_chosen(self, jobs: Sequence[QueuedJob]) -> None:
        """Offer what can be done with these."""
        waiting = [job for job in jobs if job.state is JobState.waiting]
        over = [job for job in jobs if job.state in OVER]
        has_run = len(jobs) == 1 and jobs[0].run_id is not None
        is_possible = {
            "edit": len(jobs) == 1 and bool(waiting),
            "up": bool(waiting),
            "down": bool(waiting),
            "duplicate": bool(jobs),
            "retry": bool(over),
            "remove": any(job.state is not JobState.running for job in jobs),
            "run": has_run,
            "history": has_run,
        }
        for key, action in self.actions_by_key.items():
            action.setEnabled(is_possible[key])
            self._buttons[key].setVisible(is_possible[key])
        self.hint.setVisible(not any(is_possible.values()))
        self.count.say(f"{len(jobs)} chosen" if len(jobs) > 1 else "")

    def show_menu(self, place: QPoint) -> None:
        """The same as a menu."""
        menu = self.make_menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def make_menu(self) -> QMenu:
        """A menu of what can be done now."""
        menu = QMenu(self)
        for key, action in self.actions_by_key.items():
            if key in ("duplicate", "run") and action.isEnabled():
                menu.addSeparator()
            if action.isEnabled():
                menu.addAction(action)
        return menu

    @staticmethod
    def _button(action: QAction, deed: _Deed) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setAccessibleName(deed.text)
        button.setFixedHeight(CONTROL_HEIGHT)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button
