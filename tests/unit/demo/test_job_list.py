"""Jobs and models of the look-alike, over real sockets and from documents alone."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.demo.look_alikes import heard, look_alike, small_graph
from wan22.demo.job_list import JobQueryError, job_document, jobs_document

FILE = {"filename": "a.mp4", "subfolder": "", "type": "output"}


def item(prompt_id: str, created_ms: int = 1, workflow: str | None = None) -> list[Any]:
    extra: dict[str, Any] = {"create_time": created_ms}
    if workflow is not None:
        extra["extra_pnginfo"] = {"workflow": {"id": workflow}}
    return [0.0, prompt_id, {"1": {}}, extra, ["1"]]


def ended(prompt_id: str, kind: str, took_ms: int, created_ms: int = 1) -> dict[str, Any]:
    messages = [["execution_start", {"timestamp": 100}], [kind, {"timestamp": 100 + took_ms, "node_id": "1"}]]
    status_str = "success" if kind == "execution_success" else "error"
    outputs = {"1": {"images": [{**FILE, "type": "temp"}, FILE], "animated": [True]}}
    return {
        "prompt": item(prompt_id, created_ms),
        "outputs": outputs,
        "status": {"status_str": status_str, "completed": status_str == "success", "messages": messages},
    }


QUEUE = {"queue_running": [item("run", 8)], "queue_pending": [item("wait", 9, "flow")]}
HISTORY = {
    "good": ended("good", "execution_success", 50, 3),
    "bad": ended("bad", "execution_error", 20, 2),
    "stopped": ended("stopped", "execution_interrupted", 10, 4),
}


def listed(**query: str) -> list[str]:
    return [job["id"] for job in jobs_document(QUEUE, HISTORY, query)["jobs"]]


def test_jobs_are_sorted_filtered_and_cut():
    assert listed() == ["wait", "run", "stopped", "good", "bad"]
    assert listed(sort_order="asc") == ["bad", "good", "stopped", "run", "wait"]
    assert listed(sort_by="execution_duration")[:3] == ["good", "bad", "stopped"]
    assert listed(status="failed, cancelled") == ["stopped", "bad"]
    assert listed(workflow_id="flow") == ["wait"]
    assert listed(offset="1", limit="2") == ["run", "stopped"]
    assert jobs_document(QUEUE, HISTORY, {"limit": "2"})["pagination"] == {
        "offset": 0,
        "limit": 2,
        "total": 5,
        "has_more": True,
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("status", "done", "Invalid status value"),
        ("limit", "0", "positive"),
        ("limit", "many", "integer"),
        ("offset", "x", "integer"),
        ("sort_by", "name", "sort_by must be"),
        ("sort_order", "up", "sort_order must be"),
    ],
)
def test_a_bad_question_is_refused(name: str, value: str, words: str):
    with pytest.raises(JobQueryError, match=words):
        jobs_document(QUEUE, HISTORY, {name: value})


def test_one_job_tells_more_once_it_has_ended():
    waiting = job_document("wait", QUEUE, HISTORY)
    assert waiting == {
        "id": "wait",
        "status": "pending",
        "priority": 0.0,
        "create_time": 9,
        "outputs_count": 0,
        "workflow_id": "flow",
    }
    good = job_document("good", QUEUE, HISTORY)
    assert good is not None
    assert (good["status"], good["outputs_count"], good["preview_output"]["type"]) == ("completed", 2, "output")
    assert good["preview_output"] | {"nodeId": "1", "mediaType": "images"} == good["preview_output"]
    assert (good["execution_start_time"], good["execution_end_time"]) == (100, 150)
    assert {"outputs", "execution_status", "workflow"} <= set(good)
    bad = job_document("bad", QUEUE, HISTORY)
    assert bad is not None
    assert bad["execution_error"]["node_id"] == "1"
    assert job_document("nobody", QUEUE, HISTORY) is None


def test_jobs_and_models_over_http(tmp_path: Path):
    with look_alike(tmp_path / "Ünï code") as running:
        link = running.listen("me")
        prompt = running.post("/prompt", {"prompt": small_graph(), "client_id": "me"}).json()["prompt_id"]
        heard(link)
        link.close()
        (job,) = running.get("/api/jobs?status=completed").json()["jobs"]
        assert (job["id"], job["outputs_count"], job["preview_output"]["mediaType"]) == (prompt, 1, "images")
        assert running.get(f"/api/jobs/{prompt}").json()["execution_status"]["completed"] is True
        assert running.get("/api/jobs/nobody").status_code == 404
        assert running.get("/api/jobs?limit=-1").status_code == 400
        assert running.get("/jobs").status_code == 404
        folders = running.get("/models").json()
        assert {"diffusion_models", "loras", "vae"} <= set(folders)
        assert running.get("/models/vae").json() == ["wan_2.1_vae.safetensors"]
        assert len(running.get("/api/models/diffusion_models").json()) == 2
        assert running.get("/models/checkpoints").json() == []
        assert running.get("/models/nothing").status_code == 404
