"""What a Monitor watches."""

from dataclasses import dataclass

from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.run_state import LiveRun


@dataclass(frozen=True, slots=True)
class MonitorSource:
    """What is watched. `fixed_span` = (start_s, end_s) since the epoch for a stored run, None = live.

    `gpu`: the board that did the work, None = the first. `is_replay`: a stored run is told again, as if it were live.
    """

    history: GpuHistory
    run: LiveRun
    title: str = ""
    fixed_span: tuple[float, float] | None = None
    gpu: int | None = None
    is_replay: bool = False
