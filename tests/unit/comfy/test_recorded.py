"""A recording as a client."""

from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.comfy.transcripts import H100, history, messages
from wan22.comfy.messages import facts_from_message, is_end_mark
from wan22.comfy.recorded import RecordedClient
from wan22.schema.events import NodeStarted, OutputFile
from wan22.schema.problem import AppError
from wan22.schema.server import SystemInfo, SystemStats
from wan22.system.cancel import CancelToken

STATS = SystemStats(system=SystemInfo(comfyui_version="0.3.64"))


def recording(clock: FakeClock, speed: float = 1.0, run: str = "640x640x81-warm-1", **more: object) -> RecordedClient:
    return RecordedClient(
        messages(H100, run, start_s=50.0),
        history(H100, run),
        STATS,
        {"A": {}},
        clock,
        speed,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_a_replay_keeps_the_recorded_times(speed: float) -> None:
    clock = FakeClock(start_s=1000.0, auto=True)
    client = recording(clock, speed)
    cancel = CancelToken()
    facts = []
    ended_s = None
    for message in client.messages("me", cancel):
        if message.type == "connected":
            assert message.data == {"client_id": "me"}
            client.submit({}, "new-id", "me")
            assert client.queue().pending == ("new-id",)
        if message.type == "executing" and message.data["node"] == "58":
            assert client.queue().running == ("new-id",)
            assert client.history("new-id") is None
        facts += facts_from_message(message, "new-id")
        if is_end_mark(message, "new-id"):
            ended_s = message.time_s
            cancel.set()
    starts = {fact.node: fact.time_s - 1000.0 for fact in facts if isinstance(fact, NodeStarted)}
    assert starts["58"] - starts["57"] == pytest.approx((7.3648 - 0.0324) / speed, abs=0.001 / speed)
    assert starts["8"] - starts["57"] == pytest.approx((14.7512 - 0.0324) / speed, abs=0.001 / speed)
    assert ended_s is not None
    assert clock.now() >= ended_s
    entry = client.history("new-id")
    assert entry is not None
    assert (entry.prompt_id, entry.status) == ("new-id", "success")
    assert {data["prompt_id"] for _, data in entry.messages} == {"new-id"}
    assert client.queue().running == ()


def test_two_jobs_run_one_after_the_other() -> None:
    clock = FakeClock(auto=True)
    client = recording(clock, 100.0)
    client.submit({}, "one", "me")
    client.submit({}, "two", "me")
    cancel = CancelToken()
    ends = []
    for message in client.messages("me", cancel):
        ends += [name for name in ("one", "two") if is_end_mark(message, name)]
        if len(ends) == 2:
            cancel.set()
    assert ends == ["one", "two"]


def test_interrupt_ends_the_running_replay_and_takes_a_waiting_one_away() -> None:
    clock = FakeClock(auto=True)
    client = recording(clock)
    client.submit({}, "one", "me")
    client.submit({}, "two", "me")
    cancel = CancelToken()
    types: list[str] = []
    for message in client.messages("me", cancel):
        types.append(message.type)
        if message.type == "executing" and message.data["node"] == "58":
            client.interrupt("two")
            client.interrupt("one")
        if is_end_mark(message, "one"):
            cancel.set()
    assert types[-2:] == ["execution_interrupted", "executing"]
    entry = client.history("one")
    assert entry is not None
    assert (entry.status, entry.messages[-1][0]) == ("error", "execution_interrupted")
    assert client.queue().pending == ()
    assert client.history("two") is None


def test_the_rest_of_the_seam(tmp_path: Path) -> None:
    client = recording(FakeClock(), outputs={"a.mp4": b"video"}, log="got prompt")
    assert client.stats().system.comfyui_version == "0.3.64"
    assert client.object_info() == {"A": {}}
    assert client.logs() == "got prompt"
    assert client.upload_image(tmp_path / "none.png", "ü.png", subfolder="x").reference == "x/ü.png"
    client.free()
    assert client.fetch_output(OutputFile(filename="a.mp4"), tmp_path / "b.mp4") == 5
    assert (tmp_path / "b.mp4").read_bytes() == b"video"
    for name, folder, code in (("c.mp4", ".", "output_missing"), ("a.mp4", "none", "file_unwritable")):
        with pytest.raises(AppError) as caught:
            client.fetch_output(OutputFile(filename=name), tmp_path / folder / "c.mp4")
        assert caught.value.problem.code == code


def test_a_stop_ends_it_at_once() -> None:
    client = recording(FakeClock(auto=True))
    client.submit({}, "one", "me")
    cancel = CancelToken()
    for message in client.messages("me", cancel):
        if message.type == "execution_start":
            cancel.set()
    assert client.history("one") is None


def test_a_recording_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no message about a prompt"):
        RecordedClient((), None, STATS, {}, FakeClock())
    with pytest.raises(ValueError, match="speed"):
        recording(FakeClock(), 0.0)
