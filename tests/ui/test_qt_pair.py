import subprocess
import sys

import PySide6
import pytest
from PySide6.QtCore import QObject, Signal

from wan22.ui import app
from wan22.ui.qt_pair import refusal


class Emitter(QObject):
    told = Signal(bool)


def test_five_thousand_signals_do_no_harm(qapp: object):
    """PySide6 6.12.0 under Python before 3.12 aborts the interpreter here."""
    emitter = Emitter()
    seen: list[bool] = []
    emitter.told.connect(seen.append)
    for _ in range(5000):
        emitter.told.emit(True)
        emitter.blockSignals(False)
    assert len(seen) == 5000


def test_this_pair_works():
    assert refusal(PySide6.__version__, sys.version_info[:3], sys.platform) is None


@pytest.mark.parametrize(
    ("qt", "python", "platform", "is_refused"),
    [
        ("6.12.0", (3, 11, 7), "linux", True),
        ("6.12.1", (3, 11, 2), "linux", True),
        ("6.12.0", (3, 12, 1), "linux", False),
        ("6.11.3", (3, 11, 7), "linux", False),
        ("6.12.0", (3, 11, 9), "win32", False),
    ],
)
def test_the_bad_pair_is_refused(qt: str, python: tuple[int, int, int], platform: str, is_refused: bool):
    said = refusal(qt, python, platform)
    assert (said is not None) is is_refused
    if said is not None:
        assert qt in said
        assert "3.12" in said


def test_the_window_is_not_opened_with_the_bad_pair(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(PySide6, "__version__", "6.12.0")
    monkeypatch.setattr(app.sys, "platform", "linux")
    monkeypatch.setattr(app.sys, "version_info", (3, 11, 7, "final", 0))
    assert app.main([]) == app.REFUSED
    assert "crashes" in capsys.readouterr().err


def test_nothing_heavy_is_imported_before_the_first_paint():
    script = (
        "import sys, wan22.ui.app\n"
        "heavy = [n for n in ('numpy', 'pydantic', 'pyqtgraph', 'requests', 'pynvml', 'psutil') if n in sys.modules]\n"
        "assert heavy == [], heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
