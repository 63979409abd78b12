import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wan22.ui.state.telemetry_store import TelemetryStore

SMALL = ((0.1, 50), (1.0, 40), (10.0, 30))
Sample = tuple[float, float]


def naive(samples: list[Sample], step_s: float, first_s: float, last_s: float) -> dict[int, list[float]]:
    """Values by bucket of `step_s` for the buckets that lie wholly within the span."""
    found: dict[int, list[float]] = {}
    for time_s, value in samples:
        if first_s <= time_s <= last_s and not math.isnan(value):
            found.setdefault(math.floor(time_s / step_s), []).append(value)
    return found


values = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan))
rows = st.lists(st.tuples(st.floats(0.01, 3.0), values), min_size=1, max_size=150)


@settings(max_examples=150, deadline=None)
@given(rows, st.floats(0.5, 300.0), st.integers(2, 80))
def test_a_slice_is_what_a_naive_loop_finds(steps: list[Sample], span_s: float, pixels: int):
    times = [1000.0 + passed for passed in accumulate(step for step, _ in steps)]
    samples = [(round(time_s, 2) + 0.005, value) for time_s, (_, value) in zip(times, steps, strict=True)]
    store = TelemetryStore(2, SMALL)
    for time_s, value in samples:
        store.append(time_s, [value, 7.0])
    end_s = samples[-1][0]
    found = store.slice_of(0, span_s, pixels)
    assert len(found) <= pixels + 2
    expected = naive(samples, found.step_s, -math.inf, end_s)
    inside = {
        bucket: held
        for bucket, held in expected.items()
        if bucket * found.step_s >= end_s - span_s + 1e-6 and _kept(bucket, found.step_s, end_s)
    }
    seen = {round((time_s + end_s) / found.step_s - 0.5): index for index, time_s in enumerate(found.time_s)}
    assert set(inside) <= set(seen)
    for bucket, index in seen.items():
        if bucket not in inside:
            continue
        held = expected[bucket]
        assert found.low[index] == min(held)
        assert found.high[index] == max(held)
        assert found.count[index] == len(held)
        assert found.mean[index] == pytest.approx(sum(held) / len(held), rel=1e-9, abs=1e-6)


def _kept(bucket: int, step_s: float, end_s: float) -> bool:
    """Whether the whole bucket is younger than what the coarsest ring holds."""
    return bucket * step_s > end_s - 30 * 10.0 + 20.0


@settings(max_examples=60, deadline=None)
@given(rows, st.floats(1.0, 300.0), st.integers(2, 60))
def test_never_more_than_two_points_a_pixel(steps: list[Sample], span_s: float, pixels: int):
    store = TelemetryStore(1, SMALL)
    for time_s, (_, value) in zip(accumulate(step for step, _ in steps), steps, strict=True):
        store.append(time_s, [value])
    x, y = store.slice_of(0, span_s, pixels).envelope(gap_s=0.0)
    assert x.size == y.size <= 2 * (pixels + 2)
    assert bool((np.diff(x) >= 0).all())


def test_an_empty_store_has_empty_slices():
    store = TelemetryStore(1)
    assert len(store.slice_of(0, 60.0, 800)) == 0
    assert store.statistics(0, 60.0).mean is None


def test_a_span_takes_the_finest_level_that_reaches_back():
    store = TelemetryStore(1)
    for tick in range(10_000):
        store.append(tick * 1.0, [float(tick % 100)])
    assert store.slice_of(0, 60.0, 1000).step_s == pytest.approx(0.1)
    assert store.slice_of(0, 3600.0, 10_000).step_s == pytest.approx(1.0)
    assert store.slice_of(0, 9000.0, 10_000).step_s == pytest.approx(10.0)


def test_a_day_folds_to_the_pixels():
    store = TelemetryStore(1)
    for tick in range(0, 86_400, 5):
        store.append(float(tick), [float(tick)])
    found = store.slice_of(0, 86_400.0, 800)
    assert 750 <= len(found) <= 801
    assert found.high[-1] == 86_395.0


def test_a_missing_stretch_breaks_the_line():
    store = TelemetryStore(1)
    for time_s in (0.0, 0.2, 0.4, 9.0, 9.2):
        store.append(time_s, [1.0])
    x, y = store.slice_of(0, 20.0, 1000).envelope(gap_s=3.0)
    assert int(np.isnan(y).sum()) == 1
    assert x.size == 11


def test_slow_values_are_joined_over_ticks_without_them():
    store = TelemetryStore(1)
    for tick in range(50):
        store.append(tick * 0.2, [float(tick) if tick % 5 == 0 else math.nan])
    _, y = store.slice_of(0, 20.0, 1000).middle(gap_s=3.0)
    assert list(y) == [float(tick) for tick in range(0, 50, 5)]


def test_a_late_sample_finds_its_bucket():
    store = TelemetryStore(1)
    for time_s, value in ((10.0, 1.0), (11.0, 2.0), (10.5, 9.0)):
        store.append(time_s, [value])
    assert list(store.slice_of(0, 5.0, 100).mean) == [1.0, 9.0, 2.0]
    store.append(-100_000.0, [5.0])
    assert store.slice_of(0, 5.0, 100).high.max() == 9.0


def test_statistics_count_every_sample_once():
    store = TelemetryStore(1)
    for time_s, value in ((0.0, 0.0), (0.01, 0.0), (0.02, 0.0), (5.0, 100.0)):
        store.append(time_s, [value])
    found = store.statistics(0, 60.0)
    assert (found.low, found.high, found.mean) == (0.0, 100.0, 25.0)


def test_the_end_can_lie_in_the_past():
    store = TelemetryStore(1)
    for tick in range(600):
        store.append(tick * 0.1, [float(tick)])
    found = store.slice_of(0, 10.0, 1000, end_s=30.0)
    assert found.time_s[-1] == pytest.approx(0.05)
    assert 299.0 <= found.high[-1] <= 300.0
    assert found.time_s[0] >= -10.0


def test_memory_of_a_gpu_is_small():
    assert TelemetryStore(12).byte_count < 16e6
