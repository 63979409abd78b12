"""One node pack: how it stands, what it is for or why it does not load, and what can be done."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.comfy.pack_status_text import STATE_WORDS, failure_text, names, status_text
from wan22.schema.node_pack import PackState, PackStatus
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.text_label import TextLabel

CHIP_COLUMN = 136
TONES: dict[PackState, tuple[Tone, str]] = {
    PackState.core: (Tone.good, "in ComfyUI"),
    PackState.core_too_old: (Tone.bad, "too old"),
    PackState.loaded: (Tone.good, "loaded"),
    PackState.on_disk: (Tone.unknown, "installed"),
    PackState.restart_needed: (Tone.slow, "restart"),
    PackState.failed: (Tone.bad, "does not load"),
    PackState.class_missing: (Tone.bad, "nodes missing"),
    PackState.disabled: (Tone.slow, "disabled"),
    PackState.absent: (Tone.unknown, "not installed"),
    PackState.unknown: (Tone.unknown, "unknown"),
}
_OFFERS: dict[PackState, tuple[str, str]] = {
    PackState.absent: ("Install …", "Fetch it aside and show what an installation would do"),
    PackState.disabled: ("Switch on …", "Show what switching it on would do"),
    PackState.failed: ("Repair …", "Bring it to the state of the catalogue, with the packages that it misses"),
    PackState.class_missing: ("Update …", "Bring it to the state of the catalogue"),
}


class PackRow(QWidget):
    """`install_wanted` and `disable_wanted` bring the status."""

    install_wanted = Signal(object)
    disable_wanted = Signal(object)

    def __init__(self, theme: Theme, status: PackStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = status
        self.setAccessibleName(f"{status.need.name}: {STATE_WORDS[status.state]}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self._chip(theme), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._words(), 1)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(GAP_SMALL)
        self._offer()
        right = QVBoxLayout()
        right.addLayout(self.buttons)
        right.addStretch(1)
        row.addLayout(right)

    def _chip(self, theme: Theme) -> QWidget:
        """The chip in a column of its own, so that names stand one below the other."""
        tone, word = TONES[self.status.state]
        column = QWidget()
        column.setFixedWidth(CHIP_COLUMN)
        inner = QHBoxLayout(column)
        inner.setContentsMargins(0, 0, 0, 0)
        chip = Chip(theme, tone, word)
        chip.setToolTip(STATE_WORDS[self.status.state])
        inner.addWidget(chip)
        inner.addStretch(1)
        return column

    def _words(self) -> QVBoxLayout:
        status = self.status
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        words.setContentsMargins(0, GAP_TINY, 0, 0)
        version = status.version or (status.commit or "")[:9]
        head = QHBoxLayout()
        head.setSpacing(GAP_SMALL)
        head.addWidget(TextLabel(status.need.name, TextRole.strong))
        head.addWidget(TextLabel(version, TextRole.body, "muted"))
        head.addStretch(1)
        words.addLayout(head)
        for text in dict.fromkeys((self._grounds(), status.purpose, self._nodes())):
            if text:
                label = TextLabel(breakable(text), TextRole.caption, "muted")
                label.setWordWrap(True)
                words.addWidget(label)
        words.addStretch(1)
        return words

    def _grounds(self) -> str:
        status = self.status
        if status.state is PackState.disabled:
            return f"It lies in {status.folder} and is passed over."
        return failure_text(status) if status.state is PackState.failed else status_text(status)

    def _nodes(self) -> str:
        """The nodes that a workflow wants of it."""
        need = self.status.need
        return f"Nodes: {names(need.classes)}" if need.nodes else ""

    def _offer(self) -> None:
        status = self.status
        offer = _OFFERS.get(status.state)
        name = status.need.name
        if offer is not None and status.is_installable:
            text, tip = offer
            called = f"{text.removesuffix(' …')} {name}"
            self.buttons.addWidget(push_button(text, tip, lambda: self.install_wanted.emit(status), name=called))
        can_disable = status.state in (PackState.loaded, PackState.on_disk, PackState.failed)
        if can_disable and status.folder is not None and not status.need.nodes:
            tip = "Rename its folder so that ComfyUI passes it over"
            asked = push_button(
                "Disable", tip, lambda: self.disable_wanted.emit(status), name=f"Disable {name}", kind="flat"
            )
            self.buttons.addWidget(asked)
