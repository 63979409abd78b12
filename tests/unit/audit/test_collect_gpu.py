from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import nvml
from tests.unit.audit.machines import sources
from wan22.audit.collect_gpu import collect_gpu
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    yield
    nvml.install(None)


def test_everything_about_an_h100(tmp_path: Path):
    board = nvml.h100()
    board.answers |= {"nvmlDeviceGetVbiosVersion": "96.00.89.00.01", "nvmlDeviceGetEccMode": (1, 0)}
    board.answers["nvmlDeviceGetPersistenceMode"] = 1
    fake = nvml.FakeNvml(board)
    nvml.install(fake)
    facts = collect_gpu(sources(tmp_path), CancelToken()).facts
    (found,) = facts.boards
    assert facts.driver_version == "580.159.04"
    assert found.vbios_version == "96.00.89.00.01"
    assert (found.info.ecc_enabled, found.ecc_pending, found.persistence) == (True, False, True)
    assert (found.info.power_enforced_w, found.info.power_default_w) == (700.0, 700.0)
    assert found.pcie_generation_now == 5
    assert found.info.uuid is not None
    assert fake.open == 0


def test_a_geforce_on_windows_says_what_it_does_not_tell(tmp_path: Path):
    board = nvml.rtx2080s_on_windows()
    for name in ("nvmlDeviceGetPersistenceMode", "nvmlDeviceGetEccMode", "nvmlDeviceGetVbiosVersion"):
        board.answers.pop(name, None)
    nvml.install(nvml.FakeNvml(board))
    found = collect_gpu(sources(tmp_path, platform="win32"), CancelToken())
    (facts,) = found.facts.boards
    assert facts.info.driver_model == "wddm"
    assert facts.persistence is None
    assert found.reasons["boards.0.persistence"] == "The driver does not tell it for this board."
    assert found.reasons["boards.0.info.ecc_enabled"] == "The driver does not tell it for this board."


def test_a_driver_that_does_not_start(tmp_path: Path):
    fake = nvml.FakeNvml(nvml.h100())
    fake.init_code = nvml.DRIVER_NOT_LOADED
    nvml.install(fake)
    with pytest.raises(AppError) as caught:
        collect_gpu(sources(tmp_path), CancelToken())
    assert caught.value.problem.code == "driver_missing"


def test_boards_that_are_known_are_not_asked_again(tmp_path: Path):
    inventory = GpuInventory(source="simulated", simulated=True, gpus=(GpuInfo(gpu=0, name="A board"),))
    found = collect_gpu(replace(sources(tmp_path), inventory=inventory), CancelToken())
    assert found.facts.boards[0].info.name == "A board"
    assert found.reasons["boards.0.vbios_version"] == "Not asked during a run."
