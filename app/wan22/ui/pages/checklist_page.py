"""The checklist: how far the way to a fast Wan 2.2 is, told by what was found, and the next thing to do."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from wan22 import wiring
from wan22.audit import checklist_steps as steps
from wan22.audit.checklist import TODOS
from wan22.audit.checklist_text import next_steps_markdown
from wan22.audit.fact_rows import PART_TITLES
from wan22.job.expectation import RunJudged
from wan22.schema.audit import AuditPart
from wan22.schema.checklist import Checklist, Evidence, LinkKind, Phase
from wan22.schema.problem import Problem
from wan22.system.bus import Fact
from wan22.system.cancel import CancelToken
from wan22.system.files import write_text_atomic
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, GUTTER, TextRole
from wan22.ui.number_text import unbroken
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll
from wan22.ui.state.asking import Asking
from wan22.ui.state.checklist_words import PLACES, grounds_words, phase_words, title_words
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.checklist_bar import ChecklistBar
from wan22.ui.widgets.checklist_row import ChecklistRow
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel
from wan22.wiring.checklist import checklist, command_names, set_unwanted, set_wanted
from wan22.wiring.export import ScriptExport, export_scripts

LEFT, RIGHT = (Phase.foundation, Phase.interpolation), (Phase.testing, Phase.documents)
TWO_COLUMNS = 1000
"""Width of the page from which two cards stand side by side."""
FILE_NAME = "NEXT_STEPS.md"


class ChecklistPage(QWidget):
    """Looks whenever it is shown, after everything that was done from here, and when a run has ended."""

    _part_done = Signal(int, int, str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._context = context
        self.found: Checklist | None = None
        self._columns = 0
        self._make_questions()
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER - SCROLL_EDGE, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        column.addWidget(self._body(), 1)
        column.addStretch(0)
        context.bridge.drained.connect(self._take)
        context.panel.chosen.connect(self._look_if_seen)
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:
        """Much may have happened elsewhere."""
        super().showEvent(event)
        self.look()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One or two columns of cards."""
        super().resizeEvent(event)
        self._place_cards()

    def look(self) -> None:
        """Look for evidence again."""
        context = self._context
        settings, parts, server = context.panel.settings, context.parts, context.panel.server
        url = server.url if server is not None and not server.simulated else None
        features = {entry.key for entry in context.window.entries} | command_names()
        self._looking.ask(lambda cancel: checklist(settings, parts, features, cancel, url=url))
        self._show_state()

    def act(self, action: str) -> None:
        """Do a next step here, or go where it is done."""
        if action == "audit":
            self.take_audit()
        elif action == "scripts":
            self._ask_script_folder()
        elif action in [entry.key for entry in self._context.window.entries]:
            self._context.window.open_page(action)
        elif action in steps.SECTIONS:
            self._context.hand_over.show_section(action)
        else:  # it is done on the command line alone: what it works with is made on the Run page
            self._context.window.open_page("run")

    def follow(self, evidence: Evidence) -> None:
        """Show where a piece of evidence lies. Files are never opened: a start script would start."""
        if evidence.link is LinkKind.run:
            self._context.hand_over.show_run(evidence.target)
        elif evidence.link is LinkKind.folder:
            self._context.open_folder(Path(evidence.target))
        elif evidence.link is LinkKind.file:
            self._context.open_folder(Path(evidence.target).parent)

    def take_audit(self) -> None:
        """Look at the whole machine and keep what was seen."""
        settings, parts = self._context.panel.settings, self._context.parts

        def question(cancel: CancelToken) -> Path:
            return wiring.keep_audit(wiring.take_audit(settings, parts, cancel, on_part=self._tell_part), parts)

        self._auditing.ask(question)
        self.said.say("Looking at this machine …")
        self._show_state()

    def cancel_audit(self) -> None:
        """Keep nothing of the audit that goes on."""
        self._auditing.forget()
        self.said.say("")
        self._show_state()

    def write_scripts(self, folder: Path) -> None:
        """Write the start scripts there."""
        settings = self._context.panel.settings
        self._exporting.ask(lambda _cancel: export_scripts(folder, settings))

    def mark(self, key: str, note: str | None) -> None:
        """Keep that a to-do is not wanted; None wants it again."""
        parts = self._context.parts

        def question(_cancel: CancelToken) -> None:
            if note is None:
                set_wanted(key, parts)
            else:
                set_unwanted(key, note, parts)

        self._marking.ask(question)

    def save(self, path: Path) -> None:
        """Write the next steps as Markdown."""
        if self.found is not None:
            text = next_steps_markdown(self.found)

            def write(_cancel: CancelToken) -> Path:
                write_text_atomic(path, text)
                return path

            self._saving.ask(write)

    def copy(self) -> None:
        """The next steps as Markdown on the clipboard."""
        if self.found is not None:
            QApplication.clipboard().setText(next_steps_markdown(self.found))
            self.said.say("Copied as Markdown.")

    # composition

    def _make_questions(self) -> None:
        context = self._context
        self._looking = Asking(context.work, "checklist", self)
        self._looking.answered.connect(self._looked)
        self._looking.refused.connect(self._refused)
        self._auditing = Asking(context.work, "checklist-audit", self)
        self._auditing.answered.connect(lambda path: self._did(f"Kept as {path.name}."))
        self._exporting = Asking(context.work, "checklist-scripts", self)
        self._exporting.answered.connect(self._exported)
        self._marking = Asking(context.work, "checklist-mark", self)
        self._marking.answered.connect(lambda _none: self.look())
        self._saving = Asking(context.work, "checklist-save", self)
        self._saving.answered.connect(lambda path: self.said.say(f"Saved {path.name}."))
        for asking in (self._auditing, self._exporting, self._marking, self._saving):
            asking.refused.connect(self._refused)
        self._part_done.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        for label in (self.title, self.grounds):
            label.setWordWrap(True)
            head.addWidget(label)
        self.bar = ChecklistBar(self._context.theme)
        line = QVBoxLayout()
        line.setContentsMargins(0, GAP_SMALL, SCROLL_EDGE, GAP_TINY)
        line.addWidget(self.bar)
        head.addLayout(line)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, GAP_SMALL, SCROLL_EDGE, 0)
        self.next_button = push_button("Next", "Go on with the first thing that is left", self._act_next, kind="main")
        self.next_button.hide()
        self.again_button = push_button("Look again", "Look for runs, files and packs again", self.look)
        self.save_button = push_button("Save next steps…", "Write what is left to do as Markdown", self._ask_file)
        self.copy_button = push_button("Copy", "Copy what is left to do as Markdown", self.copy, name="Copy next steps")
        self.cancel_button = push_button("Cancel audit", "Stop it and keep nothing of it", self.cancel_audit)
        buttons = (self.next_button, self.cancel_button, self.again_button, self.save_button, self.copy_button)
        for button in buttons:
            row.addWidget(button)
        self.said = TextLabel("", TextRole.caption, "muted")
        row.addWidget(self.said)
        row.addStretch(1)
        head.addLayout(row)
        return head

    def _body(self) -> QWidget:
        self.area = CardScroll("The checklist")
        self.cards = {phase: SectionCard(phase.value) for phase in Phase}
        self._counts = {phase: TextLabel("", TextRole.body, "muted") for phase in Phase}
        for phase, card in self.cards.items():
            card.head.addWidget(self._counts[phase])
        self.rows = {todo.key: self._row(todo.phase) for todo in TODOS}
        beside = QWidget()
        self._beside = QHBoxLayout(beside)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._places: list[QVBoxLayout] = []
        for _ in range(2):
            side = QWidget()
            place = QVBoxLayout(side)
            place.setContentsMargins(0, 0, 0, 0)
            place.setSpacing(GAP)
            place.addStretch(1)
            self._places.append(place)
            self._beside.addWidget(side)
        self.area.cards.addWidget(beside)
        self.area.cards.addStretch(1)
        self._place_cards()
        return self.area

    def _place_cards(self) -> None:
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        for (
            card
        ) in self.cards.values():  # an item that is taken away by hand would stay the one that Qt tells of changes
            for place in self._places:
                place.removeWidget(card)
        self._beside.setSpacing(GAP if columns == 2 else 0)
        self._beside.setStretch(0, 1)
        self._beside.setStretch(1, columns - 1)
        for number, phases in enumerate((LEFT, RIGHT) if columns == 2 else ((*LEFT, *RIGHT), ())):
            for row, phase in enumerate(phases):
                self._places[number].insertWidget(row, self.cards[phase])

    # answers

    def _looked(self, found: Checklist) -> None:
        self.found = found
        for problem in found.problems:
            self._context.tell_problem(problem)
        self._show_state()

    def _refused(self, problem: Problem) -> None:
        self.said.say("")
        self._show_state()
        if problem.code != "cancelled":
            self._context.tell_problem(problem)

    def _did(self, words: str) -> None:
        self.said.say(words)
        self.look()

    def _exported(self, made: ScriptExport) -> None:
        for problem in made.problems:
            self._context.tell_problem(problem)
        self._did(f"{len(made.files)} files written to {made.folder.name}.")

    def _take(self, facts: tuple[Fact, ...]) -> None:
        if any(isinstance(fact, RunJudged) for fact in facts):
            self._look_if_seen()

    def _look_if_seen(self) -> None:
        if self.isVisible():
            self.look()

    def _tell_part(self, part: AuditPart, done: int, count: int) -> None:
        """Called in the thread of the audit."""
        self._part_done.emit(done, count, PART_TITLES[part])

    def _show_progress(self, done: int, count: int, title: str) -> None:
        if self._auditing.is_asking and done < count:
            self.said.say(f"{done} of {count} parts read, {title} the last")

    def _show_state(self) -> None:
        found = self.found
        is_auditing = self._auditing.is_asking
        self.cancel_button.setVisible(is_auditing)
        for button in (self.save_button, self.copy_button):
            button.setEnabled(found is not None)
        self.bar.setVisible(found is not None)
        self.area.setVisible(found is not None)
        if found is None:
            self.title.say("Looking how far you are …")
            self.grounds.say("Audits, scripts, runs, workflows and documents are looked at; nothing is changed.")
            return
        self.title.say(title_words(found))
        self.grounds.say(unbroken(grounds_words(found)))
        self.bar.show_states([item.state for item in found.items], title_words(found))
        for phase, label in self._counts.items():
            label.say(phase_words(found, phase))
        self._show_next(found, is_auditing=is_auditing)
        for item in found.items:
            row = self.rows[item.key]
            row.show_item(item)
            is_audit = item.next_step is not None and item.next_step.action == "audit"
            row.action.setEnabled(not (is_audit and is_auditing))

    def _show_next(self, found: Checklist, *, is_auditing: bool) -> None:
        """The first thing that is left, at the top of the page."""
        item = found.next_item
        step = item.next_step if item is not None else None
        self.next_button.setVisible(step is not None and bool(step.action) and not is_auditing)
        if item is not None and step is not None:
            self.next_button.setText(step.label)
            self.next_button.setAccessibleName(f"Next: {step.label}")
            self.next_button.setToolTip(f"{item.number} · {item.title}: {step.text} {PLACES.get(step.action, '')}.")

    def _act_next(self) -> None:
        item = self.found.next_item if self.found is not None else None
        if item is not None and item.next_step is not None:
            self.act(item.next_step.action)

    def _row(self, phase: Phase) -> ChecklistRow:
        row = ChecklistRow(self._context.theme)
        row.acted.connect(self.act)
        row.followed.connect(self.follow)
        row.marked.connect(self.mark)
        self.cards[phase].body.addWidget(row)
        return row

    def _ask_script_folder(self) -> None:
        comfyui = self._context.panel.settings.comfyui
        dialog = QFileDialog(self, "Write start scripts into a folder", str(comfyui or ""))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.write_scripts(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Save the next steps", "", "Markdown (*.md)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("md")
        dialog.selectFile(FILE_NAME)
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
