"""Messages of recorded runs as facts."""

from typing import Any

import pytest

from tests.unit.comfy.transcripts import CPU, H100, messages, prompt_id_of
from wan22.comfy.client import Message
from wan22.comfy.messages import FactReader, execution_failure, facts_from_message, is_end_mark
from wan22.schema.events import (
    AnyEvent,
    NodeFinished,
    NodesCached,
    NodeStarted,
    OutputFile,
    PreviewReceived,
    PromptStarted,
    StepDone,
)

P = "bb49b785-d77a-4ba4-a032-2bb6ab214ab9"
RUNS = [
    (H100, "640x640x81-cold"),
    (H100, "640x640x81-warm-1"),
    (H100, "640x640x81-warm-2"),
    (H100, "1280x720x81-after-free"),
    (H100, "1280x720x81-out-of-memory"),
    (H100, "1280x720x81-interrupted"),
    (CPU, "64x64x5-cold"),
    (CPU, "64x64x5-warm"),
]


def facts_of(recorded: list[Message]) -> list[AnyEvent]:
    prompt_id = prompt_id_of(recorded)
    return [fact for message in recorded for fact in facts_from_message(message, prompt_id)]


def edges(facts: list[AnyEvent]) -> list[tuple[float, str]]:
    return [(fact.time_s, fact.node) for fact in facts if isinstance(fact, NodeStarted)]


def steps(facts: list[AnyEvent]) -> list[tuple[float, str, int, int]]:
    return [(fact.time_s, fact.node, fact.value, fact.maximum) for fact in facts if isinstance(fact, StepDone)]


def message(kind: str, time_s: float = 1.0, **data: Any) -> Message:
    return Message(time_s=time_s, type=kind, data={"prompt_id": P, **data})


def test_the_cold_run_on_an_h100() -> None:
    facts = facts_of(messages(H100, "640x640x81-cold"))
    assert facts[0] == PromptStarted(time_s=0.0026, prompt_id=P, server_time_ms=1795446439854)
    assert facts[1] == NodesCached(time_s=0.0105, prompt_id=P, nodes=())
    assert [node for _, node in edges(facts)] == [
        "39", "62", "38", "7", "6", "50", "37", "101", "54", "57", "56", "102", "55", "58", "8", "60", "61",
    ]  # fmt: skip
    starts = {node: time_s for time_s, node in edges(facts)}
    assert starts["57"] == pytest.approx(7.4531, abs=0.001)
    assert starts["56"] == pytest.approx(20.3829, abs=0.001)
    assert starts["58"] == pytest.approx(23.2893, abs=0.001)
    assert starts["8"] == pytest.approx(34.4393, abs=0.001)
    assert starts["61"] == pytest.approx(36.8605, abs=0.001)
    assert steps(facts) == [
        (16.7348, "57", 1, 2),
        (19.3615, "57", 2, 2),
        (29.7745, "58", 1, 2),
        (33.4174, "58", 2, 2),
    ]
    file = OutputFile(filename="wan22_00001_.mp4", subfolder="video", type="output")
    assert facts[-1] == NodeFinished(time_s=39.779, prompt_id=P, node="61", files=(file,))


def test_the_warm_run_on_an_h100_has_twelve_cached_nodes() -> None:
    facts = facts_of(messages(H100, "640x640x81-warm-1"))
    cached = next(fact for fact in facts if isinstance(fact, NodesCached))
    assert len(cached.nodes) == 12
    assert edges(facts) == [(0.0324, "57"), (7.3648, "58"), (14.7512, "8"), (17.1242, "60"), (17.1253, "61")]


def test_the_newer_server_with_its_throttled_progress() -> None:
    facts = facts_of(messages(CPU, "64x64x5-warm"))
    assert edges(facts) == [(0.0026, "57"), (0.0259, "58"), (0.0471, "8"), (0.6019, "60"), (0.6027, "61")]
    assert steps(facts) == [(0.0236, "57", 1, 2), (0.0246, "57", 2, 2), (0.0369, "58", 1, 2), (0.0463, "58", 2, 2)]


@pytest.mark.parametrize(("folder", "run"), RUNS)
def test_edges_are_those_of_the_recording(folder: str, run: str) -> None:
    recorded = messages(folder, run)
    expected = [(m.time_s, m.data["node"]) for m in recorded if m.type == "executing"]
    assert edges(facts_of(recorded)) == expected
    assert len(expected) > 2


@pytest.mark.parametrize(("folder", "run"), RUNS)
def test_progress_state_adds_nothing_where_progress_came(folder: str, run: str) -> None:
    recorded = messages(folder, run)
    reader = FactReader(prompt_id_of(recorded))
    assert [fact for item in recorded for fact in reader.facts(item)] == facts_of(recorded)


@pytest.mark.parametrize(("folder", "run"), RUNS)
def test_another_prompts_messages_say_nothing(folder: str, run: str) -> None:
    assert [fact for item in messages(folder, run) for fact in facts_from_message(item, "another")] == []


def test_failures_are_left_to_the_caller() -> None:
    recorded = messages(H100, "1280x720x81-interrupted")
    prompt_id = prompt_id_of(recorded)
    (failure,) = [m for m in recorded if execution_failure(m, prompt_id) is not None]
    assert failure.type == "execution_interrupted"
    assert failure.data["node_id"] == "8"
    assert facts_from_message(failure, prompt_id) == ()
    assert execution_failure(failure, "another") is None


def test_the_end_mark() -> None:
    assert is_end_mark(message("executing", node=None), P)
    assert facts_from_message(message("executing", node=None), P) == ()
    assert not is_end_mark(message("executing", node=None), "another")
    assert not is_end_mark(message("executing", node="57"), P)
    # sent on a reconnect with the same id: no prompt id, so it proves nothing
    assert not is_end_mark(Message(time_s=0, type="executing", data={"node": None}), P)
    assert not is_end_mark(message("executing"), P)
    assert not is_end_mark(message("execution_success"), P)


def test_nodes_inside_a_subgraph_keep_their_own_id() -> None:
    (fact,) = facts_from_message(message("executing", node="129:86", display_node="129"), P)
    assert fact == NodeStarted(time_s=1.0, prompt_id=P, node="129:86")


@pytest.mark.parametrize(
    ("value", "maximum", "expected"),
    [(1, 2, (1, 2)), (1.0, 4.0, (1, 4)), (2.6, 4, (3, 4)), (9, 4, (4, 4)), (-1, 4, (0, 4))],
)
def test_steps_are_whole_numbers_within_the_range(value: float, maximum: float, expected: tuple[int, int]) -> None:
    (fact,) = facts_from_message(message("progress", value=value, max=maximum, node="57"), P)
    assert isinstance(fact, StepDone)
    assert (fact.value, fact.maximum) == expected


@pytest.mark.parametrize(
    "data",
    [
        {"value": 1, "max": 0, "node": "57"},
        {"value": float("nan"), "max": 2, "node": "57"},
        {"value": "1", "max": 2, "node": "57"},
        {"value": 1, "max": 2, "node": None},
        {},
    ],
)
def test_progress_that_means_nothing_is_no_fact(data: dict[str, Any]) -> None:
    assert facts_from_message(message("progress", **data), P) == ()


def test_files_are_found_under_any_key() -> None:
    output = {
        "gifs": [{"filename": "a.mp4", "subfolder": "", "type": "temp", "fullpath": "/x"}],
        "anything": [{"filename": "b.png"}, {"filename": ""}, {"name": "c"}, "text", None],
        "animated": [True],
        "text": "filename",
    }
    (fact,) = facts_from_message(message("executed", node="9", output=output), P)
    assert isinstance(fact, NodeFinished)
    assert fact.files == (OutputFile(filename="a.mp4", type="temp"), OutputFile(filename="b.png"))
    (fact,) = facts_from_message(message("executed", node="9", output=None), P)
    assert isinstance(fact, NodeFinished)
    assert fact.files == ()


def test_previews() -> None:
    mine = Message(
        time_s=2, type="preview", data={"prompt_id": P, "node_id": "86", "image_format": "jpeg"}, image=b"abc"
    )
    (fact,) = facts_from_message(mine, P)
    assert fact == PreviewReceived(time_s=2, prompt_id=P, node="86", image_format="jpeg", byte_count=3, image=b"abc")
    assert facts_from_message(mine, "another") == ()
    unnamed = Message(time_s=2, type="preview", data={"image_format": "png"}, image=b"abc")
    (fact,) = facts_from_message(unnamed, P)
    assert isinstance(fact, PreviewReceived)
    assert (fact.prompt_id, fact.node) == (None, None)


def state(time_s: float, node: str, value: float, maximum: float, kind: str = "running") -> Message:
    return message("progress_state", time_s, nodes={node: {"value": value, "max": maximum, "state": kind}})


def test_progress_that_only_progress_state_tells_comes_with_its_own_time() -> None:
    reader = FactReader(P)
    given = [
        state(1, "5", 0, 1),
        message("executing", 1.1, node="5"),
        state(2, "5", 3, 10),
        state(3, "5", 3, 10),
        state(4, "5", 6, 10),
        state(5, "5", 10, 10, "finished"),
        message("executing", 6, node=None),
    ]
    facts = [fact for item in given for fact in reader.facts(item)]
    assert steps(facts) == [(2, "5", 3, 10), (4, "5", 6, 10)]


def test_a_preview_between_progress_state_and_progress_makes_no_double() -> None:
    reader = FactReader(P)
    picture = Message(time_s=1.1, type="preview", data={"image_format": "png"}, image=b"x")
    given = [state(1, "5", 1, 4), picture, message("progress", 1.2, value=1, max=4, node="5"), state(2, "5", 2, 4)]
    facts = [fact for item in given for fact in reader.facts(item)]
    assert [type(fact) for fact in facts] == [PreviewReceived, StepDone]
    assert steps(facts) == [(1.2, "5", 1, 4)]
