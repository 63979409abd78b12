"""A whole number with a unit, and what it means at its end."""

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from wan22.ui.measure import CONTROL_HEIGHT
from wan22.ui.widgets.trailing_text import TrailingText

_BUTTONS = 28


class NumberField(QSpinBox):
    """Steps from one good value to the next, but takes any that is typed. `detail` is shown muted at the right."""

    def __init__(
        self,
        name: str,
        tip: str,
        span: tuple[int, int],
        step: int,
        *,
        first: int = 0,
        suffix: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Good values are `first` + n · `step`."""
        super().__init__(parent)
        self.setRange(*span)
        self._step, self._first = step, first
        self.setSuffix(suffix)
        self.setKeyboardTracking(False)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFixedHeight(CONTROL_HEIGHT)
        self.detail = TrailingText(self, _BUTTONS, self.lineEdit())

    def stepBy(self, steps: int) -> None:
        """To the next good value in that direction, from wherever it stands."""
        place, rest = divmod(self.value() - self._first, self._step)
        if rest and steps < 0:
            steps += 1
        self.setValue(self._first + (place + steps) * self._step)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel is for the page: a value must not change because the pointer came over it."""
        event.ignore()

    def show_value(self, value: int) -> None:
        """Show a value without telling anybody; one that is being typed is left alone."""
        if value == self.value() or self.lineEdit().isModified():
            return
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)
