"""A ComfyUI that runs already: asked first, then attached to."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from wan22.comfy.http import parse_server_url
from wan22.schema.problem import Problem
from wan22.schema.server import SystemStats
from wan22.ui.context import Context
from wan22.ui.state.asking import Asking
from wan22.ui.state.server_facts import stats_facts
from wan22.ui.state.server_search import ANSWER_LIMIT_S
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.fact_table import FactTable
from wan22.ui.widgets.folder_field import set_read_only
from wan22.ui.widgets.form_row import FormRow, stacked
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.wiring.server import client_of


class AddressCard(SectionCard):
    """`Attach` asks the server first: an address that does not answer is never kept."""

    attached = Signal()

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(
            "A ComfyUI that runs already",
            "Here or on another machine. It is never started or stopped from here.",
            parent,
        )
        self._context = context
        self._source = source
        self._attaches = False
        self._shown: str | None = None
        self._asking = Asking(context.work, "comfyui-address", self)
        self._asking.answered.connect(self._answered)
        self._asking.refused.connect(self._refused)
        self.line = QLineEdit()
        self.line.setAccessibleName("Server address")
        self.line.setToolTip("Address of a running ComfyUI, such as http://127.0.0.1:8188")
        self.line.setPlaceholderText("http://127.0.0.1:8188")
        self.line.textEdited.connect(lambda _text: self._forget())
        self.line.returnPressed.connect(self.check)
        self.check_button = push_button("Check", "Ask the server who it is; nothing is changed", self.check)
        self.attach_button = push_button("Attach", "Ask the server, then work with it from now on", self.attach)
        self.forget_button = push_button(
            "Forget", "Take the address out of the settings", self.forget, name="Forget the address", kind="flat"
        )
        self.row = FormRow("Server address", "With its port.")
        self.row.place(self.line, self.check_button, self.attach_button, self.forget_button)
        self.body.addWidget(self.row)
        self.table = FactTable()
        self.notice = Notice(context.theme)
        box, _ = stacked(self.table, self.notice)
        self.result = FormRow("What answers").place(box)
        self.result.hide()
        self.body.addWidget(self.result)
        context.panel.chosen.connect(self.refresh)
        source.changed.connect(self.refresh)
        self.refresh()

    def check(self) -> None:
        """Ask the server at the address."""
        self._ask(attaches=False)

    def attach(self) -> None:
        """Ask it, and work with it when it answers."""
        self._ask(attaches=True)

    def forget(self) -> None:
        """No address any more; the folder counts, if there is one."""
        saving = self._context.use_settings(self._context.panel.settings.model_copy(update={"url": None}))
        self._source.read(after=saving)

    def refresh(self) -> None:
        """Show the address in force where the user has typed nothing else."""
        saved = self._context.panel.settings.url or ""
        if self.line.text() in (self._shown, "") and self.line.text() != saved:
            self.line.setText(saved)
        self._shown = saved
        words = self._source.lock_words("url")
        set_read_only(self.line, bool(words))
        self.row.show_note(words)
        self.forget_button.setEnabled(bool(saved) and not words)
        self._enable()

    def _ask(self, *, attaches: bool) -> None:
        self._forget()
        self._attaches = attaches
        text, clock = self.line.text(), self._context.parts.clock
        self.result.show()
        self.notice.say(Tone.running, "asking", f"Waiting for an answer, {ANSWER_LIMIT_S:g} s at most.")

        def question(_cancel: object) -> tuple[str, SystemStats]:
            url = parse_server_url(text)
            return url, client_of(url, clock).stats(timeout_s=ANSWER_LIMIT_S)

        self._asking.ask(question)
        self._enable()

    def _forget(self) -> None:
        self._asking.forget()
        self.table.show_rows([])
        self.notice.hide()
        self.result.hide()
        self._enable()

    def _answered(self, found: tuple[str, SystemStats]) -> None:
        url, stats = found
        self.result.show()
        self.table.show_rows(stats_facts(url, stats))
        word, text = (
            ("simulated", "It is a demo: nothing from it is measured.") if stats.is_simulated else ("answers", "")
        )
        self.notice.say(Tone.slow if stats.is_simulated else Tone.good, word, text)
        self._enable()
        if self._attaches:
            self._use(url)

    def _use(self, url: str) -> None:
        context = self._context
        self.line.setText(url)
        if not self._source.lock_words("url"):
            saving = context.use_settings(context.panel.settings.model_copy(update={"url": url}))
            self._source.read(after=saving)
        if context.panel.is_demo:
            context.leave_demo()
        context.connect_server()
        self.attached.emit()

    def _refused(self, problem: Problem) -> None:
        self.result.show()
        self.notice.show_problem(problem)
        self._enable()

    def _enable(self) -> None:
        is_ready = bool(self.line.text().strip()) and not self._asking.is_asking
        self.check_button.setEnabled(is_ready)
        self.attach_button.setEnabled(is_ready)
