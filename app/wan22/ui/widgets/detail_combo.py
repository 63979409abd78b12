"""A choice whose entries have a name and, muted at the right, what it means."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStyleOptionViewItem,
    QStylePainter,
    QWidget,
)

from wan22.ui.measure import CONTROL_HEIGHT, TextRole
from wan22.ui.theme import Theme

_DETAIL = Qt.ItemDataRole.UserRole + 1
_SHORT = Qt.ItemDataRole.UserRole + 2
_ARROW = 28
_LIST_GAP = 24
_ROW_HEIGHT = 28


class Entry(NamedTuple):
    """One thing that can be chosen; `short` takes the place of the detail while the list is closed."""

    key: str
    text: str
    detail: str = ""
    tip: str = ""
    short: str | None = None


class _Rows(QStyledItemDelegate):
    """Paints the detail of each row of the open list."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), _ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        rect: QRect = option.rect
        painter.save()
        painter.setFont(self._theme.font(TextRole.caption))
        painter.setPen(self._theme.colour("muted"))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect.adjusted(0, 0, -8, 0), side, str(index.data(_DETAIL) or ""))
        painter.restore()


class DetailCombo(QComboBox):
    """`picked` says the key, for the user's choices only."""

    picked = Signal(str)

    def __init__(self, theme: Theme, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: list[Entry] = []
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFixedHeight(CONTROL_HEIGHT)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view().setStyleSheet("QAbstractItemView { padding: 4px; }")
        self.setItemDelegate(_Rows(theme, self))
        self.activated.connect(lambda index: self.picked.emit(str(self.itemData(index))))

    def show_entries(self, entries: Sequence[Entry], key: str) -> None:
        """Offer other entries and mark one; nobody is told."""
        if list(entries) != self._entries:
            self._entries = list(entries)
            self.clear()
            for number, entry in enumerate(entries):
                self.addItem(entry.text, entry.key)
                self.setItemData(number, entry.detail, _DETAIL)
                self.setItemData(number, entry.detail if entry.short is None else entry.short, _SHORT)
                if entry.tip:
                    self.setItemData(number, entry.tip, Qt.ItemDataRole.ToolTipRole)
            metrics = self.fontMetrics()
            widths = [metrics.horizontalAdvance(entry.text + entry.detail) for entry in entries]
            self.view().setMinimumWidth(max(widths, default=0) + _LIST_GAP + 24)
        index = self.findData(key)
        if index != self.currentIndex():
            self.setCurrentIndex(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel is for the page: a value must not change because the pointer came over it."""
        event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The frame as the style has it, the text, and the detail before the arrow."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        inside = self.rect().adjusted(10, 0, -_ARROW, 0)
        detail = str(self.currentData(_SHORT) or "")
        painter.setFont(self._theme.font(TextRole.caption))
        painter.setPen(self._theme.colour("muted"))
        room = painter.fontMetrics().horizontalAdvance(detail)
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, detail)
        painter.setFont(self._theme.font(TextRole.body))
        painter.setPen(self._theme.colour("text" if self.isEnabled() else "muted"))
        width = inside.width() - (room + 8 if detail else 0)
        text = painter.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, width)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
