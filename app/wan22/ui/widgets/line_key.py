"""A sample of a line with its name, as a legend has it."""

from enum import Enum

from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from wan22.ui.measure import TextRole
from wan22.ui.palette import Metric
from wan22.ui.theme import Theme
from wan22.ui.widgets.text_label import TextLabel


class LineKind(Enum):
    """What a line stands for."""

    curve = "curve"
    limit = "limit"
    reference = "reference"


class _Sample(QWidget):
    def __init__(self, theme: Theme, metric: Metric) -> None:
        super().__init__()
        self._theme = theme
        self._metric = metric
        self.kind = LineKind.curve
        self.setFixedSize(14, 16)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.kind is LineKind.curve:
            painter.setPen(QPen(self._theme.metric(self._metric), 3))
        else:
            is_limit = self.kind is LineKind.limit
            pen = QPen(self._theme.colour("limit" if is_limit else "reference"), 1)
            pen.setDashPattern([4, 3] if is_limit else [1, 3])
            painter.setPen(pen)
        end = 12.0 if self.kind is LineKind.curve else 14.0
        painter.drawLine(QLineF(1.0, 8.0, end, 8.0))
        painter.end()


class LineKey(QWidget):
    """Hidden until it has a line to name."""

    def __init__(self, theme: Theme, metric: Metric, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sample = _Sample(theme, metric)
        self._text = TextLabel("", TextRole.caption, "muted")
        self._strong = TextLabel("", TextRole.strong)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._sample)
        row.addWidget(self._text)
        row.addWidget(self._strong)
        row.addStretch(1)
        self._strong.hide()
        self.hide()

    def show_line(self, kind: LineKind | None = None, text: str = "") -> None:
        """Name a line; without a kind there is none."""
        self.setVisible(kind is not None)
        if kind is None:
            return
        is_curve = kind is LineKind.curve
        self._sample.kind = kind
        self._sample.update()
        self._text.setVisible(not is_curve)
        self._strong.setVisible(is_curve)
        (self._strong if is_curve else self._text).say(text)
        self.setAccessibleName(text if is_curve else f"{kind.value}: {text}")
