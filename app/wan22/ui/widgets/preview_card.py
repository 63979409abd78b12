"""The picture of the job: a preview of each step while it runs, the finished video when it is done."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.state.preview_text import GUESS
from wan22.ui.state.result_file import is_video
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.picture_view import PictureView
from wan22.ui.widgets.result_bar import ResultBar
from wan22.ui.widgets.text_label import TextLabel
from wan22.ui.widgets.video_player import VideoPlayer

LEAST_HEIGHT = 340
TEXT_HEIGHT = 220
"""With nothing to look at, less will do."""


class PreviewCard(QFrame):
    """`again` asks for the same job, `folder_wanted` for a folder to be opened."""

    again = Signal()
    folder_wanted = Signal(Path)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Preview and result")
        # A page that scrolls would make room for all that a picture wishes for; it shall fill what is left.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(LEAST_HEIGHT)
        self._theme = theme
        self.path: Path | None = None
        """The result that is shown; None while there is none."""
        self.player: VideoPlayer | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, 12, GAP, GAP)
        column.setSpacing(GAP_SMALL)
        head = QHBoxLayout()
        head.setSpacing(GAP_SMALL)
        self.title = TextLabel("Preview", TextRole.heading)
        head.addWidget(self.title)
        head.addStretch(1)
        self.caption = TextLabel("", TextRole.caption, "muted")
        head.addWidget(self.caption)
        self.simulated = Chip(theme, Tone.slow, "SIMULATED")
        self.simulated.setToolTip("No real model made these pictures")
        self.simulated.hide()
        head.addWidget(self.simulated)
        column.addLayout(head)
        self._stack = QStackedWidget()
        self._stack.setStyleSheet("background: transparent;")
        self.picture = PictureView(theme, "Preview of the video")
        self._stack.addWidget(self.picture)
        column.addWidget(self._stack, 1)
        self.guess = TextLabel(GUESS, TextRole.caption, "muted")
        self.guess.hide()
        column.addWidget(self.guess)
        self.bar = ResultBar()
        self.bar.again.connect(self.again)
        self.bar.folder_wanted.connect(self._open_folder)
        self.bar.path_wanted.connect(self._copy_path)
        self.bar.hide()
        column.addWidget(self.bar)

    def show_preview(self, image: QImage, caption: str, *, simulated: bool) -> None:
        """The newest picture and where it comes from."""
        self._leave_result()
        self.setMinimumHeight(LEAST_HEIGHT)
        self.caption.say(caption)
        self.simulated.setVisible(simulated)
        self.guess.show()
        self.picture.show_picture(image)

    def say_caption(self, caption: str) -> None:
        """The same picture has got older."""
        self.caption.say(caption)

    def show_text(self, text: str) -> None:
        """There is no picture; say why."""
        self._leave_result()
        self.setMinimumHeight(TEXT_HEIGHT)
        self.caption.say("")
        self.simulated.hide()
        self.guess.hide()
        self.picture.show_text(text)

    def show_result(self, path: Path, *, simulated: bool) -> None:
        """The finished video plays in place; a result that is no video is named alone. Once for each file."""
        if path == self.path:
            return
        self.path = path
        self.setMinimumHeight(LEAST_HEIGHT)
        self.title.say("Result")
        self.caption.say("")
        self.simulated.setVisible(simulated)
        self.guess.hide()
        self.bar.name.say(path.name)
        self.bar.show()
        if is_video(path):
            self._stack.setCurrentWidget(self._made_player())
            self._made_player().open(path)
        else:
            self._stack.setCurrentWidget(self.picture)
            self.picture.show_text(f"{path.name} is no video that can be played here.")

    def close_clip(self) -> None:
        """Let go of the file."""
        if self.player is not None:
            self.player.close_clip()

    def _made_player(self) -> VideoPlayer:
        """The player, made when the first video is there."""
        if self.player is None:
            self.player = VideoPlayer(self._theme)
            self._stack.addWidget(self.player)
        return self.player

    def _leave_result(self) -> None:
        if self.path is None:
            return
        self.path = None
        self.title.say("Preview")
        self.bar.hide()
        self.close_clip()
        self._stack.setCurrentWidget(self.picture)

    def _open_folder(self) -> None:
        if self.path is not None:
            self.folder_wanted.emit(self.path.parent)

    def _copy_path(self) -> None:
        if self.path is not None:
            QApplication.clipboard().setText(str(self.path))
