"""The look-alike's messages against those recorded from ComfyUI 0.25.0, field by field."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.comfy.transcripts import CPU, transcript
from tests.unit.demo.look_alikes import Running, heard, look_alike, small_graph

_ASIDE = {"prompt_id": "ID", "timestamp": 0, "sid": "SID", "filename": "NAME"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with look_alike(tmp_path) as one:
        yield one


def plain(value: Any) -> Any:
    """Without ids, times and file names."""
    if isinstance(value, dict):
        return {name: _ASIDE.get(name, plain(item)) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def recorded(run: str) -> list[Any]:
    return [plain({"type": one["type"], "data": one["data"]}) for one in transcript(CPU, run)]


def run_graph(running: Running, graph: dict[str, Any]) -> list[Any]:
    client_id = uuid.uuid4().hex
    link = running.listen(client_id)
    try:
        first = heard(link, "status")
        answer = running.post("/prompt", {"prompt": graph, "client_id": client_id, "prompt_id": str(uuid.uuid4())})
        assert answer.status_code == 200, answer.text
        return [plain(one) for one in first + heard(link)]
    finally:
        link.close()


def types_of_numbers(messages: list[Any]) -> list[Any]:
    nodes = [one["data"]["nodes"] for one in messages if one["type"] == "progress_state"]
    return [[(type(state["value"]), type(state["max"])) for state in one.values()] for one in nodes]


def test_a_cold_run_and_a_warm_one(running: Running):
    # What follows success on the wire: the recordings end with it.
    end = [
        {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}}},
        {"type": "executing", "data": {"node": None, "prompt_id": "ID"}},
    ]
    cold = run_graph(running, small_graph())
    assert cold == recorded("64x64x5-cold") + end
    assert types_of_numbers(cold) == types_of_numbers(recorded("64x64x5-cold"))
    warm = run_graph(running, small_graph(n57={"noise_seed": 99}))
    assert warm == recorded("64x64x5-warm") + end


def test_the_same_graph_again_does_nothing(running: Running):
    run_graph(running, small_graph())
    again = run_graph(running, small_graph())
    kinds = [one["type"] for one in again]
    assert kinds == [
        "status", "status", "status", "execution_start", "execution_cached", "executed", "execution_success", "status",
        "executing",
    ]  # fmt: skip
    assert len(again[4]["data"]["nodes"]) == len(small_graph())


def test_another_picture_under_the_same_name_is_noticed(running: Running):
    run_graph(running, small_graph())
    Image.new("RGB", (20, 20), (1, 2, 3)).save(running.comfy.folders.input / "example.png")
    cached = next(one for one in run_graph(running, small_graph()) if one["type"] == "execution_cached")
    assert not {"62", "50", "57", "61"} & set(cached["data"]["nodes"])


def test_a_file_that_is_no_picture_fails_in_its_node(running: Running):
    (running.comfy.folders.input / "example.png").write_bytes(b"no picture")
    error = next(one["data"] for one in run_graph(running, small_graph()) if one["type"] == "execution_error")
    assert (error["node_id"], error["exception_type"]) == ("62", "PIL.UnidentifiedImageError")


def test_the_history_entry_is_complete_at_the_end_mark(running: Running):
    run_graph(running, small_graph())
    ((prompt_id, entry),) = running.get("/history").json().items()
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    assert [kind for kind, _ in entry["status"]["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert entry["prompt"][1] == prompt_id
    assert entry["prompt"][4] == ["61"]
    file = entry["outputs"]["61"]["images"][0]
    assert "SIMULATED" in file["filename"]
    video = running.get(f"/view?filename={file['filename']}&subfolder=video&type=output")
    assert video.content[4:8] == b"ftyp"
    assert entry["meta"]["61"]["display_node"] == "61"
