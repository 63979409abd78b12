"""The head of stacked strips: names of the job's phases over their stretch, and what the numbers at the right are."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from wan22.ui.measure import LABEL_COLUMN, READOUT_COLUMN, TextRole
from wan22.ui.theme import Theme
from wan22.ui.widgets.strip_plot import Shade

HEIGHT = 28
MARGIN = 6


class PhaseHeader(QWidget):
    """A phase too narrow for its name and time has its name alone, or nothing; the tool tip has them all."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.span = (0.0, 1.0)
        self.shades: Sequence[tuple[Shade, str]] = ()
        self.basis = ""
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Phases of the job")
        theme.changed.connect(self.update)

    def show_phases(self, shades: Sequence[tuple[Shade, str]]) -> None:
        """Name these phases, each with `name · time`."""
        if list(shades) != list(self.shades):
            self.shades = tuple(shades)
            self.setAccessibleDescription(", ".join(text for _, text in shades))
            self.setToolTip("\n".join(text for _, text in shades) or "Phases of a job appear here while one runs")
        self.update()

    def show_basis(self, text: str) -> None:
        """Say what the large numbers at the right are, such as `at the cursor`."""
        if text != self.basis:
            self.basis = text
            self.update()

    def placed(self) -> list[tuple[QRectF, str, str]]:
        """Where each phase is drawn, its key, and as much of its text as fits whole."""
        metrics = QFontMetrics(self._theme.font(TextRole.caption))
        width = self.width() - LABEL_COLUMN - READOUT_COLUMN
        start_s, end_s = self.span
        scale = width / max(1e-9, end_s - start_s)
        found = []
        for shade, text in self.shades:
            left, right = max(start_s, shade.start_s), min(end_s, shade.end_s)
            if right <= left:
                continue
            rect = QRectF(LABEL_COLUMN + (left - start_s) * scale, 0, (right - left) * scale, HEIGHT)
            room = rect.width() - 2 * MARGIN
            words = next((item for item in (text, text.split(" · ")[0]) if metrics.horizontalAdvance(item) <= room), "")
            found.append((rect, shade.phase, words))
        return found

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Shades first, their words on them."""
        painter = QPainter(self)
        painter.setFont(self._theme.font(TextRole.caption))
        for rect, phase, words in self.placed():
            painter.fillRect(rect, QColor(self._theme.colours.phases[phase]))
            painter.setPen(self._theme.colour("text"))
            painter.drawText(rect.adjusted(MARGIN, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(self._theme.colour("muted"))
        column = QRectF(self.width() - READOUT_COLUMN + 12, 0, READOUT_COLUMN - 12, HEIGHT)
        painter.drawText(column, Qt.AlignmentFlag.AlignVCenter, self.basis)
        painter.end()
