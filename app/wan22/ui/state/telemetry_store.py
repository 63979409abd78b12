"""A day of readings in little memory: three levels of buckets, each with smallest, largest and mean value.

A plot asks for a span and its width in pixels and gets at most one bucket (two points) a pixel, whatever the span;
the work is bounded by the length of one level, not by the number of samples ever seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LEVELS: tuple[tuple[float, int], ...] = ((0.1, 6000), (1.0, 7200), (10.0, 8640))
"""Seconds a bucket and number of buckets: 10 minutes as read, 2 hours, 24 hours."""
LONGEST_SPAN_S = 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class SeriesSlice:
    """Buckets of one series that have values, oldest first. `time_s`: middle of each bucket minus the end asked for."""

    step_s: float
    time_s: FloatArray
    low: FloatArray
    high: FloatArray
    mean: FloatArray
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.time_s.size)

    def envelope(self, gap_s: float) -> tuple[FloatArray, FloatArray]:
        """x and y of a line through low and high of every bucket, broken (nan) where values are missing longer."""
        if not len(self):
            return self.time_s, self.low
        time_s, values = np.repeat(self.time_s, 2), np.empty(2 * len(self))
        values[0::2], values[1::2] = self.low, self.high
        return self._broken(time_s, values, gap_s, 2)

    def middle(self, gap_s: float) -> tuple[FloatArray, FloatArray]:
        """x and y of a line through the means, broken likewise."""
        return self._broken(self.time_s, self.mean, gap_s, 1)

    def _broken(
        self, time_s: FloatArray, values: FloatArray, gap_s: float, points: int
    ) -> tuple[FloatArray, FloatArray]:
        widest_s = max(gap_s, 2.5 * self.step_s)
        breaks = np.flatnonzero(np.diff(self.time_s) > widest_s) + 1
        if not breaks.size:
            return time_s, values
        at = breaks * points
        return np.insert(time_s, at, self.time_s[breaks - 1] + self.step_s), np.insert(values, at, np.nan)


@dataclass(frozen=True, slots=True)
class SpanStatistics:
    """Smallest, largest and mean value over a span, each sample counting once; None without values."""

    low: float | None
    high: float | None
    mean: float | None


class _Level:
    """A ring of buckets. Every bucket is stored twice, `size` apart, so that any stretch is one plain view."""

    def __init__(self, series: int, step_s: float, size: int) -> None:
        self.step_s = step_s
        self.size = size
        self.newest: int | None = None
        self._index = 0
        self.low = np.full((series, 2 * size), np.nan)
        self.high = np.full((series, 2 * size), np.nan)
        self.total = np.zeros((series, 2 * size))
        self.count = np.zeros((series, 2 * size), dtype=np.int32)

    def merge(self, bucket: int, values: FloatArray) -> None:
        """Add one value a series (nan = none). What is older than the ring is dropped."""
        if self.newest is None:
            self.newest = bucket
        if bucket > self.newest:
            self._advance(bucket)
        back = self.newest - bucket
        if back >= self.size:
            return
        first = (self._index - back) % self.size
        second = first + self.size
        low, high = self.low[:, first], self.high[:, first]
        np.fmin(low, values, out=low)
        np.fmax(high, values, out=high)
        there = np.isfinite(values)
        self.total[:, first] += np.where(there, values, 0.0)
        self.count[:, first] += there
        for array in (self.low, self.high, self.total, self.count):
            array[:, second] = array[:, first]

    def _advance(self, bucket: int) -> None:
        assert self.newest is not None
        steps = min(bucket - self.newest, self.size)
        places = (self._index + 1 + np.arange(steps)) % self.size
        for half in (places, places + self.size):
            self.low[:, half] = self.high[:, half] = np.nan
            self.total[:, half] = 0.0
            self.count[:, half] = 0
        self._index = (self._index + bucket - self.newest) % self.size
        self.newest = bucket

    def stretch(self, first: int, last: int) -> slice:
        """Columns of the buckets `first` to `last`, both within the ring."""
        assert self.newest is not None
        end = self._index + self.size - (self.newest - last)
        start = end - (last - first)
        if start < 0:
            start, end = start + self.size, end + self.size
        return slice(start, end + 1)


class TelemetryStore:
    """Values of `series` series at common times, in any order within the newest buckets."""

    def __init__(self, series: int, levels: Sequence[tuple[float, int]] = LEVELS) -> None:
        self.series = series
        self._levels = [_Level(series, step_s, size) for step_s, size in levels]
        self.newest_s: float | None = None
        self.oldest_s: float | None = None

    @property
    def byte_count(self) -> int:
        """Memory held by the rings."""
        return sum(
            array.nbytes for level in self._levels for array in (level.low, level.high, level.total, level.count)
        )

    def append(self, time_s: float, values: Sequence[float] | FloatArray) -> None:
        """One value a series at `time_s` (seconds since the epoch); nan where there is none."""
        row = np.asarray(values, dtype=np.float64)
        for level in self._levels:
            level.merge(math.floor(time_s / level.step_s), row)
        self.newest_s = time_s if self.newest_s is None else max(self.newest_s, time_s)
        self.oldest_s = time_s if self.oldest_s is None else min(self.oldest_s, time_s)

    def slice_of(
        self, series: int, span_s: float, pixels: int, end_s: float | None = None, margin_s: float = 0.0
    ) -> SeriesSlice:
        """What happened in the `span_s` before `end_s` (None: the newest sample), at most one bucket a pixel.

        Buckets lie on a fixed raster, so a curve does not flicker while it moves. `margin_s`: so much more at
        both ends, at least one bucket, for a curve that is to reach the edges.
        """
        end_s = end_s if end_s is not None else self.newest_s
        if end_s is None or self.newest_s is None:
            return _empty_slice(self._levels[0].step_s)
        level = self._level_for(end_s - span_s)
        assert level.newest is not None
        fold = self._fold(level, span_s, pixels)
        margin = math.ceil(margin_s / (level.step_s * fold))
        last = min(level.newest, math.floor(end_s / level.step_s) + margin * fold)
        wanted = ((math.floor((end_s - span_s) / level.step_s) + 1) // fold - margin) * fold
        first = max(level.newest - level.size + 1, wanted)
        if last < first:
            return _empty_slice(level.step_s * fold)
        columns = level.stretch(first, last)
        return _folded(level, series, columns, fold, first, end_s)

    def statistics(self, series: int, span_s: float, end_s: float | None = None) -> SpanStatistics:
        """Smallest, largest and mean value of a span."""
        found = self.slice_of(series, span_s, 10**9, end_s)
        if not len(found):
            return SpanStatistics(None, None, None)
        mean = float((found.mean * found.count).sum() / found.count.sum())
        return SpanStatistics(float(found.low.min()), float(found.high.max()), mean)

    def _level_for(self, start_s: float) -> _Level:
        """The finest level that still reaches back to `start_s`, or to the first sample there ever was."""
        assert self.oldest_s is not None
        needed_s = max(start_s, self.oldest_s)
        for level in self._levels:
            assert level.newest is not None
            if (level.newest - level.size + 1) * level.step_s <= needed_s:
                return level
        return self._levels[-1]

    @staticmethod
    def _fold(level: _Level, span_s: float, pixels: int) -> int:
        """How many neighbouring buckets become one."""
        return max(1, int(np.ceil(span_s / level.step_s / max(1, pixels) - 1e-9)))


def _folded(level: _Level, series: int, columns: slice, fold: int, first: int, end_s: float) -> SeriesSlice:
    low, high = level.low[series, columns], level.high[series, columns]
    total, count = level.total[series, columns], level.count[series, columns]
    group = first // fold
    if fold > 1:
        starts = np.maximum(0, np.arange(group * fold - first, low.size, fold))
        low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        total, count = np.add.reduceat(total, starts), np.add.reduceat(count, starts)
    there = np.flatnonzero(count)
    counted = count[there].astype(np.int64)
    step_s = level.step_s * fold
    mean: FloatArray = np.asarray(total[there] / counted, dtype=np.float64)
    middle_s: FloatArray = np.asarray((group + there + 0.5) * step_s - end_s, dtype=np.float64)
    return SeriesSlice(step_s, middle_s, low[there], high[there], mean, counted)


def _empty_slice(step_s: float) -> SeriesSlice:
    nothing = np.empty(0)
    return SeriesSlice(step_s, nothing, nothing, nothing, nothing, np.empty(0, dtype=np.int64))
