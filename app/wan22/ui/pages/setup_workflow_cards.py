"""Cards of the workflows section: what could not be converted, what was found, which files it takes, its facts."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QWidget

from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.state.workflow_chain import LEVEL_TONES
from wan22.ui.state.workflow_view import ModelUse, WorkflowView, missing_models
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.fact_table import allow_selection, breakable
from wan22.ui.widgets.lint_list import LintList
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

MEND_NEEDS_ALL = "Cannot be mended here as long as parts of the workflow could not be converted."


class FindingCard(SectionCard):
    """The findings, and how far the look into the LoRA files is. `stopped`: do not look any further."""

    stopped = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("What was found", "", parent)
        self.lints = LintList(theme)
        self.body.addWidget(self.lints)
        self.wait = QWidget()
        row = QHBoxLayout(self.wait)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        self.wait_text = ElidedLabel(TextRole.body, "muted", Qt.TextElideMode.ElideMiddle)
        row.addWidget(self.wait_text, 2)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Looking into the LoRA files")
        row.addWidget(bar, 1)
        row.addWidget(
            push_button("Stop", "Leave the files alone", self.stopped.emit, name="Stop looking into the LoRA files")
        )
        self.body.addWidget(self.wait)
        self.wait.hide()

    def show_view(self, view: WorkflowView) -> None:
        """Show the findings of a workflow."""
        findings = view.analysis.findings
        self.lints.show_findings(findings, MEND_NEEDS_ALL if view.unknown else "")
        self.lints.setVisible(bool(findings))
        counts = {word: sum(item.level is level for item in findings) for level, (_, word) in LEVEL_TONES.items()}
        said = ", ".join(
            f"{count} {word}{'s' if word == 'note' and count > 1 else ''}" for word, count in counts.items() if count
        )
        loras = [one for one in view.models if one.folder.endswith("loras")]
        looked = ""
        if view.has_headers:
            looked = " The LoRA files were compared with the models that they are put on."
        elif loras and not view.can_look_inside:
            is_missing = all(one.is_here is False for one in loras)
            why = "they are not on this machine" if is_missing else "no ComfyUI is chosen"
            looked = f" The LoRA files were not looked into: {why}."
        self.explanation.say((f"{said.capitalize()}." if said else "Nothing is doubtful about it.") + looked)
        self.explanation.show()

    def show_looking(self, file: str, number: int) -> None:
        """A file is looked into."""
        self.wait_text.say(f"Looking into file {number}: {file}" if file else "Looking into the LoRA files …")
        self.wait.show()


class UnknownCard(SectionCard):
    """Nodes that could not be converted. `packs_wanted` leads to the node packs."""

    packs_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("What could not be converted", "The rest was read without these; a job needs them.", parent)
        self._theme = theme
        self.has_packs = False
        self._made: list[QWidget] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self.hide()

    def show_view(self, view: WorkflowView) -> None:
        """One row a class."""
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        for number, found in enumerate(view.unknown):
            pack = str(found.where.get("pack") or "")
            name = str(found.where.get("class_type", ""))
            words = TextLabel(breakable(f"{found.message} {found.hint}".strip()), TextRole.body)
            words.setWordWrap(True)
            allow_selection(words)
            self._put(Chip(self._theme, Tone.bad, "not converted"), number, 0)
            self._put(words, number, 1)
            if self.has_packs:
                tip = f"See about {pack or 'the node pack of ' + name}"
                self._put(
                    push_button("Node packs", tip, partial(self.packs_wanted.emit, name), name=f"Node packs: {name}"),
                    number,
                    2,
                )
        self.setVisible(bool(view.unknown))

    def _put(self, widget: QWidget, row: int, column: int) -> None:
        self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop)
        self._made.append(widget)


class ModelUseCard(SectionCard):
    """Files that the workflow names. `model_wanted` says one of them, empty for all."""

    model_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Model files", "", parent)
        self._theme = theme
        self._made: list[QWidget] = []
        self.head.addWidget(
            push_button("Models", "See all model files, and fetch what is missing", lambda: self.model_wanted.emit("")),
            0,
            Qt.AlignmentFlag.AlignTop,
        )
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP_SMALL)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)

    def show_view(self, view: WorkflowView) -> None:
        """One row a file."""
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        for number, use in enumerate(view.models):
            self._add(number, use)
        missing = missing_models(view.models)
        unknown = sum(one.is_here is None for one in view.models)
        if missing:
            text = f"{len(missing)} of {len(view.models)} are not on this machine."
        elif unknown:
            text = "Whether they are here is not known: no ComfyUI is chosen, or it loads them itself."
        else:
            text = "All of them are on this machine."
        self.explanation.say(text)
        self.explanation.show()
        self.setVisible(bool(view.models))

    def _add(self, number: int, use: ModelUse) -> None:
        tone, word = {True: (Tone.good, "present"), False: (Tone.bad, "missing"), None: (Tone.unknown, "unknown")}[
            use.is_here
        ]
        file = ElidedLabel(TextRole.body, mode=Qt.TextElideMode.ElideMiddle)
        file.say(use.file)
        for column, widget in enumerate(
            (
                TextLabel(use.purpose, TextRole.body, "muted"),
                file,
                TextLabel(use.folder or "folder unknown", TextRole.caption, "muted"),
                Chip(self._theme, tone, word),
            )
        ):
            side = Qt.AlignmentFlag.AlignVCenter
            self._grid.addWidget(widget, number, column, side if column != 3 else side | Qt.AlignmentFlag.AlignRight)
            self._made.append(widget)
        if use.is_here is False and use.listed:
            button = push_button(
                "Fetch…",
                "Shows it among the models, where it can be fetched",
                partial(self.model_wanted.emit, use.listed),
                name=f"Fetch {use.file}",
            )
            self._grid.addWidget(button, number, 4)
            self._made.append(button)
