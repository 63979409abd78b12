"""What an installation of a node pack will do, to be agreed to; then how it goes on."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPlainTextEdit, QWidget

from wan22.job.pack_plan import Consent, PackPlan, plan_rows
from wan22.schema.node_pack import PackEnded, PackOutcome, PackSaid, PackStepStarted
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import Problem
from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import FactTable
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

LOG_LINES = 2000
LOG_HEIGHT = 160


class PackInstallCard(SectionCard):
    """Hidden until something is planned. `agreed` brings the Consent; `stop_wanted`; `left` when it is put away."""

    agreed = Signal(object)
    stop_wanted = Signal()
    left = Signal()
    restart_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Installation", "", parent)
        self.step = TextLabel("", TextRole.body, "muted")
        self.step.setWordWrap(True)
        self.facts = FactTable()
        self.words = TextLabel("", TextRole.body)
        self.words.setWordWrap(True)
        self.notice = Notice(theme)
        self.build = QCheckBox("Build what has no ready-made build")
        self.build.setToolTip("Runs build scripts of those packages on this computer")
        self.sources = QCheckBox("Take packages from the other places named above")
        self.sources.setToolTip("They do not come from the package index; look at the addresses first")
        self.script = QCheckBox("Run its install.py as well")
        self.script.setToolTip("Code of the pack that can do anything; PyTorch is compared afterwards")
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LOG_LINES)
        self.log.setFixedHeight(LOG_HEIGHT)
        self.log.setAccessibleName("What git and pip say")
        self.log.setToolTip("What git and pip say, line by line")
        self.log.setTabChangesFocus(True)
        for widget in (self.step, self.facts, self.words, self.sources, self.build, self.script, self.notice, self.log):
            self.body.addWidget(widget)
        self.body.addLayout(self._actions())
        self.hide()

    def begin(self, name: str) -> None:
        """Planning has begun: the pack is fetched aside."""
        self.title.say(f"Install {name}")
        self._show(step="Looking at what would be done …")
        self.log.clear()
        self.log.hide()
        self.facts.show_rows([])
        self.stop.setText("Stop")
        self.stop.setAccessibleName("Stop planning")
        self.show()

    def show_plan(self, plan: PackPlan) -> None:
        """Everything that will happen, and the question."""
        self._show(asks=not plan.does_nothing)
        self.facts.show_rows(_joined(plan_rows(plan)))
        self.log.hide()
        self.build.setVisible(plan.packages.changes is None)
        self.sources.setVisible(bool(plan.requirements.askable))
        self.script.setVisible(plan.has_script and not plan.source.script_note)
        self.stop.setText("Put away" if plan.does_nothing else "Do not install")
        self.stop.setAccessibleName(self.stop.text())
        if plan.does_nothing:
            self.notice.say(Tone.good, "nothing to do", "The pack and its packages are as they should be.")

    def show_work(self) -> None:
        """Agreed to: it goes on now."""
        self._show(step="Beginning …")
        self.stop.setText("Stop and put back")
        self.stop.setAccessibleName(self.stop.text())

    def show_problem(self, problem: Problem) -> None:
        """It cannot be done."""
        self._show()
        self.notice.show_problem(problem)
        self.stop.setText("Put away")
        self.stop.setAccessibleName("Put the installation away")

    def apply(self, facts: Sequence[PanelFact]) -> None:
        """Steps and lines of the installation."""
        lines: list[str] = []
        for fact in facts:
            if isinstance(fact, PackStepStarted):
                self.step.say(fact.text)
                self.step.show()
                lines.append(f"▸ {fact.text}")
            elif isinstance(fact, PackSaid):
                lines.append(fact.line)
            elif isinstance(fact, PackEnded):
                self._show_end(fact)
        if lines:
            self.log.appendPlainText("\n".join(lines))
            self.log.show()

    def _show_end(self, fact: PackEnded) -> None:
        self.step.hide()
        self.stop.setText("Put away")
        self.stop.setAccessibleName("Put the installation away")
        if fact.problem is not None:
            self.notice.show_problem(fact.problem)
            back = f"Put back: {', '.join(fact.undone)}. " if fact.undone else ""
            rest = f"Could not be put back: {', '.join(fact.left)}." if fact.left else ""
            self.words.say(f"{back}{rest}".strip() or "Nothing was changed.")
            self.words.show()
            return
        packages = ", ".join(change.text for change in fact.changes)
        self.words.say(f"Python packages: {packages}" if packages else "No Python package has changed.")
        self.words.show()
        is_proved = fact.outcome is PackOutcome.proved
        hint = "" if is_proved else "ComfyUI loads it at its next start; the list below then shows whether it does."
        self.notice.say(Tone.good, "installed", f"It lies in {fact.folder}.", hint)
        self.restart.setVisible(not is_proved)
        set_main(self.restart, is_main=True)

    def _actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.go = push_button("Install", "Do exactly what stands above", self._agree, kind="main")
        self.restart = push_button("Start ComfyUI anew", "Stop the server if it runs, and start it", self._restart)
        self.stop = push_button("Stop", "End this; what was done is put back", self._leave)
        for button in (self.go, self.restart, self.stop):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _show(self, *, step: str = "", words: str = "", asks: bool = False) -> None:
        """One state of the card; whatever is not named is hidden."""
        self.step.say(step)
        self.step.setVisible(bool(step))
        self.words.say(words)
        self.words.setVisible(bool(words))
        self.go.setVisible(asks)
        self.restart.hide()
        self.notice.hide()
        for box in (self.build, self.sources, self.script):
            box.setVisible(False)
            if asks:
                box.setChecked(False)

    def _agree(self) -> None:
        consent = Consent(
            script=self.script.isChecked(), odd_lines=self.sources.isChecked(), build=self.build.isChecked()
        )
        self.agreed.emit(consent)

    def _restart(self) -> None:
        self.restart.hide()
        self.restart_wanted.emit()

    def _leave(self) -> None:
        if self.step.isVisibleTo(self):
            self.stop_wanted.emit()
        else:
            self.hide()
            self.left.emit()


def _joined(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows of the same name as one."""
    found: dict[str, list[str]] = {}
    for name, value in rows:
        found.setdefault(name, []).append(value)
    return [(name, "\n".join(values)) for name, values in found.items()]
