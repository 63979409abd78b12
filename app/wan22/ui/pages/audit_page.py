"""The audit: what this machine is, and what has changed since it was last fast."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from wan22 import wiring
from wan22.audit.difference import difference
from wan22.audit.fact_rows import PART_TITLES
from wan22.audit.report_text import snapshot_markdown
from wan22.schema.audit import AuditPart, AuditSnapshot
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, GUTTER, TextRole
from wan22.ui.number_text import unbroken
from wan22.ui.pages.audit_cards import PartCard
from wan22.ui.pages.setup_section import SCROLL_EDGE, CardScroll
from wan22.ui.state.asking import Asking
from wan22.ui.state.audit_view import AuditView, grounds_words, mark_of, same_words, title_words
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.change_list import ChangeLine, ChangeList
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

LEFT = (AuditPart.gpu, AuditPart.machine, AuditPart.system, AuditPart.results)
RIGHT = (AuditPart.python, AuditPart.comfyui, AuditPart.profile, AuditPart.packs, AuditPart.models)
TWO_COLUMNS = 960
"""Width of the page from which two cards stand side by side."""
COMPARE_WIDTH = 280
BY_ITSELF = ""
"""Key of "the last fast run", whichever that is."""
_CHOICE_TIP = "What the machine is compared with: a run, or an earlier audit"


class AuditPage(QWidget):
    """A quick snapshot is taken when the page is opened; a full one, which asks ComfyUI's Python, by its button."""

    _part_done = Signal(int, int, str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._context = context
        self._was_shown = False
        self._columns = 0
        self._chosen = BY_ITSELF
        self.view: AuditView | None = None
        self._taking = Asking(context.work, "audit", self)
        self._taking.answered.connect(self._taken)
        self._taking.refused.connect(self._refused)
        self._comparing = Asking(context.work, "audit-compare", self)
        self._comparing.answered.connect(self._compared)
        self._comparing.refused.connect(self._refused)
        self._listing = Asking(context.work, "audit-list", self)
        self._listing.answered.connect(self._show_choices)
        self._listing.refused.connect(context.tell_problem)
        self._saving = Asking(context.work, "audit-save", self)
        self._saving.answered.connect(self._saved)
        self._saving.refused.connect(context.tell_problem)
        self._part_done.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER - SCROLL_EDGE, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        column.addWidget(self._body(), 1)
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the machine when somebody comes here first."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.take(quick=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One or two columns of cards."""
        super().resizeEvent(event)
        self._place_cards()

    def take(self, *, quick: bool) -> None:
        """Take a snapshot and compare it; a full one is kept."""
        context, chosen = self._context, self._chosen
        settings = context.panel.settings

        def question(cancel: CancelToken) -> AuditView:
            compare: Callable[[AuditSnapshot], AuditView] = AuditView
            try:  # before the new one is kept: it would be compared with itself
                compare = _comparison(context, chosen)
            except AppError as error:
                context.tell_problem(error.problem)
            view = compare(wiring.take_audit(settings, context.parts, cancel, quick=quick, on_part=self._tell_part))
            try:
                if not quick:
                    wiring.keep_audit(view.snapshot, context.parts)
            except AppError as error:
                context.tell_problem(error.problem)
            return view

        self._taking.ask(question)
        self._show_state()

    def cancel(self) -> None:
        """Stop the audit that goes on."""
        self._taking.forget()
        self._show_state()

    def compare_with(self, key: str) -> None:
        """Compare with one of the choices; the empty key is the last fast run."""
        self._chosen = key
        if self.view is None:
            return
        context, snapshot = self._context, self.view.snapshot
        self._comparing.ask(lambda _cancel: _comparison(context, key)(snapshot))

    def save(self, folder: Path) -> None:
        """Write both files into `folder`."""
        if self.view is not None:
            snapshot = self.view.snapshot
            self._saving.ask(lambda _cancel: wiring.save_audit(snapshot, folder))

    def copy(self) -> None:
        """The whole audit as Markdown, for a report."""
        if self.view is not None:
            QApplication.clipboard().setText(snapshot_markdown(self.view.snapshot))
            self.said.say("Copied as Markdown.")

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(GAP_TINY)
        self.title = TextLabel("", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        for label in (self.title, self.grounds):
            label.setWordWrap(True)
            head.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        row.setContentsMargins(0, GAP_SMALL, SCROLL_EDGE, 0)
        self.full_button = push_button(
            "Full audit",
            "Also ask ComfyUI's Python what it can import, and git what was changed; takes some seconds and is kept",
            lambda: self.take(quick=False),
        )
        self.cancel_button = push_button("Cancel", "Stop this audit and show the one before", self.cancel)
        self.save_button = push_button("Save…", "Write SYSTEM_AUDIT.md and env_snapshot_<gpu>.json", self._ask_where)
        self.save_button.setAccessibleName("Save the audit into a folder")
        self.copy_button = push_button("Copy", "Copy the whole audit as Markdown, for a report", self.copy)
        self.copy_button.setAccessibleName("Copy the audit")
        self.choice = DetailCombo(self._context.theme, "Compare with", _CHOICE_TIP)
        self.choice.setFixedWidth(COMPARE_WIDTH)
        self.choice.picked.connect(self.compare_with)
        self._show_choices(())
        for button in (self.full_button, self.cancel_button, self.save_button, self.copy_button):
            row.addWidget(button)
        self.said = TextLabel("", TextRole.caption, "muted")
        row.addWidget(self.said)
        row.addStretch(1)
        row.addWidget(TextLabel("Compare with", TextRole.body, "muted"))
        row.addWidget(self.choice)
        head.addLayout(row)
        return head

    def _body(self) -> QWidget:
        theme = self._context.theme
        self.area = CardScroll("The audit")
        self.changes_card = SectionCard("What has changed")
        self.same = Notice(theme)
        self.changes = ChangeList(theme)
        self.not_compared = TextLabel("", TextRole.body, "muted")
        self.not_compared.setWordWrap(True)
        for widget in (self.same, self.changes, self.not_compared):
            self.changes_card.body.addWidget(widget)
        self.area.cards.addWidget(self.changes_card)
        self.cards = {part: PartCard(theme, part) for part in (*LEFT, *RIGHT)}
        self._beside = QHBoxLayout()
        self._places = [QVBoxLayout(), QVBoxLayout()]
        for place in self._places:
            place.setSpacing(GAP)
            self._beside.addLayout(place)
        self.area.cards.addLayout(self._beside)
        self.area.cards.addStretch(1)
        self._place_cards()
        return self.area

    def _place_cards(self) -> None:
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        for place in self._places:
            while place.count():
                place.takeAt(0)
        self._beside.setSpacing(GAP if columns == 2 else 0)
        self._beside.setStretch(0, 1)
        self._beside.setStretch(1, columns - 1)
        for number, parts in enumerate((LEFT, RIGHT) if columns == 2 else (_IN_ONE, ())):
            for part in parts:
                self._places[number].addWidget(self.cards[part], 0, Qt.AlignmentFlag.AlignTop)
            self._places[number].addStretch(1)

    def _tell_part(self, part: AuditPart, done: int, count: int) -> None:
        """Called in the thread of the audit."""
        self._part_done.emit(done, count, PART_TITLES[part])

    def _show_progress(self, done: int, count: int, title: str) -> None:
        if self._taking.is_asking and done < count:
            self.said.say(f"{done} of {count} parts read, {title} the last")

    def _taken(self, view: AuditView) -> None:
        self._compared(view)
        settings, parts = self._context.panel.settings, self._context.parts
        self._listing.ask(lambda _cancel: wiring.references(settings, parts))

    def _compared(self, view: AuditView) -> None:
        self.view = view
        self.said.say("")
        self._show_state()

    def _refused(self, problem: Problem) -> None:
        self._show_state()
        if problem.code != "cancelled":
            self._context.tell_problem(problem)

    def _show_state(self) -> None:
        """Everything that depends on whether an audit goes on and what the last one said."""
        busy, view = self._taking.is_asking, self.view
        self.full_button.setVisible(not busy)
        self.cancel_button.setVisible(busy)
        for control in (self.save_button, self.copy_button, self.choice):
            control.setEnabled(view is not None and not busy)
        self.said.say("Looking at this machine …" if busy else "")
        self.changes_card.setVisible(view is not None)
        if view is None:
            self.title.say("Looking at this machine …" if busy else "This machine was not looked at yet.")
            self.grounds.say("Driver, limits, packages, ComfyUI, models and profile are read; nothing is changed.")
            return
        self.title.say(title_words(view))
        self.grounds.say(unbroken(grounds_words(view, is_demo=self._context.panel.is_demo)))
        self._show_changes(view)
        for card in self.cards.values():
            card.show_snapshot(view.snapshot)

    def _show_changes(self, view: AuditView) -> None:
        found = view.found
        changes = found.changes if found is not None else ()
        lines = [ChangeLine(mark_of(one), f"{one.sentence}.", _sentence(one.note)) for one in changes]
        self.changes.show_lines(lines)
        self.same.setVisible(not changes)
        if not changes:
            tone, word = (Tone.unknown, "first audit") if found is None else (Tone.good, "the same")
            self.same.say(tone, word, same_words(view))
        rest = found.not_compared if found is not None else ()
        self.not_compared.say("\n".join(rest))
        self.not_compared.setVisible(bool(rest))

    def _show_choices(self, found: tuple[tuple[str, str, str], ...]) -> None:
        entries = [Entry(BY_ITSELF, "The last fast run", "", "Else the last run, else the last audit that was kept")]
        entries += [Entry(name, title, kind) for name, title, kind in found]
        if self._chosen not in [entry.key for entry in entries]:
            self._chosen = BY_ITSELF
        self.choice.show_entries(entries, self._chosen)

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save the audit into a folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _saved(self, paths: tuple[Path, ...]) -> None:
        self.said.say(f"Saved {' and '.join(path.name for path in paths)}.")


_IN_ONE = (
    AuditPart.gpu,
    AuditPart.python,
    AuditPart.comfyui,
    AuditPart.profile,
    AuditPart.packs,
    AuditPart.models,
    AuditPart.machine,
    AuditPart.system,
    AuditPart.results,
)


def _comparison(context: Context, key: str) -> Callable[[AuditSnapshot], AuditView]:
    """Reads what is compared with; the rest is quick. AppError as `wiring.reference_named`."""
    settings = context.panel.settings
    before = wiring.reference_named(key, settings) if key else wiring.reference(settings, context.parts)

    def compare(snapshot: AuditSnapshot) -> AuditView:
        if before is None:
            return AuditView(snapshot)
        return AuditView(snapshot, difference(before.snapshot, snapshot), before.name, before.moment_s)

    return compare


def _sentence(note: str) -> str:
    """A note as a line of its own."""
    return f"{note[0].upper()}{note[1:]}." if note else ""
