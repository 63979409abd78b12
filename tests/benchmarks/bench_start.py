"""Time from the start of the process to the first paint: the panel against a bare Qt window of the same size.

`QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_start [runs=15]`. Both are started in turn, so that both
see the same machine. Byte code is on disk before the first run that counts, as it is after an installation. Goal: at
most 1.25 times as long, by the medians and by the best.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 1.25
ROOT = Path(__file__).resolve().parents[2]
BARE = """
import os, time
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, done)
def done():
    print(time.time(), time.process_time(), flush=True)
    os._exit(0)
application = QApplication([])
application.setStyle("Fusion")
window = Window()
window.resize(1440, 900)
window.setCentralWidget(QLabel("bare", alignment=Qt.AlignmentFlag.AlignCenter))
window.show()
application.exec()
"""
PANEL = """
import gc
gc.disable()  # as wan22.ui.__main__ does
import os, sys, time
from wan22.ui import app
def painted(self):
    print(time.time(), time.process_time(), flush=True)
    heavy = [name for name in ("numpy", "pydantic", "pyqtgraph", "requests", "wan22.wiring") if name in sys.modules]
    print(" ".join(heavy), flush=True)
    os._exit(0)
app.Panel._load = painted
app.main([])
"""


def once(script: str, home: Path) -> tuple[float, float, str]:
    """Milliseconds to the first paint, those of CPU among them, and what else was printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "app"), "HOME": str(home), "WAN22_HOME": ""}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    started_s = time.time()
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    wall_s, cpu_s = map(float, first.split())
    return 1000 * (wall_s - started_s), 1000 * cpu_s, " ".join(rest)


def described(name: str, found: list[float]) -> str:
    """Best, median and spread of some times in milliseconds."""
    cuts = statistics.quantiles(found, n=10)
    return (
        f"{name:14} best {min(found):6.0f} ms   median {statistics.median(found):6.0f} ms   "
        f"p10 {cuts[0]:.0f}   p90 {cuts[-1]:.0f}   n {len(found)}"
    )


def main() -> int:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    wall: dict[str, list[float]] = {"bare": [], "panel": []}
    cpu: dict[str, list[float]] = {"bare": [], "panel": []}
    heavy = ""
    with tempfile.TemporaryDirectory(prefix="wan22-") as name:
        home = Path(name)
        for run in range(-1, runs):
            for which, script in (("bare", BARE), ("panel", PANEL)):
                wall_ms, cpu_ms, said = once(script, home)
                if run >= 0:
                    wall[which].append(wall_ms)
                    cpu[which].append(cpu_ms)
                heavy = said or heavy
    for which, found in wall.items():
        print(described(which, found))
    for which, found in cpu.items():
        print(described(f"{which}, CPU", found))
    best = min(wall["panel"]) / min(wall["bare"])
    middle = statistics.median(wall["panel"]) / statistics.median(wall["bare"])
    by_cpu = statistics.median(cpu["panel"]) / statistics.median(cpu["bare"])
    print(f"ratio of the best {best:.2f}, of the medians {middle:.2f}, of the medians of CPU {by_cpu:.2f}; goal {GOAL}")
    print(f"heavy modules before the first paint: {heavy.strip() or 'none'}")
    return 0 if max(best, middle) <= GOAL and not heavy.strip() else 1


if __name__ == "__main__":
    sys.exit(main())
