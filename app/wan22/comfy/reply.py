"""What ComfyUI answers over HTTP, checked for shape before anybody relies on it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from wan22.comfy.client import HistoryEntry, QueueState
from wan22.comfy.output_file import files_from_output
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import app_error

_Shape = TypeVar("_Shape", bound=BaseModel)
_MOST_FAULTS = 3


class PromptReply(Tolerant):
    """200 of POST /prompt. `node_errors` is an object, or an empty list from some versions."""

    prompt_id: str = Field(min_length=1)
    number: float | None = None
    node_errors: dict[str, Any] | list[Any] = Field(default_factory=dict)


class QueueReply(Tolerant):
    """GET /queue: each entry is [number, prompt id, graph, extra data, outputs]; the waiting ones in heap order."""

    queue_running: tuple[tuple[Any, ...], ...]
    queue_pending: tuple[tuple[Any, ...], ...]

    def state(self) -> QueueState:
        """Ids in the order in which they will run."""
        pending = sorted((entry for entry in self.queue_pending if len(entry) > 1), key=lambda entry: _number(entry[0]))
        return QueueState(
            running=tuple(str(entry[1]) for entry in self.queue_running if len(entry) > 1),
            pending=tuple(str(entry[1]) for entry in pending),
        )


class HistoryStatus(Tolerant):
    """How a prompt ended. `messages`: [event name, data] pairs."""

    status_str: str | None = None
    completed: bool = False
    messages: tuple[Any, ...] = ()


class HistoryReply(Tolerant):
    """One value of GET /history/{id}."""

    outputs: dict[str, Any] | None = None
    status: HistoryStatus | None = None

    def entry(self, prompt_id: str) -> HistoryEntry:
        """The same in our own words."""
        status = self.status or HistoryStatus()
        return HistoryEntry(
            prompt_id=prompt_id,
            status=status.status_str,
            completed=status.completed,
            messages=tuple(pair for raw in status.messages if (pair := _message_pair(raw)) is not None),
            files=tuple(
                (node, file) for node, output in (self.outputs or {}).items() for file in files_from_output(output)
            ),
        )


class LogEntry(Tolerant):
    """One write to the server's console. `t`: its local time without a zone, `m`: the text with its line end."""

    t: str = ""
    m: str


class LogReply(Tolerant):
    """GET /internal/logs/raw."""

    entries: tuple[LogEntry, ...]


def parsed(shape: type[_Shape], body: Any, request: str) -> _Shape:
    """`body` as `shape`. Raises AppError `server_reply_invalid` naming what is missing or of the wrong kind."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        found = [_fault(item) for item in error.errors(include_url=False, include_context=False)]
        more = f" and {len(found) - _MOST_FAULTS} more" if len(found) > _MOST_FAULTS else ""
        message = f"The answer to {request} is not what ComfyUI sends: {', '.join(found[:_MOST_FAULTS])}{more}."
        raise app_error("server_reply_invalid", message, detail=shortened(as_text(body), 2000)) from error


def as_text(body: Any) -> str:
    """A reply's body for the details: text as it is, anything else as JSON."""
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)


def shortened(text: str, longest: int) -> str:
    """`text` in at most `longest` characters, the cut marked."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _fault(item: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "the answer"
    if item["type"] == "missing":
        return f"'{place}' is missing"
    return f"'{place}' is {shortened(repr(item['input']), 60)} ({item['msg'].lower()})"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _message_pair(raw: Any) -> tuple[str, Mapping[str, Any]] | None:
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != 2:
        return None
    name, data = raw
    return (str(name), data) if isinstance(data, Mapping) else None
