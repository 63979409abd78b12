"""Rules for every test of the window: no display is needed, and nothing of Qt's may be left behind."""

import gc
import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

from wan22.system.paths import data_folder
from wan22.ui.theme import Scheme, Theme


def _alive() -> dict[str, set[int]]:
    objects = [item for item in shiboken6.getAllValidWrappers() if isinstance(item, QObject)]
    return {
        "running threads": {id(item) for item in objects if isinstance(item, QThread) and item.isRunning()},
        "active timers": {id(item) for item in objects if isinstance(item, QTimer) and item.isActive()},
        "windows": {id(item) for item in QApplication.topLevelWidgets()},
    }


def _tidy() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_of_qt_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a QThread, an active QTimer or a top-level widget."""
    if QApplication.instance() is None and "qtbot" not in request.fixturenames and "theme" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qapp")
    _tidy()
    before = _alive()
    yield
    _tidy()
    left = {name: len(now - before[name]) for name, now in _alive().items() if now - before[name]}
    assert left == {}, f"left behind: {left}"


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, data_folder() / "resources", Scheme.dark)
    yield made
    made.deleteLater()
