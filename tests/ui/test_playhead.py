import pytest

from wan22.ui.state.playhead import Playhead

EVEN = [n / 16 for n in range(8)]
UNEVEN = [0.0, 0.06, 0.12, 0.4, 0.46, 0.9]


def test_frames_follow_their_stamps():
    head = Playhead(UNEVEN, 1.0)
    head.play(100.0)
    shown = [head.advance(100.0 + moment) for moment in (0.0, 0.05, 0.061, 0.39, 0.41, 0.899, 0.95)]
    assert shown == [0, 0, 1, 2, 3, 4, 5]


def test_it_says_how_long_to_wait():
    head = Playhead(UNEVEN, 1.0)
    assert head.wait_s(0.0) is None
    head.play(0.0)
    head.advance(0.13)
    assert head.wait_s(0.13) == pytest.approx(0.27)
    head.set_speed(0.5, 0.13)
    assert head.wait_s(0.13) == pytest.approx(0.54)


def test_a_loop_keeps_the_rhythm():
    head = Playhead(EVEN, 0.5)
    head.play(0.0)
    assert head.advance(0.49) == 7
    assert head.advance(0.5) == 0
    assert head.advance(0.5 + 3 / 16) == 3
    assert head.advance(0.5 * 9 + 2 / 16) == 2


def test_without_a_loop_it_rests_on_the_last_frame_and_begins_again():
    head = Playhead(EVEN, 0.5)
    head.loops = False
    head.play(0.0)
    assert head.advance(0.6) == 7
    assert not head.is_playing
    head.play(10.0)
    assert head.advance(10.07) == 1


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0])
def test_speed_bends_time_from_now_on(speed: float):
    head = Playhead(EVEN, 0.5)
    head.play(0.0)
    head.advance(2 / 16)
    head.set_speed(speed, 2 / 16)
    assert head.advance(2 / 16 + 2 / 16 / speed) == 4


def test_no_time_passes_while_a_frame_is_awaited():
    head = Playhead(EVEN, 0.5)
    head.play(0.0)
    head.advance(3 / 16)
    head.hold(9.0)
    assert head.advance(9.0) == 3
    assert head.advance(9.0 + 1 / 16) == 4


def test_a_seek_is_held_to_the_clip():
    head = Playhead(EVEN, 0.5)
    head.seek(99, 0.0)
    assert head.index == 7
    head.seek(-3, 0.0)
    assert (head.index, head.time_s) == (0, 0.0)


def test_a_clip_that_is_cut_ends_where_the_missing_frame_would_begin():
    head = Playhead(EVEN, 0.5)
    head.seek(6, 0.0)
    head.cut(4)
    assert (head.index, head.count, head.duration_s) == (3, 4, 0.25)
    head.play(0.0)
    assert head.advance(1 / 16) == 0


@pytest.mark.parametrize("duration_s", [None, 0.0, 0.2])
def test_an_impossible_length_is_mended(duration_s: float | None):
    assert Playhead(EVEN, duration_s).duration_s == pytest.approx(0.5)
    assert Playhead([0.0], duration_s).duration_s > 0
