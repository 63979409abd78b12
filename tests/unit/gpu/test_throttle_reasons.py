from dataclasses import fields

import pytest

from wan22.gpu.throttle_reasons import REASONS, Treat, limiter_shares, reasons_from_mask
from wan22.schema.gpu import LIMITERS, GpuReading


@pytest.mark.parametrize(
    ("bit", "name", "treat"),
    [
        (0x001, "gpu_idle", Treat.benign),
        (0x002, "application_clocks", Treat.info),
        (0x004, "sw_power_cap", Treat.info),
        (0x008, "hw_slowdown", Treat.finding),
        (0x010, "sync_boost", Treat.info),
        (0x020, "sw_thermal", Treat.finding),
        (0x040, "hw_thermal", Treat.severe),
        (0x080, "hw_power_brake", Treat.severe),
        (0x100, "display_clocks", Treat.info),
        (0x200, "board_limit", Treat.info),
        (0x400, "reliability", Treat.benign),
    ],
)
def test_each_bit(bit: int, name: str, treat: Treat):
    (reason,) = reasons_from_mask(bit)
    assert (reason.bit, reason.name, reason.treat) == (bit, name, treat)
    assert reason.text.endswith((".",))


def test_no_bits_no_reasons():
    assert reasons_from_mask(0) == ()


def test_several_bits_come_lowest_first():
    assert [reason.name for reason in reasons_from_mask(0x048 | 0x4)] == ["sw_power_cap", "hw_slowdown", "hw_thermal"]


def test_bits_of_newer_drivers_are_kept():
    found = reasons_from_mask(0x4 | 0x800 | 0x8000000000000000)
    assert [reason.name for reason in found] == ["sw_power_cap", "unknown 0x800", "unknown 0x8000000000000000"]
    assert {reason.treat for reason in found[1:]} == {Treat.info}


def test_bits_do_not_overlap():
    assert len({reason.bit for reason in REASONS}) == len(REASONS)
    assert all(reason.bit & (reason.bit - 1) == 0 for reason in REASONS)


def test_limiters_are_columns_of_a_reading():
    columns = {field.name for field in fields(GpuReading) if field.name.startswith("limiter_")}
    assert set(LIMITERS.values()) == columns


def test_shares_of_the_time_between():
    first = GpuReading(time_s=100.0, gpu=0, limiter_power_cap_ns=5_000_000_000, limiter_thermal_ns=0)
    last = GpuReading(time_s=102.5, gpu=0, limiter_power_cap_ns=7_500_000_000, limiter_thermal_ns=500_000_000)
    assert limiter_shares(first, last) == {"power_cap": 1.0, "thermal": pytest.approx(0.2)}


def test_a_share_never_exceeds_one():
    first = GpuReading(time_s=0.0, gpu=0, limiter_power_cap_ns=0)
    last = GpuReading(time_s=1.0, gpu=0, limiter_power_cap_ns=1_050_000_000)
    assert limiter_shares(first, last) == {"power_cap": 1.0}


def test_missing_and_reset_counters_are_left_out():
    first = GpuReading(time_s=0.0, gpu=0, limiter_power_cap_ns=10, limiter_board_ns=0, limiter_reliability_ns=None)
    last = GpuReading(time_s=1.0, gpu=0, limiter_power_cap_ns=5, limiter_board_ns=None, limiter_reliability_ns=7)
    assert limiter_shares(first, last) == {}


def test_no_time_no_share():
    reading = GpuReading(time_s=5.0, gpu=0, limiter_power_cap_ns=1)
    assert limiter_shares(reading, reading) == {}


def test_two_gpus_cannot_be_compared():
    with pytest.raises(ValueError, match="GPU 0 and GPU 1"):
        limiter_shares(GpuReading(time_s=0.0, gpu=0), GpuReading(time_s=1.0, gpu=1))
