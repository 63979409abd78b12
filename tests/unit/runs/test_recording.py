import gzip
import json
import shutil
from pathlib import Path

import pytest

from tests.unit.runs.recorded import CPU, H100
from wan22.runs.recording import log_with_duration, read_recording, recording_name, recording_names
from wan22.schema.problem import AppError

WARM = "640x640x81-warm-1"


def refused(folder: Path, name: str) -> str:
    with pytest.raises(AppError) as caught:
        read_recording(folder, name)
    assert caught.value.problem.code == "recording_invalid"
    return caught.value.problem.message


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "Aufnahmen mit ß"
    shutil.copytree(H100, target)
    return target


def test_names_are_found_packed_or_not(copy: Path):
    assert recording_names(copy) == recording_names(H100)
    assert len(recording_names(H100)) == 6
    packed = copy / f"{WARM}.messages.jsonl.gz"
    (copy / f"{WARM}.messages.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
    assert recording_names(copy) == recording_names(H100)
    packed.unlink()
    assert read_recording(copy, WARM).messages == read_recording(H100, WARM).messages
    assert recording_name(Path("x/a.messages.jsonl")) == "a"
    assert recording_name(Path("x/a.history.json")) is None


def test_times_are_dated_by_the_servers_own_stamp():
    found = read_recording(H100, WARM)
    assert found.posted_s == pytest.approx(1795446480.337 - 0.0048, abs=1e-4)
    assert found.prompt_id == "129fa35e-2cce-4d25-9abb-54b3c2f82489"
    assert found.graph["57"]["class_type"] == "KSamplerAdvanced"
    assert found.stats is not None
    assert found.stats.devices[0].gpu_name == "NVIDIA H100 80GB HBM3"


def test_readings_get_our_names_and_units():
    found = read_recording(H100, WARM)
    first = found.readings[0]
    assert len(found.readings) == 245
    assert first.time_s == pytest.approx(found.posted_s - 1.972)
    assert (first.power_w, first.power_instant_w, first.energy_j) == (127.596, 127.754, 26620.298)
    assert (first.read_cost_s, first.pcie_generation, first.pcie_width) == (0.016528, 5, 16)
    assert (first.memory_used_bytes, first.clocks_event_reasons, first.gpu) == (43552407552, 0, 0)
    assert first.power_limit_w is None


def test_missing_readings_stay_missing(copy: Path):
    (copy / "a.telemetry.csv").write_text("t_s,power_avg_mw,temperature_c\n0.5,N/A,\n1.0,nan,50\n", encoding="utf-8")
    shutil.copyfile(copy / f"{WARM}.messages.jsonl.gz", copy / "a.messages.jsonl.gz")
    first, second = read_recording(copy, "a").readings
    assert (first.power_w, first.temperature_c) == (None, None)
    assert (second.power_w, second.temperature_c) == (None, 50.0)


def test_an_empty_history_is_no_error():
    found = read_recording(CPU, "64x64x5-warm")
    assert found.history == {}
    assert found.graph == {}
    assert found.readings == ()


@pytest.mark.parametrize("name", ["64x64x5-warm.workflow.api.json", "workflow.api.json"])
def test_a_graph_beside_it_stands_in(tmp_path: Path, name: str):
    folder = tmp_path / "copy"
    shutil.copytree(CPU, folder)
    graph = read_recording(H100, WARM).graph
    (folder / name).write_text(json.dumps(graph), encoding="utf-8")
    assert read_recording(folder, "64x64x5-warm").graph == graph


def test_a_torn_last_message_is_left_out_a_broken_one_is_named(copy: Path):
    path = copy / f"{WARM}.messages.jsonl"
    data = gzip.decompress((copy / f"{WARM}.messages.jsonl.gz").read_bytes())
    path.write_bytes(data[:-40])
    assert len(read_recording(copy, WARM).messages) == 29
    lines = data.splitlines()
    path.write_bytes(b"\n".join([lines[0], b'{"t": 1}', *lines[1:]]))
    assert "line 2 of" in refused(copy, WARM)


def test_what_cannot_be_dated_or_read_is_refused(copy: Path):
    (copy / "a.messages.jsonl").write_text('{"t": 0.1, "type": "status", "data": {}}\n', encoding="utf-8")
    assert "execution_start" in refused(copy, "a")
    (copy / f"{WARM}.history.json").write_text("{", encoding="utf-8")
    assert "not valid JSON" in refused(copy, WARM)
    (copy / f"{WARM}.history.json").unlink()
    (copy / f"{WARM}.telemetry.csv.gz").write_bytes(b"not packed")
    assert "unpacked" in refused(copy, WARM)
    (copy / f"{WARM}.telemetry.csv").write_text("seconds\n1\n", encoding="utf-8")
    assert "t_s" in refused(copy, WARM)


def test_the_log_line_of_a_run_is_told_by_its_duration(tmp_path: Path):
    hit = log_with_duration(H100, 19.872)
    assert hit is not None
    assert (hit[0].name, hit[1]) == ("comfyui-14b.log", "Prompt executed in 19.87 seconds")
    coloured = log_with_duration(CPU, 1.289)
    assert coloured is not None
    assert coloured[1] == "Prompt executed in 1.29 seconds"
    assert log_with_duration(H100, 12.0) is None
    (tmp_path / "a.log").write_text("Prompt executed in 5.00 seconds\n" * 2, encoding="utf-8")
    assert log_with_duration(tmp_path, 5.0) is None, "two runs of the same length cannot be told apart"
