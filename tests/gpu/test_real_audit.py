"""The audit of a machine with a true driver."""

import time
from pathlib import Path

import pytest

from tests.unit.audit.machines import sources
from wan22.audit.difference import difference
from wan22.audit.report_text import snapshot_lines
from wan22.audit.snapshot import take_snapshot
from wan22.gpu.nvml import NvmlSource
from wan22.schema.audit import AuditPart
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module", autouse=True)
def _driver() -> None:
    try:
        NvmlSource(SystemClock(), gentle=True).close()
    except AppError as error:
        pytest.skip(f"no NVIDIA driver: {error.problem.message}")


def test_two_audits_of_the_same_machine_tell_its_board_and_no_difference(tmp_path: Path):
    made = sources(tmp_path)
    first = take_snapshot(made, CancelToken())
    assert first.gpu is not None, first.problems
    assert first.gpu.driver_version
    board = first.gpu.boards[0]
    assert board.info.uuid
    assert board.vbios_version
    assert board.pcie_generation_now
    assert board.info.power_default_w
    print("\n".join(snapshot_lines(first)))  # noqa: T201 - read by whoever runs it on a new board
    assert difference(first, take_snapshot(made, CancelToken())).changes == ()


def test_a_quick_audit_is_quick_with_a_true_driver_too(tmp_path: Path):
    made = sources(tmp_path, quick=True)
    take_snapshot(made, CancelToken(), parts=(AuditPart.gpu,))
    started_s = time.perf_counter()
    found = take_snapshot(made, CancelToken())
    assert time.perf_counter() - started_s < 0.5
    assert found.gpu is not None
