"""Setup, workflows: what a workflow does, what is doubtful about it, and how it becomes the next video."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wan22.comfy.analysis_text import analysis_markdown
from wan22.comfy.workflow import MEDIA_SUFFIXES
from wan22.schema.problem import Problem
from wan22.system.cancel import CancelToken
from wan22.system.files import file_error, write_text_atomic
from wan22.ui.context import Context
from wan22.ui.hand_over import PICTURES
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll, SetupSection
from wan22.ui.pages.setup_workflow_cards import FindingCard, ModelUseCard, UnknownCard
from wan22.ui.state.asking import Asking
from wan22.ui.state.run_form import DEFAULT_WORKFLOW
from wan22.ui.state.workflow_chain import chain_lanes
from wan22.ui.state.workflow_mend import Mend, free_name, keep_workflow, mend_of, write_copy
from wan22.ui.state.workflow_rows import workflow_rows
from wan22.ui.state.workflow_sentence import workflow_sentence
from wan22.ui.state.workflow_shelf import OPENED, Shelf, ShelfEntry, read_shelf
from wan22.ui.state.workflow_view import WorkflowView, look_inside, read_view
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.chain_view import ChainView
from wan22.ui.widgets.elided_label import ElidedLabel
from wan22.ui.widgets.fact_table import FactTable, breakable
from wan22.ui.widgets.folder_field import PathDrop
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel
from wan22.ui.widgets.workflow_list import WorkflowList
from wan22.wiring.workflow import workflow_folders

LIST_WIDTH = 248
OPENABLE = (".json", *MEDIA_SUFFIXES)
_FILTER = f"Workflows, pictures and videos ({' '.join(f'*{one}' for one in OPENABLE)});;All files (*)"
_NOTHING = (
    "Choose a workflow, or drop one here.",
    "A file of ComfyUI's editor, its API export, or a picture or video that ComfyUI saved.",
)


class WorkflowsSection(SetupSection):
    """Everything about files happens in threads; what is shown is one `WorkflowView`."""

    _file_seen = Signal(str, int)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.view: WorkflowView | None = None
        self.mend: Mend | None = None
        self._path: Path | None = None
        self._opened: list[Path] = []
        self._shelf = Shelf()
        self.setAcceptDrops(True)
        self._build()
        self._make_questions()
        context.hand_over.workflow_given.connect(self.open)
        context.panel.chosen.connect(self._settings_changed)
        PathDrop(self, lambda path: path.suffix.lower() in OPENABLE).dropped.connect(lambda text: self.open(Path(text)))
        self._show_nothing()

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have come and gone; the workflow of the Run page is shown first."""
        super().showEvent(event)
        self._ask_shelf()

    def open(self, path: Path) -> None:
        """Read a file and say what it does; it stays in the list for this session."""
        self._path = path
        if self._shelf.entry(path) is None and path not in self._opened:
            self._opened.append(path)
            self._show_shelf(self._shelf)
        self.list.select(path)
        settings, server = self._context.panel.settings, self._context.panel.server
        url = server.url if server is not None and not server.simulated else None
        self._inside.forget()
        self.say_head(f"Reading {path.name} …", str(path.parent))
        self._reading.ask(lambda cancel: read_view(path, settings, url, cancel))

    def use(self) -> None:
        """Make it the workflow of the next video."""
        view = self.view
        if view is not None:
            self._keeping.ask(lambda _cancel: keep_workflow(view, workflow_folders()))

    def save_api(self, target: Path) -> None:
        """Write the graph as a server takes it."""
        view = self.view
        if view is not None:
            self._writing.ask(lambda _cancel: write_copy(view.graph, target, view.path))

    def save_analysis(self, target: Path) -> None:
        """Write the analysis as Markdown."""
        view = self.view
        if view is None:
            return

        def write(_cancel: CancelToken) -> Path:
            write_text_atomic(target, analysis_markdown(view.analysis))
            return target

        self._writing.ask(write)

    def save_mended(self, target: Path) -> None:
        """Write the copy of which the preview was shown, and look at it."""
        view, mend = self.view, self.mend
        if view is not None and mend is not None:
            self._copying.ask(lambda _cancel: write_copy(mend.graph, target, view.path))

    # composition

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._left())
        right = QVBoxLayout()
        right.setSpacing(GAP)
        right.addLayout(self._actions())
        theme = self._context.theme
        self.card_scroll = CardScroll("What the workflow does")
        self.notice_card = SectionCard("This file cannot be used")
        self.notice = Notice(theme)
        self.notice_card.body.addWidget(self.notice)
        self.as_image = push_button("Use it as the start image", "Take it to the Run page", self._use_as_image)
        self.notice_card.body.addWidget(self.as_image, 0, Qt.AlignmentFlag.AlignLeft)
        self.chain_card = SectionCard("From the inputs to the file")
        self.chain = ChainView(theme)
        self.chain_card.body.addWidget(self.chain)
        self.unknown = UnknownCard(theme)
        self.findings = FindingCard(theme)
        self.models = ModelUseCard(theme)
        self.fact_card = SectionCard("Facts")
        self.facts = FactTable()
        self.fact_card.body.addWidget(self.facts)
        for card in (self.notice_card, self.unknown, self.chain_card, self.findings, self.models, self.fact_card):
            self.card_scroll.cards.addWidget(card)
        self.card_scroll.cards.addStretch(1)
        right.addWidget(self.card_scroll, 1)
        row.addLayout(right, 1)
        self.column.addLayout(row, 1)

    def _left(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(LIST_WIDTH)
        column = QVBoxLayout(card)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP_SMALL)
        column.addWidget(TextLabel("Workflows", TextRole.heading))
        self.list = WorkflowList(self._context.theme)
        self.list.chosen.connect(self.open)
        column.addWidget(self.list, 1)
        hint = TextLabel("or drop a file anywhere here: .json, .png, .webp, .mp4, .webm", TextRole.caption, "muted")
        hint.setWordWrap(True)
        self.open_button = push_button(
            "Open…",
            "Choose a workflow, or a picture or video that ComfyUI saved",
            self._ask_file,
            name="Open a workflow",
        )
        column.addWidget(self.open_button)
        column.addWidget(hint)
        return card

    def _actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, 0, SCROLL_EDGE, 0)
        self.use_button = push_button(
            "Use it next",
            "Make it the workflow of the Run page; a file from elsewhere is copied first",
            self.use,
        )
        set_main(self.use_button, True)
        self.api_button = push_button(
            "Save as API JSON…", "Write it in the form that a server takes", partial(self._ask_target, "api")
        )
        self.analysis_button = push_button(
            "Save analysis…", "Write what is said here as a Markdown document", partial(self._ask_target, "analysis")
        )
        self.folder_button = push_button("Open folder", "Show the file in the file manager", self._open_folder)
        self.said = ElidedLabel(TextRole.body, "muted", Qt.TextElideMode.ElideMiddle)
        for button in (self.use_button, self.api_button, self.analysis_button, self.folder_button):
            row.addWidget(button)
        row.addWidget(self.said, 1)
        return row

    def _make_questions(self) -> None:
        def asking(name: str, answered: Callable[..., None], refused: Callable[[Problem], None]) -> Asking:
            made = Asking(self._context.work, name, self)
            made.answered.connect(answered)
            made.refused.connect(refused)
            return made

        tell = self._context.tell_problem
        self._shelving = asking("workflow-shelf", self._shelf_read, tell)
        self._reading = asking("workflow-read", self._read, self._refused)
        self._inside = asking("workflow-headers", self._looked_inside, self._inside_refused)
        self._mending = asking("workflow-mend", self._mend_made, tell)
        self._targeting = asking("workflow-target", self._open_save_dialog, tell)
        self._writing = asking("workflow-write", lambda path: self.said.say(f"Saved {path.name}."), tell)
        self._copying = asking("workflow-copy", self._copied, tell)
        self._keeping = asking("workflow-keep", self._context.hand_over.use_workflow, tell)
        self._file_seen.connect(self.findings.show_looking, Qt.ConnectionType.QueuedConnection)
        self.findings.stopped.connect(self._stop_looking)
        self.findings.lints.mend_wanted.connect(self._ask_mend)
        self.findings.lints.copy_wanted.connect(lambda _rule: self._ask_target("mended"))
        show = self._context.hand_over.show_section
        self.models.model_wanted.connect(lambda file: show("models", file))
        self.unknown.packs_wanted.connect(lambda name: show("packs", name))

    # the list

    def _ask_shelf(self) -> None:
        settings = self._context.panel.settings
        self._shelving.ask(lambda _cancel: read_shelf(settings))

    def _shelf_read(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._opened = [path for path in self._opened if shelf.entry(path) is None]
        self._show_shelf(shelf)
        if self._path is None:
            wanted = str(self._context.memory.value("run/workflow", DEFAULT_WORKFLOW))
            found = [one for one in shelf.entries if wanted in (one.name, str(one.path))] or list(shelf.entries)
            if found:
                self.open(found[0].path)
        self.list.select(self._path)

    def _show_shelf(self, shelf: Shelf) -> None:
        opened = tuple(ShelfEntry(OPENED, path.name, path) for path in self._opened)
        self.list.show_shelf(Shelf((*opened, *shelf.entries), shelf.left_out))

    def _settings_changed(self) -> None:
        if self.isVisible():
            self._ask_shelf()
        if self._path is not None:
            self.open(self._path)

    # the workflow

    def _read(self, view: WorkflowView) -> None:
        self.said.say("")
        self._show(view)
        if view.can_look_inside:
            settings = self._context.panel.settings
            self.findings.show_looking("", 0)
            self._inside.ask(lambda cancel: look_inside(view, settings, self._file_seen.emit, cancel))

    def _looked_inside(self, view: WorkflowView) -> None:
        self.findings.wait.hide()
        self._show(view)

    def _inside_refused(self, problem: Problem) -> None:
        self.findings.wait.hide()
        self._context.tell_problem(problem)

    def _stop_looking(self) -> None:
        self._inside.forget()
        self.findings.wait.hide()

    def _show(self, view: WorkflowView) -> None:
        self.view, self.mend = view, None
        self.say_head(*(breakable(text) for text in workflow_sentence(view)))
        self.chain.show_lanes(chain_lanes(view.analysis))
        self.unknown.show_view(view)
        self.findings.show_view(view)
        self.models.show_view(view)
        self.facts.show_rows(workflow_rows(view))
        self._show_cards(is_read=True)

    def _refused(self, problem: Problem) -> None:
        self.view = self.mend = None
        path = self._path or Path()
        self.say_head(f"{path.name} cannot be used.", breakable(str(path.parent)))
        self.notice.show_problem(problem)
        self.as_image.setVisible(path.suffix.lower() in PICTURES)
        self._show_cards(is_read=False)
        self.notice_card.show()

    def _show_nothing(self) -> None:
        self.say_head(*_NOTHING)
        self._show_cards(is_read=False)

    def _show_cards(self, *, is_read: bool) -> None:
        for card in (self.chain_card, self.findings, self.fact_card):
            card.setVisible(is_read)
        if not is_read:
            self.models.hide()
            self.unknown.hide()
            self.findings.wait.hide()
        self.notice_card.hide()
        is_whole = self.view is not None and not self.view.unknown
        for button in (self.use_button, self.analysis_button):
            button.setEnabled(is_read)
        self.api_button.setEnabled(is_whole)
        self.folder_button.setEnabled(self._path is not None)
        tip = "Write it in the form that a server takes"
        self.api_button.setToolTip(tip if is_whole or not is_read else "Parts of it could not be converted")

    def _use_as_image(self) -> None:
        if self._path is not None:
            self._context.hand_over.take_file(self._path)

    # mending and saving

    def _ask_mend(self, rule: str) -> None:
        view = self.view
        if view is not None:
            self._mending.ask(lambda _cancel: mend_of(view, rule))

    def _mend_made(self, mend: Mend) -> None:
        self.mend = mend
        self.findings.lints.show_mend(mend)

    def _copied(self, path: Path) -> None:
        self._ask_shelf()
        self.open(path)

    def _ask_target(self, kind: str) -> None:
        view = self.view
        if view is not None:
            self._targeting.ask(lambda _cancel: (kind, _proposal(view, kind)))

    def _open_save_dialog(self, wanted: tuple[str, Path]) -> None:
        kind, proposal = wanted
        save = {"api": self.save_api, "analysis": self.save_analysis, "mended": self.save_mended}[kind]
        pattern = "Markdown (*.md)" if kind == "analysis" else "Workflows (*.json)"
        dialog = QFileDialog(self, "Save a copy", str(proposal.parent), pattern)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(proposal.suffix.removeprefix("."))
        dialog.selectFile(proposal.name)
        dialog.fileSelected.connect(lambda name: save(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_file(self) -> None:
        start = str(self._path.parent) if self._path is not None else ""
        dialog = QFileDialog(self, "Open a workflow", start, _FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _open_folder(self) -> None:
        if self._path is not None:
            self._context.open_folder(self._path.parent)


def _proposal(view: WorkflowView, kind: str) -> Path:
    """A free name beside the workflow; for the shipped ones in the user's own folder, made for it if need be."""
    shipped, own = workflow_folders()
    folder = view.path.parent
    if folder == shipped:
        folder = own
        try:  # a dialog cannot open in a folder that there is not
            own.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(error, own, writing=True) from error
    stem = {"api": view.name, "analysis": f"{view.name} analysis", "mended": f"{view.name} mended"}[kind]
    return free_name(folder, stem, {"api": ".api.json", "analysis": ".md", "mended": ".json"}[kind])
