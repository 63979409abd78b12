"""CPU of the window in % of one core: idle, and while a demo run goes, against a bare Qt window.

`QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_cpu [seconds=10] [slices=5]`. Each program runs in a
process of its own with a folder of its own; its CPU time is read from outside over `slices` slices, after it had time
to come to rest. What its children use (the sampler; in the demo also the stand-in for ComfyUI, which renders a video)
is told apart: that is not the window's.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[2]
REST_S = 5.0
BARE = """
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
application = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
window.setCentralWidget(QLabel("bare", alignment=Qt.AlignmentFlag.AlignCenter))
window.show()
print("ready", flush=True)
application.exec()
"""
PANEL = """
import sys
from PySide6.QtWidgets import QApplication
from wan22.ui import app
page, is_demo = sys.argv[1], sys.argv[2] == "demo"
class Watched(app.Panel):
    def __init__(self, application, options):
        super().__init__(application, options)
        self.came_to_life.connect(self._begin)
    def _begin(self):
        from wan22.schema.events import NodeStarted
        from wan22.schema.request import GenerationRequest
        from wan22.wiring import sample_image
        self.window.open_page(page)
        if is_demo:
            context = self._shared()
            context.parts.bus.subscribe(lambda fact: isinstance(fact, NodeStarted) and print("ready", flush=True))
            context.generate(GenerationRequest(image=sample_image(), width=1280, height=720))
        else:
            print("ready", flush=True)
app.Panel = Watched
sys.exit(app.main(["--demo"] if is_demo else []))
"""


class Cost(NamedTuple):
    """Shares of one core in %, one a slice: of the program, and of its children together."""

    own: list[float]
    children: list[float]


def measure(script: str, arguments: Sequence[str], seconds: float, slices: int) -> Cost:
    """Start a program, wait until it says that it is ready, and read its CPU time."""
    with tempfile.TemporaryDirectory(prefix="wan22-", ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "app"), "WAN22_HOME": home}
        process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        program = psutil.Process(process.pid)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError("the program ended before it was ready")
            time.sleep(REST_S)
            return Cost(*zip(*[_slice(program, seconds) for _ in range(slices)], strict=True))  # type: ignore[arg-type]
        finally:
            family = [program, *program.children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            process.communicate()


def _slice(program: psutil.Process, seconds: float) -> tuple[float, float]:
    own, children = _cpu_s(program), _children_s(program)
    started_s = time.perf_counter()
    time.sleep(seconds)
    spent_s = time.perf_counter() - started_s
    after = _children_s(program)
    grown_s = sum(after[pid] - children.get(pid, 0.0) for pid in after)
    return 100 * (_cpu_s(program) - own) / spent_s, 100 * grown_s / spent_s


def _children_s(program: psutil.Process) -> dict[int, float]:
    found = {}
    for child in program.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found[child.pid] = _cpu_s(child)
    return found


def _cpu_s(program: psutil.Process) -> float:
    times = program.cpu_times()
    return float(times.user + times.system)


def described(name: str, cost: Cost) -> str:
    """Median, spread and number of slices."""
    spread = f"({min(cost.own):.2f} to {max(cost.own):.2f}, n {len(cost.own)})"
    children = f"its children {statistics.median(cost.children):6.2f} %"
    return f"{name:34} {statistics.median(cost.own):6.2f} %   {spread}   {children}"


def main() -> int:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    slices = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    programs = (
        ("bare Qt window", BARE, ()),
        ("panel, idle, Run page", PANEL, ("run", "idle")),
        ("panel, idle, Monitor", PANEL, ("monitor", "idle")),
        ("panel, demo run, Run page", PANEL, ("run", "demo")),
        ("panel, demo run, Monitor", PANEL, ("monitor", "demo")),
    )
    print(f"slices of {seconds:g} s, % of one core")
    costs = {}
    for name, script, arguments in programs:
        costs[name] = measure(script, arguments, seconds, slices)
        print(described(name, costs[name]), flush=True)
    plain = statistics.median(costs["bare Qt window"].own)
    for name, cost in list(costs.items())[1:]:
        print(f"{name}: {statistics.median(cost.own) - plain:+.2f} points of one core above the bare window")
    return 0


if __name__ == "__main__":
    sys.exit(main())
