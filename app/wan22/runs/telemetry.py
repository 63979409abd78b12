"""Readings of a run as columns: one row a reading in `telemetry.csv`, one numpy array in memory."""

import io
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wan22.schema.gpu import READING_COLUMNS, GpuReading, GpuSampled
from wan22.schema.problem import app_error
from wan22.system.files import file_error

FloatArray = NDArray[np.float64]

_INTEGER_COLUMNS = frozenset(field.name for field in fields(GpuReading) if field.type in (int, int | None))
TORN_ROW = "The last row of the telemetry is torn and was left out."
_REQUIRED = ("time_s", "gpu")
_LARGEST_PLAIN = 2.0**63


@dataclass(frozen=True, slots=True, eq=False)
class Telemetry:
    """`values[row, column]` in float64, nan where there was no reading; rows in order of arrival.

    `notes` says in sentences what of the file could not be used.
    """

    columns: tuple[str, ...]
    values: FloatArray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def column(self, name: str) -> FloatArray:
        """One column; all nan when the file does not have it."""
        if name in self.columns:
            return self.values[:, self.columns.index(name)]
        return np.full(len(self), np.nan)

    @property
    def gpus(self) -> tuple[int, ...]:
        """Numbers of the GPUs that have rows."""
        return tuple(int(number) for number in np.unique(self.column("gpu")) if not math.isnan(number))

    def of_gpu(self, gpu: int) -> "Telemetry":
        """The rows of one GPU."""
        return self.where(self.column("gpu") == gpu)

    def between(self, first_s: float, last_s: float) -> "Telemetry":
        """The rows from `first_s` to `last_s` (seconds since the epoch), both included."""
        time_s = self.column("time_s")
        return self.where((time_s >= first_s) & (time_s <= last_s))

    def readings(self) -> Iterator[GpuReading]:
        """The rows as the readings they were."""
        names = [name for name in READING_COLUMNS if name in self.columns]
        indexes = [self.columns.index(name) for name in names]
        for row in self.values:
            values = {name: _value(name, float(row[index])) for name, index in zip(names, indexes, strict=True)}
            yield GpuReading(**values)  # type: ignore[arg-type]

    def samples(self) -> Iterator[GpuSampled]:
        """The readings put together again to ticks of the sampler."""
        tick: list[GpuReading] = []
        for reading in self.readings():
            if tick and reading.gpu <= tick[-1].gpu:
                yield GpuSampled(tick[0].time_s, tuple(tick))
                tick = []
            tick.append(reading)
        if tick:
            yield GpuSampled(tick[0].time_s, tuple(tick))

    def where(self, chosen: NDArray[np.bool_]) -> "Telemetry":
        """The rows for which `chosen` is true."""
        return Telemetry(self.columns, self.values[chosen], self.notes)


def empty_telemetry(*notes: str) -> Telemetry:
    """Telemetry without a single row."""
    return Telemetry(READING_COLUMNS, np.empty((0, len(READING_COLUMNS))), notes)


def header_row() -> str:
    """First line of `telemetry.csv`, with its line end."""
    return ",".join(READING_COLUMNS) + "\n"


def reading_row(reading: GpuReading) -> str:
    """One line of `telemetry.csv`, with its line end; the same in every locale."""
    return ",".join(_cell(getattr(reading, name)) for name in READING_COLUMNS) + "\n"


def read_telemetry(path: Path, rename: Callable[[str], str] = str) -> Telemetry:
    """Read a `telemetry.csv`; a missing file is empty telemetry. `rename` gives columns of an older format.

    Unknown columns are skipped, missing ones read as nan, a torn last row is dropped, rows that make no sense are
    left out with a note. Errors: AppError `run_invalid` (no usable header), `file_unreadable`.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return empty_telemetry()
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    body = text.replace("\r\n", "\n")
    head, _, rows = body.partition("\n")
    if not head:
        return empty_telemetry("The telemetry file is empty.")
    names = tuple(rename(name.strip()) for name in head.split(","))
    if any(name not in names for name in _REQUIRED):
        if not rows:
            return empty_telemetry("The telemetry file breaks off within its first line.")
        raise app_error(
            "run_invalid", f"'{path}' is no telemetry: its first line lacks the columns time_s and gpu.", file=path
        )
    return _parsed(names, rows)


def _parsed(names: tuple[str, ...], rows: str) -> Telemetry:
    notes: list[str] = []
    whole, mark, torn = rows.rpartition("\n")
    if torn:
        notes.append(TORN_ROW)
    known = [name for name in READING_COLUMNS if name in names]
    indexes = [names.index(name) for name in known]
    values = np.empty((0, len(known)))
    if whole.strip():
        try:
            values = _fast_rows(whole + mark, indexes)
        except ValueError:
            values, bad = _careful_rows(whole.split("\n"), len(names), indexes)
            notes.append(f"{bad} rows of the telemetry cannot be read and were left out.")
    return Telemetry(tuple(known), values, tuple(notes))


def _fast_rows(text: str, indexes: Sequence[int]) -> FloatArray:
    """All rows at once. Raises ValueError when a single one is not made of numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.loadtxt(
            io.StringIO(text), dtype=np.float64, delimiter=",", comments=None, usecols=indexes, ndmin=2, encoding=None
        )


def _careful_rows(lines: Sequence[str], width: int, indexes: Sequence[int]) -> tuple[FloatArray, int]:
    """Row by row: what can be read, and how many rows could not."""
    good: list[list[float]] = []
    bad = 0
    for line in lines:
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != width:
            bad += 1
            continue
        try:
            good.append([float(cells[index]) for index in indexes])
        except ValueError:
            bad += 1
    return np.array(good, dtype=np.float64).reshape(len(good), len(indexes)), bad


def _cell(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "nan"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < _LARGEST_PLAIN):
        return str(int(value))
    return repr(float(value))


def _value(name: str, number: float) -> float | int | None:
    if math.isnan(number):
        return None
    return int(number) if name in _INTEGER_COLUMNS else number
