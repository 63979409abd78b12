"""The line at the bottom: the server, what matters beside it, and the way to the log."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from wan22.ui.measure import GAP_SMALL, GAP_TINY, GUTTER, STATE_LINE_HEIGHT, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import WORDS, Tone
from wan22.ui.widgets.icon import icon
from wan22.ui.widgets.text_label import TextLabel


class _Dot(QWidget):
    """The server's state as a dot; the words beside it say the same."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tone = Tone.unknown
        self.setFixedSize(8, 8)
        theme.changed.connect(self.update)

    def show_tone(self, tone: Tone) -> None:
        self._tone = tone
        self.setAccessibleName(f"State: {WORDS[tone]}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ink(self._tone))
        painter.drawEllipse(self.rect())
        painter.end()


class StateLine(QWidget):
    """`log_toggled` asks to open or close the log, `open_wanted` to show the server's own page in the browser."""

    log_toggled = Signal(bool)
    open_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("state-line")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("State of the server")
        self.setFixedHeight(STATE_LINE_HEIGHT)
        self._theme = theme
        self._items: list[tuple[TextLabel, TextLabel]] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER, 0, GUTTER - 8, 0)
        row.setSpacing(GAP_SMALL)
        self._dot = _Dot(theme)
        row.addWidget(self._dot)
        self._server = TextLabel("", TextRole.strong)
        row.addWidget(self._server)
        row.addSpacing(GAP_SMALL)
        self._places = QHBoxLayout()
        self._places.setSpacing(GUTTER)
        row.addLayout(self._places)
        row.addStretch(1)
        self.open_button = self._open_button(theme)
        row.addWidget(self.open_button)
        self.log_button = QToolButton()
        self.log_button.setProperty("kind", "flat")
        self.log_button.setText("Log")
        self.log_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.log_button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.log_button.setIconSize(QSize(12, 12))
        self.log_button.setCheckable(True)
        self.log_button.setFixedHeight(STATE_LINE_HEIGHT - 4)
        self.log_button.setFont(theme.font(TextRole.body))
        self.log_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.log_button.setAccessibleName("Log of the server")
        self.log_button.setToolTip("Show or hide what the server writes (Ctrl+L)")
        self.log_button.setShortcut("Ctrl+L")
        self.log_button.toggled.connect(self._toggled)
        row.addWidget(self.log_button)
        theme.changed.connect(self._repaint_icon)
        self._repaint_icon()
        self.show_server("No server", Tone.unknown)

    def show_server(self, text: str, tone: Tone) -> None:
        """Say what the server does."""
        self._server.say(text)
        self._dot.show_tone(tone)

    def show_address(self, url: str | None) -> None:
        """Offer the server's own page; without a server there is none."""
        self.open_button.setVisible(url is not None)
        if url is not None:
            self.open_button.setToolTip(f"Open ComfyUI's own page in the browser: {url}")

    def show_items(self, items: Sequence[tuple[str, str]]) -> None:
        """Say further facts as (name, value), such as `profile rtx5090`."""
        while len(self._items) < len(items):
            name, value = TextLabel(ink="muted"), TextLabel(role=TextRole.strong)
            pair = QHBoxLayout()
            pair.setSpacing(GAP_TINY)
            pair.addWidget(name)
            pair.addWidget(value)
            self._places.addLayout(pair)
            self._items.append((name, value))
        for number, (name, value) in enumerate(self._items):
            is_used = number < len(items)
            name.setVisible(is_used)
            value.setVisible(is_used)
            if is_used:
                name.say(items[number][0])
                value.say(items[number][1])

    def _open_button(self, theme: Theme) -> QToolButton:
        button = QToolButton()
        button.setProperty("kind", "flat")
        button.setText("Open ComfyUI")
        button.setFixedHeight(STATE_LINE_HEIGHT - 4)
        button.setFont(theme.font(TextRole.body))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName("Open ComfyUI in the browser")
        button.clicked.connect(self.open_wanted)
        button.hide()
        return button

    def _toggled(self, is_open: bool) -> None:
        self._repaint_icon()
        self.log_toggled.emit(is_open)

    def _repaint_icon(self) -> None:
        name = "down" if self.log_button.isChecked() else "up"
        muted, text = self._theme.colour("muted"), self._theme.colour("text")
        self.log_button.setIcon(icon(name, muted, text, self.devicePixelRatioF()))
