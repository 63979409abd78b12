from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from tests.ui.stage import Stage
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading, GpuSampled
from wan22.ui.pages.monitor_page import MonitorPage
from wan22.ui.state.gpu_choice import GpuChoice
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.run_state import LiveRun
from wan22.ui.theme import Theme


def history_of(*uuids: str) -> GpuHistory:
    history = GpuHistory()
    boards = tuple(GpuInfo(gpu=gpu, name="Board", uuid=uuid) for gpu, uuid in enumerate(uuids))
    history.set_inventory(GpuInventory(source="nvml", gpus=boards))
    return history


def memory_of(folder: Path) -> QSettings:
    return QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)


def test_a_board_is_remembered_by_its_uuid(qtbot: QtBot, tmp_path: Path):
    run = LiveRun()
    choice = GpuChoice(memory_of(tmp_path))
    assert choice.shown(history_of("a", "b"), run) == 0
    with qtbot.waitSignal(choice.changed):
        choice.choose(1, history_of("a", "b"))
    assert choice.shown(history_of("a", "b"), run) == 1
    again = GpuChoice(memory_of(tmp_path))
    assert again.shown(history_of("b", "a"), run) == 0
    assert again.shown(history_of("c", "a"), run) == 0
    assert again.shown(GpuHistory(), run) is None


def test_a_board_without_a_uuid_is_chosen_by_its_number(qtbot: QtBot):
    history = GpuHistory()
    history.apply([GpuSampled(1.0, tuple(GpuReading(1.0, gpu) for gpu in range(3)))])
    choice = GpuChoice()
    choice.choose(2, history)
    assert choice.shown(history, LiveRun()) == 2


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path):
    made = Stage(theme, tmp_path)
    made.window.show()
    yield made
    made.close()


def test_strip_and_page_make_one_choice(stage: Stage):
    stage.context.history.set_inventory(
        GpuInventory(source="nvml", gpus=tuple(GpuInfo(gpu=gpu, name="Board", uuid=f"u{gpu}") for gpu in range(3)))
    )
    readings = tuple(GpuReading(1.0, gpu, utilization_pct=10.0 * gpu) for gpu in range(3))
    stage.tell([GpuSampled(1.0, readings)])
    page = stage.window.open_page("monitor")
    assert isinstance(page, MonitorPage)
    strip = stage.window.gpu_strip
    page.choose_gpu(2)
    assert (strip.choice.currentData(), page.gpu_choice.currentData()) == (2, 2)
    strip.gpu_chosen.emit(1)
    assert (strip.choice.currentData(), page.gpu_choice.currentData()) == (1, 1)
    assert page.stack.strips[0].readout.value.text() == "10"
    assert stage.context.memory.value("gpu/chosen") == "u1"
