"""The stand-in: everything can be tried without a ComfyUI, a GPU or a model."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from wan22.demo.scenario import DEFAULT_SCENARIO, load_scenario, scenario_names
from wan22.schema.problem import AppError
from wan22.system.paths import data_folder
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL
from wan22.ui.state.asking import Asking
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.form_row import FormRow
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.segment import Segment
from wan22.wiring import Demo

SPEEDS: tuple[tuple[float, str, str], ...] = (
    (1.0, "as in life", "A video takes as long as on the real board"),
    (3.0, "3 times", "Three times faster than life"),
    (10.0, "10 times", "Ten times faster than life: a video in a quarter of a minute"),
    (30.0, "30 times", "As fast as it goes and can still be watched"),
)
_FIRST_SPEED = 2


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario to choose; `title` says its fault when it is broken."""

    name: str
    title: str
    text: str
    is_sound: bool = True


def scenario_rows(folder: Path) -> tuple[ScenarioRow, ...]:
    """All scenarios of a folder, the healthy one first."""
    rows = []
    for name in sorted(scenario_names(folder), key=lambda one: (one != DEFAULT_SCENARIO, one)):
        try:
            found, _ = load_scenario(name, folder)
        except AppError as error:
            rows.append(ScenarioRow(name, f"{name}: cannot be used", error.problem.message, is_sound=False))
        else:
            rows.append(ScenarioRow(name, found.title or name, found.description))
    return tuple(rows)


class DemoCard(SectionCard):
    """Scenario, speed, and the button that starts it."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(
            "Try the demo",
            "A simulated ComfyUI and GPU. It needs nothing, and whatever comes from it is marked SIMULATED.",
            parent,
        )
        self._context = context
        self._rows: tuple[ScenarioRow, ...] = ()
        self._asking = Asking(context.work, "scenarios", self)
        self._asking.answered.connect(self._show_rows)
        self.scenario = QComboBox()
        self.scenario.setAccessibleName("Scenario")
        self.scenario.setToolTip("What the simulated machine is like, and what goes wrong on it")
        self.scenario.currentIndexChanged.connect(self._describe)
        self.scenario_row = FormRow("Scenario", "What the machine is like.")
        self.body.addWidget(self.scenario_row.place(self.scenario))
        self.speed = Segment(context.theme, "Speed", [(text, tip) for _, text, tip in SPEEDS])
        self.speed.select(_FIRST_SPEED)
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.speed)
        line.addStretch(1)
        self.body.addWidget(FormRow("Speed", "How much faster than life.").place(holder))
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_SMALL)
        self.start_button = push_button("Try the demo", "Start the stand-in and work with it", self.start)
        self.start_button.setEnabled(False)
        self.leave_button = push_button(
            "Leave the demo", "Stop it and go back to the ComfyUI above", context.leave_demo
        )
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.leave_button)
        buttons.addStretch(1)
        self.body.addLayout(buttons)
        context.panel.chosen.connect(self.refresh)
        self.refresh()

    def load(self) -> None:
        """Read the scenarios that come with the program."""
        self._asking.ask(lambda _cancel: scenario_rows(data_folder() / "resources" / "scenarios"))

    def start(self) -> None:
        """Work with the chosen scenario from now on."""
        name = self.scenario.currentData()
        if name is not None:
            self._context.use_demo(Demo(name, SPEEDS[self.speed.selected][0]))

    def refresh(self) -> None:
        """Show what is in force."""
        demo = self._context.panel.choice.demo
        self.start_button.setText("Try the demo" if demo is None else "Start this scenario")
        self.start_button.setAccessibleName(self.start_button.text())
        self.leave_button.setEnabled(demo is not None)

    def _show_rows(self, rows: tuple[ScenarioRow, ...]) -> None:
        demo = self._context.panel.choice.demo
        wanted = self.scenario.currentData() or (demo.scenario if demo is not None else DEFAULT_SCENARIO)
        self._rows = rows
        self.scenario.clear()
        for row in rows:
            self.scenario.addItem(row.title, row.name)
        self.scenario.setCurrentIndex(max(0, self.scenario.findData(wanted)))
        speeds = [speed for speed, _, _ in SPEEDS]
        if demo is not None and demo.speed in speeds:
            self.speed.select(speeds.index(demo.speed))
        self._describe()

    def _describe(self) -> None:
        index = self.scenario.currentIndex()
        row = self._rows[index] if 0 <= index < len(self._rows) else None
        self.scenario_row.show_note(
            row.text if row is not None else "", "muted" if row is None or row.is_sound else "bad"
        )
        self.start_button.setEnabled(row is not None and row.is_sound)
