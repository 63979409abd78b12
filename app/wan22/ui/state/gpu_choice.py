"""The board that the user looks at: one choice for GPU strip and Monitor, kept from one start to the next."""

from PySide6.QtCore import QObject, QSettings, Signal

from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.run_state import LiveRun
from wan22.ui.state.working_gpu import working_gpu

_KEY = "gpu/chosen"


class GpuChoice(QObject):
    """`changed` is said when the user has chosen. A board is remembered by its uuid: numbers change with the driver."""

    changed = Signal()

    def __init__(self, memory: QSettings | None = None, gpu: int | None = None, parent: QObject | None = None) -> None:
        """`memory`: where it is kept, None = nowhere; `gpu`: chosen to begin with."""
        super().__init__(parent)
        self._memory = memory
        self._gpu = gpu
        self._uuid = str(memory.value(_KEY, "")) if memory is not None else ""

    def choose(self, gpu: int, history: GpuHistory) -> None:
        """The user wants to see this board."""
        info = history.infos.get(gpu)
        self._gpu, self._uuid = gpu, info.uuid or "" if info is not None else ""
        if self._memory is not None:
            self._memory.setValue(_KEY, self._uuid)
        self.changed.emit()

    def shown(self, history: GpuHistory, run: LiveRun) -> int | None:
        """The chosen board if it is there, else the one that works on the run; None when there is none."""
        if self._uuid:
            found = next((gpu for gpu, info in history.infos.items() if info.uuid == self._uuid), None)
            if found is not None:
                return found
        elif self._gpu in history.gpus:
            return self._gpu
        return working_gpu(history, run)
