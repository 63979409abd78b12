"""The first start: which ComfyUI? The demo goes on until one is chosen."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from wan22.ui.measure import CONTROL_HEIGHT, GAP, GAP_SMALL, TextRole
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.text_label import TextLabel

DEFAULT_ADDRESS = "http://127.0.0.1:8188"
_MOST_FOLDERS = 2
_LOOKING = "Looking for ComfyUI on this machine …"
_NONE_FOUND = "No ComfyUI was found in the usual places of this machine."


class FirstStartCard(QFrame):
    """Says what is wanted: a folder to be checked, the dialog for one, an address to be checked, or the demo."""

    folder_wanted = Signal(object)
    dialog_wanted = Signal()
    url_wanted = Signal(str)
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("First start")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, GAP, 20, GAP)
        column.setSpacing(GAP_SMALL)
        self._found: list[Path] = []
        self.title = TextLabel("", TextRole.value)
        self.text = TextLabel("", TextRole.body, "muted")
        self.text.setWordWrap(True)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addLayout(self._folder_row())
        column.addLayout(self._choices())
        self.doubt = DoubtLine()
        column.addWidget(self.doubt)
        self.show_demo(is_demo=True)

    def show_demo(self, *, is_demo: bool) -> None:
        """Whether the demo runs, or nothing was chosen at all."""
        self.title.say("This is the SIMULATED demo" if is_demo else "Which ComfyUI shall be used?")
        self.text.say(
            "A stand-in plays ComfyUI and its GPU, so that everything can be tried; nothing is measured. "
            "Choose your ComfyUI when you want real videos."
            if is_demo
            else "Choose the one on this machine, one that runs elsewhere, or the simulated demo."
        )
        self.demo.setText("Stay in the demo" if is_demo else "Use the demo")
        self.demo.setAccessibleName(self.demo.text())

    def show_searching(self) -> None:
        """The search goes on."""
        self.doubt.show_doubt(_LOOKING, Tone.unknown)

    def show_folders(self, folders: Sequence[tuple[Path, str | None]]) -> None:
        """What was found: folder and version of each, the likeliest first."""
        self._found = [folder for folder, _ in folders[:_MOST_FOLDERS]]
        for button in self._buttons:
            button.hide()
        for button, (folder, version) in zip(self._buttons, folders, strict=False):
            name = f"ComfyUI {version}" if version else "ComfyUI"
            button.setText(f"Use {name} in {short_path(folder)}")
            button.setAccessibleName(f"Use {name} in {folder}")
            button.setToolTip(f"{folder}\nIt is started from here when a video is made, and stopped with the panel")
            button.show()
        self.doubt.show_doubt("" if folders else _NONE_FOUND, Tone.unknown)

    def show_checking(self, what: str) -> None:
        """Something is checked."""
        self._enable(False)
        self.doubt.show_doubt(f"Looking at {what} …", Tone.unknown)

    def show_refusal(self, reason: str) -> None:
        """What was checked cannot be used."""
        self._enable(True)
        self.doubt.show_doubt(reason, Tone.bad)

    def show_done(self) -> None:
        """What was checked is used now."""
        self._enable(True)
        self._address.hide()
        self.attach.show()
        self.doubt.show_doubt("")

    def _folder_row(self) -> QHBoxLayout:
        """Made beforehand: the keyboard goes through widgets in the order in which they were made."""
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self._buttons = [_button("", "") for _ in range(_MOST_FOLDERS)]
        for number, button in enumerate(self._buttons):
            button.clicked.connect(lambda _checked=False, one=number: self.folder_wanted.emit(self._found[one]))
            button.hide()
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _choices(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.choose = _button("Choose folder …", "Name the folder with ComfyUI's main.py, or the portable's top folder")
        self.choose.clicked.connect(self.dialog_wanted)
        self.attach = _button("Use a running server …", "Attach to a ComfyUI that runs already, here or elsewhere")
        self.attach.clicked.connect(self._ask_address)
        self.demo = _button("Stay in the demo", "Hide this for now; the choice is offered again at the next start")
        self.demo.clicked.connect(self.demo_wanted)
        self._address = self._address_row()
        for widget in (self.choose, self.attach, self._address, self.demo):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _address_row(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.address = QLineEdit(DEFAULT_ADDRESS)
        self.address.setFixedHeight(CONTROL_HEIGHT)
        self.address.setFixedWidth(232)
        self.address.setAccessibleName("Address of the server")
        self.address.setToolTip("As in the browser, for example http://192.168.1.20:8188")
        self.address.returnPressed.connect(self._address_given)
        self.use_address = _button("Use this server", "Ask the server who it is, and use it when it answers")
        self.use_address.clicked.connect(self._address_given)
        row.addWidget(self.address)
        row.addWidget(self.use_address)
        holder.hide()
        return holder

    def _ask_address(self) -> None:
        self.attach.hide()
        self._address.show()
        self.address.setFocus()
        self.address.selectAll()

    def _address_given(self) -> None:
        self.url_wanted.emit(self.address.text())

    def _enable(self, is_on: bool) -> None:
        for button in (*self._buttons, self.choose, self.attach, self.use_address):
            button.setEnabled(is_on)


def short_path(folder: Path, most: int = 30) -> str:
    """A path with `~` for the home folder, cut in the middle when it is long."""
    home = Path.home()
    text = str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)
    return text if len(text) <= most else f"{text[: most // 3]}…{text[-(most - most // 3 - 1) :]}"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setFixedHeight(CONTROL_HEIGHT)
    button.setAccessibleName(text.removesuffix(" …"))
    button.setToolTip(tip)
    return button
