"""Paints one run of the history: picture, title, what it was, how long it took, and how that is to be taken."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from wan22.schema.run_row import RunRow
from wan22.ui.measure import CONTROL_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.history_model import LEVEL_ROLE, PICTURE_ROLE, ROW_ROLE
from wan22.ui.state.history_words import ending_chip, job_text, pass_text, place_text, time_text, when_text
from wan22.ui.state.run_end import ChipText, simulated_chip
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import GLYPHS
from wan22.ui.widgets.icon import icon_pixmap

ROW_HEIGHT = 80
PICTURE = QSize(96, 56)
STAR_SIZE = 16
_CHIP_HEIGHT = 20
_PASSES_FROM = 320
"""Width of the words from which on the passes have room beside them."""
_LINE = 20
_Index = QModelIndex | QPersistentModelIndex


class HistoryDelegate(QStyledItemDelegate):
    """`star_at` tells the view where the star can be clicked."""

    def __init__(self, theme: Theme, now_s: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now_s = now_s

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """All rows have one height: the view need not ask a thousand times."""
        return QSize(320, ROW_HEIGHT)

    def star_at(self, row: QRect) -> QRect:
        """Where the star of a row is, with some room around it."""
        corner = QPoint(row.left() + GAP_SMALL, row.top() + (row.height() - STAR_SIZE) // 2)
        return QRect(corner, QSize(STAR_SIZE, STAR_SIZE)).adjusted(-6, -12, 6, 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Everything of a row."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, RunRow):
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area: QRect = option.rect
        self._paint_ground(painter, option, area)
        star = self.star_at(area)
        if row.starred or option.state & QStyle.StateFlag.State_MouseOver:
            self._paint_star(painter, star, is_set=row.starred)
        left = star.right() + GAP_TINY
        picture = QRect(QPoint(left, area.top() + (ROW_HEIGHT - PICTURE.height()) // 2), PICTURE)
        self._paint_picture(painter, picture, index.data(PICTURE_ROLE))
        lines = QRect(picture.right() + 12, area.top() + 10, area.right() - GAP - picture.right() - 11, 3 * _LINE)
        ends = (*self._paint_times(painter, lines, row), self._paint_chips(painter, lines, row, index))
        self._paint_words(painter, lines, row, ends)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect) -> None:
        ground = area.adjusted(GAP_TINY, 1, -GAP_TINY, -1)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("raised" if is_selected else "field"))
            painter.drawRoundedRect(ground, CONTROL_RADIUS, CONTROL_RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1), CONTROL_RADIUS, CONTROL_RADIUS)
        elif not is_selected:
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(area.left() + GAP, area.bottom(), area.right() - GAP, area.bottom())

    def _paint_star(self, painter: QPainter, area: QRect, *, is_set: bool) -> None:
        place = QRect(0, 0, STAR_SIZE, STAR_SIZE)
        place.moveCenter(area.center())
        if is_set:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent_text"))
            painter.drawPolygon(star_shape(QRectF(place)))
        else:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(place, icon_pixmap("star", self._theme.colour("muted"), STAR_SIZE, ratio))

    def _paint_picture(self, painter: QPainter, place: QRect, picture: QImage | None) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(place, GAP_TINY, GAP_TINY)
        painter.fillPath(outline, self._theme.colour("field"))
        if picture is None:
            return
        if picture.isNull():
            room = place.adjusted(GAP_TINY, 0, -GAP_TINY, 0)
            self._write(painter, TextRole.caption, "muted", room, "no picture", Qt.AlignmentFlag.AlignHCenter)
            return
        painter.save()
        painter.setClipPath(outline)
        size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        whole = QRect(QPoint(0, 0), size)
        whole.moveCenter(place.center())
        painter.drawImage(whole, picture)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRect, row: RunRow, ends: tuple[int, int, int]) -> None:
        """Three lines, each up to where something else begins."""
        when = when_text(row.started_s, self._now_s())
        job = " · ".join(part for part in (when, job_text(row)) if part)
        reason = row.fault.message if row.fault is not None else ""
        said = row.unreadable.message if row.unreadable is not None else row.note or reason or place_text(row)
        lines = (
            (TextRole.strong, "text", row.name),
            (TextRole.caption, "muted", job),
            (TextRole.caption, "muted", said),
        )
        for number, ((role, ink, text), end) in enumerate(zip(lines, ends, strict=True)):
            line = QRect(area.left(), area.top() + number * _LINE, end - GAP_SMALL - area.left(), _LINE)
            self._write(painter, role, ink, line, " ".join(text.split()))

    def _paint_times(self, painter: QPainter, area: QRect, row: RunRow) -> tuple[int, int]:
        """The whole job, and below it the passes where there is room; where both begin."""
        side = Qt.AlignmentFlag.AlignRight
        line = QRect(area.left(), area.top(), area.width(), _LINE)
        whole, passes = time_text(row), pass_text(row) if area.width() >= _PASSES_FROM else ""
        self._write(painter, TextRole.value, "text", line, whole, side)
        first = QFontMetrics(self._theme.font(TextRole.value)).horizontalAdvance(whole)
        self._write(painter, TextRole.caption, "muted", line.translated(0, _LINE), passes, side)
        second = QFontMetrics(self._theme.font(TextRole.caption)).horizontalAdvance(passes)
        return area.right() - first, area.right() - second

    def _paint_chips(self, painter: QPainter, area: QRect, row: RunRow, index: _Index) -> int:
        """How it is to be taken, at the right end of the third line; where that begins."""
        chips = [ending_chip(row, index.data(LEVEL_ROLE))]
        chips += [simulated_chip()] if row.simulated else []
        end = area.right()
        for chip in chips:
            end = self._paint_chip(painter, end, area.top() + 2 * _LINE, chip) - GAP_TINY
        return end

    def _paint_chip(self, painter: QPainter, right: int, top: int, chip: ChipText) -> int:
        """A tinted pill that ends at `right`; where it begins."""
        font = self._theme.font(TextRole.caption)
        text = f"{GLYPHS[chip.tone]} {chip.word}"
        width = QFontMetrics(font).horizontalAdvance(text) + 16
        place = QRect(right - width + 1, top, width, _CHIP_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ground(chip.tone))
        painter.drawRoundedRect(place, _CHIP_HEIGHT / 2, _CHIP_HEIGHT / 2)
        painter.setFont(font)
        painter.setPen(self._theme.ink(chip.tone))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        return place.left()

    def _write(
        self,
        painter: QPainter,
        role: TextRole,
        ink: str,
        place: QRect,
        text: str,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        painter.setFont(self._theme.font(role))
        painter.setPen(self._theme.colour(ink))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shown)


def star_shape(place: QRectF) -> QPolygonF:
    """A filled star of five points that fills a square."""
    unit = (
        (8, 1.2), (10.1, 5.5), (14.8, 6.1), (11.3, 9.4), (12.2, 14.2),
        (8, 11.9), (3.8, 14.2), (4.7, 9.4), (1.2, 6.1), (5.9, 5.5),
    )  # fmt: skip
    shape = QPolygonF()
    for x, y in unit:
        shape.append(QPointF(place.left() + x / 16 * place.width(), place.top() + y / 16 * place.height()))
    return shape
