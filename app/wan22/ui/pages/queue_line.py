"""The line about jobs that wait from last time, for every page that begins something."""

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wan22.ui.context import Context
from wan22.ui.state.queue_words import held_words
from wan22.ui.widgets.button import set_main
from wan22.ui.widgets.queue_bar import QueueBar

_RESUME = ("Resume", "Make these jobs now, one after the other; what was interrupted is made again")
_CLEAR = ("Clear", "Take them out of the queue; the runs made of them stay")
_EXPLAINED = "They begin when you say so. What was interrupted is made again, at the end."
_UNDO = ("Undo", "Put them back where they were")
_DISMISS = ("Dismiss", "Leave them out and hide this line")


class QueueLine(QWidget):
    """Offers Resume and Clear for what was held back, and Undo for what was just removed."""

    def __init__(self, context: Context, *, is_main: bool = False, parent: QWidget | None = None) -> None:
        """`is_main`: the page says already what waits, and Resume is what it is opened for."""
        super().__init__(parent)
        self._context = context
        self._is_main = is_main
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.bar = QueueBar()
        self.bar.first.connect(self._first)
        self.bar.second.connect(self._second)
        column.addWidget(self.bar)
        context.queue.changed.connect(self._show)
        context.queue_undo.changed.connect(self._show)
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Who leaves the page has seen what was removed."""
        super().hideEvent(event)
        if not event.spontaneous() and not self.isHidden():
            self._context.queue_undo.forget()

    def _show(self) -> None:
        undo, held = self._context.queue_undo.text, self._context.queue.held
        if undo:
            self.bar.say(undo, _UNDO, _DISMISS)
        else:
            said = _EXPLAINED if self._is_main else f"{held_words(self._context.queue)}."
            self.bar.say(said if held else "", _RESUME, _CLEAR)
        set_main(self.bar.first_button, self._is_main and not undo)
        self.setVisible(bool(undo or held))

    def _first(self) -> None:
        if self._context.queue_undo.text:
            self._context.queue_undo.undo()
        else:
            self._context.resume_queue()

    def _second(self) -> None:
        if self._context.queue_undo.text:
            self._context.queue_undo.forget()
        else:
            self._context.queue_undo.remove(self._context.queue.held)
