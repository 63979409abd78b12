"""What is seen of a silent server in look after look: its process, and the readings of its board."""

from dataclasses import dataclass

from wan22.job.liveness import CPU_SHARE, GPU_PCT, MOVED_BYTES, Evidence
from wan22.schema.gpu import GpuSampled
from wan22.system.bus import Fact
from wan22.system.clock import Clock
from wan22.system.process_work import ProcessWork

_GPU_MOVED_BYTES = 64 * 2**20
_STALE_READINGS_S = 15.0


@dataclass(slots=True)
class StallExam:
    """Looks at a silent server, from the first one on."""

    began_s: float
    cpu_share: float | None = None
    moved_bytes: int | None = None
    gpu_pct: float | None = None
    _process_moved_s: float | None = None
    _gpu_moved_s: float | None = None
    _last: tuple[float, ProcessWork] | None = None
    _gpu_memory: float | None = None
    _is_seen: bool = False

    def add(self, now_s: float, work: ProcessWork | None, gpu: "GpuLook | None") -> None:
        """One look; the first one is only what the next is compared with."""
        self._add_process(now_s, work)
        self.gpu_pct = None if gpu is None else gpu.utilization_pct
        if gpu is None:
            self._gpu_moved_s = None
            return
        memory_moved = (
            self._gpu_memory is not None
            and gpu.memory_bytes is not None
            and abs(gpu.memory_bytes - self._gpu_memory) >= _GPU_MOVED_BYTES
        )
        self._gpu_memory = gpu.memory_bytes
        is_working = gpu.utilization_pct is not None and gpu.utilization_pct >= GPU_PCT
        if self._gpu_moved_s is None or memory_moved or is_working:
            self._gpu_moved_s = now_s

    def _add_process(self, now_s: float, work: ProcessWork | None) -> None:
        self._is_seen = work is not None
        if work is None:
            self._last, self.cpu_share, self.moved_bytes = None, None, None
            return
        if self._last is not None:
            before_s, before = self._last
            passed_s = max(now_s - before_s, 0.001)
            self.cpu_share = abs(work.cpu_s - before.cpu_s) / passed_s
            self.moved_bytes = abs(work.moved_bytes - before.moved_bytes) + abs(work.memory_bytes - before.memory_bytes)
            is_moving = self.cpu_share >= CPU_SHARE or self.moved_bytes >= MOVED_BYTES or work.count != before.count
            if is_moving:
                self._process_moved_s = now_s
        self._last = (now_s, work)

    def evidence(self, now_s: float, *, answers: bool, uses_gpu: bool) -> Evidence:
        """What the looks come to. Before anything was seen to move, it was quiet since the first look."""
        quiet_s = now_s - (self.began_s if self._process_moved_s is None else self._process_moved_s)
        return Evidence(
            watched_s=now_s - self.began_s,
            answers=answers,
            process_quiet_s=quiet_s if self._is_seen else None,
            gpu_quiet_s=None if self._gpu_moved_s is None else now_s - self._gpu_moved_s,
            uses_gpu=uses_gpu,
        )


@dataclass(frozen=True, slots=True)
class GpuLook:
    """Readings of one board since the look before: the highest utilisation, the last memory."""

    utilization_pct: float | None
    memory_bytes: float | None


class GpuEar:
    """Keeps what the readings of one board say; `hear` runs in the sampler's thread and only stores."""

    def __init__(self, gpu: int | None, clock: Clock) -> None:
        self._gpu = gpu
        self._clock = clock
        self._highest: float | None = None
        self._memory: float | None = None
        self._heard_s: float | None = None

    def hear(self, fact: Fact) -> None:
        """A subscriber of the bus."""
        if self._gpu is None or not isinstance(fact, GpuSampled):
            return
        for reading in fact.readings:
            if reading.gpu != self._gpu or reading.utilization_pct is None:
                continue
            self._highest = max(self._highest or 0.0, reading.utilization_pct)
            if reading.memory_used_bytes is not None:
                self._memory = reading.memory_used_bytes
            self._heard_s = self._clock.monotonic()

    def taken(self) -> GpuLook | None:
        """What was read since the last call; None when the board is not read (any more)."""
        heard_s = self._heard_s
        if heard_s is None or self._clock.monotonic() - heard_s > _STALE_READINGS_S:
            return None
        highest, self._highest = self._highest, None
        return GpuLook(highest, self._memory)
