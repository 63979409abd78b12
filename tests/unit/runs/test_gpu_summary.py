import numpy as np
import pytest

from wan22.runs.gpu_summary import gpu_summary
from wan22.runs.telemetry import Telemetry
from wan22.schema.gpu import READING_COLUMNS, GpuReading

JOB = (10.0, 30.0)
PASSES = [(10.0, 15.0), (20.0, 25.0)]


def board(*readings: GpuReading) -> Telemetry:
    rows = [
        [np.nan if (value := getattr(one, name)) is None else value for name in READING_COLUMNS] for one in readings
    ]
    return Telemetry(READING_COLUMNS, np.array(rows, dtype=np.float64))


def steady(step_s: float = 0.5, last_s: float = 40.0, **values: float) -> list[GpuReading]:
    return [GpuReading(float(time_s), 0, **values) for time_s in np.arange(0.0, last_s, step_s)]  # type: ignore[arg-type]


def test_no_rows_no_summary():
    assert gpu_summary(Telemetry(READING_COLUMNS, np.empty((0, len(READING_COLUMNS)))), PASSES, JOB) is None


def test_medians_are_of_the_sampling_phases_and_peaks_of_the_job():
    rows = [
        GpuReading(
            time_s,
            0,
            power_w=600.0 if any(a <= time_s <= b for a, b in PASSES) else 100.0,
            memory_used_bytes=9e9 if 26 <= time_s <= 28 else 5e9 if time_s >= 10 else 1e9,
            temperature_c=time_s,
        )
        for time_s in np.arange(0.0, 40.0, 0.5).tolist()
    ]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert (found.sample_count, found.sampling_count) == (80, 22)
    assert (found.power_median_w, found.power_peak_w) == (600.0, 600.0)
    assert (found.memory_before_bytes, found.memory_peak_bytes) == (5e9, 9e9)
    assert found.temperature_peak_c == 30.0
    assert found.utilization_median_pct is None
    assert found.limiter_share == {}
    assert found.limiter_source == ""


def test_energy_comes_from_the_counter_when_there_is_one():
    rows = [
        GpuReading(time_s, 0, power_w=1.0, energy_j=500.0 * time_s if time_s % 1 == 0 else None)
        for time_s in np.arange(0.0, 40.0, 0.25).tolist()
    ]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert found.energy_source == "counter"
    assert found.energy_wh == pytest.approx(500.0 * 10 / 3600)
    assert found.energy_job_wh == pytest.approx(500.0 * 20 / 3600)


def test_energy_is_summed_from_the_power_otherwise():
    found = gpu_summary(board(*steady(power_w=360.0)), PASSES, JOB)
    assert found is not None
    assert found.energy_source == "integral"
    assert found.energy_wh == pytest.approx(1.0)
    assert found.energy_job_wh == pytest.approx(2.0)


def test_a_counter_that_was_set_back_is_not_used():
    rows = [
        GpuReading(t, 0, power_w=360.0, energy_j=t if t < 12 else t - 12) for t in np.arange(0.0, 40.0, 0.5).tolist()
    ]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert found.energy_source == "integral"


@pytest.mark.parametrize("missing", [(18.0, 26.0), (22.0, 99.0), (-1.0, 13.0)])
def test_energy_over_a_hole_is_unknown(missing: tuple[float, float]):
    rows = [one for one in steady(power_w=360.0) if not missing[0] < one.time_s < missing[1]]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert (found.energy_wh, found.energy_source) == (None, "")


def test_limiters_come_from_the_counters_when_there_are_some():
    """Limited half of the time, while no reading shows the bit."""
    rows = [
        GpuReading(t, 0, clocks_event_reasons=0, limiter_power_cap_ns=int(t * 0.5e9), limiter_hw_thermal_ns=7)
        for t in np.arange(0.0, 40.0, 1.0).tolist()
    ]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert found.limiter_source == "counters"
    assert found.limiter_share == {"power_cap": pytest.approx(0.5), "hw_thermal": 0.0}


def test_limiters_are_counted_from_the_readings_otherwise():
    rows = [
        GpuReading(t, 0, clocks_event_reasons=0x4 | (0x40 if t > 20 else 0)) for t in np.arange(0.0, 40.0, 0.5).tolist()
    ]
    found = gpu_summary(board(*rows), PASSES, JOB)
    assert found is not None
    assert found.limiter_source == "samples"
    assert found.limiter_share["power_cap"] == 1.0
    assert found.limiter_share["hw_thermal"] == pytest.approx(10 / 22)
    assert found.limiter_share["power_brake"] == 0.0


def test_power_of_old_boards_is_the_momentary_one():
    found = gpu_summary(board(*steady(power_instant_w=250.0)), PASSES, JOB)
    assert found is not None
    assert found.power_median_w == 250.0
    assert found.energy_source == "integral"


def test_a_job_without_an_end_has_no_energy():
    found = gpu_summary(board(*steady(power_w=360.0)), [], None)
    assert found is not None
    assert (found.energy_wh, found.energy_job_wh, found.memory_before_bytes) == (None, None, None)
    assert found.sampling_count == 0
    assert found.power_median_w is None
