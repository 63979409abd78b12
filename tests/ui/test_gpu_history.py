import math

import pytest

from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading, GpuSampled
from wan22.ui.state.gpu_history import GpuHistory, Series, row_of_reading
from wan22.ui.state.gpu_use import GpuLimit, use_of_span
from wan22.ui.state.monitor_scale import limits_of, scale_of
from wan22.ui.state.span_csv import csv_of_span
from wan22.ui.state.telemetry_store import TelemetryStore
from wan22.ui.verdict_word import Tone

GIB = 2**30


def sampled(time_s: float, gpu: int = 0, **values: float) -> GpuSampled:
    return GpuSampled(time_s, (GpuReading(time_s=time_s, gpu=gpu, **values),))  # type: ignore[arg-type]


def test_a_missing_value_is_no_zero():
    row = row_of_reading(GpuReading(time_s=1.0, gpu=0, power_instant_w=50.0, memory_used_bytes=2.0 * GIB))
    assert row[Series.power_w] == 50.0
    assert row[Series.memory_gib] == 2.0
    assert math.isnan(row[Series.utilisation_pct])


def test_slow_values_stay_known(qapp: object):
    history = GpuHistory()
    history.apply([sampled(1.0, fan_pct=40.0), sampled(1.2, utilization_pct=5.0)])
    assert history.latest[0].fan_pct == 40.0
    assert history.latest[0].utilization_pct == 5.0
    assert (history.gpus, history.oldest_s, history.newest_s) == ((0,), 1.0, 1.2)


def test_shares_come_from_the_counters(qapp: object):
    history = GpuHistory()
    history.apply(
        [
            sampled(10.0, limiter_power_cap_ns=0, limiter_thermal_ns=0, limiter_hw_thermal_ns=0),
            sampled(10.2, clocks_event_reasons=0x20),
            sampled(12.0, limiter_power_cap_ns=1_000_000_000, limiter_thermal_ns=0, limiter_hw_thermal_ns=200_000_000),
        ]
    )
    store = history.store(0)
    assert store is not None
    assert store.statistics(Series.power_cap_share, 60.0).mean == pytest.approx(0.5)
    assert store.statistics(Series.heat_share, 60.0).mean == pytest.approx(0.1)
    assert store.statistics(Series.idle_share, 60.0).mean is None


def test_without_counters_the_mask_says_it(qapp: object):
    history = GpuHistory()
    history.apply([sampled(1.0, clocks_event_reasons=0x4), sampled(2.0, clocks_event_reasons=0x24)])
    store = history.store(0)
    assert store is not None
    assert store.statistics(Series.power_cap_share, 60.0).mean == 1.0
    assert store.statistics(Series.heat_share, 60.0).mean == 0.5


def history_of(**values: float) -> GpuHistory:
    history = GpuHistory()
    history.apply([sampled(float(second), **values) for second in range(20)])
    return history


@pytest.mark.parametrize(
    ("values", "sentence", "tone"),
    [
        ({"utilization_pct": 99.0, "clocks_event_reasons": 0x4}, "Fully used: only the power limit", Tone.good),
        ({"utilization_pct": 99.0, "clocks_event_reasons": 0}, "Fully used: nothing holds it back", Tone.good),
        ({"utilization_pct": 99.0}, "Fully used", Tone.good),
        ({"utilization_pct": 99.0, "clocks_event_reasons": 0x20}, "Heat held the clocks back for 100 %", Tone.slow),
        ({"utilization_pct": 50.0, "clocks_event_reasons": 0x0}, "Used in part: 50 %", Tone.running),
        ({"utilization_pct": 1.0, "clocks_event_reasons": 0x1}, "Idle", Tone.unknown),
        ({"power_w": 20.0}, "How busy the GPU was is unknown", Tone.unknown),
    ],
)
def test_the_answer_first(qapp: object, values: dict[str, float], sentence: str, tone: Tone):
    found = use_of_span(history_of(**values).store(0), 60.0, None, GpuLimit())
    assert found.sentence.startswith(sentence)
    assert found.tone is tone


def test_no_readings_is_no_judgement(qapp: object):
    assert use_of_span(None, 60.0, None, GpuLimit()).tone is Tone.unknown


def test_grounds_name_the_limits(qapp: object):
    history = history_of(utilization_pct=99.0, power_w=548.0, temperature_c=74.0, clocks_event_reasons=4)
    grounds = use_of_span(history.store(0), 60.0, None, GpuLimit(575.0, 90.0)).grounds
    assert "548 of 575 W on average" in grounds
    assert "at most 74 °C, 16 °C below the limit of 90 °C" in grounds


def test_a_board_that_knows_only_its_margin_has_a_limit():
    reading = GpuReading(time_s=1.0, gpu=0, temperature_c=60.0, temperature_margin_c=27.0, power_limit_w=400.0)
    assert limits_of(None, reading) == GpuLimit(400.0, 87.0)
    assert limits_of(None, None) == GpuLimit(None, None)


def test_scales_draw_the_limits():
    info = GpuInfo(
        gpu=0,
        power_enforced_w=450.0,
        power_default_w=575.0,
        temperature_slowdown_c=90.0,
        temperature_target_c=83.0,
        memory_total_bytes=32 * GIB,
        sm_clock_max_mhz=3000.0,
    )
    power = scale_of(Series.power_w, info, None, None)
    assert [(line.value, line.is_limit) for line in power.limits] == [(450.0, True), (575.0, False)]
    assert power.high > 575.0
    heat = scale_of(Series.temperature_c, info, None, None)
    assert [line.text for line in heat.limits] == ["limit 90 °C", "target 83 °C"]
    assert heat.high > 90.0
    assert scale_of(Series.memory_gib, info, None, None).limits[0].text == "card 32.0 GiB"
    assert scale_of(Series.sm_clock_mhz, info, None, None).limits[0].is_limit is False
    with pytest.raises(KeyError):
        scale_of(Series.idle_share, info, None, None)


def test_an_unknown_range_is_not_made_up():
    assert scale_of(Series.power_w, None, None, None).text == ""


def test_csv_has_a_row_a_bucket_and_nan_for_what_was_not_read(qapp: object):
    history = GpuHistory()
    history.set_inventory(GpuInventory(source="replay", gpus=(GpuInfo(gpu=0), GpuInfo(gpu=1))))
    history.apply([sampled(100.05, utilization_pct=10.0), sampled(100.95, utilization_pct=30.0)])
    lines = csv_of_span(history, [0, 1], 60.0, 101.0).splitlines()
    head = lines[0].split(",")
    assert head[:6] == [
        "time_s",
        "gpu",
        "bucket_s",
        "utilisation_pct_min",
        "utilisation_pct_mean",
        "utilisation_pct_max",
    ]
    assert [line.split(",")[:7] for line in lines[1:]] == [
        ["100.050", "0", "0.1", "10", "10", "10", "nan"],
        ["100.950", "0", "0.1", "30", "30", "30", "nan"],
    ]
    assert all(len(line.split(",")) == len(head) for line in lines)


def test_a_board_has_one_store_and_a_reading_is_cheap(monkeypatch: pytest.MonkeyPatch):
    made: list[int] = []

    class Counted(TelemetryStore):
        def __init__(self, series: int) -> None:
            made.append(series)
            super().__init__(series)

    monkeypatch.setattr("wan22.ui.state.gpu_history.TelemetryStore", Counted)
    history = GpuHistory()
    history.apply([GpuSampled(float(second), (GpuReading(float(second), 0),)) for second in range(5)])
    assert len(made) == 1
