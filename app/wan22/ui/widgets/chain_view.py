"""The way from the inputs to the file: a lane for each part, boxes joined by arrows, judgements at the hand-overs."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import CARD_RADIUS, CONTROL_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.workflow_chain import ChainBox, ChainJoint, ChainLane
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import GLYPHS
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.text_label import TextLabel

NAME_COLUMN = 80
ARROW_ROOM = 28
BOX_WIDTH_MIN = 96
_LANE_EDGE = 12
_HEAD = 5.0
WEIGHTS = ".safetensors"
"""Ending that is not shown: what tells two files apart stands just before it."""


class ChainBoxView(QWidget):
    """One station; Tab comes to it, and a screen reader says all of it."""

    def __init__(self, theme: Theme, box: ChainBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.box = box
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(box.words)
        self.setToolTip("\n".join(part for part in (box.title, box.file, *box.lines) if part))
        self.setMinimumWidth(BOX_WIDTH_MIN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, GAP_SMALL, 12, GAP_SMALL)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(GAP_TINY)
        title = ElidedLabel(TextRole.strong)
        title.say(box.title)
        head.addWidget(title, 1)
        if box.mark is not None:
            tone, word = box.mark
            mark = TextLabel(GLYPHS[tone], TextRole.heading, tone.value)
            mark.setAccessibleName(word)
            mark.setToolTip(f"{word}: see below")
            head.addWidget(mark)
        column.addLayout(head)
        if box.file:
            file = ElidedLabel(TextRole.caption, mode=Qt.TextElideMode.ElideMiddle)
            file.say(box.file.removesuffix(WEIGHTS))
            column.addWidget(file)
        for line in box.lines:
            label = ElidedLabel(TextRole.caption, "muted")
            label.say(line)
            column.addWidget(label)
        column.addStretch(1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ground, and an edge that says focus or the worst finding."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width = self._theme.colour("line"), 1.0
        if self.box.mark is not None:
            edge = QColor(self._theme.colours.tones[self.box.mark[0]].ink)
        if self.hasFocus():
            edge, width = self._theme.colour("focus"), 2.0
        painter.setPen(QPen(edge, width))
        painter.setBrush(self._theme.colour("panel"))
        inset = width / 2
        area = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(area, CONTROL_RADIUS, CONTROL_RADIUS)
        painter.end()


class ChainView(QWidget):
    """Lanes below each other; the last box of a lane leads to the next lane."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lanes: tuple[ChainLane, ...] = ()
        self._columns: list[list[list[ChainBoxView]]] = []
        self._made: list[QWidget] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(_LANE_EDGE, 0, _LANE_EDGE, 0)
        self._grid.setHorizontalSpacing(ARROW_ROOM)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnMinimumWidth(0, NAME_COLUMN - ARROW_ROOM)
        self.setAccessibleName("What the workflow does, from the inputs to the file")
        theme.changed.connect(self.update)

    @property
    def boxes(self) -> list[ChainBoxView]:
        """All stations in their order."""
        return [box for lane in self._columns for column in lane for box in column]

    def show_lanes(self, lanes: Sequence[ChainLane]) -> None:
        """Draw these instead of what is there."""
        self._clear()
        self._lanes = tuple(lanes)
        width = max((len(lane.columns) for lane in lanes), default=1)
        for column in range(1, width + 1):
            self._grid.setColumnStretch(column, 1)
        for number, lane in enumerate(self._lanes):
            self._add_lane(2 * number, lane, width)
            if number + 1 < len(self._lanes):
                self._add_joint(2 * number + 1, lane.joint, width)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Grounds of the lanes, then the arrows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for number, lane in enumerate(self._lanes):
            painter.setBrush(QColor(self._theme.colours.phases[lane.phase]))
            painter.drawRoundedRect(self._lane_area(number), CARD_RADIUS, CARD_RADIUS)
        pen = QPen(self._theme.colour("outline"), 1.5)
        for lane_columns in self._columns:
            for before, after in pairwise(lane_columns):
                self._arrow(painter, pen, self._across(before, after))
        for number, (above, below) in enumerate(pairwise(self._columns), start=1):
            self._arrow(painter, pen, self._down(above[-1], self._lanes[number], below))
        painter.end()

    def _clear(self) -> None:
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        for column in range(1, self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        self._made, self._columns = [], []

    def _add_lane(self, row: int, lane: ChainLane, width: int) -> None:
        name = TextLabel(lane.name, TextRole.heading)
        name.setWordWrap(True)
        name.setFixedWidth(NAME_COLUMN - ARROW_ROOM + GAP)
        self._put(name, row, 0)
        made: list[list[ChainBoxView]] = []
        last = len(lane.columns) - 1
        for number, column in enumerate(lane.columns):
            place = width if number == last and lane.is_pass else number + 1
            holder = QWidget()
            stack = QVBoxLayout(holder)
            stack.setContentsMargins(0, GAP_SMALL, 0, GAP_SMALL)
            stack.setSpacing(GAP_SMALL)
            boxes = [ChainBoxView(self._theme, box) for box in column]
            for box in boxes:
                stack.addWidget(box)
            is_wide = number == last and not lane.is_pass and len(lane.columns) > 1
            self._put(holder, row, place, width - place + 1 if is_wide else 1)
            made.append(boxes)
        self._columns.append(made)

    def _add_joint(self, row: int, joint: ChainJoint | None, width: int) -> None:
        self._grid.setRowMinimumHeight(row, 20)
        if joint is None:
            return
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, GAP_TINY, 0, GAP_TINY)
        line.setSpacing(GAP_SMALL)
        text = TextLabel(joint.text, TextRole.caption, "muted")
        text.setWordWrap(True)
        chip = Chip(self._theme, joint.tone, joint.word)
        chip.setToolTip("The noise that the first pass leaves, measured in what the second expects: 1 is right")
        line.addWidget(chip)
        line.addWidget(text, 1)
        self._put(holder, row, 1, max(1, width - 1))

    def _put(self, widget: QWidget, row: int, column: int, span: int = 1) -> None:
        self._grid.addWidget(widget, row, column, 1, span)
        self._made.append(widget)

    def _lane_area(self, number: int) -> QRectF:
        boxes = [self._area(box) for column in self._columns[number] for box in column]
        top, bottom = min(box.top() for box in boxes), max(box.bottom() for box in boxes)
        return QRectF(0, top - GAP_SMALL, self.width(), bottom - top + 2 * GAP_SMALL)

    def _area(self, box: QWidget) -> QRectF:
        corner = box.mapTo(self, box.rect().topLeft())
        return QRectF(corner.x(), corner.y(), box.width(), box.height())

    def _across(self, before: Sequence[QWidget], after: Sequence[QWidget]) -> list[QPointF]:
        start, end = self._area(before[0]), self._area(after[0])
        y = min(start.center().y(), end.center().y())
        return [QPointF(start.right(), y), QPointF(end.left(), y)]

    def _down(self, above: Sequence[QWidget], lane: ChainLane, below: Sequence[Sequence[QWidget]]) -> list[QPointF]:
        """To the pass of the next lane, which stands below; on the way to the file round to the first box."""
        start = self._area(above[-1])
        begin = QPointF(start.center().x(), start.bottom())
        if lane.is_pass:
            return [begin, QPointF(begin.x(), self._area(below[-1][0]).top())]
        end = self._area(below[0][0])
        middle = (start.bottom() + end.top()) / 2
        return [
            begin,
            QPointF(begin.x(), middle),
            QPointF(end.center().x(), middle),
            QPointF(end.center().x(), end.top()),
        ]

    @staticmethod
    def _arrow(painter: QPainter, pen: QPen, points: Sequence[QPointF]) -> None:
        tip, before = points[-1], points[-2]
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pen.color())
        if tip.y() > before.y():
            sides = [QPointF(tip.x() - _HEAD, tip.y() - _HEAD), QPointF(tip.x() + _HEAD, tip.y() - _HEAD)]
        else:
            sides = [QPointF(tip.x() - _HEAD, tip.y() - _HEAD), QPointF(tip.x() - _HEAD, tip.y() + _HEAD)]
        painter.drawPolygon(QPolygonF([tip, *sides]))
