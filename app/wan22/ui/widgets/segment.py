"""A few choices side by side, one of which is in force."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from wan22.ui.measure import TextRole
from wan22.ui.theme import Theme


class Segment(QFrame):
    """`chosen` says the number of the choice, for the user's choices only."""

    chosen = Signal(int)

    def __init__(
        self, theme: Theme, name: str, choices: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        """`choices`: text and tool tip of each."""
        super().__init__(parent)
        self.setObjectName("segments")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for number, (text, tip) in enumerate(choices):
            button = QToolButton()
            button.setProperty("kind", "segment")
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {text}")
            button.setFont(theme.font(TextRole.body))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)

    def select(self, number: int | None) -> None:
        """Mark a choice without telling anybody; None = none is in force."""
        if number is not None:
            self._group.button(number).setChecked(True)
            return
        checked = self._group.checkedButton()
        if checked is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)

    @property
    def selected(self) -> int:
        """Number of the choice in force, -1 = none."""
        return self._group.checkedId()
