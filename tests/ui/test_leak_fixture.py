"""The rule against leftovers, tried on leftovers."""

import pytest

LEAKS = {
    "timer": "from PySide6.QtCore import QTimer\n    KEPT.append(QTimer())\n    KEPT[-1].start(1000)",
    "window": "from PySide6.QtWidgets import QWidget\n    KEPT.append(QWidget())",
    "thread": "from PySide6.QtCore import QThread\n    KEPT.append(QThread())\n    KEPT[-1].start()",
}
FREE = "KEPT[-1].{}"
END = {"timer": "stop()", "window": "deleteLater()", "thread": "quit()"}


@pytest.mark.parametrize("kind", LEAKS)
def test_what_is_left_is_found(kind: str, qapp: object):
    from tests.ui.conftest import _alive, _tidy

    _tidy()
    before = _alive()
    kept: list[object] = []
    exec(f"def leak(KEPT):\n    {LEAKS[kind]}\nleak(kept)", {"kept": kept})
    left = {name for name, now in _alive().items() if now - before[name]}
    assert len(left) == 1
    exec(f"kept[-1].{END[kind]}", {"kept": kept})
    if kind == "thread":
        assert kept[-1].wait(2000)  # type: ignore[attr-defined]
    kept.clear()
    _tidy()
    assert {name for name, now in _alive().items() if now - before[name]} == set()
