"""The seam: what the program needs of a ComfyUI server."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from wan22.schema.events import OutputFile
from wan22.schema.frozen import Tolerant
from wan22.schema.server import SystemStats
from wan22.system.cancel import CancelToken

Graph = dict[str, dict[str, Any]]
"""API form: {node id: {"class_type": …, "inputs": {…}, "_meta": {…}}}; a link is [node id, output index]."""


class QueuedPrompt(Tolerant):
    """Answer to `submit`."""

    prompt_id: str
    number: float | None = None


class QueueState(Tolerant):
    """Ids at the server: what runs now and what waits, in order."""

    running: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


class HistoryEntry(Tolerant):
    """One finished prompt. `messages` are the server's (event name, data) pairs, timestamps in epoch ms."""

    prompt_id: str
    status: str | None = None
    completed: bool = False
    messages: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    files: tuple[tuple[str, OutputFile], ...] = ()


class Message(Tolerant):
    """One thing that came over the websocket. `time_s`: clock `now()` when it was received.

    `type` is the server's own type, or: "connected" (socket open, data["client_id"] is the id in use),
    "disconnected" (data["reason"]), "preview" (`image` set, data has image_format and, from servers that tell,
    node_id and prompt_id), "text" (data has node_id and text).
    """

    time_s: float
    type: str
    data: Mapping[str, Any] = {}
    image: bytes = b""


class UploadedImage(Tolerant):
    """Where the server put an uploaded file; `reference` is what LoadImage takes."""

    name: str
    subfolder: str = ""
    type: str = "input"

    @property
    def reference(self) -> str:
        """Value for LoadImage's `image` input."""
        return f"{self.subfolder}/{self.name}" if self.subfolder else self.name


class ComfyClient(Protocol):
    """A server to talk to. Every method may raise AppError with a server_*, workflow or generation code.

    All calls are synchronous and bounded in time; none retries a POST by itself.
    """

    @property
    def url(self) -> str:
        """Base address without a trailing slash."""
        ...

    def stats(self, timeout_s: float = 10.0) -> SystemStats:
        """GET /system_stats."""
        ...

    def object_info(self) -> Mapping[str, Any]:
        """GET /object_info: all node definitions of this server."""
        ...

    def submit(
        self, graph: Graph, prompt_id: str, client_id: str, extra: Mapping[str, Any] | None = None
    ) -> QueuedPrompt:
        """POST /prompt. A 200 that carries node_errors is taken out of the queue again and raised as an error."""
        ...

    def queue(self) -> QueueState:
        """GET /queue."""
        ...

    def history(self, prompt_id: str) -> HistoryEntry | None:
        """GET /history/{id}; None when the server does not know the id (yet, or any more)."""
        ...

    def interrupt(self, prompt_id: str) -> None:
        """Stop this prompt only: running or still waiting; any other prompt goes on."""
        ...

    def free(self, *, unload_models: bool = True, free_memory: bool = True) -> None:
        """POST /free: acts at once when idle, else after the running prompt."""
        ...

    def upload_image(self, path: Path, name: str, *, subfolder: str = "") -> UploadedImage:
        """POST /upload/image with any file name; the server's own name for it comes back."""
        ...

    def fetch_output(self, file: OutputFile, destination: Path, cancel: CancelToken | None = None) -> int:
        """GET /view streamed into `destination` (written beside it and renamed); returns the bytes written."""
        ...

    def logs(self) -> str | None:
        """The last lines of the server's log, colours and level tags taken off; None when it has no such route."""
        ...

    def messages(self, client_id: str, cancel: CancelToken) -> Iterator[Message]:
        """Live messages until `cancel` is set. Reconnects by itself with back-off and a NEW client id.

        A "disconnected" and a "connected" message frame every gap; "connected" carries the client id in use,
        with which a job must be submitted. After a reconnect nothing more arrives for a job that was sent with
        an older id, so the caller reconciles by `queue` and `history`.
        """
        ...
