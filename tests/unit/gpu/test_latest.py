from wan22.gpu.latest import merged_reading
from wan22.schema.gpu import GpuReading


def test_slow_values_stay_under_new_fast_ones():
    older = GpuReading(time_s=1.0, gpu=0, power_w=100.0, energy_j=5.0, fan_pct=30.0)
    newer = GpuReading(time_s=2.0, gpu=0, power_w=200.0)
    assert merged_reading(older, newer) == GpuReading(time_s=2.0, gpu=0, power_w=200.0, energy_j=5.0, fan_pct=30.0)


def test_nothing_older_or_nothing_missing():
    reading = GpuReading(time_s=1.0, gpu=0, power_w=0.0)
    assert merged_reading(None, reading) is reading
    assert merged_reading(GpuReading(time_s=0.0, gpu=0, power_w=7.0), reading) is reading
