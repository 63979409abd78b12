"""Setup, last section: how the window looks, where things lie, and what a report needs."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from wan22.ui.context import Context
from wan22.ui.measure import TextRole
from wan22.ui.pages.setup_section import CardScroll, SetupSection
from wan22.ui.state.diagnostics import diagnostics
from wan22.ui.state.server_sentence import server_sentence
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.theme import Scheme
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.fact_table import breakable
from wan22.ui.widgets.form_row import FormRow
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel
from wan22.wiring import runs_folder

SCHEMES: tuple[tuple[Scheme, str, str], ...] = (
    (Scheme.dark, "Dark", "Light text on dark grounds"),
    (Scheme.light, "Light", "Dark text on light grounds"),
    (Scheme.system, "As the system", "Follows the system, also when that changes"),
)
_WORDS = {Scheme.dark: "The window is dark.", Scheme.light: "The window is light."}


class AppearanceSection(SetupSection):
    """`folder_asked` wants a folder opened."""

    folder_asked = Signal(object)

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._source = source
        scroll = CardScroll("Appearance and data")
        look = SectionCard("Appearance")
        self.schemes = Segment(context.theme, "Theme", [(text, tip) for _, text, tip in SCHEMES])
        self.schemes.chosen.connect(lambda number: context.theme.choose(SCHEMES[number][0]))
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.schemes)
        line.addStretch(1)
        look.body.addWidget(FormRow("Theme", "Remembered for the next start.").place(holder))
        scroll.cards.addWidget(look)
        scroll.cards.addWidget(self._places())
        scroll.cards.addWidget(self._report())
        scroll.cards.addStretch(1)
        self.column.addWidget(scroll, 1)
        for signal in (context.theme.scheme_chosen, context.panel.chosen, source.changed):
            signal.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """The report is of now."""
        super().showEvent(event)
        self.refresh()

    def report(self) -> str:
        """What `Copy diagnostics` copies."""
        context = self._context
        sentence = server_sentence(context.panel, context.run.state)
        return diagnostics(
            context.panel.settings,
            self._source.origins,
            context.history,
            context.parts.folders,
            f"{sentence.title} {sentence.grounds}",
            home=Path.home(),
        )

    def refresh(self) -> None:
        """Show the theme, the folders and the report as they are now."""
        scheme = self._context.theme.scheme
        self.schemes.select([one for one, _, _ in SCHEMES].index(scheme))
        shown = self._context.theme.colours.name
        self.say_head(
            _WORDS.get(scheme, f"The window follows the system, which is {shown}."),
            "Runs, caches and logs stay on this machine.",
        )
        for row, folder in zip(self.rows, self._folders().values(), strict=True):
            row.say(breakable(str(folder)))
        if self.isVisible():
            self.text.say(breakable(self.report().strip()))

    def _folders(self) -> dict[str, Path]:
        folders = self._context.parts.folders
        return {
            "Runs": runs_folder(self._context.panel.settings),
            "Settings and profiles of your own": folders.config,
            "Cache": folders.cache,
            "Log of the panel": folders.log,
        }

    def _places(self) -> SectionCard:
        card = SectionCard("Where things are")
        self.rows: list[TextLabel] = []
        for name in self._folders():
            path = TextLabel("", TextRole.body)
            path.setWordWrap(True)
            self.rows.append(path)
            button = push_button(
                "Open folder",
                "Show it in the file manager",
                partial(self._ask_folder, name),
                name=f"Open folder: {name}",
            )
            card.body.addWidget(FormRow(name).place(path, button))
        return card

    def _ask_folder(self, name: str) -> None:
        self.folder_asked.emit(self._folders()[name])

    def _report(self) -> SectionCard:
        card = SectionCard("Diagnostics", "For a report: versions, GPUs and settings, without passwords in addresses.")
        self.copy = push_button("Copy diagnostics", "Copy the text below to the clipboard", self._copy)
        card.head.addWidget(self.copy)
        self.text = TextLabel("", TextRole.caption, "muted")
        self.text.setWordWrap(True)
        card.body.addWidget(self.text)
        return card

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.report())
