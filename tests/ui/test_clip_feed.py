from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.unit.video.clips import numbered_clip
from wan22.ui.clip_feed import ClipFeed

FRAME_BYTES = 64 * 3 * 48


def number_of(feed: ClipFeed, index: int) -> int:
    image = feed.image(index)
    assert image is not None
    return round((image.pixelColor(10, 10).red() - 20) / 3)


def test_a_clip_that_fits_is_kept_whole_and_closed(qtbot: QtBot, tmp_path: Path):
    path = numbered_clip(tmp_path / "n.mp4", count=40)
    feed = ClipFeed(path)
    with qtbot.waitSignal(feed.changed):
        feed.start()
    qtbot.waitUntil(lambda: not feed.is_alive)
    assert not feed.is_loading
    assert (feed.is_whole, feed.count, feed.loaded) == (True, 40, 40)
    assert [number_of(feed, index) for index in range(40)] == list(range(40))
    path.unlink()
    feed.close()
    assert feed.loaded == 0


def test_a_clip_that_does_not_fit_is_kept_around_the_wanted_frame(qtbot: QtBot, tmp_path: Path):
    feed = ClipFeed(numbered_clip(tmp_path / "n.mp4", count=40), cache_bytes=12 * FRAME_BYTES)
    feed.start()
    for wanted in (0, 3, 20, 39, 5, 38):
        qtbot.waitUntil(lambda: feed.info is not None)
        feed.want(wanted)
        near = [(wanted + step) % 40 for step in range(9)]
        qtbot.waitUntil(lambda near=near: all(feed.image(index) is not None for index in near))
        assert [number_of(feed, index) for index in near] == near
        assert feed.loaded <= 12
    assert not feed.is_whole
    assert not feed.is_loading
    assert feed.is_alive
    feed.close()
    assert not feed.is_alive


def test_news_are_told_once_until_they_are_taken(qtbot: QtBot, tmp_path: Path):
    feed = ClipFeed(numbered_clip(tmp_path / "n.mp4", count=40))
    told: list[int] = []
    feed.changed.connect(lambda: told.append(1))
    feed.start()
    qtbot.waitUntil(lambda: not feed.is_alive)
    qtbot.wait(20)
    assert len(told) == 1
    feed.close()


@pytest.mark.parametrize("count", [1, 2])
def test_very_short_clips(qtbot: QtBot, tmp_path: Path, count: int):
    feed = ClipFeed(numbered_clip(tmp_path / "n.mp4", count=count))
    feed.start()
    qtbot.waitUntil(lambda: not feed.is_alive)
    assert feed.loaded == count
    feed.close()


def test_closing_at_once_is_no_problem(qtbot: QtBot, tmp_path: Path):
    path = numbered_clip(tmp_path / "n.mp4", count=40)
    for _ in range(5):
        feed = ClipFeed(path)
        feed.start()
        feed.close()
        assert not feed.is_alive
        assert feed.problem is None
