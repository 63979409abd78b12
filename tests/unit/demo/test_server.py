"""The look-alike over real sockets: routes, faults, previews, stopping."""

import json
import struct
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.unit.demo.look_alikes import Running, heard, look_alike, small_graph
from wan22.demo.scenario import Fault, Neighbour, Scenario

DECODE = next(node for node, item in small_graph().items() if item["class_type"] == "VAEDecode")
HD = {"width": 1280, "height": 720, "length": 81}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with look_alike(tmp_path / "Ünï code", None, "--use-sage-attention") as one:
        yield one


def submit(running: Running, graph: dict[str, Any], client_id: str, **extra: Any) -> str:
    prompt_id = str(uuid.uuid4())
    body = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id, "extra_data": extra}
    answer = running.post("/prompt", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["prompt_id"] == prompt_id
    return prompt_id


def wait_for(condition: Any, limit_s: float = 10.0) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_who_it_says_it_is(running: Running):
    stats = running.get("/system_stats").json()
    assert stats["system"]["argv"] == ["main.py", "--use-sage-attention"]
    assert stats["system"]["comfyui_version"] == "0.25.0"
    assert stats["system"]["deploy_environment"] == "simulated"
    device = stats["devices"][0]
    assert device["name"] == "cuda:0 NVIDIA GeForce RTX 5090 (SIMULATED) : cudaMallocAsync"
    assert device["vram_total"] == 32607 * 2**20
    assert running.get("/api/system_stats").json()["system"] == stats["system"]
    assert running.get("/features").json()["supports_preview_metadata"] is True


def test_introspection(running: Running):
    everything = running.get("/object_info").json()
    assert "WanImageToVideo" in everything
    assert running.get("/object_info/RIFE%20VFI").json()["RIFE VFI"]["output"] == ["IMAGE"]
    assert running.get("/object_info/Nope").json() == {}
    assert running.get("/queue").json() == {"queue_running": [], "queue_pending": []}
    assert running.get("/prompt").json() == {"exec_info": {"queue_remaining": 0}}
    assert running.get("/history/nope").json() == {}
    assert running.get("/nothing").status_code == 404


def test_bad_bodies(running: Running):
    bad = requests.post(running.url + "/prompt", data="{nope", timeout=10)
    assert (bad.status_code, bad.text) == (500, "500 Internal Server Error\n\nServer got itself in trouble")
    assert running.post("/prompt", {}).json()["error"]["type"] == "no_prompt"
    assert running.post("/prompt", {"prompt": {}}).json()["error"]["type"] == "prompt_no_outputs"
    wrong = running.post("/prompt", {"prompt": small_graph(), "prompt_id": "abc"})
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (400, "invalid_prompt_id")
    assert running.get("/history?max_items=abc").status_code == 500
    for prompt in (
        {"1": 3},
        {"1": {"class_type": ["a"], "inputs": {}}},
        {"1": {"class_type": "SaveVideo", "inputs": 3}},
    ):
        assert running.post("/prompt", {"prompt": prompt}).status_code in (400, 500)
    assert running.post("/prompt", [1]).status_code == 500
    assert running.get("/system_stats").status_code == 200


def test_a_page_of_another_host_gets_nothing(running: Running):
    found = requests.get(running.url + "/system_stats", headers={"Origin": "http://evil.example"}, timeout=10)
    assert found.status_code == 404


def test_uploads(running: Running):
    def upload(content: bytes, **fields: str) -> requests.Response:
        return requests.post(
            running.url + "/upload/image", files={"image": ("ä pic.png", content)}, data=fields, timeout=10
        )

    assert upload(b"one").json() == {"name": "ä pic.png", "subfolder": "", "type": "input"}
    assert upload(b"one").json()["name"] == "ä pic.png"
    assert upload(b"two").json()["name"] == "ä pic (1).png"
    assert upload(b"three", overwrite="true").json()["name"] == "ä pic.png"
    assert upload(b"four", subfolder="sub").json()["subfolder"] == "sub"
    assert upload(b"five", subfolder="../out").status_code == 400
    assert requests.post(running.url + "/upload/image", data=b"x", timeout=10).status_code == 400
    assert running.comfy.has_image("sub/ä pic.png")
    assert not running.comfy.has_image("../x.png")
    seen = running.get("/view?filename=ä pic.png&type=input")
    assert (seen.content, seen.headers["Content-Type"]) == (b"three", "image/png")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filename=x.mp4&type=output&subfolder=video", 404),
        ("filename=../../etc/passwd&type=output", 400),
        ("filename=x&type=magic", 400),
        ("filename=x&type=output&subfolder=../..", 400),
    ],
)
def test_views_that_are_refused(running: Running, query: str, status: int):
    assert running.get(f"/view?{query}").status_code == status


def test_previews_when_asked(running: Running):
    link = running.listen("me", {"supports_preview_metadata": True})
    submit(running, small_graph(), "me", preview_method="auto")
    messages = heard(link)
    link.close()
    assert [one["type"] for one in messages[:2] if isinstance(one, dict)][-1] in ("feature_flags", "status")
    previews = [one for one in messages if isinstance(one, bytes)]
    assert len(previews) == 4
    kind, size = struct.unpack(">II", previews[0][:8])
    metadata = json.loads(previews[0][8 : 8 + size])
    assert (kind, metadata["node_id"], metadata["image_type"]) == (4, "57", "image/jpeg")
    assert previews[0][8 + size :].startswith(b"\xff\xd8")


def test_previews_for_an_old_client(running: Running):
    link = running.listen("me")
    submit(running, small_graph(), "me", preview_method="latent2rgb")
    previews = [one for one in heard(link) if isinstance(one, bytes)]
    link.close()
    assert struct.unpack(">II", previews[0][:8]) == (1, 1)


def test_others_only_see_the_status(running: Running):
    other, mine = running.listen("other"), running.listen("mine")
    submit(running, small_graph(), "mine")
    heard(mine)
    other.settimeout(0.3)
    seen = []
    with suppress(websocket.WebSocketTimeoutException):
        while True:
            seen.append(json.loads(other.recv())["type"])
    assert set(seen) == {"status"}
    other.close()
    mine.close()


def test_interrupt_while_it_samples_and_cancel_while_it_waits(tmp_path: Path):
    with look_alike(tmp_path, speed=20.0) as running:
        link = running.listen("me")
        first = submit(running, small_graph(n50=HD), "me")
        second = submit(running, small_graph(n57={"noise_seed": 5}), "me")
        wait_for(lambda: running.comfy.gpu.load.compute == 1.0)
        assert [one[1] for one in running.get("/queue").json()["queue_pending"]] == [second]
        assert running.post(f"/api/jobs/{second}/cancel").json() == {"cancelled": True}
        running.post("/interrupt", {"prompt_id": second})
        assert running.get("/queue").json()["queue_running"][0][1] == first
        running.post("/interrupt", {"prompt_id": first})
        messages = heard(link)
        link.close()
        stop = next(one["data"] for one in messages if one["type"] == "execution_interrupted")
        assert (stop["node_id"], stop["node_type"]) == ("57", "KSamplerAdvanced")
        assert "50" in stop["executed"]
        entry = running.get(f"/history/{first}").json()[first]
        assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
        assert running.post(f"/api/jobs/{first}/cancel").json() == {"cancelled": False}
        assert "Processing interrupted" in running.said


def test_free_empties_the_cache(running: Running):
    link = running.listen("me")
    submit(running, small_graph(), "me")
    heard(link)
    assert running.comfy.gpu.load.memory_bytes > 2**30
    running.post("/free", {"unload_models": True, "free_memory": True})
    wait_for(lambda: running.comfy.gpu.load.memory_bytes < 2**30)
    submit(running, small_graph(), "me")
    cached = next(one for one in heard(link) if one["type"] == "execution_cached")
    link.close()
    assert cached["data"]["nodes"] == []


def test_out_of_memory_and_the_server_lives_on(tmp_path: Path):
    scenario = Scenario(
        neighbours=(Neighbour(name="other", kind="compute", memory_gib=26),),
        fault=Fault(kind="out_of_memory", at="pass_1", job=1),
    )
    with look_alike(tmp_path, scenario) as running:
        link = running.listen("me")
        submit(running, small_graph(), "me")
        error = next(one["data"] for one in heard(link) if one["type"] == "execution_error")
        assert (error["exception_type"], error["node_id"]) == ("torch.OutOfMemoryError", "57")
        assert "out of memory" in error["exception_message"]
        assert "Device limit            : 31.84 GiB" in error["exception_message"]
        assert "Got an OOM, unloading all loaded models." in running.said
        submit(running, small_graph(), "me")
        assert heard(link)[-3]["type"] == "execution_success"
        link.close()


def test_a_worker_that_stands_still(tmp_path: Path):
    with look_alike(tmp_path, Scenario(fault=Fault(kind="hang", at="decode"))) as running:
        link = running.listen("me")
        prompt_id = submit(running, small_graph(), "me")
        while heard(link, until="executing")[-1]["data"]["node"] != DECODE:
            pass
        link.close()
        wait_for(lambda: running.comfy.gpu.load.busy == 0.0)
        wait_for(lambda: running.get("/demo/gpu").json()["reading"]["utilization_pct"] == 0)
        running.post("/interrupt", {"prompt_id": prompt_id})
        assert len(running.get("/queue").json()["queue_running"]) == 1
        assert running.get("/history").json() == {}
        assert "Exception in thread" not in running.said


def test_memory_that_is_short_only_for_a_large_job(tmp_path: Path):
    fault = Fault(kind="out_of_memory", at="pass_1", above_gib=14.2)
    with look_alike(tmp_path, Scenario(fault=fault)) as running:
        link = running.listen("me")
        submit(running, small_graph(), "me")
        assert heard(link)[-3]["type"] == "execution_success"
        submit(running, small_graph(n50=HD), "me")
        assert any(one["type"] == "execution_error" for one in heard(link))
        link.close()


def test_a_worker_that_dies(tmp_path: Path):
    with look_alike(tmp_path, Scenario(fault=Fault(kind="worker_death", at="decode"))) as running:
        submit(running, small_graph(), "me")
        wait_for(lambda: "Exception in thread" in running.said)
        assert len(running.get("/queue").json()["queue_running"]) == 1


def test_attention_that_falls_back(tmp_path: Path):
    with look_alike(tmp_path, Scenario(fault=Fault(kind="attention_fallback"))) as running:
        link = running.listen("me")
        submit(running, small_graph(), "me")
        assert heard(link)[-3]["type"] == "execution_success"
        link.close()
        assert "Error running sage attention" in running.said


def test_the_gpu_follows_the_work(tmp_path: Path):
    with look_alike(tmp_path, speed=20.0) as running:
        idle = running.get("/demo/gpu").json()["reading"]
        prompt_id = submit(running, small_graph(n50=HD), "me")
        wait_for(lambda: running.comfy.gpu.load.compute == 1.0)
        wait_for(lambda: running.get("/demo/gpu").json()["reading"]["power_w"] > 400)
        busy = running.get("/demo/gpu").json()
        running.post("/interrupt", {"prompt_id": prompt_id})
        assert (idle["utilization_pct"], busy["reading"]["utilization_pct"]) == (0, 99)
        assert busy["reading"]["memory_used_bytes"] > 18 * 2**30
        assert busy["processes"][0]["memory_bytes"] > 18 * 2**30


def test_the_log_is_kept(running: Running):
    link = running.listen("me")
    submit(running, small_graph(), "me")
    heard(link)
    link.close()
    wait_for(lambda: "Prompt executed in" in running.said)
    text = "".join(entry["m"] for entry in running.get("/internal/logs/raw").json()["entries"])
    assert "got prompt" in text
    assert "Requested to load WAN21" in text
    assert "100%|" in running.said
    assert "got prompt" in running.get("/internal/logs").json()
