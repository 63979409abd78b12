"""The pictures there are: each page with real data, and the parts that no page has yet."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from tests.ui.page_check import cut_off, without_name
from tests.ui.stage import Stage, recorded_run, sample_run
from wan22.runs.own_band import Usual
from wan22.runs.stages import stage_timings
from wan22.runs.state import Fact, reduce_all
from wan22.schema.events import Role
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuSampled
from wan22.ui.measure import GAP, GUTTER, TextRole
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.state.stage_row import StageRow, StageState
from wan22.ui.state.stage_rows import stage_rows
from wan22.ui.state.stored_run import inventory_of, recorded_facts, source_of_run
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.simulated_band import SimulatedBand
from wan22.ui.widgets.stage_list import StageList
from wan22.ui.widgets.text_label import TextLabel

Picture = tuple[str, QPixmap, list[str]]
RECORDING = "640x640x81-cold"


def pictures(theme: Theme, work: Path) -> Iterator[Picture]:
    """Name, picture and faults of each."""
    stored = recorded_run(RECORDING, work)
    for name, make in (("monitor", live), ("monitor-gpus", several), ("monitor-empty", empty)):
        stage = Stage(theme, work / name)
        stage.window.resize(1440, 900)
        stage.window.show()
        page = stage.window.open_page("monitor")
        assert isinstance(page, MonitorPage)
        make(stage, page, recorded_facts(stored), inventory_of(stored.manifest))
        yield from shot(name, stage.window, page, stage)
        stage.close()
    stage = Stage(theme, work / "stored")
    stage.window.resize(1440, 900)
    stage.window.show()
    page = stage.window.open_page("monitor")
    assert isinstance(page, MonitorPage)
    page.show_source(source_of_run(stored))
    page._cursor_moved(0.55 * page._span_now_s())
    yield from shot("monitor-run", stage.window, page, stage)
    stage.close()
    yield from parts(theme)


def shot(name: str, window: QWidget, page: MonitorPage, stage: Stage) -> Iterator[Picture]:
    stage.settle()
    page.refresh()
    stage.settle()
    yield name, window.grab(), cut_off(window) + without_name(window)


def live(stage: Stage, page: MonitorPage, facts: list[Fact], inventory: GpuInventory) -> None:
    stage.context.history.set_inventory(inventory)
    stage.tell(facts)
    stage.context.frame.items = [("profile", "h100"), ("queue", "0")]
    page.set_span(60.0)


def several(stage: Stage, page: MonitorPage, facts: list[Fact], inventory: GpuInventory) -> None:
    """The one board's readings, as four boards that are one minute apart would show them."""
    boards = tuple(GpuInfo(gpu=gpu, name="NVIDIA H100 80GB HBM3", uuid=f"GPU-{gpu}") for gpu in range(4))
    stage.context.history.set_inventory(inventory.model_copy(update={"gpus": boards}))
    told: list[Fact] = []
    for fact in facts:
        if not isinstance(fact, GpuSampled):
            told.append(fact)
            continue
        for gpu in range(4):
            time_s = fact.time_s - 20.0 * gpu
            told.append(GpuSampled(time_s, tuple(replace(item, gpu=gpu, time_s=time_s) for item in fact.readings[-1:])))
    stage.tell(sorted(told, key=lambda fact: fact.time_s))
    stage.window.show_simulated(True)
    page.set_span(300.0)


def empty(stage: Stage, page: MonitorPage, facts: list[Fact], inventory: GpuInventory) -> None:
    stage.window.state_line.log_button.setChecked(True)


def parts(theme: Theme) -> Iterator[Picture]:
    """Stage list, chips, controls: what the pages to come are made of."""
    board = QWidget()
    board.setObjectName("window")
    board.resize(960, 760)
    column = QVBoxLayout(board)
    column.setContentsMargins(GUTTER, GUTTER, GUTTER, GUTTER)
    column.setSpacing(GAP)
    column.addWidget(SimulatedBand())
    column.addWidget(TextLabel("58 s left", TextRole.hero))
    column.addWidget(TextLabel("Pass 2 of 2, step 3 of 4 is running", TextRole.body, "muted"))
    stages = StageList(theme)
    stages.show_stages(example_rows())
    column.addWidget(stages)
    real = StageList(theme)
    state = reduce_all(sample_run().events)
    real.show_stages(stage_rows(stage_timings(state), None, {Role.decode: Usual(5, 4.0, 3.5, 4.5)}, (), state.outcome))
    column.addWidget(real)
    chips = QHBoxLayout()
    for tone in Tone:
        chips.addWidget(Chip(theme, tone))
    chips.addStretch(1)
    column.addLayout(chips)
    column.addLayout(controls(board))
    column.addStretch(1)
    board.show()
    for _ in range(3):
        QCoreApplication.processEvents()
    yield "parts", board.grab(), cut_off(board) + without_name(board)
    board.close()
    board.deleteLater()


def controls(parent: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    main = QPushButton("Add to queue")
    main.setProperty("kind", "main")
    disabled = QPushButton("Stop")
    disabled.setEnabled(False)
    boxes = [QCheckBox("Sound"), QCheckBox("Loop"), QRadioButton("RIFE"), QRadioButton("FILM")]
    boxes[1].setChecked(True)
    boxes[2].setChecked(True)
    choice = QComboBox()
    choice.addItems(["rtx5090", "h100"])
    choice.setAccessibleName("Profile")
    line = QLineEdit()
    line.setPlaceholderText("Negative prompt")
    line.setAccessibleName("Negative prompt")
    for widget in (main, QPushButton("Later"), disabled, *boxes, choice, line):
        widget.setToolTip("An example")
        row.addWidget(widget)
    line.setFocus()
    return row


def example_rows() -> list[StageRow]:
    return [
        StageRow("Load models", StageState.done, 3.1),
        StageRow("Pass 1 · high noise", StageState.done, 72.4, 70.0, target_s=(67.0, 80.0), verdict=Tone.good),
        StageRow("Pass 2 · low noise", StageState.running, 31.0, 72.0, 41.0, (67.0, 80.0)),
        StageRow("Decode", StageState.waiting, None, 9.0),
        StageRow("Interpolate · RIFE", StageState.waiting, None, 5.0, target_s=(None, 20.0)),
        StageRow("Save", StageState.waiting),
    ]
