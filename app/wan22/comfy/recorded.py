"""A server that only exists as a recording: the same messages again, at the recorded pace."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph, HistoryEntry, Message, QueuedPrompt, QueueState, UploadedImage
from wan22.comfy.messages import is_end_mark
from wan22.schema.events import OutputFile
from wan22.schema.problem import app_error
from wan22.schema.server import SystemStats
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import file_error

_WAIT_SLICE_S = 0.05


class RecordedClient:
    """`ComfyClient` over given data; it reads no files and opens no connection.

    Each submitted prompt replays `messages` under its own id, `speed` times as fast as they were recorded: a message
    comes (m.time_s - first.time_s) / speed after the submission and carries exactly that time. An end mark is added
    where the recording stopped before it. `history` answers once the end mark is out. `outputs`: file name → bytes.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        history: HistoryEntry | None,
        stats: SystemStats,
        object_info: Mapping[str, Any],
        clock: Clock,
        speed: float = 1.0,
        *,
        outputs: Mapping[str, bytes] | None = None,
        log: str | None = None,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._messages = _with_end_mark(messages)
        self._history = history
        self._stats = stats
        self._object_info = object_info
        self._clock = clock
        self._speed = speed
        self._outputs = dict(outputs or {})
        self._log = log
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._running: str | None = None
        self._started_s = 0.0
        self._stop_asked: set[str] = set()
        self._finished: dict[str, HistoryEntry | None] = {}

    @property
    def url(self) -> str:
        """An address that says what this is."""
        return "recording://"

    def stats(self, timeout_s: float = 10.0) -> SystemStats:  # noqa: ARG002 - answers at once
        """The recorded system stats."""
        return self._stats

    def object_info(self) -> Mapping[str, Any]:
        """The recorded node definitions."""
        return self._object_info

    def submit(
        self,
        graph: Graph,  # noqa: ARG002 - whatever is asked for, the recording is what comes
        prompt_id: str,
        client_id: str,  # noqa: ARG002
        extra: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> QueuedPrompt:
        """Queue one more replay."""
        with self._lock:
            self._waiting.append(prompt_id)
        return QueuedPrompt(prompt_id=prompt_id)

    def queue(self) -> QueueState:
        """What is replayed now and what waits for it."""
        with self._lock:
            running = () if self._running is None else (self._running,)
            return QueueState(running=running, pending=tuple(self._waiting))

    def history(self, prompt_id: str) -> HistoryEntry | None:
        """The recorded entry under the replay's own id, once its end mark was handed out."""
        with self._lock:
            return self._finished.get(prompt_id)

    def interrupt(self, prompt_id: str) -> None:
        """End this replay before its next message, or take it out of the queue."""
        with self._lock:
            if prompt_id in self._waiting:
                self._waiting.remove(prompt_id)
            elif prompt_id == self._running:
                self._stop_asked.add(prompt_id)

    def free(self, *, unload_models: bool = True, free_memory: bool = True) -> None:
        """Nothing: a recording holds no GPU memory."""

    def upload_image(self, path: Path, name: str, *, subfolder: str = "") -> UploadedImage:  # noqa: ARG002
        """Accept the picture without looking at it."""
        return UploadedImage(name=name, subfolder=subfolder)

    def fetch_output(self, file: OutputFile, destination: Path, cancel: CancelToken | None = None) -> int:
        """Write the recorded bytes of a file; AppError `output_missing` when they were not recorded."""
        if cancel is not None:
            cancel.raise_if_set()
        content = self._outputs.get(file.filename)
        if content is None:
            message = f"The recording does not hold the file '{file.filename}'."
            raise app_error("output_missing", message, hint="Recordings keep times and messages, seldom the files.")
        try:
            return destination.write_bytes(content)
        except OSError as error:
            raise file_error(error, destination, writing=True) from error

    def logs(self) -> str | None:
        """The recorded log, if there is one."""
        return self._log

    def messages(self, client_id: str, cancel: CancelToken) -> Iterator[Message]:
        """Wait for submissions and replay the recording for each, until `cancel` is set."""
        yield Message(time_s=self._clock.now(), type="connected", data={"client_id": client_id})
        while not cancel.is_set:
            prompt_id = self._take_next()
            if prompt_id is None:
                self._clock.sleep(_WAIT_SLICE_S, cancel)
                continue
            yield from self._replay(prompt_id, cancel)

    def _take_next(self) -> str | None:
        with self._lock:
            if not self._waiting:
                return None
            self._running = self._waiting.pop(0)
            self._started_s = self._clock.now()
            return self._running

    def _replay(self, prompt_id: str, cancel: CancelToken) -> Iterator[Message]:
        first_s = self._messages[0].time_s
        for recorded in self._messages:
            due_s = self._started_s + (recorded.time_s - first_s) / self._speed
            if self._wait_until(due_s, prompt_id, cancel):
                break
            message = _under_id(recorded, due_s, prompt_id)
            if is_end_mark(message, prompt_id):
                self._finish(prompt_id, None if self._history is None else _entry_under_id(self._history, prompt_id))
            yield message
        else:
            return
        if not cancel.is_set:
            yield from self._interrupted(prompt_id)

    def _wait_until(self, due_s: float, prompt_id: str, cancel: CancelToken) -> bool:
        """Wait for a message's time; True when the replay is to stop instead."""
        while True:
            if cancel.is_set or prompt_id in self._stop_asked:
                return True
            left_s = due_s - self._clock.now()
            if left_s <= 0:
                return False
            self._clock.sleep(min(left_s, _WAIT_SLICE_S), cancel)

    def _interrupted(self, prompt_id: str) -> Iterator[Message]:
        """What a server sends and keeps for an interrupted prompt."""
        now_s = self._clock.now()
        data = {"prompt_id": prompt_id, "timestamp": round(now_s * 1000)}
        self._finish(
            prompt_id,
            HistoryEntry(prompt_id=prompt_id, status="error", messages=(("execution_interrupted", data),)),
        )
        yield Message(time_s=now_s, type="execution_interrupted", data=data)
        yield Message(time_s=now_s, type="executing", data={"node": None, "prompt_id": prompt_id})

    def _finish(self, prompt_id: str, entry: HistoryEntry | None) -> None:
        with self._lock:
            self._running = None
            self._finished[prompt_id] = entry


def _with_end_mark(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The recording of one prompt, closed by an end mark."""
    prompt_id = next((m.data["prompt_id"] for m in messages if isinstance(m.data.get("prompt_id"), str)), None)
    if prompt_id is None:
        raise ValueError("the recording holds no message about a prompt")
    if any(is_end_mark(message, prompt_id) for message in messages):
        return tuple(messages)
    end = Message(time_s=messages[-1].time_s, type="executing", data={"node": None, "prompt_id": prompt_id})
    return (*messages, end)


def _under_id(message: Message, time_s: float, prompt_id: str) -> Message:
    data = {**message.data, "prompt_id": prompt_id} if "prompt_id" in message.data else message.data
    return message.model_copy(update={"time_s": time_s, "data": data})


def _entry_under_id(entry: HistoryEntry, prompt_id: str) -> HistoryEntry:
    messages = tuple((name, {**data, "prompt_id": prompt_id}) for name, data in entry.messages)
    return entry.model_copy(update={"prompt_id": prompt_id, "messages": messages})
