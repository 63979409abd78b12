"""What held the clocks back, as lanes: the height of a bar is the share of its stretch of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from wan22.ui.measure import GAP_SMALL, LABEL_COLUMN, LANE_HEIGHT, TextRole
from wan22.ui.state.telemetry_store import SeriesSlice
from wan22.ui.theme import Theme
from wan22.ui.widgets.cursor_readout import CursorReadout
from wan22.ui.widgets.strip_plot import Shade
from wan22.ui.widgets.text_label import TextLabel


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane: its name, the token of its colour (a tone or `muted`), and what it means."""

    name: str
    colour: str
    tip: str


class _Lane(QWidget):
    def __init__(self, theme: Theme, spec: LaneSpec) -> None:
        super().__init__()
        self._theme = theme
        self._spec = spec
        self._bars: SeriesSlice | None = None
        self._span = (0.0, 1.0)
        self.shades: Sequence[Shade] = ()
        self.setFixedHeight(LANE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(spec.tip)
        self.setAccessibleName(f"Limiter {spec.name}")
        theme.changed.connect(self.update)

    def show_bars(self, bars: SeriesSlice | None, span: tuple[float, float], offset_s: float) -> None:
        self._bars, self._span, self._offset_s = bars, span, offset_s
        self.update()

    def _colour(self) -> QColor:
        colours = self._theme.colours
        tone = next((pair.ink for tone, pair in colours.tones.items() if tone.value == self._spec.colour), None)
        return QColor(tone if tone is not None else getattr(colours, self._spec.colour))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        start_s, end_s = self._span
        scale = self.width() / max(1e-9, end_s - start_s)
        for shade in self.shades:
            left, right = max(start_s, shade.start_s), min(end_s, shade.end_s)
            if right > left:
                rect = QRectF((left - start_s) * scale, 0, (right - left) * scale, self.height())
                painter.fillRect(rect, QColor(self._theme.colours.phases[shade.phase]))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        if self._bars is not None:
            self._paint_bars(painter, self._bars, start_s, scale)
        painter.end()

    def _paint_bars(self, painter: QPainter, bars: SeriesSlice, start_s: float, scale: float) -> None:
        colour = self._colour()
        width = max(1.0, bars.step_s * scale - 1.0)
        for time_s, share in zip(bars.time_s, bars.mean, strict=True):
            if share <= 0:
                continue
            height = max(1.0, float(share) * (self.height() - 4))
            x = (float(time_s) + self._offset_s - bars.step_s / 2 - start_s) * scale
            painter.fillRect(QRectF(x, self.height() - 1 - height, width, height), colour)


class LimiterLanes(QWidget):
    """All lanes under one heading, with a read-out of their own."""

    def __init__(self, theme: Theme, specs: Sequence[LaneSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        heading = TextLabel("Limiter share", TextRole.strong)
        heading.setFixedWidth(LABEL_COLUMN)
        heading.setToolTip("How much of each stretch of time something held the clocks back")
        grid.addWidget(heading, 0, 0)
        self.lanes = [_Lane(theme, spec) for spec in specs]
        for number, (lane, spec) in enumerate(zip(self.lanes, specs, strict=True), start=1):
            label = TextLabel(spec.name, TextRole.caption, "muted")
            label.setContentsMargins(20, 0, GAP_SMALL, 0)
            label.setToolTip(spec.tip)
            grid.addWidget(label, number, 0)
            grid.addWidget(lane, number, 1)
        self.readout = CursorReadout("Limiter share")
        grid.addWidget(self.readout, 0, 2, len(specs) + 1, 1)

    def set_shades(self, shades: Sequence[Shade]) -> None:
        """Phases of the job behind the bars."""
        for lane in self.lanes:
            lane.shades = shades
            lane.update()

    def show_bars(self, bars: Sequence[SeriesSlice | None], span: tuple[float, float], offset_s: float) -> None:
        """One slice a lane; `offset_s` is added to its times."""
        for lane, found in zip(self.lanes, bars, strict=True):
            lane.show_bars(found, span, offset_s)
