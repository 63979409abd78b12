import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wan22.gpu.metric import MetricCost
from wan22.gpu.sampler import SamplerCost, SamplerState
from wan22.gpu.sampler_protocol import (
    ClockRequest,
    MonitorClock,
    MonitorHello,
    MonitorProblem,
    MonitorStatus,
    decode,
    encode,
    status_line,
)
from wan22.schema.gpu import READING_COLUMNS, GpuInfo, GpuInventory, GpuProcess, GpuReading, GpuSampled
from wan22.schema.problem import problem

HELLO = MonitorHello(
    format=1,
    clock_s=1_700_000_000.25,
    pid=42,
    inventory=GpuInventory(
        source="nvml",
        driver_version="580.159.04",
        gpus=(GpuInfo(gpu=0, name="NVIDIA H100 80GB HBM3", compute_capability=(9, 0), tlimit_shutdown_c=-8.0),),
    ),
    interval_s=0.2,
)
SAMPLED = GpuSampled(
    time_s=1_700_000_000.5,
    readings=(
        GpuReading(time_s=1_700_000_000.5, gpu=0, power_w=698.25, limiter_power_cap_ns=2**62, clocks_event_reasons=4),
        GpuReading(time_s=1_700_000_000.51, gpu=1, utilization_pct=0),
    ),
    processes=(
        (0, (GpuProcess(pid=7, name="python-ü", kind="compute", memory_bytes=5), GpuProcess(pid=8, kind="graphics"))),
        (1, ()),
    ),
)
LINES = [
    HELLO,
    SAMPLED,
    MonitorProblem(time_s=1.5, problem=problem("driver_lost", "Gone.", detail="15")),
    MonitorStatus(time_s=1.5, state="lost", retry_s=4.0),
    MonitorClock(echo=3, clock_s=99.5),
    ClockRequest(echo=3),
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: type(line).__name__)
def test_there_and_back(line):
    text = encode(line)
    assert "\n" not in text
    assert text.isascii()
    assert decode(text) == line
    assert decode(text + "\r\n") == line


def test_the_first_line_as_it_is_on_the_wire():
    document = json.loads(encode(HELLO))
    inventory = document.pop("inventory")
    assert document == {
        "kind": "monitor_hello",
        "format": 1,
        "clock_s": 1_700_000_000.25,
        "pid": 42,
        "interval_s": 0.2,
        "simulated": False,
    }
    assert inventory["gpus"][0]["name"] == "NVIDIA H100 80GB HBM3"


def test_only_what_was_read_is_on_the_wire():
    document = json.loads(encode(SAMPLED))
    assert document["readings"][1] == {"time_s": 1_700_000_000.51, "gpu": 1, "utilization_pct": 0}
    assert document["processes"][0]["processes"][1] == {"pid": 8, "kind": "graphics"}
    assert document["processes"][1] == {"gpu": 1, "processes": []}
    assert "processes" not in json.loads(encode(GpuSampled(1.0, ())))


def test_there_is_no_nan():
    reading = GpuReading(time_s=1.0, gpu=0, power_w=math.nan, temperature_c=math.inf, energy_j=3.0)
    assert json.loads(encode(GpuSampled(1.0, (reading,))))["readings"] == [{"time_s": 1.0, "gpu": 0, "energy_j": 3.0}]
    status = MonitorStatus(
        time_s=1.0, state="running", cost={"cpu_share": math.nan, "metrics": [{"median_s": math.inf}]}
    )
    assert json.loads(encode(status))["cost"] == {"cpu_share": None, "metrics": [{"median_s": None}]}


def test_a_nan_from_elsewhere_is_no_value():
    text = '{"kind":"gpu_sampled","time_s":1.0,"readings":[{"time_s":1.0,"gpu":0,"power_w":NaN,"energy_j":1e999}]}'
    assert decode(text) == GpuSampled(1.0, (GpuReading(time_s=1.0, gpu=0),))


def test_status_with_costs():
    cost = SamplerCost(ticks=5, skipped=1, median_s=0.001, p95_s=0.002, cpu_share=0.01)
    metrics = (MetricCost(0, "energy", 1.0, 5, 0.003, 0.018, moved=True),)
    found = decode(encode(status_line(1.0, SamplerState.running, cost=cost, metrics=metrics)))
    assert isinstance(found, MonitorStatus)
    assert found.cost is not None
    assert found.cost["skipped"] == 1
    assert found.cost["metrics"][0]["moved"] is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback (most recent call last):",
        "[1, 2]",
        "7",
        "{}",
        '{"kind": 5}',
        '{"kind": "monitor_dance"}',
        '{"kind": "monitor_hello"}',
        '{"kind": "monitor_clock", "echo": "x", "clock_s": 1}',
        '{"kind": "gpu_sampled"}',
        '{"kind": "gpu_sampled", "time_s": "soon"}',
        encode(SAMPLED)[:-5],
        "[" * 100_000,
    ],
)
def test_other_lines_are_passed_over(text: str):
    assert decode(text) is None


def test_unknown_fields_and_broken_parts_are_skipped():
    document = json.loads(encode(SAMPLED))
    document["new"] = 1
    document["readings"][0] |= {"new_column": 5.0, "power_w": "many", "pstate": True, "temperature_c": 65}
    document["readings"] += [{"gpu": 2}, "x", None]
    document["processes"] += [{"gpu": 5, "processes": [{"name": "no pid"}]}, 3, {"processes": []}]
    found = decode(json.dumps(document))
    assert isinstance(found, GpuSampled)
    assert [reading.gpu for reading in found.readings] == [0, 1]
    assert (found.readings[0].power_w, found.readings[0].pstate, found.readings[0].temperature_c) == (None, None, 65)
    assert [gpu for gpu, _ in found.processes] == [0, 1]


def test_whole_numbers_stay_whole():
    found = decode('{"kind":"gpu_sampled","time_s":1,"readings":[{"time_s":1,"gpu":0.0,"limiter_board_ns":5.0}]}')
    assert isinstance(found, GpuSampled)
    assert isinstance(found.readings[0].gpu, int)
    assert isinstance(found.readings[0].limiter_board_ns, int)


@given(st.dictionaries(st.sampled_from(READING_COLUMNS), st.one_of(st.none(), st.integers(0, 2**63), st.floats())))
def test_any_reading_survives(values: dict):
    whole = {"gpu": 0, "time_s": 5.0} | {
        name: value for name, value in values.items() if isinstance(value, int) or value is None
    }
    whole["gpu"], whole["time_s"] = 0, 5.0
    sampled = GpuSampled(5.0, (GpuReading(**whole),))
    assert decode(encode(sampled)) == sampled


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str):
    decode(text)
