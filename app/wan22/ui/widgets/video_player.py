"""A clip that plays in place, from memory, paced by its own time stamps."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wan22.system.clock import Clock, SystemClock
from wan22.ui.clip_feed import CACHE_BYTES, ClipFeed
from wan22.ui.measure import GAP_SMALL
from wan22.ui.number_text import number
from wan22.ui.state.playhead import Playhead
from wan22.ui.theme import Theme
from wan22.ui.widgets.frame_view import FrameView
from wan22.ui.widgets.transport_bar import TransportBar

if TYPE_CHECKING:
    from wan22.schema.clip import ClipInfo
    from wan22.schema.problem import Problem

EMPTY_TITLE = "No clip"
EMPTY_TEXT = "The video appears here as soon as there is one."
_STEPS: dict[int, int] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Comma: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Period: 1,
}


class VideoPlayer(QWidget):
    """Plays in a loop. `opened` says a `ClipInfo` with the first picture, `problem` a `Problem`.

    A clip that is cut short plays as far as it goes, and `problem` says so; any other problem takes the picture's
    place. A player that is not visible rests and goes on when it is seen again. Before a file is to be deleted or
    replaced, call `close_clip`.
    """

    opened = Signal(object)
    problem = Signal(object)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        clock: Clock | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._clock = clock or SystemClock()
        self._cache_bytes = cache_bytes
        self._feed: ClipFeed | None = None
        self._playhead: Playhead | None = None
        self._told: Problem | None = None
        self._plays_when_seen = False
        self._speed = 1.0
        self._full: _FullView | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.view = FrameView(theme)
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setAccessibleName("Video")
        self.bar = TransportBar(theme)
        self._body = self._built_body()
        self._place = QVBoxLayout(self)
        self._place.setContentsMargins(0, 0, 0, 0)
        self._place.addWidget(self._body)
        self.bar.play_wanted.connect(self.toggle)
        self.bar.step_wanted.connect(self.step)
        self.bar.seek_wanted.connect(self.seek)
        self.bar.speed_wanted.connect(self.set_speed)
        self.bar.loop_wanted.connect(self.set_loop)
        self.bar.full_size_wanted.connect(self.toggle_full_size)
        self.view.show_text(EMPTY_TITLE, EMPTY_TEXT)

    @property
    def clip(self) -> "ClipInfo | None":
        """What is open; None until its first picture is there."""
        return self._feed.info if self._feed is not None else None

    @property
    def is_playing(self) -> bool:
        """Whether pictures follow one another now."""
        return self._playhead is not None and self._playhead.is_playing

    @property
    def index(self) -> int | None:
        """Number of the present frame, from 0."""
        return None if self._playhead is None else self._playhead.index

    def open(self, path: Path) -> None:
        """Play another clip; returns at once, the pictures come by themselves."""
        self.close_clip()
        self.view.show_text(f"Opening {path.name}", "Reading the first frame …")
        self._plays_when_seen = True
        self._feed = feed = ClipFeed(path, self._cache_bytes)
        feed.changed.connect(self._take_news, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(feed.abandon)
        feed.start()

    def close_clip(self) -> None:
        """Forget the clip: its thread has ended and its file is closed when this returns."""
        self._timer.stop()
        if self._feed is not None:
            self._feed.changed.disconnect(self._take_news)
            self.destroyed.disconnect(self._feed.abandon)
            self._feed.close()
        self._feed = self._playhead = self._told = None
        self._plays_when_seen = False
        self._close_full_size()
        self.bar.clear()
        self.bar.show_playing(False)
        self.view.show_text(EMPTY_TITLE, EMPTY_TEXT)

    def toggle(self) -> None:
        """Play or pause."""
        if self._playhead is None:
            return
        if self._playhead.is_playing:
            self.pause()
        else:
            self._play(self._playhead)

    def pause(self) -> None:
        """Stay on the present frame."""
        self._plays_when_seen = False
        if self._playhead is not None:
            self._playhead.pause()
            self._show()

    def step(self, frames: int) -> None:
        """Pause, then go some frames on or back; past an end it goes round when the clip loops."""
        if self._playhead is None:
            return
        self._plays_when_seen = False
        self._playhead.pause()
        index = self._playhead.index + frames
        self.seek(index % self._playhead.count if self._playhead.loops else index)

    def seek(self, index: int) -> None:
        """Go to a frame; a playing clip plays on from there."""
        if self._playhead is not None:
            self._playhead.seek(index, self._clock.monotonic())
            self._show()

    def set_speed(self, speed: float) -> None:
        """Clip seconds a second, for this clip and the ones after it."""
        self._speed = speed
        if self._playhead is not None:
            self._playhead.set_speed(speed, self._clock.monotonic())
            self._show()

    def set_loop(self, loops: bool) -> None:
        """Whether the clip starts again at its end."""
        if self._playhead is not None:
            self._playhead.loops = loops

    def toggle_full_size(self) -> None:
        """Fill the screen, or come back."""
        if self._full is not None:
            self._close_full_size()
            return
        self._full = _FullView(self, self._body)
        self._full.left.connect(self._close_full_size)
        self._full.showFullScreen()
        self.bar.show_full_size(True)
        self.view.set_surface("window")
        self.view.setFocus(Qt.FocusReason.MouseFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        """Go on where it was."""
        super().showEvent(event)
        if self._playhead is not None and self._plays_when_seen:
            self._play(self._playhead)

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        super().hideEvent(event)
        self._close_full_size()
        if self._playhead is not None and self._playhead.is_playing:
            self._plays_when_seen = True
            self._playhead.pause()
            self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the player, wherever inside it the focus is."""
        if watched is self.view:
            return isinstance(event, QMouseEvent) and self._clicked(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._took_key(event):
            return True
        return super().eventFilter(watched, event)

    def _clicked(self, event: QMouseEvent) -> bool:
        """A click on the picture plays or pauses, a double click fills the screen."""
        if event.button() != Qt.MouseButton.LeftButton or self._playhead is None:
            return False
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.toggle_full_size()
        elif event.type() == QEvent.Type.MouseButtonRelease:
            self.toggle()
        return False

    def _play(self, playhead: Playhead) -> None:
        self._plays_when_seen = False
        playhead.play(self._clock.monotonic())
        self._show()

    def _took_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        if key == Qt.Key.Key_Escape and self._full is not None:
            self._close_full_size()
        elif self._playhead is None:
            return False
        elif key == Qt.Key.Key_Space:
            self.toggle()
        elif (frames := _STEPS.get(key)) is not None:
            self.step(frames)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.seek(0 if key == Qt.Key.Key_Home else self._playhead.count - 1)
        elif key == Qt.Key.Key_F:
            self.toggle_full_size()
        else:
            return False
        return True

    def _built_body(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_SMALL)
        column.addWidget(self.view, 1)
        column.addWidget(self.bar)
        body.installEventFilter(self)
        self.view.installEventFilter(self)
        return body

    def _take_news(self) -> None:
        feed = self._feed
        if feed is None:
            return
        feed.take_news()
        if feed.problem is not None and feed.problem is not self._told:
            self._say(feed.problem, has_picture=feed.loaded > 0)
        if feed.info is None:
            return
        if self._playhead is None:
            self._playhead = Playhead(feed.times_s, feed.info.duration_s)
            self._playhead.loops = self.bar.loop.isChecked()
            self._playhead.set_speed(self._speed, self._clock.monotonic())
            self.bar.setEnabled(True)
            if self.isVisible() and self._plays_when_seen:
                self._play(self._playhead)
            self.opened.emit(feed.info)
        self._playhead.cut(feed.count)
        self._show()

    def _say(self, found: "Problem", *, has_picture: bool) -> None:
        self._told = found
        if not has_picture:
            self.bar.clear()
            self.view.show_text(found.message, found.hint)
        self.problem.emit(found)

    def _tick(self) -> None:
        if self._playhead is not None:
            self._playhead.advance(self._clock.monotonic())
            self._show()

    def _show(self) -> None:
        """Paint what is due, and wake when something else is."""
        feed, playhead = self._feed, self._playhead
        if feed is None or playhead is None or feed.info is None:
            return
        now_s = self._clock.monotonic()
        feed.want(playhead.index)
        image = feed.image(playhead.index)
        if image is not None:
            self.view.show_image(image, float(feed.info.pixel_aspect))
        else:
            playhead.hold(now_s)  # goes on with the news that the picture is there
        self.bar.show_playing(playhead.is_playing)
        self.bar.show_place(playhead.index, playhead.count, playhead.time_s, playhead.duration_s)
        self._show_loaded(feed, playhead, is_ready=image is not None)
        wait_s = playhead.wait_s(now_s)
        if wait_s is None or image is None:
            self._timer.stop()
        else:
            self._timer.start(max(1, round(wait_s * 1000)))

    def _show_loaded(self, feed: ClipFeed, playhead: Playhead, *, is_ready: bool) -> None:
        share = feed.loaded / feed.count if feed.is_whole else 0.0
        if feed.is_loading:
            words = f"loading {100 * share:.0f} %"
        elif not is_ready:
            words = "loading …"
        else:
            words = f"frame {number(playhead.index + 1)} / {number(playhead.count)}"
        self.bar.show_loaded(share, words)

    def _close_full_size(self) -> None:
        if self._full is None:
            return
        full, self._full = self._full, None
        self._place.addWidget(self._body)
        self._body.show()
        self.bar.show_full_size(False)
        self.view.set_surface("panel")
        full.hide()
        full.deleteLater()
        if self.isVisible():
            self.view.setFocus(Qt.FocusReason.MouseFocusReason)


class _FullView(QWidget):
    """A screen without frame or title for the player's body."""

    left = Signal()

    def __init__(self, owner: QWidget, body: QWidget) -> None:
        super().__init__(owner, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Video in full size")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(body)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The system closes it, for instance by Alt+F4: the player takes its parts back."""
        event.ignore()
        self.left.emit()
