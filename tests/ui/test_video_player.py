import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes.clock import FakeClock
from tests.ui.page_check import cut_off, without_name
from tests.unit.video.clips import numbered_clip
from wan22.schema.clip import ClipInfo
from wan22.schema.problem import Problem
from wan22.ui.theme import Theme
from wan22.ui.widgets.video_player import EMPTY_TITLE, VideoPlayer

CLIPS = Path(__file__).resolve().parents[1] / "data" / "clips"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "n.mp4", count=40)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def player(qtbot: QtBot, theme: Theme, clock: FakeClock) -> Iterator[VideoPlayer]:
    made = VideoPlayer(theme, clock=clock)
    qtbot.addWidget(made)
    made.resize(440, 360)
    made.show()
    yield made
    made.close_clip()
    assert not any(thread.name.startswith("clip ") for thread in threading.enumerate())


def opened(qtbot: QtBot, player: VideoPlayer, path: Path) -> VideoPlayer:
    with qtbot.waitSignal(player.opened):
        player.open(path)
    qtbot.waitUntil(lambda: player.bar.frame_text.text().startswith("frame"))
    return player


def shown(player: VideoPlayer) -> int:
    assert player.view.image is not None
    return round((player.view.image.pixelColor(10, 10).red() - 20) / 3)


def test_without_a_clip(player: VideoPlayer):
    assert player.view.words[0] == EMPTY_TITLE
    assert player.clip is None
    assert not player.bar.isEnabled()
    player.toggle()
    player.step(1)
    player.seek(3)
    assert player.index is None


def test_it_opens_and_plays(qtbot: QtBot, player: VideoPlayer, clip: Path, clock: FakeClock):
    player.open(clip)
    assert player.view.words[0] == "Opening n.mp4"
    with qtbot.waitSignal(player.opened) as told:
        pass
    assert isinstance(told.args[0], ClipInfo)
    qtbot.waitUntil(lambda: player.bar.frame_text.text() == "frame 1 / 40")
    assert player.is_playing
    clock.advance(0.5)
    qtbot.waitUntil(lambda: player.index == 8)
    assert shown(player) == 8
    assert player.bar.time_text.text() == "0.5 / 2.5 s"
    assert player.bar.seek.value() == 8
    clock.advance(2.5)
    qtbot.waitUntil(lambda: player.index == 8 and player.is_playing)


def test_it_keeps_time_with_the_real_clock(qtbot: QtBot, theme: Theme):
    player = VideoPlayer(theme)
    qtbot.addWidget(player)
    player.show()
    opened(qtbot, player, CLIPS / "clip_rife425_32.mp4")
    player.seek(0)
    seen: set[int] = set()
    player.view.show_image = lambda image, aspect: seen.add(player.index or 0)  # type: ignore[method-assign]
    qtbot.wait(500)
    assert len(seen) >= 8
    assert max(seen) <= 18
    player.close_clip()


def test_keys(qtbot: QtBot, player: VideoPlayer, clip: Path):
    opened(qtbot, player, clip)
    view = player.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert not player.is_playing
    player.seek(5)
    for key, index in (
        (Qt.Key.Key_Right, 6),
        (Qt.Key.Key_Period, 7),
        (Qt.Key.Key_Left, 6),
        (Qt.Key.Key_Comma, 5),
        (Qt.Key.Key_End, 39),
        (Qt.Key.Key_Right, 0),
        (Qt.Key.Key_Left, 39),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(view, key)
        assert (player.index, shown(player)) == (index, index)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert player.is_playing


def test_arrows_step_wherever_the_focus_is(qtbot: QtBot, player: VideoPlayer, clip: Path):
    opened(qtbot, player, clip).pause()
    player.seek(5)
    bar = player.bar
    for widget in (bar.play, bar.back, bar.forward, bar.loop, bar.full_size, bar.seek, bar.speed):
        index = player.index
        widget.setFocus()
        qtbot.keyClick(widget, Qt.Key.Key_Right)
        assert player.index == (index or 0) + 1, widget.accessibleName()
        assert QApplication.focusWidget() is widget


def test_buttons_and_the_seek_bar(qtbot: QtBot, player: VideoPlayer, clip: Path):
    opened(qtbot, player, clip)
    qtbot.mouseClick(player.bar.play, Qt.MouseButton.LeftButton)
    assert not player.is_playing
    assert player.bar.play.accessibleName() == "Play"
    seek = player.bar.seek
    qtbot.mouseClick(seek, Qt.MouseButton.LeftButton, pos=QPoint(seek.width() // 2, 10))
    assert player.index in (19, 20)
    at = player.index
    qtbot.mouseClick(player.bar.forward, Qt.MouseButton.LeftButton)
    assert player.index == at + 1
    qtbot.mouseClick(player.bar.back, Qt.MouseButton.LeftButton)
    assert (player.index, shown(player)) == (at, at)
    qtbot.mouseClick(player.view, Qt.MouseButton.LeftButton)
    assert player.is_playing


def test_speed_and_loop(qtbot: QtBot, player: VideoPlayer, clip: Path, clock: FakeClock):
    opened(qtbot, player, clip)
    player.seek(0)
    player.bar.speed.setFocus()
    qtbot.keyClick(player.bar.speed, Qt.Key.Key_Up)
    assert player.bar.speed.currentText().startswith("½")
    clock.advance(0.5)
    qtbot.waitUntil(lambda: player.index == 4)
    qtbot.mouseClick(player.bar.loop, Qt.MouseButton.LeftButton)
    clock.advance(60.0)
    qtbot.waitUntil(lambda: not player.is_playing)
    assert (player.index, shown(player)) == (39, 39)
    player.step(1)
    assert player.index == 39


def test_it_rests_while_hidden(qtbot: QtBot, player: VideoPlayer, clip: Path, clock: FakeClock):
    opened(qtbot, player, clip)
    player.seek(10)
    player.hide()
    assert not player.is_playing
    clock.advance(1.0)
    player.show()
    assert (player.index, player.is_playing) == (10, True)
    player.pause()
    player.hide()
    player.show()
    assert not player.is_playing


def test_opened_while_hidden_it_waits_to_be_seen(qtbot: QtBot, player: VideoPlayer, clip: Path):
    player.hide()
    opened(qtbot, player, clip)
    assert not player.is_playing
    player.show()
    assert player.is_playing


def test_full_size_and_back(qtbot: QtBot, player: VideoPlayer, clip: Path):
    opened(qtbot, player, clip)
    qtbot.keyClick(player.view, Qt.Key.Key_F)
    window = player.view.window()
    assert window is not player
    assert window.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert player.is_playing
    assert player.bar.full_size.accessibleName() == "Back to the window"
    qtbot.keyClick(player.view, Qt.Key.Key_Space)
    assert not player.is_playing
    qtbot.keyClick(player.view, Qt.Key.Key_Escape)
    assert player.view.window() is player
    assert player.view.isVisible()
    qtbot.mouseClick(player.bar.full_size, Qt.MouseButton.LeftButton)
    player.view.window().close()
    assert player.view.window() is player
    qtbot.mouseClick(player.bar.full_size, Qt.MouseButton.LeftButton)
    player.close_clip()
    assert player.view.window() is player


def test_a_file_that_is_no_clip_is_said_in_words(qtbot: QtBot, player: VideoPlayer, tmp_path: Path):
    (tmp_path / "words.mp4").write_text("only words " * 50, encoding="utf-8")
    with qtbot.waitSignal(player.problem) as told:
        player.open(tmp_path / "words.mp4")
    assert isinstance(told.args[0], Problem)
    assert told.args[0].code == "clip_invalid"
    assert "words.mp4 is not a video" in player.view.words[0]
    assert player.view.words[1] == told.args[0].hint
    assert not player.bar.isEnabled()
    assert player.clip is None


def test_a_missing_file(qtbot: QtBot, player: VideoPlayer, tmp_path: Path):
    with qtbot.waitSignal(player.problem) as told:
        player.open(tmp_path / "gone.mp4")
    assert told.args[0].code == "file_unreadable"
    assert "gone.mp4" in player.view.words[0]


def test_a_clip_that_was_cut_plays_as_far_as_it_goes(qtbot: QtBot, player: VideoPlayer, tmp_path: Path):
    (tmp_path / "cut.mp4").write_bytes((CLIPS / "clip_src16.mp4").read_bytes()[:100_000])
    with qtbot.waitSignal(player.problem) as told:
        player.open(tmp_path / "cut.mp4")
    assert told.args[0].code == "clip_incomplete"
    assert player.view.image is not None
    assert player.is_playing
    count = player.bar.seek.maximum() + 1
    assert 5 < count < 33
    player.step(-1)
    assert player.index in range(count)


def test_another_clip_takes_the_place(qtbot: QtBot, player: VideoPlayer, clip: Path):
    for path in (clip, CLIPS / "clip_src16.mp4", clip, CLIPS / "clip_rife425_32.mp4"):
        player.open(path)
    with qtbot.waitSignal(player.opened) as told:
        pass
    assert told.args[0].frame_count == 65
    player.close_clip()
    clip.unlink()
    assert player.view.words[0] == EMPTY_TITLE


def test_a_clip_larger_than_the_cache_plays(qtbot: QtBot, theme: Theme, clip: Path, clock: FakeClock):
    player = VideoPlayer(theme, clock=clock, cache_bytes=10 * 64 * 48 * 3)
    qtbot.addWidget(player)
    player.show()
    opened(qtbot, player, clip)
    player.pause()
    for index in (30, 2, 39, 17):
        player.seek(index)
        qtbot.waitUntil(lambda index=index: player.view.image is not None and shown(player) == index)
    player.close_clip()


def test_a_deleted_player_leaves_no_thread(qtbot: QtBot, theme: Theme, clip: Path):
    holder = QWidget()
    qtbot.addWidget(holder)
    player = VideoPlayer(theme, cache_bytes=1)
    QVBoxLayout(holder).addWidget(player)
    holder.show()
    opened(qtbot, player, clip)
    assert any(thread.name.startswith("clip ") for thread in threading.enumerate())
    player.deleteLater()
    qtbot.waitUntil(lambda: not any(thread.name.startswith("clip ") for thread in threading.enumerate()))


@pytest.mark.parametrize("width", [416, 900])
def test_nothing_is_cut_off_or_without_a_name(qtbot: QtBot, player: VideoPlayer, clip: Path, width: int):
    player.resize(width, 380)
    opened(qtbot, player, clip)
    player.pause()
    assert cut_off(player) + without_name(player) == []
