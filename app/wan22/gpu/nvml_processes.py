"""Who holds memory of a GPU, by name."""

from collections.abc import Callable
from functools import partial
from typing import Any

from wan22.gpu.metric import Values
from wan22.gpu.nvml_call import Ladder, NeverAnswersError, call
from wan22.schema.gpu import GpuProcess

_ABSENT = 0xFFFFFFFFFFFFFFFF


class ProcessList:
    """Reads the processes of one GPU. `process_name` is asked once for every process that appears."""

    def __init__(self, handle: Any, process_name: Callable[[int], str | None] | None) -> None:
        self._lists = {
            "compute": _ways("nvmlDeviceGetComputeRunningProcesses", handle),
            "graphics": _ways("nvmlDeviceGetGraphicsRunningProcesses", handle),
        }
        self._process_name = process_name
        self._names: dict[int, str | None] = {}
        self._latest: tuple[GpuProcess, ...] | None = None

    def read(self, _values: Values) -> None:
        """Read the list (a metric that fills no column); `take` hands it out."""
        kinds: dict[int, list[str]] = {}
        memory: dict[int, int | None] = {}
        for kind, ladder in list(self._lists.items()):
            try:
                found = ladder()
            except NeverAnswersError:
                del self._lists[kind]
                continue
            for item in found:
                pid = int(item.pid)
                kinds.setdefault(pid, [])
                if kind not in kinds[pid]:
                    kinds[pid].append(kind)
                memory[pid] = _larger(memory.get(pid), item.usedGpuMemory)
        if not self._lists:
            raise NeverAnswersError("the driver does not list processes")
        self._names = {pid: self._names[pid] if pid in self._names else self._name(pid) for pid in kinds}
        self._latest = tuple(
            GpuProcess(pid=pid, name=self._names[pid], kind="+".join(kinds[pid]), memory_bytes=memory[pid])
            for pid in sorted(kinds)
        )

    def take(self) -> tuple[GpuProcess, ...] | None:
        """The list once after each reading of it, else None."""
        latest, self._latest = self._latest, None
        return latest

    def _name(self, pid: int) -> str | None:
        return None if self._process_name is None else self._process_name(pid)


def _ways(function: str, handle: Any) -> Ladder:
    return Ladder(partial(call, f"{function}_v3", handle), partial(call, f"{function}_v2", handle))


def _larger(first: int | None, second: int | None) -> int | None:
    """The same memory is in both lists of a process that computes and draws."""
    known = [value for value in (first, second) if value is not None and value != _ABSENT]
    return max(known, default=None)
