"""One line of text that ends in an ellipsis when there is no room; the whole of it is in the tool tip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from wan22.ui.measure import TextRole
from wan22.ui.widgets.text_label import TextLabel

LEAST_WIDTH = 32


class ElidedLabel(TextLabel):
    """For paths and quotes, whose ends can be given up; in their middle for paths."""

    def __init__(
        self,
        role: TextRole = TextRole.body,
        ink: str = "text",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", role, ink, parent)
        self._whole = ""
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def whole(self) -> str:
        """The text with nothing left out."""
        return self._whole

    def say(self, text: str) -> None:
        """Change the text; the tool tip is set only when a part of it had to go."""
        self._whole = text
        self.setAccessibleName(text)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """It can get very short."""
        return QSize(LEAST_WIDTH, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """What the whole text would like."""
        width = self.fontMetrics().horizontalAdvance(self._whole) + 4
        return QSize(width, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(LEAST_WIDTH, self.width() - 2))
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")
