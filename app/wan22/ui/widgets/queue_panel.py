"""A card at the side of the queue: heading with a way to close it, fields that scroll, buttons at its foot."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.doubt_line import label_for
from wan22.ui.widgets.text_label import TextLabel

PANEL_WIDTH = 376
_BAR_WIDTH = 12
"""Of a scroll bar: its room is kept free, so that nothing moves when it comes."""


class QueuePanel(QFrame):
    """`closed` when the user wants it gone: by its button, or by Escape."""

    closed = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFixedWidth(PANEL_WIDTH)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, GAP_SMALL, 0, GAP)
        self._column.setSpacing(GAP_SMALL)
        head = QHBoxLayout()
        head.setContentsMargins(GAP, 0, GAP_SMALL, 0)
        self.title = TextLabel(title, TextRole.value)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(push_button("Close", "Close without a change (Esc)", self.closed.emit, kind="flat"))
        self._column.addLayout(head)
        inner = QWidget()
        inner.setFixedWidth(PANEL_WIDTH - _BAR_WIDTH)
        self.fields = QVBoxLayout(inner)
        self.fields.setContentsMargins(GAP, 0, GAP - _BAR_WIDTH + GAP_SMALL, 0)
        self.fields.setSpacing(GAP_SMALL)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self._column.addWidget(area, 1)
        self.foot = QVBoxLayout()
        self.foot.setContentsMargins(GAP, 0, GAP, 0)
        self.foot.setSpacing(GAP_SMALL)
        self._column.addLayout(self.foot)

    def add_field(self, name: str, field: QWidget, buddy: QWidget | None = None) -> None:
        """A field with its name above."""
        self.fields.addWidget(label_for(name, buddy or field))
        self.fields.addWidget(field)

    def add_row(self, *fields: tuple[str, QWidget]) -> None:
        """Fields side by side, all of one width, each with its name above."""
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        for name, field in fields:
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            column = QVBoxLayout()
            column.setSpacing(GAP_TINY)
            column.addWidget(label_for(name, field))
            column.addWidget(field)
            row.addLayout(column, 1)
        self.fields.addLayout(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
