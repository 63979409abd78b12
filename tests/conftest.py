"""Rules that hold for every test: nothing may be left running, nothing of the user's may be touched."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, runs and logs of a test live in its own folder."""
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "wan22-home"))
    for name in [item for item in os.environ if item.startswith("WAN22_") and item != "WAN22_HOME"]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread alive."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    for thread in left:
        thread.join(2.0)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert alive == [], f"threads left running: {alive}"
