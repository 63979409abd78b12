"""Time from the start of the process to the first paint: the panel against a bare Qt window of the same size.

`QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_start [runs=7]`. Goal: at most 1.3 times as long.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 1.3
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
    print(time.time(), flush=True)
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
    print(time.time(), flush=True)
    heavy = [name for name in ("numpy", "pydantic", "pyqtgraph", "requests", "wan22.wiring") if name in sys.modules]
    print(" ".join(heavy), flush=True)
    os._exit(0)
app.Panel._come_to_life = painted
app.main([])
"""


def once(script: str, home: str) -> tuple[float, str]:
    """Milliseconds to the first paint, and what else was printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "app"), "WAN22_HOME": home}
    started_s = time.time()
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    return 1000 * (float(first) - started_s), " ".join(rest)


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times: dict[str, list[float]] = {"bare": [], "panel": []}
    heavy = ""
    with tempfile.TemporaryDirectory() as home:
        for _ in range(runs):
            times["bare"].append(once(BARE, home)[0])
            spent_ms, heavy = once(PANEL, home)
            times["panel"].append(spent_ms)
    for name, found in times.items():
        print(f"{name:6} best {min(found):6.0f} ms   median {statistics.median(found):6.0f} ms")
    ratio = min(times["panel"]) / min(times["bare"])
    middle = statistics.median(times["panel"]) / statistics.median(times["bare"])
    print(f"ratio of the best {ratio:.2f}, of the medians {middle:.2f}")
    print(f"heavy modules before the first paint: {heavy.strip() or 'none'}")
    return 0 if ratio <= GOAL and not heavy.strip() else 1


if __name__ == "__main__":
    sys.exit(main())
