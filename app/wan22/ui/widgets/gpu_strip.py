"""The GPU at a glance, on every page."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, GPU_STRIP_HEIGHT, GUTTER, TextRole
from wan22.ui.number_text import MISSING
from wan22.ui.palette import Metric
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.sparkline import Sparkline
from wan22.ui.widgets.text_label import TextLabel

CELLS: tuple[tuple[Metric, str, str], ...] = (
    (Metric.utilisation, "Utilisation", "How much of the last second the GPU had work"),
    (Metric.temperature, "Temperature", "Temperature of the GPU, and where it begins to slow down"),
    (Metric.power, "Power", "What the board draws, and its limit"),
    (Metric.vram, "VRAM", "Memory of the board in use, and all there is"),
    (Metric.sm_clock, "SM clock", "Clock of the computing units"),
)

CURVES_FROM = 1200
"""Width of the strip from which on there is room for curves."""


class CellText(NamedTuple):
    """What a cell says: the value, what stands muted behind it, and the curve with the top of its axis."""

    value: str
    rest: str = ""
    curve: Sequence[float] = ()
    highest: float = 1.0


class _Cell(QWidget):
    def __init__(self, theme: Theme, metric: Metric, name: str, tip: str) -> None:
        super().__init__()
        self._name = name
        self.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.spark = Sparkline(theme, metric)
        row.addWidget(self.spark)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addStretch(1)
        column.addWidget(TextLabel(name, TextRole.caption, "muted"))
        line = QHBoxLayout()
        line.setSpacing(GAP_TINY)
        self.value = TextLabel(MISSING, TextRole.value)
        self.rest = TextLabel("", TextRole.body, "muted")
        self.rest.setContentsMargins(0, 0, 0, 1)
        line.addWidget(self.value)
        line.addWidget(self.rest, 0, Qt.AlignmentFlag.AlignBottom)
        line.addStretch(1)
        column.addLayout(line)
        column.addStretch(1)
        row.addLayout(column)

    def show_text(self, text: CellText) -> None:
        self.value.say(text.value)
        self.rest.say(text.rest)
        self.spark.show_values(text.curve, text.highest)
        self.setAccessibleName(f"{self._name} {text.value} {text.rest}".strip())


class GpuStrip(QWidget):
    """Name, five numbers with their last minute, and one word of judgement. `gpu_chosen`: another board, please."""

    gpu_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gpu-strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("GPU now")
        self.setFixedHeight(GPU_STRIP_HEIGHT)
        self._gpus: tuple[tuple[int, str], ...] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER, 0, GUTTER, 0)
        row.setSpacing(GUTTER)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addStretch(1)
        self.caption = TextLabel("GPU", TextRole.caption, "muted")
        self.name = TextLabel("not read yet", TextRole.value)
        names.addWidget(self.caption)
        names.addWidget(self.name)
        names.addStretch(1)
        row.addLayout(names)
        self._choice: QComboBox | None = None
        self._row = row
        row.addSpacing(GAP_SMALL)
        self.cells = {metric: _Cell(theme, metric, name, tip) for metric, name, tip in CELLS}
        for cell in self.cells.values():
            row.addWidget(cell)
        row.addStretch(1)
        self.chip = Chip(theme, Tone.unknown, "no readings")
        row.addWidget(self.chip)

    @property
    def choice(self) -> QComboBox:
        """Choice of the board; made when there is a second one: a window of one board starts sooner without it."""
        if self._choice is None:
            choice = self._choice = QComboBox()
            choice.setAccessibleName("GPU shown here")
            choice.setToolTip("Choose the GPU whose numbers stand here and whose curves stand in front")
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            choice.activated.connect(self._activated)
            self._row.insertWidget(1, choice)
        return self._choice

    def show_gpus(self, gpus: Sequence[tuple[int, str]], shown: int | None) -> None:
        """Which boards there are and which one is shown; the choice appears with a second board."""
        is_choice = len(gpus) > 1
        if tuple(gpus) != self._gpus:
            self._gpus = tuple(gpus)
            if is_choice:
                self.choice.clear()
                for number, name in gpus:
                    self.choice.addItem(f"GPU {number} · {name}" if name else f"GPU {number}", number)
        if self._choice is not None:
            self._choice.setVisible(is_choice)
        self.name.setVisible(not is_choice)
        self.caption.setVisible(not is_choice)
        if shown is not None:
            if is_choice:
                self.choice.setCurrentIndex(self.choice.findData(shown))
            self.caption.say(f"GPU {shown}")
            self.name.say(dict(self._gpus).get(shown) or "unknown board")

    def show_missing(self, name: str, words: str) -> None:
        """There is no board to show; `words` say why, and what can be done."""
        self.name.say(name)
        self.name.setToolTip(words)
        self.chip.show_tone(Tone.unknown, "no readings", words)

    def show_cell(self, metric: Metric, text: CellText) -> None:
        """Show one of the numbers."""
        self.cells[metric].show_text(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Numbers before curves: a narrow window has no room for both."""
        super().resizeEvent(event)
        for cell in self.cells.values():
            cell.spark.setVisible(self.width() >= CURVES_FROM)

    def _activated(self, index: int) -> None:
        self.gpu_chosen.emit(self.choice.itemData(index))
