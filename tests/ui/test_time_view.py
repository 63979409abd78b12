import pytest

from wan22.ui.state.time_view import LIVE_LEAST_S, LIVE_MOST_S, TimeView

NOW = 1_000_000.0
OLD = NOW - 7200.0


def test_live_it_follows_now():
    view = TimeView(span_s=300.0)
    assert view.axis(NOW) == (-300.0, 0.0)
    assert view.end_s(NOW + 5) == NOW + 5
    assert view.moves
    assert view.is_fitted


def test_zooming_at_the_edge_goes_on_following():
    view = TimeView(span_s=300.0)
    view.zoom(0.5, -10.0, NOW, OLD)
    assert (view.span_s, view.moves, view.is_fitted) == (150.0, True, False)
    view.zoom(1e-9, 0.0, NOW, OLD)
    assert view.span_s == LIVE_LEAST_S
    view.zoom(1e9, -30.0, NOW, OLD)
    assert (view.span_s, view.moves) == (LIVE_MOST_S, True)
    view.fit()
    assert view.span_s == 300.0


def test_zooming_into_the_past_holds_the_picture_around_the_cursor():
    view = TimeView(span_s=3600.0)
    view.zoom(0.5, -1800.0, NOW, OLD)
    assert view.is_held
    assert view.axis(NOW + 60) == (-2700.0, -900.0)
    view.zoom(0.5, -1800.0, NOW + 60, OLD)
    assert view.axis(NOW + 60) == (-2250.0, -1350.0)
    view.zoom(2.0, -1800.0, NOW + 60, OLD)
    assert view.axis(NOW + 60) == (-2700.0, -900.0)
    view.follow()
    assert view.axis(NOW + 60) == (-1800.0, 0.0)


def test_a_held_picture_pans_between_its_first_reading_and_the_pause():
    view = TimeView(span_s=600.0)
    view.pan(60.0, NOW, OLD)
    assert view.moves
    view.pan(-60.0, NOW, OLD)
    assert (view.is_held, view.end_s(NOW + 99)) == (True, NOW - 60)
    view.pan(-1e9, NOW, OLD)
    assert view.end_s(NOW) == OLD + 600.0
    view.pan(1e9, NOW, OLD)
    assert view.axis(NOW + 99) == (-600.0, 0.0)
    assert view.is_fitted


def test_without_that_much_history_there_is_nothing_to_pan_to():
    view = TimeView(span_s=600.0)
    view.hold(NOW)
    view.pan(-60.0, NOW, NOW - 10.0)
    assert view.end_s(NOW) == NOW
    view.pan(-60.0, NOW, None)
    assert view.end_s(NOW) == NOW


def test_a_stored_run_zooms_freely_and_stays_inside():
    view = TimeView((NOW, NOW + 40.0))
    assert (view.axis(0.0), view.is_fitted, view.moves) == ((0.0, 40.0), True, False)
    view.zoom(0.25, 20.0, 0.0, None)
    assert view.axis(0.0) == pytest.approx((15.0, 25.0))
    view.pan(-100.0, 0.0, None)
    assert view.axis(0.0) == pytest.approx((0.0, 10.0))
    view.pan(100.0, 0.0, None)
    assert view.axis(0.0) == pytest.approx((30.0, 40.0))
    view.zoom(1e-9, 35.0, 0.0, None)
    assert view.span_s == 1.0
    view.zoom(1e9, 35.0, 0.0, None)
    assert view.axis(0.0) == pytest.approx((0.0, 40.0))
    assert view.is_fitted
    view.zoom(0.5, 0.0, 0.0, None)
    assert view.axis(0.0) == pytest.approx((0.0, 20.0))
    view.fit()
    assert view.axis(0.0) == (0.0, 40.0)


def test_a_run_shorter_than_the_closest_zoom():
    view = TimeView((NOW, NOW + 0.2))
    assert view.axis(0.0) == (0.0, 1.0)
    view.zoom(0.1, 0.5, 0.0, None)
    assert view.axis(0.0) == (0.0, 1.0)
