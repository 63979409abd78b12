"""What one tick of the sampler costs, as a ratio to the bare NVML calls that the same tick makes.

Run it alone: `python tests/benchmarks/bench_sampler.py [--ticks N]`. With a driver it measures the driver of this
machine; without one the calls go to a Python stand-in, whose time per call means nothing: then only the time that our
own code adds is of use, and that is printed as well.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "app")]

import pynvml  # noqa: E402 - the path comes first

from tests.fakes.nvml import FakeNvml, h100, install  # noqa: E402
from wan22.gpu.nvml import NvmlSource  # noqa: E402
from wan22.schema.problem import AppError  # noqa: E402
from wan22.system.clock import SystemClock  # noqa: E402

WARM_UP_TICKS = 50


class RecordedCalls:
    """Stands between our code and the binding: notes which of its functions a tick calls, with their arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
        self._originals: dict[str, Any] = {}

    def __enter__(self) -> Self:
        for name in dir(pynvml):
            original = getattr(pynvml, name)
            if name.startswith(("nvmlDeviceGet", "nvmlGpm")) and callable(original):
                self._originals[name] = original
                setattr(pynvml, name, self._noting(original))
        return self

    def __exit__(self, *_error: object) -> None:
        for name, original in self._originals.items():
            setattr(pynvml, name, original)

    def _noting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*arguments: Any, **options: Any) -> Any:
            result = original(*arguments, **options)
            self.calls.append((original, arguments, options))
            return result

        return noting


def driver_or_fake() -> str:
    """Which driver answers: the one of this machine, else a stand-in is installed."""
    try:
        source = NvmlSource(SystemClock(), gentle=True)
    except AppError as error:
        install(FakeNvml(h100()))
        return f"a Python stand-in for an H100 (no driver here: {error.problem.message})"
    try:
        inventory = source.inventory()
    finally:
        source.close()
    return f"{', '.join(board.name for board in inventory.gpus)}, driver {inventory.driver_version}"


def bare_calls_of_a_tick(source: NvmlSource) -> list[Callable[[], Any]]:
    """The calls of one fast tick (a slow one was just read), ready to be made without us."""
    with RecordedCalls() as recorded:
        source.read()
    return [lambda call=call, a=a, o=o: call(*a, **o) for call, a, o in recorded.calls]


def measured_in_turn(
    first: Callable[[], Any], second: Callable[[], Any], ticks: int
) -> tuple[list[float], list[float]]:
    """Seconds that each of `ticks` runs of both took, after a warm-up."""
    costs: tuple[list[float], list[float]] = ([], [])
    for tick in range(-WARM_UP_TICKS, ticks):
        for work, kept in zip((first, second), costs, strict=True):
            began_s = time.perf_counter()
            work()
            cost_s = time.perf_counter() - began_s
            if tick >= 0:
                kept.append(cost_s)
    return costs


def described(name: str, costs: Sequence[float]) -> str:
    """Median, number and spread in microseconds."""
    cuts = statistics.quantiles(costs, n=20)
    return (
        f"{name:<28} median {statistics.median(costs) * 1e6:8.1f} us   n {len(costs)}   "
        f"p5 {cuts[0] * 1e6:.1f}   p95 {cuts[-1] * 1e6:.1f}   max {max(costs) * 1e6:.1f}"
    )


class SteppingClock(SystemClock):
    """Moves on by `step_s` at every look, so that a big step makes every slow value due in every tick."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s
        self._elapsed_s = 0.0

    def monotonic(self) -> float:
        """Seconds, far apart."""
        self._elapsed_s += self._step_s
        return self._elapsed_s


def compare(name: str, step_s: float, ticks: int) -> None:
    """Print what a tick costs against its bare calls, taken in turn so that both see the same machine."""
    # gentle, so that no thread of ours makes calls beside the measured ones
    source = NvmlSource(SteppingClock(step_s), gentle=True)
    try:
        source.read()
        source.read()
        calls = bare_calls_of_a_tick(source)
        ours, bare = measured_in_turn(source.read, lambda: [call() for call in calls], ticks)
    finally:
        source.close()
    ours_s, bare_s = statistics.median(ours), statistics.median(bare)
    print(f"\n{name}: {len(calls)} calls")
    print(described("  bare NVML calls", bare))
    print(described("  our tick", ours))
    print(f"  ratio {ours_s / bare_s:.2f}   (we add {(ours_s - bare_s) * 1e6:.1f} us a tick)")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=2000)
    ticks = parser.parse_args().ticks
    print(f"measured against: {driver_or_fake()}")
    compare("fast tick", 0.0, ticks)
    compare("tick with every slow value", 1000.0, max(ticks // 10, 20))
    return 0


if __name__ == "__main__":
    sys.exit(main())
