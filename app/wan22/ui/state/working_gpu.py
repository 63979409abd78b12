"""Which board a page shows when nobody has chosen one."""

from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.run_state import LiveRun


def working_gpu(history: GpuHistory, run: LiveRun) -> int | None:
    """The board that works on the run, matched by its uuid; else the first; None when there is none."""
    status = run.state.telemetry
    if status is not None and status.gpu_uuid is not None:
        for gpu, info in history.infos.items():
            if info.uuid == status.gpu_uuid:
                return gpu
    return next(iter(history.gpus), None)
