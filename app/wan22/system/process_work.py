"""What a process and its children have done so far: two looks tell whether it works."""

from dataclasses import dataclass

import psutil

from wan22.system.process_table import process_tree


@dataclass(frozen=True, slots=True)
class ProcessWork:
    """Sums over a process and its descendants. `cpu_s`: user and system time. `moved_bytes`: read and written.

    `memory_bytes` is resident memory: a file that is mapped, not read, shows there. What the system does not tell
    counts as 0: only the difference between two looks means anything.
    """

    cpu_s: float
    moved_bytes: int
    memory_bytes: int
    count: int


def work_of(pid: int) -> ProcessWork | None:
    """The sums now; None when it has ended or nothing of it can be seen."""
    found = [work for one in process_tree(pid) if (work := _work(one)) is not None]
    if not found:
        return None
    return ProcessWork(
        cpu_s=sum(work.cpu_s for work in found),
        moved_bytes=sum(work.moved_bytes for work in found),
        memory_bytes=sum(work.memory_bytes for work in found),
        count=len(found),
    )


def _work(pid: int) -> ProcessWork | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            memory_bytes = process.memory_info().rss
            return ProcessWork(times.user + times.system, _moved_bytes(process), memory_bytes, 1)
    except (psutil.Error, OSError):
        return None


def _moved_bytes(process: psutil.Process) -> int:
    """Bytes read and written; Linux counts calls and disk apart, and a mapped file shows in the latter only."""
    try:
        counters = process.io_counters()
    except (psutil.Error, OSError, AttributeError, NotImplementedError):  # macOS has none
        return 0
    calls = getattr(counters, "read_chars", 0) + getattr(counters, "write_chars", 0)
    return int(counters.read_bytes + counters.write_bytes + calls)
