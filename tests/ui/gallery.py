"""The pictures there are: every page of the window in each of its states, and the parts that pages are made of.

A page that is in `ui.page_list` is drawn as it opens. To show more of it, give its key states in `STATES`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

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

from tests.ui import (
    checklist_scenes,
    history_scenes,
    profile_scenes,
    queue_scenes,
    run_scenes,
    run_stage,
    setup_scenes,
    workflow_scenes,
)
from tests.ui.page_check import cut_off, faults_of
from tests.ui.stage import Stage, recorded_run, sample_run
from wan22.runs.own_band import Usual
from wan22.runs.reader import StoredRun
from wan22.runs.stages import stage_timings
from wan22.runs.state import Fact, reduce_all
from wan22.schema.events import Role, ServerSaid
from wan22.schema.gpu import GpuInfo, GpuSampled
from wan22.ui.main_window import MainWindow
from wan22.ui.measure import GAP, GUTTER, WINDOW_HEIGHT, WINDOW_HEIGHT_MIN, WINDOW_WIDTH, WINDOW_WIDTH_MIN, TextRole
from wan22.ui.page_list import page_entries
from wan22.ui.pages.checklist_page import ChecklistPage
from wan22.ui.pages.history_page import HistoryPage
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.pages.queue_page import QueuePage
from wan22.ui.pages.run_page import RunPage
from wan22.ui.pages.setup_page import SetupPage
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


@dataclass(frozen=True, slots=True)
class Scene:
    """What a state can use: the window on its stage, the open page, and a recorded run of a real H100."""

    stage: Stage
    page: QWidget
    run: StoredRun

    @property
    def window(self) -> MainWindow:
        return self.stage.window


class State(NamedTuple):
    """A state of a page: the end of its picture's name (empty = the page's key alone) and what brings it about."""

    name: str
    prepare: Callable[[Scene], None]


def monitor_live(scene: Scene) -> None:
    scene.stage.tell_run(scene.run)
    page_of(scene).set_span(60.0)


def monitor_gpus(scene: Scene) -> None:
    """The one board's readings, as four boards that are 20 seconds apart would show them."""
    inventory = inventory_of(scene.run.manifest)
    boards = tuple(GpuInfo(gpu=gpu, name="NVIDIA H100 80GB HBM3", uuid=f"GPU-{gpu}") for gpu in range(4))
    scene.stage.context.history.set_inventory(inventory.model_copy(update={"gpus": boards}))
    told: list[Fact] = []
    for fact in recorded_facts(scene.run):
        if not isinstance(fact, GpuSampled):
            told.append(fact)
            continue
        for gpu in range(4):
            time_s = fact.time_s - 20.0 * gpu
            told.append(GpuSampled(time_s, tuple(replace(item, gpu=gpu, time_s=time_s) for item in fact.readings[-1:])))
    scene.stage.tell(sorted(told, key=lambda fact: fact.time_s))
    scene.window.show_simulated(True)
    page_of(scene).set_span(300.0)


def monitor_empty(scene: Scene) -> None:
    scene.window.state_line.log_button.setChecked(True)


def monitor_log(scene: Scene) -> None:
    scene.stage.tell([ServerSaid(time_s=float(number), line=line) for number, line in enumerate(LOG)])
    scene.window.state_line.log_button.setChecked(True)


def monitor_run(scene: Scene) -> None:
    page = page_of(scene)
    page.show_source(source_of_run(scene.run))
    page.set_cursor(0.55 * page.view.span_s)


def monitor_zoomed(scene: Scene) -> None:
    page = page_of(scene)
    page.show_source(source_of_run(sample_run()))
    page.stack.zoomed.emit(0.25, 0.5 * page.view.span_s)
    page.stack.setFocus()
    page.drawing.jump_cursor(1)
    page.stack.gesture.stepped.emit(-20)


SETUP = {**setup_scenes.STATES, **profile_scenes.STATES, **workflow_scenes.STATES}


def setup_state(name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, SetupPage)
        SETUP[name](scene.stage, scene.page)

    return State(name, prepare)


def run_state(name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, RunPage)
        run_stage.STATES[name](scene.stage, scene.page)

    return State(name, prepare)


def checklist_state(name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, ChecklistPage)
        checklist_scenes.STATES[name](scene.stage, scene.page)

    return State(name, prepare)


def history_state(name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, HistoryPage)
        history_scenes.STATES[name](scene.stage, scene.page)

    return State(name, prepare)


def queue_state(name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, QueuePage)
        queue_scenes.STATES[name](scene.stage, scene.page)

    return State(name, prepare)


def page_of(scene: Scene) -> MonitorPage:
    assert isinstance(scene.page, MonitorPage)
    return scene.page


def progress_state(name: str, scene_name: str) -> State:
    def prepare(scene: Scene) -> None:
        assert isinstance(scene.page, RunPage)
        run_scenes.show(scene_name, scene.stage, scene.page)

    return State(name, prepare)


STATES: Mapping[str, Sequence[State]] = {
    "run": (
        *(run_state(name) for name in run_stage.STATES),
        progress_state("failed", "out_of_memory"),
        progress_state("judged", "judged"),
        progress_state("starting", "starting"),
    ),
    "queue": tuple(queue_state(name) for name in queue_scenes.STATES),
    "monitor": (
        State("", monitor_live),
        State("gpus", monitor_gpus),
        State("empty", monitor_empty),
        State("log", monitor_log),
        State("run", monitor_run),
        State("zoomed", monitor_zoomed),
    ),
    "checklist": tuple(checklist_state(name) for name in checklist_scenes.STATES),
    "history": tuple(history_state(name) for name in history_scenes.STATES),
    "setup": tuple(setup_state(name) for name in SETUP),
}
"""Key of a page: its states. The author of a page adds a line or more here."""

LOG = (
    "Total VRAM 81079 MB, total RAM 193221 MB",
    "pytorch version: 2.9.1+cu130",
    "Device: cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync",
    "got prompt",
    "Requested to load WAN21",
    "loaded completely; 66666.80 MB usable, 13628.30 MB loaded, full load: True",
    " 50%|█████     | 1/2 [00:02<00:02,  2.63s/it]",
    "Warning: Ran out of memory when regular VAE decoding, retrying with tiled VAE decoding.",
    "!!! Exception during processing !!! Allocation on device 0 would exceed allowed memory. (out of memory)",
    "Traceback (most recent call last):",
    '  File "execution.py", line 1, in execute',
    "torch.OutOfMemoryError: Allocation on device 0 would exceed allowed memory. (out of memory)",
    "Got an OOM, unloading all loaded models.",
    "Prompt executed in 39.79 seconds",
)


def page_keys() -> list[str]:
    """Keys of all pages of the window."""

    def unused() -> None:
        raise AssertionError("no page is built")

    return [entry.key for entry in page_entries(unused)]  # type: ignore[arg-type]


def states_of(key: str) -> Sequence[State]:
    """States of a page; one without any is shown as it opens."""
    return STATES.get(key) or (State("", lambda _scene: None),)


def pictures(theme: Theme, work: Path, pages: Sequence[str] = ()) -> Iterator[Picture]:
    """Name, picture and faults of each; with `pages` only those and no parts."""
    run = recorded_run(RECORDING, work / "data")
    for key in pages or page_keys():
        for state in states_of(key):
            name = f"{key}-{state.name}" if state.name else key
            yield name, *shot(theme, work / name, run, key, state)
    if not pages:
        yield from parts(theme)


def shot(theme: Theme, work: Path, run: StoredRun, key: str, state: State) -> tuple[QPixmap, list[str]]:
    """The picture of one state, and its faults: at the usual size, and cut texts in the smallest window as well."""
    stage = Stage(theme, work)
    window = stage.window
    window.resize(WINDOW_WIDTH, WINDOW_HEIGHT)
    window.show()
    state.prepare(Scene(stage, window.open_page(key), run))
    settle(stage)
    picture = window.grab()
    faults = faults_of(window)
    window.resize(WINDOW_WIDTH_MIN, WINDOW_HEIGHT_MIN)
    settle(stage)
    faults += [f"{fault}, in the smallest window" for fault in cut_off(window)]
    stage.close()
    return picture, faults


def settle(stage: Stage) -> None:
    """Let the page draw itself, whatever pace it has."""
    stage.settle()
    page = stage.window.stack.currentWidget()
    if isinstance(page, MonitorPage):
        page.refresh()
    stage.settle()


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
    yield "parts", board.grab(), faults_of(board)
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
