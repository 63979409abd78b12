"""ComfyUI's websocket: live messages, opened again by itself when it breaks."""

import json
import logging
import uuid
from collections.abc import Generator, Iterator, Sequence
from urllib.parse import quote

import websocket

from wan22.comfy.client import Message
from wan22.comfy.frame import message_from_binary, message_from_text
from wan22.comfy.tcp_connection import FirstAnswer, open_connection
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

_log = logging.getLogger(__name__)

BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 5.0)
_RECEIVE_SLICE_S = 0.1
_PING_INTERVAL_S = 15.0
# Generous: a server that loads a model under memory pressure may not answer a ping for long.
_SILENCE_LIMIT_S = 90.0
_CLOSE_LIMIT_S = 0.1
_HELLO = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})


class _LinkLostError(Exception):
    """The connection cannot be opened; the text says why, `was_reached` whether the server may know the id."""

    def __init__(self, reason: str, *, was_reached: bool) -> None:
        super().__init__(reason)
        self.was_reached = was_reached


class ComfySocket:
    """The live connection to one server. Never goes through a proxy; frames may be of any size.

    `backoff_s`: waits before each try to open it again, the last one repeated.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        connect_timeout_s: float = 5.0,
        backoff_s: Sequence[float] = BACKOFF_S,
        ping_interval_s: float = _PING_INTERVAL_S,
        silence_limit_s: float = _SILENCE_LIMIT_S,
    ) -> None:
        self._url = url
        self._clock = clock
        self._connect_timeout_s = connect_timeout_s
        self._backoff_s = tuple(backoff_s)
        self._ping_interval_s = ping_interval_s
        self._silence_limit_s = silence_limit_s
        self._told_of_skipping = False

    def messages(self, client_id: str, cancel: CancelToken) -> Iterator[Message]:
        """Messages until `cancel` is set, "connected" and "disconnected" around every connection.

        Once a server has seen an id, the next connection has a new one: the server would drop the new connection's
        entry together with the old one's. As long as nothing could be opened, one "disconnected" tells it.
        """
        failures = 0
        told = False
        while not cancel.is_set:
            try:
                link = self._open(client_id, cancel)
            except _LinkLostError as error:
                reason, was_reached = str(error), error.was_reached
            else:
                was_reached = True
                yield self._note("connected", client_id=client_id)
                reason = yield from self._receive(link, cancel)
                failures, told = 0, False
            if not told and not _is_over(cancel):
                yield self._note("disconnected", reason=reason)
                told = True
            if was_reached:
                client_id = uuid.uuid4().hex
            self._clock.sleep(self._backoff_s[min(failures, len(self._backoff_s) - 1)], cancel)
            failures += 1

    def _open(self, client_id: str, cancel: CancelToken) -> websocket.WebSocket:
        """Connect, shake hands and say hello. Raises _LinkLostError."""
        link = websocket.WebSocket(skip_utf8_validation=True)
        address = f"{self._url.replace('http', 'ws', 1)}/ws?clientId={quote(client_id, safe='')}"
        connection = None
        try:
            connection = open_connection(self._url, self._connect_timeout_s, cancel)
            answer = FirstAnswer(connection, self._connect_timeout_s, cancel)
            # An Origin header would run into the guard of servers behind another name.
            link.connect(address, socket=answer, suppress_origin=True, timeout=self._connect_timeout_s)  # type: ignore[no-untyped-call]
            link.sock = connection
            link.send(_HELLO)
            link.settimeout(_RECEIVE_SLICE_S)
        except (websocket.WebSocketException, OSError) as error:
            if connection is not None:
                connection.close()
            raise _LinkLostError(_reason(error), was_reached=connection is not None) from error
        return link

    def _receive(self, link: websocket.WebSocket, cancel: CancelToken) -> Generator[Message, None, str]:
        """Messages of one connection; returns the reason of its end. The connection is fully closed afterwards."""
        heard_s = pinged_s = self._clock.monotonic()
        try:
            while not cancel.is_set:
                try:
                    opcode, frame = link.recv_data_frame(control_frame=True)
                    time_s = self._clock.now()
                    heard_s = self._clock.monotonic()
                    if opcode == websocket.ABNF.OPCODE_CLOSE:
                        return "the server closed the connection"
                    message = self._message(opcode, frame.data, time_s)
                    if message is not None:
                        yield message
                except websocket.WebSocketTimeoutException:
                    if self._clock.monotonic() - heard_s > self._silence_limit_s:
                        return f"the server was silent for {self._silence_limit_s:g} s"
                if self._clock.monotonic() - pinged_s > self._ping_interval_s:
                    pinged_s = self._clock.monotonic()
                    link.ping()
        except (websocket.WebSocketException, OSError) as error:
            return _reason(error)
        finally:
            link.close(timeout=_CLOSE_LIMIT_S)
            # After a goodbye of the server's `close` does nothing.
            link.shutdown()  # type: ignore[no-untyped-call]
        return "stopped on request"

    def _message(self, opcode: int, data: bytes, time_s: float) -> Message | None:
        """The frame as a message; None for pings and for what cannot be read (told in the log once)."""
        try:
            if opcode == websocket.ABNF.OPCODE_TEXT:
                return message_from_text(data, time_s)
            if opcode == websocket.ABNF.OPCODE_BINARY:
                return message_from_binary(data, time_s)
        except ValueError as error:
            if not self._told_of_skipping:
                self._told_of_skipping = True
                _log.info("a websocket frame of %d bytes was skipped: %s; later ones are not told", len(data), error)
        return None

    def _note(self, kind: str, **data: str) -> Message:
        return Message(time_s=self._clock.now(), type=kind, data=data)


def _is_over(cancel: CancelToken) -> bool:
    return cancel.is_set


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error) or type(error).__name__
