"""How the window comes to life, in a process of its own: what the panel imports decides it."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from wan22.ui.app import WindowOptions
from wan22.ui.page_list import load_page, page_entries

SCRIPT = """
import json, sys, threading
imported = {}
class Watch:
    def find_spec(self, name, path=None, target=None):
        imported.setdefault(name, threading.current_thread().name)
sys.meta_path.insert(0, Watch())
from PySide6.QtCore import QTimer
from wan22.ui import app
class Watched(app.Panel):
    def __init__(self, application, options):
        super().__init__(application, options)
        imported["painted after"] = ""
        self.came_to_life.connect(lambda: imported.setdefault("lives", ""))
        self.came_to_life.connect(self.look, app.Qt.ConnectionType.QueuedConnection)
    def look(self):
        if self._loader.is_alive:
            QTimer.singleShot(10, self.look)
            return
        print(json.dumps(list(imported.items())), flush=True)
        self.close()
        app.QApplication.quit()
app.Panel = Watched
sys.exit(app.main(%r))
"""
SLOW = ("pydantic", "requests", "wan22.wiring", "wan22.ui.context", "wan22.ui.pages.run_page")


def imports_of(home: Path, *options: str) -> list[tuple[str, str]]:
    """Every module with the thread that asked for it first, in that order, and two marks of the panel's life."""
    environment = {**os.environ, "WAN22_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("WAN22_COMFYUI", None)
    script = SCRIPT % (list(options),)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [(str(name), str(thread)) for name, thread in json.loads(done.stdout.splitlines()[-1])]


def test_what_is_slow_to_import_is_imported_beside_the_window(tmp_path: Path):
    found = imports_of(tmp_path, "--demo", "--demo-speed", "100")
    names = [name for name, _ in found]
    threads = dict(found)
    assert {threads[name] for name in SLOW if name != "pydantic"} == {"window-parts"}
    before = names[: names.index("painted after")]
    assert [name for name in (*SLOW, "numpy", "pyqtgraph") if name in before] == []
    assert threads["wan22.ui.pages.setup_page"] == "window-pages"
    assert threads["pyqtgraph"] == "window-pages"
    assert names.index("lives") < names.index("wan22.ui.pages.monitor_page")


def test_every_page_can_be_loaded_ahead_of_its_visit():
    for entry in page_entries(lambda: None):  # type: ignore[arg-type,return-value]
        load_page(entry.key)
        assert find_spec(f"wan22.ui.pages.{entry.key}_page") is not None


def test_a_stored_run_opens_in_the_monitor():
    assert WindowOptions().first_page is None
    assert WindowOptions(show="last").first_page == "monitor"
    assert WindowOptions(replay="last").first_page == "monitor"
