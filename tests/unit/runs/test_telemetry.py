import dataclasses
import locale
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.runs.telemetry import TORN_ROW, header_row, read_telemetry, reading_row
from wan22.schema.gpu import READING_COLUMNS, GpuReading, GpuSampled
from wan22.schema.problem import AppError

SECONDS = st.floats(min_value=0, max_value=4e9)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.none() | st.integers(min_value=0, max_value=2**53)


def written(path: Path, *readings: GpuReading) -> Path:
    path.write_text(header_row() + "".join(reading_row(one) for one in readings), encoding="utf-8", newline="\n")
    return path


def test_a_row_has_every_column_whole_numbers_without_decimals_and_nan_for_nothing():
    row = reading_row(GpuReading(1_795_446_480.25, 0, power_w=693.481, memory_used_bytes=43552407552.0, pstate=0))
    cells = dict(zip(header_row().strip().split(","), row.strip().split(","), strict=True))
    assert tuple(cells) == READING_COLUMNS
    assert cells["time_s"] == "1795446480.25"
    assert cells["power_w"] == "693.481"
    assert cells["memory_used_bytes"] == "43552407552"
    assert cells["pstate"] == "0"
    assert cells["temperature_c"] == "nan"


def test_a_locale_with_commas_changes_nothing():
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        for name in ("de_DE.UTF-8", "German_Germany.1252", "C.UTF-8"):
            try:
                locale.setlocale(locale.LC_NUMERIC, name)
            except locale.Error:
                continue
            assert "0.5" in reading_row(GpuReading(0.5, 0))
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


@given(
    st.builds(
        GpuReading,
        time_s=SECONDS,
        gpu=st.integers(0, 15),
        power_w=NUMBERS,
        memory_used_bytes=NUMBERS,
        clocks_event_reasons=WHOLE,
        limiter_power_cap_ns=WHOLE,
        read_cost_s=NUMBERS,
    )
)
def test_a_reading_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, reading: GpuReading):
    path = tmp_path_factory.mktemp("round") / "telemetry.csv"
    (back,) = read_telemetry(written(path, reading)).readings()
    assert back == reading
    assert isinstance(back.gpu, int)
    assert back.clocks_event_reasons is None or isinstance(back.clocks_event_reasons, int)


def test_infinite_numbers_are_no_readings():
    assert "inf" not in reading_row(GpuReading(1.0, 0, power_w=math.inf, temperature_c=math.nan))


def test_a_missing_file_is_empty_telemetry(tmp_path: Path):
    found = read_telemetry(tmp_path / "none.csv")
    assert len(found) == 0
    assert found.gpus == ()
    assert np.isnan(found.column("power_w")).all()
    assert list(found.readings()) == []


def test_a_torn_last_row_is_left_out_and_said(tmp_path: Path):
    path = written(tmp_path / "t.csv", GpuReading(1.0, 0), GpuReading(2.0, 0))
    with path.open("ab") as file:
        file.write(b"3.0,0,99")
    found = read_telemetry(path)
    assert found.column("time_s").tolist() == [1.0, 2.0]
    assert found.notes == (TORN_ROW,)


def test_unknown_columns_are_skipped_and_missing_ones_are_nan(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"gpu,future_word,time_s,power_w\r\n0,hot,1.5,7\r\n1,cold,1.5,nan\r\n")
    found = read_telemetry(path)
    assert found.columns == ("time_s", "gpu", "power_w")
    assert found.gpus == (0, 1)
    assert found.of_gpu(0).column("power_w").tolist() == [7.0]
    assert np.isnan(found.column("temperature_c")).all()
    assert found.notes == ()


def test_rows_that_make_no_sense_are_left_out_and_counted(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("time_s,gpu\n1,0\nrubbish\n2,x\n3,0\n", encoding="utf-8")
    found = read_telemetry(path)
    assert found.column("time_s").tolist() == [1.0, 3.0]
    assert found.notes == ("2 rows of the telemetry cannot be read and were left out.",)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("time_s,gp", 0), ("time_s,gpu", 0), ("time_s,gpu\n", 0)])
def test_a_file_that_was_only_begun_is_empty(tmp_path: Path, text: str, count: int):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert len(read_telemetry(path)) == count


def test_another_kind_of_file_is_refused(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("name,age\nx,1\n", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        read_telemetry(path)
    assert caught.value.problem.code == "run_invalid"


def test_columns_of_an_older_format_get_their_new_names(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("time_s,gpu,watts\n1,0,5\n", encoding="utf-8")
    found = read_telemetry(path, rename=lambda name: {"watts": "power_w"}.get(name, name))
    assert found.column("power_w").tolist() == [5.0]


def test_between_takes_both_ends(tmp_path: Path):
    found = read_telemetry(written(tmp_path / "t.csv", *(GpuReading(float(moment), 0) for moment in range(5))))
    assert found.between(1.0, 3.0).column("time_s").tolist() == [1.0, 2.0, 3.0]


def test_readings_become_the_ticks_they_were(tmp_path: Path):
    ticks = [GpuSampled(t, (GpuReading(t, 0, pstate=1), GpuReading(t + 0.001, 1))) for t in (1.0, 1.2, 1.4)]
    rows = [reading for tick in ticks for reading in tick.readings]
    assert list(read_telemetry(written(tmp_path / "t.csv", *rows)).samples()) == ticks


def test_every_column_survives(tmp_path: Path):
    values = {name: index + 1 for index, name in enumerate(READING_COLUMNS)}
    reading = GpuReading(**values)  # type: ignore[arg-type]
    (back,) = read_telemetry(written(tmp_path / "t.csv", reading)).readings()
    assert dataclasses.asdict(back) == values
