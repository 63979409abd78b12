import csv
import gzip
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.replay import ReplaySource
from wan22.gpu.source import EndOfReadings
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading, GpuSampled

H100 = Path(__file__).parents[2] / "data" / "recordings" / "wan22-14b-h100" / "640x640x81-warm-1.telemetry.csv.gz"
INVENTORY = GpuInventory(source="nvml", gpus=(GpuInfo(gpu=0, name="NVIDIA H100 80GB HBM3"),))


def recorded() -> list[GpuReading]:
    with gzip.open(H100, "rt", encoding="utf-8", newline="") as file:
        return [
            GpuReading(
                time_s=1000.0 + float(row["t_s"]),
                gpu=0,
                utilization_pct=float(row["gpu_util_pct"]),
                power_w=float(row["power_avg_mw"]) / 1000.0,
                sm_clock_mhz=float(row["sm_clock_mhz"]),
                clocks_event_reasons=int(row["clocks_event_reasons"]),
                energy_j=float(row["energy_mj"]) / 1000.0,
            )
            for row in csv.DictReader(file)
        ]


def play(source: ReplaySource, clock: FakeClock, interval_s: float) -> list[GpuSampled]:
    played = []
    while True:
        try:
            played.append(source.read())
        except EndOfReadings:
            return played
        clock.advance(interval_s)


def test_a_recorded_job_comes_out_as_it_went_in():
    clock = FakeClock(start_s=5_000_000.0)
    source = ReplaySource(recorded(), INVENTORY, clock)
    readings = [reading for sampled in play(source, clock, 0.05) for reading in sampled.readings]
    original = recorded()
    assert len(readings) == len(original) == 245
    assert [reading.power_w for reading in readings] == [reading.power_w for reading in original]
    shifts = {round(new.time_s - old.time_s, 6) for new, old in zip(readings, original, strict=True)}
    assert shifts == {round(5_000_000.0 - original[0].time_s, 6)}


def test_played_twice_as_fast():
    clock = FakeClock(start_s=5_000_000.0)
    source = ReplaySource(recorded(), INVENTORY, clock, speed=2.0)
    readings = [reading for sampled in play(source, clock, 0.01) for reading in sampled.readings]
    original = recorded()
    played_s = readings[-1].time_s - readings[0].time_s
    assert played_s == pytest.approx((original[-1].time_s - original[0].time_s) / 2.0)
    assert clock.now() - 5_000_000.0 == pytest.approx(played_s, abs=0.05)


def test_ticks_that_are_passed_over_leave_their_slow_values():
    readings = [
        GpuReading(time_s=0.0, gpu=0, power_w=1.0, energy_j=10.0),
        GpuReading(time_s=0.1, gpu=0, power_w=2.0, energy_j=11.0),
        GpuReading(time_s=0.2, gpu=0, power_w=3.0),
        GpuReading(time_s=0.3, gpu=0, power_w=4.0),
    ]
    clock = FakeClock(start_s=50.0)
    source = ReplaySource(readings, INVENTORY, clock)
    assert source.read().readings == (GpuReading(time_s=50.0, gpu=0, power_w=1.0, energy_j=10.0),)
    clock.advance(0.25)
    assert source.read().readings == (GpuReading(time_s=50.2, gpu=0, power_w=3.0, energy_j=11.0),)
    assert source.read().readings == (), "nothing new"
    clock.advance(0.1)
    assert source.read().readings == (GpuReading(time_s=50.3, gpu=0, power_w=4.0),)
    with pytest.raises(EndOfReadings):
        source.read()


def test_gpus_of_a_tick_stay_together():
    readings = [GpuReading(time_s=float(tick) + gpu / 100.0, gpu=gpu) for tick in range(3) for gpu in (0, 2)]
    clock = FakeClock(start_s=10.0)
    source = ReplaySource(iter(readings), INVENTORY, clock)
    sampled = [source.read()]
    clock.advance(1.0)
    sampled.append(source.read())
    assert [[reading.gpu for reading in tick.readings] for tick in sampled] == [[0, 2], [0, 2]]
    assert sampled[1].time_s == sampled[1].readings[0].time_s == pytest.approx(11.0)


def test_the_inventory_says_that_it_is_a_replay():
    source = ReplaySource([], INVENTORY.model_copy(update={"simulated": True}), FakeClock())
    assert source.inventory().source == "replay"
    assert source.inventory().simulated is True
    assert source.inventory().gpus == INVENTORY.gpus
    assert source.costs() == ()


def test_an_empty_or_closed_replay_has_ended():
    with pytest.raises(EndOfReadings):
        ReplaySource([], INVENTORY, FakeClock()).read()
    source = ReplaySource(recorded(), INVENTORY, FakeClock())
    source.close()
    with pytest.raises(EndOfReadings):
        source.read()


def test_a_speed_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        ReplaySource([], INVENTORY, FakeClock(), speed=0.0)
