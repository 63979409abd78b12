"""A ComfyUI on this computer: found, chosen or dropped; looked at before it is used."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from wan22.launch.discovery import Installation, PythonFacts, find_installation, probe_python
from wan22.schema.problem import Problem
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL, TextRole
from wan22.ui.state.asking import Asking
from wan22.ui.state.server_facts import Facts, installation_facts, python_facts, python_verdict
from wan22.ui.state.server_search import FoundFolder, found_folders
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button, set_main
from wan22.ui.widgets.fact_table import FactTable, breakable
from wan22.ui.widgets.folder_field import FolderField, PathDrop
from wan22.ui.widgets.form_row import FormRow, stacked
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel

NOTHING_FOUND = "None in the usual places. Choose its folder below, or drop it here."


class FolderCard(SectionCard):
    """`changed` when another folder may be used, or not any more."""

    changed = Signal()

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__("A ComfyUI on this computer", "It is started from here with a profile for the GPU.", parent)
        self._context = context
        self._source = source
        self.found: Installation | None = None
        self._shown: tuple[str, str] | None = None
        self._facts: Facts = []
        self._search = Asking(context.work, "comfyui-search", self)
        self._search.answered.connect(self._show_found)
        self._look = Asking(context.work, "comfyui-look", self)
        self._look.answered.connect(self._looked)
        self._look.refused.connect(self._refused)
        self._probe = Asking(context.work, "comfyui-python", self)
        self._probe.answered.connect(self._probed)
        self._probe.refused.connect(self._probe_refused)
        self._build()
        PathDrop(self).dropped.connect(self.folder.take)
        context.panel.chosen.connect(self.refresh)
        source.changed.connect(self.refresh)
        self.refresh()

    @property
    def is_usable(self) -> bool:
        """Whether something that was looked at is not what counts now."""
        panel = self._context.panel
        if self.found is None or self._source.lock_words("comfyui"):
            return False
        chosen = (panel.settings.comfyui, panel.settings.python)
        return self._wanted() != chosen or panel.is_demo or panel.settings.url is not None

    def search(self) -> None:
        """Look in the usual places."""
        self.places_note.say("Looking in the usual places …")
        self._search.ask(lambda _cancel: found_folders())

    def look(self, *, asks_python: bool) -> None:
        """See what is in the folder of the field, and ask its Python for torch if wanted."""
        self._forget()
        folder, python = self._wanted()
        if folder is None:
            return
        self._asks_python = asks_python
        self._look.ask(lambda _cancel: find_installation(folder, python))

    def use(self) -> None:
        """The folder counts from now on: an address and the demo are left."""
        context, settings = self._context, self._context.panel.settings
        folder, python = self._wanted()
        update: dict[str, object] = {"comfyui": folder}
        if not self._source.lock_words("python"):
            update["python"] = python
        if not self._source.lock_words("url"):
            update["url"] = None
        saving = context.use_settings(settings.model_copy(update=update))
        if context.panel.is_demo:
            context.leave_demo()
        self._source.read(after=saving)

    def refresh(self) -> None:
        """Show the settings in force where the user has typed nothing else."""
        settings = self._context.panel.settings
        saved = (str(settings.comfyui or ""), str(settings.python or ""))
        if self._shown is None or self._typed() == self._shown:
            self.folder.show_text(saved[0])
            self.python.show_text(saved[1])
            if saved != self._shown and saved[0]:
                self.look(asks_python=False)
        self._shown = saved
        for row, field, key in ((self.folder_row, self.folder, "comfyui"), (self.python_row, self.python, "python")):
            words = self._source.lock_words(key)
            field.set_locked(bool(words))
            row.show_note(words)
        self._refresh_use()

    def _build(self) -> None:
        self.places_note = TextLabel("", TextRole.body, "muted")
        self.places_note.setWordWrap(True)
        box, self.places = stacked(self.places_note)
        self.body.addWidget(
            FormRow("Found on this machine", "The usual places, without a search of the disk.").place(box)
        )
        self.folder = FolderField("ComfyUI folder", "The folder with main.py, or the portable's top folder")
        self.folder_row = FormRow("ComfyUI folder", "The folder with main.py, or the portable's top folder.")
        self.python = FolderField("Python of ComfyUI", "Only needed when it is not found by itself", is_file=True)
        self.python.line.setPlaceholderText("found by itself")
        self.python_row = FormRow("Python of ComfyUI", "Only needed when it is not found by itself.")
        for row, field in ((self.folder_row, self.folder), (self.python_row, self.python)):
            self.body.addWidget(row.place(field))
            field.edited.connect(self._edited)
            field.picked.connect(lambda _text: self.look(asks_python=True))
        self.table = FactTable()
        self.notice = Notice(self._context.theme)
        self.remark = TextLabel("", TextRole.caption, "muted")
        self.remark.setWordWrap(True)
        self.remark.hide()
        self.result = FormRow("What is there")
        box, inside = stacked(self.table, self.remark, self.notice, self._wait_row())
        self.body.addWidget(self.result.place(box))
        self.result.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_SMALL)
        self.use_button = push_button("Use this ComfyUI", "Jobs run in it from now on", self.use)
        self.check_button = push_button(
            "Check its Python", "Ask it for its version and its torch; takes a few seconds", self._ask_python
        )
        self.check_button.setEnabled(False)
        buttons.addWidget(self.use_button)
        buttons.addWidget(self.check_button)
        buttons.addStretch(1)
        inside.addLayout(buttons)

    def _wait_row(self) -> QWidget:
        self.wait = QWidget()
        row = QHBoxLayout(self.wait)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        row.addWidget(TextLabel("Asking its Python for torch; that takes a few seconds …", TextRole.body, "muted"))
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Waiting for the Python of ComfyUI")
        row.addWidget(bar, 1)
        row.addWidget(push_button("Stop", "Do not wait for it", self._stop_asking, name="Stop asking its Python"))
        self.wait.hide()
        return self.wait

    def _edited(self, _text: str) -> None:
        self._forget()
        self.folder_row.show_note("Press Enter to look there." if self.folder.text().strip() else "")

    def _typed(self) -> tuple[str, str]:
        return self.folder.text(), self.python.text()

    def _wanted(self) -> tuple[Path | None, Path | None]:
        texts = [text.strip().strip('"') for text in self._typed()]
        folder, python = (Path(text).expanduser().absolute() if text else None for text in texts)
        return folder, python

    def _forget(self) -> None:
        """Nothing is known any more of what the fields say."""
        self._look.forget()
        self._stop_asking()
        self.found = None
        self._facts = []
        self.table.show_rows([])
        self.notice.hide()
        self.remark.hide()
        self.check_button.setEnabled(False)
        self.result.hide()
        self._refresh_use()

    def _show_found(self, folders: tuple[FoundFolder, ...]) -> None:
        self.places_note.say("" if folders else NOTHING_FOUND)
        self.places_note.setVisible(not folders)
        while self.places.count() > 1:
            item = self.places.takeAt(1)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for one in folders:
            self.places.addWidget(self._place(one))

    def _place(self, one: FoundFolder) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_SMALL)
        path = TextLabel(breakable(str(one.folder)), TextRole.body)
        path.setWordWrap(True)
        row.addWidget(path, 1)
        row.addWidget(TextLabel(one.version or "version unknown", TextRole.body, "muted"))
        row.addWidget(
            push_button(
                "Take",
                "Put it into the field and look at it",
                lambda: self.folder.take(str(one.folder)),
                name=f"Take {one.folder}",
            )
        )
        return line

    def _looked(self, found: Installation) -> None:
        self.found = found
        self._facts = installation_facts(found)
        self.table.show_rows(self._facts)
        self.remark.say(breakable(" ".join(found.notices).replace("--python", "the field above")))
        self.remark.setVisible(bool(found.notices))
        self.check_button.setEnabled(True)
        self.folder_row.show_note("")
        self.result.show()
        self._refresh_use()
        if self._asks_python:
            self._ask_python()

    def _refused(self, problem: Problem) -> None:
        self.folder_row.show_note("")
        self.result.show()
        self.notice.show_problem(problem)
        self._refresh_use()

    def _ask_python(self) -> None:
        found = self.found
        if found is None:
            return
        self.wait.show()
        self.notice.hide()
        self.check_button.setEnabled(False)
        self._probe.ask(lambda cancel: probe_python(found, cancel))

    def _stop_asking(self) -> None:
        self._probe.forget()
        self.wait.hide()
        self.check_button.setEnabled(self.found is not None)

    def _probed(self, facts: PythonFacts) -> None:
        self._stop_asking()
        self.table.show_rows(self._facts + python_facts(facts))
        tone, word, text = python_verdict(facts)
        self.notice.say(tone, word, text or "This Python has what ComfyUI needs to use the GPU.")

    def _probe_refused(self, problem: Problem) -> None:
        self._stop_asking()
        self.notice.show_problem(problem)

    def _refresh_use(self) -> None:
        is_usable = self.is_usable
        self.use_button.setEnabled(is_usable)
        set_main(self.use_button, is_usable)
        if self.found is not None and not is_usable and not self.notice.isVisibleTo(self):
            self.notice.say(Tone.good, "in use", "Jobs run in this ComfyUI.")
        self.changed.emit()
