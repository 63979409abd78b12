"""A server of a few lines: what it says on the socket, in queue and history is set by the test."""

import queue
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph, HistoryEntry, Message, QueuedPrompt, QueueState, UploadedImage
from wan22.schema.events import OutputFile
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import SystemInfo, SystemStats
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock


class ScriptedClient:
    """Implements `ComfyClient`. `on_submit(prompt_id)` lets a test start its story."""

    url = "http://127.0.0.1:8188"

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.outbox: queue.Queue[Message] = queue.Queue()
        self.entries: dict[str, HistoryEntry] = {}
        self.running: tuple[str, ...] = ()
        self.pending: tuple[str, ...] = ()
        self.refuse: AppError | None = None
        self.unreachable = False
        self.submitted: list[tuple[Graph, str, str, Mapping[str, Any]]] = []
        self.interrupted: list[str] = []
        self.on_submit: Any = lambda prompt_id: None
        self.on_interrupt: Any = lambda prompt_id: None
        self.content = b"video"

    def say(self, kind: str, **data: Any) -> None:
        self.outbox.put(Message(time_s=self.clock.now(), type=kind, data=data))

    def stats(self, timeout_s: float = 10.0) -> SystemStats:
        return SystemStats(system=SystemInfo())

    def object_info(self) -> Mapping[str, Any]:
        return {}

    def submit(
        self, graph: Graph, prompt_id: str, client_id: str, extra: Mapping[str, Any] | None = None
    ) -> QueuedPrompt:
        if self.refuse is not None:
            raise self.refuse
        self.submitted.append((graph, prompt_id, client_id, extra or {}))
        self.running = (prompt_id,)
        self.on_submit(prompt_id)
        return QueuedPrompt(prompt_id=prompt_id, number=1)

    def queue(self) -> QueueState:
        self._answer()
        return QueueState(running=self.running, pending=self.pending)

    def history(self, prompt_id: str) -> HistoryEntry | None:
        self._answer()
        return self.entries.get(prompt_id)

    def interrupt(self, prompt_id: str) -> None:
        self.interrupted.append(prompt_id)
        self.on_interrupt(prompt_id)

    def free(self, *, unload_models: bool = True, free_memory: bool = True) -> None:
        raise AssertionError("nobody asked for that")

    def upload_image(self, path: Path, name: str, *, subfolder: str = "") -> UploadedImage:
        return UploadedImage(name=name, subfolder=subfolder)

    def fetch_output(self, file: OutputFile, destination: Path, cancel: CancelToken | None = None) -> int:
        self._answer()
        destination.write_bytes(self.content)
        return len(self.content)

    def logs(self) -> str | None:
        return None

    def messages(self, client_id: str, cancel: CancelToken) -> Iterator[Message]:
        while not cancel.is_set:
            try:
                yield self.outbox.get(timeout=0.02)
            except queue.Empty:
                continue

    def _answer(self) -> None:
        if self.unreachable:
            raise app_error("server_unreachable", "No ComfyUI answers at http://127.0.0.1:8188.")
