"""Paints one job of the queue: picture, prompt, values, what became of it, time, state."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from wan22.ui.measure import CONTROL_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.queue_model import PICTURE_ROLE, ROW_ROLE, QueueRow
from wan22.ui.state.queue_words import StateText
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone

ROW_HEIGHT = 72
PICTURE = QSize(88, 52)
_NUMBER_WIDTH = 40
_TIME_WIDTH = 132
_STATE_WIDTH = 112
_RUN_WIDTH = 64
_CHIP_HEIGHT = 24
_LINE = 18
_Index = QModelIndex | QPersistentModelIndex


class QueueDelegate(QStyledItemDelegate):
    """`run_at` tells the view where the link to the run can be clicked."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """All rows have one height: the view need not ask a thousand times."""
        return QSize(320, ROW_HEIGHT)

    def run_at(self, area: QRect) -> QRect:
        """Where the link to the run is in a row."""
        return QRect(area.right() - GAP - _RUN_WIDTH, area.top(), _RUN_WIDTH, area.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Everything of a row."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, QueueRow):
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area: QRect = option.rect
        self._paint_ground(painter, option, area, row)
        number = QRect(area.left() + GAP_SMALL, area.top(), _NUMBER_WIDTH, area.height())
        self._write(painter, TextRole.caption, "muted", number, str(row.job_id), Qt.AlignmentFlag.AlignRight)
        corner = QPoint(number.right() + 12, area.top() + (ROW_HEIGHT - PICTURE.height()) // 2)
        picture = QRect(corner, PICTURE)
        self._paint_picture(painter, picture, index.data(PICTURE_ROLE))
        run = self.run_at(area)
        if row.has_run:
            self._write(painter, TextRole.strong, "accent_text", run, "Open run", Qt.AlignmentFlag.AlignRight)
        state = QRect(run.left() - GAP - _STATE_WIDTH, area.top(), _STATE_WIDTH, area.height())
        self._paint_chip(painter, state, row.state)
        time = QRect(state.left() - GAP - _TIME_WIDTH, area.top(), _TIME_WIDTH, area.height())
        self._paint_time(painter, time, row.time)
        words = QRect(picture.right() + 12, area.top(), time.left() - GAP - picture.right() - 12, area.height())
        self._paint_words(painter, words, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, row: QueueRow) -> None:
        ground = area.adjusted(GAP_TINY, 1, -GAP_TINY, -1)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        is_under = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if is_selected or is_under or row.is_running:
            painter.setPen(Qt.PenStyle.NoPen)
            fill = self._theme.colour("raised" if is_selected else "field")
            painter.setBrush(self._theme.ground(Tone.running) if row.is_running and not is_selected else fill)
            painter.drawRoundedRect(ground, CONTROL_RADIUS, CONTROL_RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1), CONTROL_RADIUS, CONTROL_RADIUS)
        elif not is_selected and not row.is_running:
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(area.left() + GAP, area.bottom(), area.right() - GAP, area.bottom())

    def _paint_picture(self, painter: QPainter, place: QRect, picture: QImage | None) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(place, GAP_TINY, GAP_TINY)
        painter.fillPath(outline, self._theme.colour("field"))
        if picture is None:
            return
        if picture.isNull():
            self._write(painter, TextRole.caption, "muted", place, "no picture", Qt.AlignmentFlag.AlignHCenter)
            return
        painter.save()
        painter.setClipPath(outline)
        whole = QRect(QPoint(0, 0), picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding))
        whole.moveCenter(place.center())
        painter.drawImage(whole, picture)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRect, row: QueueRow) -> None:
        ink = "text" if row.state.tone is not Tone.bad else row.state.tone
        lines: list[tuple[TextRole, str | Tone, str]] = [
            (TextRole.strong, "text", row.name),
            (TextRole.caption, "muted", row.job),
        ]
        if row.note:
            lines.append((TextRole.caption, "muted" if ink == "text" else ink, row.note))
        top = area.center().y() - len(lines) * _LINE // 2 + 1
        for place, (role, colour, text) in enumerate(lines):
            line = QRect(area.left(), top + place * _LINE, area.width(), _LINE)
            self._write(painter, role, colour, line, " ".join(text.split()))

    def _paint_time(self, painter: QPainter, area: QRect, time: tuple[str, str]) -> None:
        value, what = time
        if not value:
            return
        is_known = value != "unknown"
        line = QRect(area.left(), area.center().y() - _LINE + 1, area.width(), _LINE)
        role = TextRole.strong if is_known else TextRole.body
        self._write(painter, role, "text" if is_known else "muted", line, value, Qt.AlignmentFlag.AlignRight)
        self._write(painter, TextRole.caption, "muted", line.translated(0, _LINE), what, Qt.AlignmentFlag.AlignRight)

    def _paint_chip(self, painter: QPainter, area: QRect, state: StateText) -> None:
        font = self._theme.font(TextRole.strong)
        text = f"{state.glyph} {state.word}"
        width = QFontMetrics(font).horizontalAdvance(text) + 20
        place = QRect(area.left(), area.center().y() - _CHIP_HEIGHT // 2, width, _CHIP_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ground(state.tone))
        painter.drawRoundedRect(place, _CHIP_HEIGHT / 2, _CHIP_HEIGHT / 2)
        painter.setFont(font)
        painter.setPen(self._theme.ink(state.tone))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _write(
        self,
        painter: QPainter,
        role: TextRole,
        ink: str | Tone,
        place: QRect,
        text: str,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        painter.setFont(self._theme.font(role))
        painter.setPen(self._theme.ink(ink) if isinstance(ink, Tone) else self._theme.colour(ink))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shown)
