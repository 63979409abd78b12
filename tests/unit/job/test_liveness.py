from dataclasses import replace

import pytest

from wan22.job.liveness import Evidence, Patience, verdict
from wan22.schema.events import Liveness

PATIENCE = Patience()
QUIET = Evidence(watched_s=400.0, answers=True, process_quiet_s=400.0, gpu_quiet_s=400.0, uses_gpu=True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Liveness.dead),
        ({"process_quiet_s": 0.0}, Liveness.busy),
        ({"gpu_quiet_s": 3.0}, Liveness.busy),
        ({"process_quiet_s": None}, Liveness.unknown),  # on another machine
        ({"gpu_quiet_s": None}, Liveness.unknown),  # it answers, and its board is not read
        ({"gpu_quiet_s": None, "uses_gpu": False}, Liveness.dead),  # works on the CPU, which is quiet
        ({"watched_s": 5.0, "process_quiet_s": 5.0, "gpu_quiet_s": 5.0}, None),
        ({"process_quiet_s": 100.0, "gpu_quiet_s": 100.0}, None),  # it answers: it may wait for another machine
        ({"process_quiet_s": 100.0, "gpu_quiet_s": 100.0, "answers": False}, Liveness.dead),
        ({"process_quiet_s": 50.0, "gpu_quiet_s": 100.0, "answers": False}, None),
        ({"gpu_quiet_s": 3.0, "answers": False}, Liveness.busy),
        # A game on the same board is no proof of life for ever.
        ({"gpu_quiet_s": 3.0, "answers": False, "process_quiet_s": 700.0}, Liveness.dead),
        ({"gpu_quiet_s": 3.0, "answers": True, "process_quiet_s": 700.0}, Liveness.busy),
        ({"gpu_quiet_s": None, "answers": False, "process_quiet_s": 200.0}, None),
        ({"gpu_quiet_s": None, "answers": False, "process_quiet_s": 700.0}, Liveness.dead),
    ],
)
def test_verdicts(change: dict[str, object], expected: Liveness | None):
    assert verdict(replace(QUIET, **change), PATIENCE) is expected  # type: ignore[arg-type]


def test_a_faster_server_is_waited_for_less_but_long_enough_to_measure():
    fast = PATIENCE.at_pace(100.0)
    assert (fast.silent_s, fast.answering_s, fast.look_s) == (3.0, 3.0, 0.5)
    assert PATIENCE.at_pace(2.0).answering_s == 90.0
    assert PATIENCE.at_pace(0.5) == PATIENCE
