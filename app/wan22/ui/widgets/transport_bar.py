"""What plays a clip: play, steps, place, speed, loop, full size."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from wan22.ui.measure import CONTROL_HEIGHT, CONTROL_HEIGHT_LARGE, GAP, GAP_SMALL, GAP_TINY
from wan22.ui.number_text import number
from wan22.ui.theme import Theme
from wan22.ui.widgets.icon import icon
from wan22.ui.widgets.seek_bar import SeekBar
from wan22.ui.widgets.text_label import TextLabel

_TIMES = "\u00d7"
SPEEDS = ((0.25, f"¼{_TIMES}"), (0.5, f"½{_TIMES}"), (1.0, f"1{_TIMES}"), (2.0, f"2{_TIMES}"))
_NORMAL = 2
_SPEED_WIDTH = 68
_PLAYER_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


class IconButton(QToolButton):
    """A button with a drawing alone. Arrow keys are left to the player: they would move the focus."""

    def __init__(
        self,
        theme: Theme,
        drawing: str,
        name: str,
        tip: str,
        width: int = CONTROL_HEIGHT,
        is_on: bool | None = None,
    ) -> None:
        """`is_on`: state of a button that switches something; None: it only does something."""
        super().__init__()
        if is_on is not None:
            self.setCheckable(True)
            self.setChecked(is_on)
        self._theme = theme
        self._drawing = ""
        self.setProperty("kind", "icon")
        self.setFixedSize(width, CONTROL_HEIGHT)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_drawing(drawing, name, tip)
        theme.changed.connect(self._draw)

    def show_drawing(self, drawing: str, name: str, tip: str) -> None:
        """Another drawing with its name and tool tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)
        if drawing != self._drawing:
            self._drawing = drawing
            self._draw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let arrow keys through to the player."""
        if event.key() in _PLAYER_KEYS:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        lit = self._theme.colour("accent_text" if self.isCheckable() else "text")
        self.setIcon(icon(self._drawing, self._theme.colour("text"), lit, ratio))


class TransportBar(QWidget):
    """Two rows of controls; says what the person wants and shows what it is told."""

    play_wanted = Signal()
    step_wanted = Signal(int)
    seek_wanted = Signal(int)
    speed_wanted = Signal(float)
    loop_wanted = Signal(bool)
    full_size_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seek = SeekBar(theme)
        self.frame_text = TextLabel("", ink="muted")
        self.time_text = TextLabel("")
        self.play = IconButton(theme, "play", "Play", "", CONTROL_HEIGHT_LARGE)
        self.back = IconButton(theme, "step_back", "One frame back", "One frame back and pause (Left or ,)")
        self.forward = IconButton(
            theme, "step_forward", "One frame forward", "One frame forward and pause (Right or .)"
        )
        self.loop = IconButton(theme, "loop", "Loop", "Start again at the end; off: stop on the last frame", is_on=True)
        self.full_size = IconButton(theme, "full_size", "", "")
        self.speed = self._speed_choice()
        self._lay_out()
        self.play.clicked.connect(self.play_wanted)
        self.back.clicked.connect(lambda: self.step_wanted.emit(-1))
        self.forward.clicked.connect(lambda: self.step_wanted.emit(1))
        self.seek.valueChanged.connect(self.seek_wanted)
        self.speed.activated.connect(lambda row: self.speed_wanted.emit(SPEEDS[row][0]))
        self.loop.toggled.connect(self.loop_wanted)
        self.full_size.clicked.connect(self.full_size_wanted)
        self.show_playing(False)
        self.show_full_size(False)
        self.clear()

    def clear(self) -> None:
        """No clip: nothing to play."""
        self.setEnabled(False)
        self.seek.blockSignals(True)
        self.seek.setRange(0, 0)
        self.seek.blockSignals(False)
        self.show_loaded(0.0, "")
        self.time_text.say("")

    def show_playing(self, is_playing: bool) -> None:
        """What the large button does next."""
        if is_playing:
            self.play.show_drawing("pause", "Pause", "Pause (Space)")
        else:
            self.play.show_drawing("play", "Play", "Play (Space)")

    def show_place(self, index: int, count: int, time_s: float, duration_s: float) -> None:
        """Where the clip is."""
        self.seek.blockSignals(True)
        self.seek.setRange(0, count - 1)
        if not self.seek.isSliderDown():
            self.seek.setValue(index)
        self.seek.blockSignals(False)
        self.time_text.say(f"{number(time_s, 1)} / {number(duration_s, 1)} s")
        _hold_width(self.time_text, f"{number(duration_s, 1)} / {number(duration_s, 1)} s")
        _hold_width(self.frame_text, f"frame {number(count)} / {number(count)}")

    def show_loaded(self, share: float, frame: str) -> None:
        """How much is ready, and the number of the frame in words."""
        self.seek.show_loaded(share)
        self.frame_text.say(frame)
        self.frame_text.setVisible(bool(frame))

    def show_full_size(self, is_full: bool) -> None:
        """What the last button does next; at the edges of a screen the controls keep some distance."""
        side = GAP if is_full else 0
        self._column.setContentsMargins(side, 0, side, side)
        if is_full:
            self.full_size.show_drawing("small_size", "Back to the window", "Back to the window (Esc)")
        else:
            self.full_size.show_drawing("full_size", "Full size", "Fill the whole screen (F); Esc comes back")

    def _speed_choice(self) -> QComboBox:
        speed = QComboBox()
        speed.addItems([text for _, text in SPEEDS])
        speed.setCurrentIndex(_NORMAL)
        speed.setAccessibleName("Speed")
        speed.setToolTip("Speed: a quarter to twice the clip's own; up to the screen's rate every frame is shown")
        speed.setFixedWidth(_SPEED_WIDTH)
        return speed

    def _lay_out(self) -> None:
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_TINY)
        place = QHBoxLayout()
        place.setSpacing(GAP_SMALL)
        place.addWidget(self.seek, 1)
        self.frame_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        place.addWidget(self.frame_text)
        column.addLayout(place)
        row = QHBoxLayout()
        row.setSpacing(GAP_TINY)
        for button in (self.back, self.play, self.forward):
            row.addWidget(button)
        row.addSpacing(GAP_SMALL)
        row.addWidget(self.time_text)
        row.addStretch(1)
        for widget in (self.speed, self.loop, self.full_size):
            row.addWidget(widget)
        column.addLayout(row)


def _hold_width(label: TextLabel, widest: str) -> None:
    """Room for the longest text, so that nothing beside it moves."""
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + GAP_TINY)
