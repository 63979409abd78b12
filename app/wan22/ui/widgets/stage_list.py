"""Stages of a job on one time axis: solid = measured, dashed outline = expected, green band = target."""

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from wan22.schema.duration_text import EN_DASH
from wan22.ui.measure import CONTROL_RADIUS, GAP_SMALL, TextRole
from wan22.ui.state.stage_row import StageRow, StageState, axis_end
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import GLYPHS, Tone
from wan22.ui.widgets.text_label import TextLabel

ROW_HEIGHT = 32
NAME_WIDTH = 36
"""Room that one name of the axis needs; with less, only its ends are named."""


_GLYPHS = {
    StageState.waiting: ("○", "muted"),
    StageState.running: ("▸", "running"),
    StageState.done: (GLYPHS[Tone.good], "good"),
    StageState.cached: (GLYPHS[Tone.good], "muted"),
    StageState.failed: (GLYPHS[Tone.bad], "bad"),
    StageState.partial: (EN_DASH, "muted"),
}


class _Bar(QWidget):
    """The bar of one stage, or with no stage the names of the axis."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._row: StageRow | None = None
        self._end_s = 1.0
        self.setFixedHeight(ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(72)
        theme.changed.connect(self.update)

    def show_row(self, row: StageRow | None, end_s: float) -> None:
        self._row, self._end_s = row, end_s
        self.update()

    @property
    def state(self) -> StageState | None:
        """How far its stage is; None for the axis."""
        return self._row.state if self._row is not None else None

    def _x(self, seconds: float) -> float:
        return 12 + seconds / self._end_s * (self.width() - 52)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        marks = [self._end_s * part / 4 for part in range(5)]
        if self._row is None:
            self._paint_names(painter, marks)
        else:
            painter.setPen(self._theme.colour("line"))
            painter.drawLines([QLineF(self._x(mark), 0, self._x(mark), self.height()) for mark in marks])
            self._paint_row(painter, self._row)
        painter.end()

    def _paint_names(self, painter: QPainter, marks: Sequence[float]) -> None:
        painter.setFont(self._theme.font(TextRole.caption))
        painter.setPen(self._theme.colour("muted"))
        step = 1 if self._x(marks[1]) - self._x(marks[0]) >= NAME_WIDTH else len(marks) - 1
        for number, mark in enumerate(marks):
            if number % step:
                continue
            text = f"{mark:g}" + (" s" if number == len(marks) - 1 else "")
            area = QRectF(self._x(mark) - 40, 0, 80, self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_row(self, painter: QPainter, row: StageRow) -> None:
        middle = self.height() / 2
        if row.target_s is not None:
            self._paint_target(painter, row.target_s, middle)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.expected_s is not None and row.state in (StageState.waiting, StageState.running):
            pen = QPen(self._theme.colour("outline"), 1)
            if row.state is StageState.running:
                pen.setColor(self._theme.colour("accent"))
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self._box(row.expected_s, middle, 4.5), 3, 3)
        if row.seconds:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._solid(row.state))
            painter.drawRoundedRect(self._box(row.seconds, middle, 5), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_target(self, painter: QPainter, target_s: tuple[float | None, float], middle: float) -> None:
        low_s, high_s = target_s
        painter.setPen(self._theme.ink(Tone.good))
        high = self._x(high_s)
        if low_s is not None:
            low = self._x(low_s)
            painter.fillRect(QRectF(low, middle - 12, high - low, 24), self._theme.ground(Tone.good))
            painter.drawLine(QLineF(low, middle - 12, low, middle + 12))
        painter.drawLine(QLineF(high, middle - 12, high, middle + 12))

    def _box(self, seconds: float, middle: float, half: float) -> QRectF:
        return QRectF(self._x(0), middle - half, max(3.0, self._x(seconds) - self._x(0)), 2 * half)

    def _solid(self, state: StageState) -> QColor:
        if state is StageState.failed:
            return self._theme.ink(Tone.bad)
        return self._theme.colour("accent" if state in (StageState.running, StageState.done) else "reference")


class StageList(QWidget):
    """A row a stage: glyph, name, time, target, bar."""

    HEADINGS = ("", "Stages", "time", "target")

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cells: list[tuple[list[TextLabel], _Bar]] = []
        self.setAccessibleName("Stages of the job")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(GAP_SMALL, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP_SMALL * 2)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(4, 1)
        for column, text in enumerate(self.HEADINGS):
            role, ink = (TextRole.heading, "text") if column == 1 else (TextRole.body, "muted")
            label = TextLabel(text, role, ink)
            label.setAlignment(_alignment(column))
            self._grid.addWidget(label, 0, column)
        self._axis = _Bar(theme)
        self._grid.addWidget(self._axis, 0, 4)

    def show_stages(self, rows: Sequence[StageRow]) -> None:
        """Show these stages; all bars share one axis."""
        end_s = axis_end(rows)
        self._axis.show_row(None, end_s)
        while len(self._cells) < len(rows):
            self._cells.append(self._new_row(len(self._cells) + 1))
        for number, (labels, bar) in enumerate(self._cells):
            is_used = number < len(rows)
            for widget in (*labels, bar):
                widget.setVisible(is_used)
            if is_used:
                self._fill(labels, bar, rows[number], end_s)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The stage at work stands on a ground of its own."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ground(Tone.running))
        for labels, bar in self._cells:
            if bar.state is StageState.running and labels[0].isVisible():
                first, last = labels[0].geometry(), labels[-1].geometry()
                place = first.united(last).adjusted(-GAP_SMALL, 2, GAP_SMALL, -2)
                painter.drawRoundedRect(place, CONTROL_RADIUS, CONTROL_RADIUS)
        painter.end()

    def _new_row(self, number: int) -> tuple[list[TextLabel], _Bar]:
        roles = (TextRole.strong, TextRole.body, TextRole.value, TextRole.body)
        labels = [TextLabel("", role) for role in roles]
        for column, label in enumerate(labels):
            label.setFixedHeight(ROW_HEIGHT)
            label.setAlignment(_alignment(column))
            self._grid.addWidget(label, number, column)
        bar = _Bar(self._theme)
        self._grid.addWidget(bar, number, 4)
        return labels, bar

    def _fill(self, labels: Sequence[TextLabel], bar: _Bar, row: StageRow, end_s: float) -> None:
        glyph, name, time, target = labels
        mark, ink = _GLYPHS[row.state]
        glyph.say(mark)
        glyph.set_ink(ink)
        name.say(row.name)
        is_known = row.state in (StageState.running, StageState.done, StageState.failed, StageState.partial)
        name.set_ink("text" if is_known else "muted")
        time.say(row.time_text)
        time.set_role(TextRole.value if is_known else TextRole.body)
        time.set_ink("text" if is_known else "muted")
        target.say(row.target_text)
        target.set_ink("muted" if row.verdict is None else row.verdict.value)
        tip = row.basis or "Solid: measured. Dashed: what is expected. Green: the target."
        for widget in (*labels, bar):
            widget.setToolTip(tip)
        bar.setAccessibleName(f"{row.name}: {row.state.value}, {row.time_text}, target {row.target_text}")
        bar.show_row(row, end_s)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (2, 3) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
