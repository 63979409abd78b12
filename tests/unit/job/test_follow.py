import threading

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.comfy.client import HistoryEntry
from wan22.job.follow import FollowResult, PromptFollower, PromptPlan
from wan22.schema.events import PromptFinished, PromptOutcome, PromptQueued, Role, StepDone
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
