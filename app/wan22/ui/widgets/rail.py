"""The list of pages at the left edge."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from wan22.ui.measure import (
    CONTROL_HEIGHT,
    GAP,
    GAP_SMALL,
    GAP_TINY,
    GPU_STRIP_HEIGHT,
    RAIL_ITEM_HEIGHT,
    RAIL_WIDTH,
    TextRole,
)
from wan22.ui.theme import Theme
from wan22.ui.widgets.icon import icon, icon_pixmap
from wan22.ui.widgets.text_label import TextLabel


class PageEntry(NamedTuple):
    """A page that can be shown. `build` makes it on the first visit; `tip` says which question it answers.

    `is_apart`: below the line, for what is not one of the daily questions.
    """

    key: str
    title: str
    icon: str
    tip: str
    build: Callable[[], QWidget]
    is_apart: bool = False


class Rail(QWidget):
    """One button a page; `chosen` says the key. `help_wanted`: the question mark below was pressed."""

    chosen = Signal(str)
    help_wanted = Signal()

    def __init__(self, theme: Theme, entries: list[PageEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Pages")
        self.setFixedWidth(RAIL_WIDTH)
        self._theme = theme
        self._buttons: dict[str, QToolButton] = {}
        self._entries = {entry.key: entry for entry in entries}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 12, GAP)
        column.setSpacing(GAP_TINY)
        column.addWidget(self._head())
        column.addSpacing(GAP_SMALL)
        for number, entry in enumerate(sorted(entries, key=lambda item: item.is_apart), start=1):
            if entry.is_apart and not any(item.is_apart for item in entries[: entries.index(entry)]) and number > 1:
                column.addSpacing(GAP_SMALL)
                rule = QFrame()
                rule.setObjectName("rule")
                column.addWidget(rule)
                column.addSpacing(GAP_SMALL)
            column.addWidget(self._button(entry, number))
        column.addStretch(1)
        column.addWidget(self._help(), 0, Qt.AlignmentFlag.AlignLeft)
        theme.changed.connect(self._repaint_icons)
        self._repaint_icons()

    def select(self, key: str) -> None:
        """Mark a page as the one that is shown."""
        self._buttons[key].setChecked(True)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the shown page with a bar of the accent at its left."""
        super().paintEvent(event)
        chosen = self._group.checkedButton()
        if chosen is not None:
            painter = QPainter(self)
            painter.fillRect(chosen.x() - 4, chosen.y() + 12, 3, chosen.height() - 24, self._theme.colour("accent"))
            painter.end()

    def _head(self) -> QWidget:
        head = QWidget()
        head.setFixedHeight(GPU_STRIP_HEIGHT)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self._logo = QLabel()
        self._logo.setFixedSize(20, 20)
        row.addWidget(self._logo)
        row.addWidget(TextLabel("Wan 2.2", TextRole.value))
        row.addStretch(1)
        return head

    def _button(self, entry: PageEntry, number: int) -> QToolButton:
        button = QToolButton()
        button.setObjectName("rail-item")
        button.setText(f"  {entry.title}")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setFont(self._theme.font(TextRole.body))
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setFixedSize(RAIL_WIDTH - 24, RAIL_ITEM_HEIGHT)
        button.setAccessibleName(entry.title)
        button.setToolTip(f"{entry.tip} (Ctrl+{number})")
        button.setShortcut(f"Ctrl+{number}")
        button.setWhatsThis(f"Open {entry.title}")
        button.clicked.connect(lambda _checked=False, key=entry.key: self.chosen.emit(key))
        self._group.addButton(button)
        self._buttons[entry.key] = button
        return button

    def _help(self) -> QToolButton:
        self.help_button = QToolButton()
        self.help_button.setProperty("kind", "icon")
        self.help_button.setIconSize(QSize(16, 16))
        self.help_button.setFixedSize(CONTROL_HEIGHT, CONTROL_HEIGHT)
        self.help_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.help_button.setAccessibleName("Show all shortcuts")
        self.help_button.setToolTip("Show all shortcuts (F1)")
        self.help_button.clicked.connect(lambda _checked=False: self.help_wanted.emit())
        return self.help_button

    def _repaint_icons(self) -> None:
        muted, text = self._theme.colour("muted"), self._theme.colour("text")
        ratio = self.devicePixelRatioF()
        for key, button in self._buttons.items():
            button.setIcon(icon(self._entries[key].icon, muted, text, ratio))
        self.help_button.setIcon(icon("help", muted, text, ratio))
        self._logo.setPixmap(icon_pixmap("logo", self._theme.colour("accent"), 20, ratio))
