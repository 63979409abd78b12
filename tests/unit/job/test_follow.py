import queue
import threading
from collections.abc import Iterator

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.comfy.client import HistoryEntry, Message
from wan22.job.follow import FollowResult, PromptFollower, PromptPlan
from wan22.job.hang_watch import HangWatch, WatchedServer
from wan22.schema.events import (
    AnyEvent,
    JobStalled,
    Liveness,
    PromptFinished,
    PromptOutcome,
    PromptQueued,
    Role,
    SocketRestored,
    StepDone,
)
from wan22.schema.gpu import GpuSampled
from wan22.schema.problem import AppError, Problem, app_error, problem
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken

PLAN = PromptPlan(
    graph={"57": {"class_type": "KSamplerAdvanced", "inputs": {}, "_meta": {"title": "Pass 1"}}},
    roles={"57": Role.pass_1},
    titles={"57": "Pass 1"},
    steps={"57": 2},
    seed=5,
    extra={},
)


class Story:
    """A client, a bus that keeps what it heard, and the follower between them."""

    def __init__(self) -> None:
        self.client = ScriptedClient()
        self.bus = Bus(self.client.clock)
        self.facts: list[object] = []
        self.bus.subscribe(self.facts.append)
        self.cancel = CancelToken()
        self.crash: Problem | None = None
        self.client.say("connected")

    def run(self) -> FollowResult:
        follower = PromptFollower(self.client, self.bus, self.client.clock, crash=lambda: self.crash, poll_s=0.05)
        return follower.run(PLAN, self.cancel)

    def of(self, kind: type) -> list:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts if not isinstance(fact, GpuSampled)]  # type: ignore[attr-defined]


@pytest.fixture
def story() -> Story:
    return Story()


def finish(story: Story, prompt_id: str, messages: tuple = (), status: str = "success") -> None:
    story.client.entries[prompt_id] = HistoryEntry(
        prompt_id=prompt_id, status=status, completed=status == "success", messages=messages
    )
    story.client.running = ()
    story.client.say("executing", node=None, prompt_id=prompt_id)


def test_facts_come_in_order_and_the_end_mark_ends_it(story: Story):
    def tell(prompt_id: str) -> None:
        # All of this is on the wire before the answer to the POST is.
        story.client.say("execution_start", prompt_id=prompt_id, timestamp=1000)
        story.client.say("execution_cached", prompt_id=prompt_id, nodes=["1"])
        story.client.say("executing", prompt_id=prompt_id, node="57")
        story.client.say("progress", prompt_id=prompt_id, node="57", value=1, max=2)
        story.client.say("progress", prompt_id="another", node="57", value=2, max=2)
        stamps = (("execution_start", {"timestamp": 1000}), ("execution_success", {"timestamp": 3500}))
        finish(story, prompt_id, stamps)

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.success
    assert result.history is not None
    assert story.kinds() == [
        "prompt_queued",
        "prompt_started",
        "nodes_cached",
        "node_started",
        "step_done",
        "prompt_finished",
    ]
    (end,) = story.of(PromptFinished)
    assert (end.server_started_ms, end.server_ended_ms, end.from_history) == (1000, 3500, False)
    (queued,) = story.of(PromptQueued)
    assert queued.roles == {"57": Role.pass_1}
    assert queued.seed == 5
    assert [step.value for step in story.of(StepDone)] == [1]
    graph, prompt_id, client_id, _ = story.client.submitted[0]
    assert graph == PLAN.graph
    assert prompt_id.count("-") == 4
    assert client_id


def test_the_prompt_is_sent_under_the_id_of_the_connection_that_lives(story: Story):
    story.client.say("disconnected", reason="handshake failed")
    story.client.outbox.get()  # the first "connected", which had no id of its own
    story.client.say("connected", client_id="second")
    story.client.on_submit = lambda prompt_id: finish(story, prompt_id)
    story.run()
    assert story.client.submitted[0][2] == "second"


def test_an_execution_error_is_named(story: Story):
    def tell(prompt_id: str) -> None:
        data = {
            "prompt_id": prompt_id,
            "node_id": "57",
            "node_type": "KSamplerAdvanced",
            "exception_type": "torch.OutOfMemoryError",
            "exception_message": "Allocation on device 0 would exceed allowed memory. (out of memory)",
            "traceback": ["line"],
        }
        story.client.say("execution_error", **data)
        finish(story, prompt_id, (("execution_error", data),), "error")

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.error
    assert result.problem is not None
    assert result.problem.code == "out_of_memory"


def test_a_lost_socket_is_made_up_for_by_the_history(story: Story):
    def tell(prompt_id: str) -> None:
        story.client.say("executing", prompt_id=prompt_id, node="57")
        story.client.say("disconnected", reason="reset by peer")
        story.client.say("connected")
        story.client.entries[prompt_id] = HistoryEntry(prompt_id=prompt_id, status="success", completed=True)
        story.client.running = ()

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.success
    assert story.kinds() == ["prompt_queued", "node_started", "socket_lost", "socket_restored", "prompt_finished"]
    (end,) = story.of(PromptFinished)
    assert end.from_history


def test_a_restarted_server_has_lost_the_job(story: Story):
    def tell(prompt_id: str) -> None:
        story.client.running = ()

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.lost
    assert result.problem is not None
    assert result.problem.code == "generation_lost"


def test_a_crash_of_our_server_ends_it_with_its_reason(story: Story):
    def tell(prompt_id: str) -> None:
        story.client.say("executing", prompt_id=prompt_id, node="57")
        story.crash = problem("server_crashed", "ComfyUI ended with exit code 1.")

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.error
    assert result.problem == story.crash


def test_stopping_interrupts_this_prompt_and_waits_for_its_end(story: Story):
    def interrupted(prompt_id: str) -> None:
        story.client.say("execution_interrupted", prompt_id=prompt_id)
        finish(story, prompt_id, (("execution_interrupted", {"timestamp": 5}),), "error")

    story.client.on_interrupt = interrupted
    timer = threading.Timer(0.2, story.cancel.set)
    timer.start()
    result = story.run()
    timer.join()
    assert result.outcome is PromptOutcome.interrupted
    assert story.client.interrupted == [result.prompt_id]


def test_letting_go_leaves_the_prompt_alone(story: Story):
    timer = threading.Timer(0.2, story.cancel.leave)
    timer.start()
    result = story.run()
    timer.join()
    assert result.outcome is PromptOutcome.lost
    assert result.left_running
    assert result.problem is not None
    assert result.problem.code == "job_left_running"
    assert story.client.interrupted == []
    assert story.kinds()[-1] == "prompt_finished"


def test_a_prompt_taken_out_of_the_queue_counts_as_interrupted_when_we_asked_for_it(story: Story):
    def dropped(prompt_id: str) -> None:
        story.client.running = ()

    story.client.on_interrupt = dropped
    story.cancel.on_set(lambda: None)
    timer = threading.Timer(0.2, story.cancel.set)
    timer.start()
    result = story.run()
    timer.join()
    assert result.outcome is PromptOutcome.interrupted


def test_a_refused_prompt_is_raised_and_nothing_is_published(story: Story):
    story.client.refuse = app_error("model_missing", "vae.safetensors is missing.")
    with pytest.raises(AppError) as caught:
        story.run()
    assert caught.value.problem.code == "model_missing"
    assert story.facts == []


def test_a_server_that_stays_away_ends_the_wait(story: Story, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wan22.job.follow.UNREACHABLE_LIMIT_S", 0.2)

    def tell(prompt_id: str) -> None:
        story.client.unreachable = True

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.error
    assert result.problem is not None
    assert result.problem.code == "server_unreachable"


def test_without_a_socket_the_job_is_followed_by_asking(story: Story, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wan22.job.follow.CONNECT_LIMIT_S", 0.1)
    story.client.outbox.get()

    def tell(prompt_id: str) -> None:
        story.client.entries[prompt_id] = HistoryEntry(prompt_id=prompt_id, status="success", completed=True)

    story.client.on_submit = tell
    result = story.run()
    assert result.outcome is PromptOutcome.success
    assert story.kinds() == ["socket_lost", "prompt_queued", "prompt_finished"]


def test_a_server_that_does_not_hear_the_request_to_stop_is_left_at_once(story: Story):
    def deaf(_prompt_id: str) -> None:
        raise app_error("server_unreachable", "It did not answer.")

    story.client.on_interrupt = deaf
    timer = threading.Timer(0.2, story.cancel.set)
    timer.start()
    result = story.run()
    timer.join()
    assert (result.outcome, result.left_running) == (PromptOutcome.interrupted, True)
    assert result.problem is not None
    assert "did not answer the request to stop" in result.problem.message


class Dead(HangWatch):
    """Whatever happens, the server turns out to be so after a few looks."""

    def __init__(self, story: Story, verdict: Liveness, *, owned: bool) -> None:
        super().__init__(WatchedServer(owned, None, None, False), story.bus, story.client.clock)
        self.verdict = verdict
        self.looks = 0
        self.seen: list[str] = []

    def accept(self, fact: AnyEvent) -> None:
        self.seen.append(fact.kind)

    def look(self, *, answers: bool, is_blind: bool) -> JobStalled | None:
        self.looks += 1
        if self.looks != 3:
            return None
        now_s = self._clock.now()
        return JobStalled(time_s=now_s, prompt_id="p", verdict=self.verdict, silent_s=700.0, allowed_s=300.0)


def watched(story: Story, watch: HangWatch) -> FollowResult:
    follower = PromptFollower(story.client, story.bus, story.client.clock, poll_s=0.05, watch=watch)
    return follower.run(PLAN, story.cancel)


def test_a_dead_server_of_ours_ends_the_prompt(story: Story):
    story.client.on_submit = lambda prompt_id: story.client.say("executing", node="57", prompt_id=prompt_id)
    watch = Dead(story, Liveness.dead, owned=True)
    result = watched(story, watch)
    assert result.outcome is PromptOutcome.error
    assert result.problem is not None
    assert result.problem.code == "server_hung"
    assert watch.seen == ["node_started"]
    assert story.kinds()[-2:] == ["job_stalled", "prompt_finished"]


@pytest.mark.parametrize(
    ("verdict", "owned"), [(Liveness.dead, False), (Liveness.busy, True), (Liveness.unknown, False)]
)
def test_any_other_server_is_told_and_waited_for(story: Story, verdict: Liveness, owned: bool):
    watch = Dead(story, verdict, owned=owned)

    def end_later(prompt_id: str) -> None:
        threading.Timer(1.0, lambda: finish(story, prompt_id)).start()

    story.client.on_submit = end_later
    result = watched(story, watch)
    assert result.outcome is PromptOutcome.success
    assert story.kinds().count("job_stalled") == 1


def test_a_prompt_that_another_panel_sent_is_followed_under_its_id(story: Story):
    story.client.outbox = queue.Queue()
    story.client.running = ("p",)
    ids: list[str] = []
    messages = story.client.messages

    def listen(client_id: str, cancel: CancelToken) -> Iterator[Message]:
        ids.append(client_id)
        story.client.say("connected", client_id=client_id)
        story.client.say("progress", prompt_id="p", node="57", value=2, max=2)
        finish(story, "p")
        return messages(client_id, cancel)

    story.client.messages = listen  # type: ignore[method-assign]
    follower = PromptFollower(story.client, story.bus, story.client.clock, poll_s=0.05)
    result = follower.resume("p", "theirs", PLAN, story.cancel, lost_at_s=story.client.clock.now() - 50)
    assert (result.outcome, ids, story.client.submitted) == (PromptOutcome.success, ["theirs"], [])
    assert story.kinds() == ["socket_lost", "socket_restored", "step_done", "prompt_finished"]
    (restored,) = story.of(SocketRestored)
    assert 49 < restored.missed_s < 60


def test_a_prompt_that_ended_unheard_is_taken_from_the_record(story: Story):
    stamps = (("execution_start", {"timestamp": 1000}), ("execution_success", {"timestamp": 3500}))
    entry = HistoryEntry(prompt_id="p", status="success", completed=True, messages=stamps)
    follower = PromptFollower(story.client, story.bus, story.client.clock)
    result = follower.conclude("p", PLAN, entry, lost_at_s=5.0)
    assert result.outcome is PromptOutcome.success
    (end,) = story.of(PromptFinished)
    assert (end.server_started_ms, end.server_ended_ms, end.from_history) == (1000, 3500, True)
    assert story.kinds() == ["socket_lost", "prompt_finished"]
