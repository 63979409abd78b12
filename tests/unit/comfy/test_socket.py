"""The live connection against a server on a real loopback port."""

import json
import logging
import queue
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.comfy_server import BINARY, CLOSE, PING, TEXT, FakeComfy, closed_port
from wan22.comfy.client import Message
from wan22.comfy.socket import ComfySocket
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock
from wan22.system.threads import Worker

QUICK = (0.02, 0.05)


class Listener:
    """A thread that reads the socket, as the follower has one."""

    def __init__(self, live: ComfySocket, client_id: str = "me") -> None:
        self.seen: list[Message] = []
        self._inbox: queue.Queue[Message] = queue.Queue()
        self.worker = Worker("comfy-socket", lambda cancel: self._listen(live.messages(client_id, cancel)))
        self.worker.start()

    def _listen(self, messages: Iterator[Message]) -> None:
        for message in messages:
            self._inbox.put(message)

    def until(self, wanted: Callable[[Message], bool], timeout_s: float = 5.0) -> Message:
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._inbox.get(timeout=max(deadline - time.monotonic(), 0.01))
            self.seen.append(message)
            if wanted(message):
                return message

    def until_type(self, kind: str) -> Message:
        return self.until(lambda message: message.type == kind)

    def stop(self) -> float:
        """Stop and return the seconds it took."""
        begun = time.monotonic()
        assert self.worker.stop()
        return time.monotonic() - begun


def live(server: FakeComfy, **options: Any) -> ComfySocket:
    return ComfySocket(server.url, SystemClock(), backoff_s=QUICK, **options)


def test_connect_hello_messages_and_a_prompt_end() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server))
        assert listener.until_type("connected").data == {"client_id": "me"}
        listener.until_type("status")
        before = time.time()
        server.send("me", {"type": "executing", "data": {"node": "57", "prompt_id": "p"}})
        message = listener.until_type("executing")
        assert message.data == {"node": "57", "prompt_id": "p"}
        assert abs(message.time_s - before) < 0.2
        assert listener.stop() < 0.5
        hello = json.loads(server.heard[0][1])
        assert hello == {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        assert server.heard[-1][0] == CLOSE
        assert "Origin" not in str(server.requests)


def test_frames_of_any_size_and_kind() -> None:
    picture = b"\xff\xd8" + bytes(20_000_000)
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        server.send_frame("me", BINARY, struct.pack(">II", 1, 1) + picture)
        assert len(listener.until_type("preview").image) == len(picture)
        server.send_frame("me", BINARY, struct.pack(">II", 3, 1) + b"7" + b"hello")
        assert listener.until_type("text").data == {"node_id": "7", "text": "hello"}
        server.send("me", {"type": "big", "data": {"x": "ü" * 200_000}})
        assert len(listener.until_type("big").data["x"]) == 200_000
        listener.stop()


def test_a_frame_that_arrives_in_pieces() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        data = json.dumps({"type": "slow", "data": {"x": "y" * 300}}).encode()
        handler = server.sockets["me"]
        handler.raw(b"\x81\x7e" + struct.pack(">H", len(data)) + data[:50])
        time.sleep(0.25)
        handler.raw(data[50:])
        assert listener.until_type("slow").data["x"] == "y" * 300
        listener.stop()


def test_what_cannot_be_read_is_skipped_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="wan22.comfy.socket")
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        for opcode, data in (
            (TEXT, b"no json"),
            (TEXT, b"[1, 2]"),
            (TEXT, b"\xff\xfe"),
            (BINARY, b""),
            (BINARY, struct.pack(">II", 4, 999)),
            (BINARY, struct.pack(">I", 77)),
        ):
            server.send_frame("me", opcode, data)
        server.send("me", {"type": "cm-something-new", "data": {}})
        listener.until_type("cm-something-new")
        assert [message.type for message in listener.seen] == ["connected", "status", "cm-something-new"]
        listener.stop()
    assert len(caplog.records) == 1


def test_a_lost_connection_comes_back_under_a_new_id() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        server.drop_sockets()
        lost = listener.until_type("disconnected")
        assert lost.data["reason"]
        again = listener.until_type("connected")
        new_id = str(again.data["client_id"])
        assert new_id != "me"
        assert again.time_s >= lost.time_s
        listener.until_type("status")
        server.send(new_id, {"type": "hello", "data": {}})
        listener.until_type("hello")
        assert server.client_ids == ["me", new_id]
        listener.stop()


def test_the_gap_is_told_once_however_long_it_is() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        server.overrides["GET /ws"] = lambda handler: handler.reply(503)
        server.drop_sockets()
        listener.until_type("disconnected")
        time.sleep(0.3)
        del server.overrides["GET /ws"]
        listener.until_type("connected")
        assert [message.type for message in listener.seen] == ["connected", "status", "disconnected", "connected"]
        assert len([path for _, path, _ in server.requests if path.startswith("/ws")]) > 3
        listener.stop()


def test_a_goodbye_of_the_server_is_a_lost_connection() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        server.send_frame("me", CLOSE, struct.pack(">H", 1001))
        assert listener.until_type("disconnected").data["reason"] == "the server closed the connection"
        listener.until_type("connected")
        listener.stop()


def test_no_server_at_first_is_told_once_and_keeps_the_id() -> None:
    port = closed_port()
    listener = Listener(ComfySocket(f"http://127.0.0.1:{port}", SystemClock(), backoff_s=QUICK))
    assert listener.until_type("disconnected").data["reason"] == "nothing listens there"
    with socket.create_server(("127.0.0.1", port)) as server:
        connection, _ = server.accept()
        request = connection.recv(4096).decode()
        assert "GET /ws?clientId=me " in request
        assert listener.stop() < 0.5
        connection.close()
    assert [message.type for message in listener.seen] == ["disconnected"]


def test_a_silent_server_is_given_up() -> None:
    with FakeComfy() as server:
        options = {"ping_interval_s": 0.1, "silence_limit_s": 0.4}
        listener = Listener(live(server, **options))
        listener.until_type("status")
        time.sleep(0.7)
        assert [opcode for opcode, _ in server.heard].count(PING) >= 3
        assert listener._inbox.empty(), "answered pings keep the connection"
        listener.stop()

    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = ComfySocket(f"http://127.0.0.1:{mute.getsockname()[1]}", SystemClock(), connect_timeout_s=0.2)
        listener = Listener(silent)
        assert "timed out" in str(listener.until_type("disconnected").data["reason"])
        listener.stop()


def test_unanswered_pings_end_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.comfy_server.PING", 99)
    with FakeComfy() as server:
        listener = Listener(live(server, ping_interval_s=0.1, silence_limit_s=0.3))
        assert "silent for 0.3 s" in str(listener.until_type("disconnected").data["reason"])
        listener.until_type("connected")
        listener.stop()


@pytest.mark.parametrize("state", ["idle", "shaking hands", "waiting to try again", "flooded"])
def test_it_stops_within_half_a_second(state: str) -> None:
    if state == "shaking hands":
        with socket.create_server(("127.0.0.1", 0)) as mute:
            listener = Listener(ComfySocket(f"http://127.0.0.1:{mute.getsockname()[1]}", SystemClock()))
            connection, _ = mute.accept()
            connection.recv(4096)
            assert listener.stop() < 0.5
            connection.close()
        return
    if state == "waiting to try again":
        listener = Listener(ComfySocket(f"http://127.0.0.1:{closed_port()}", SystemClock(), backoff_s=(30.0,)))
        listener.until_type("disconnected")
        assert listener.stop() < 0.5
        return
    with FakeComfy() as server:
        listener = Listener(live(server))
        listener.until_type("status")
        if state == "flooded":
            flood = Worker("flood", lambda cancel: _flood(server, cancel)).start()
            listener.until_type("flood")
            assert listener.stop() < 0.5
            flood.stop()
        else:
            assert listener.stop() < 0.5


def _flood(server: FakeComfy, cancel: CancelToken) -> None:
    while not cancel.is_set and "me" in server.sockets:
        server.send("me", {"type": "flood", "data": {"x": "y" * 1000}})


def test_a_token_that_was_set_before_opens_nothing() -> None:
    with FakeComfy() as server:
        cancel = CancelToken()
        cancel.set()
        assert list(live(server).messages("me", cancel)) == []
        assert server.requests == []


def test_an_id_with_odd_letters_arrives_as_it_is() -> None:
    with FakeComfy() as server:
        listener = Listener(live(server), client_id="ü &=#")
        listener.until_type("status")
        assert server.client_ids == ["ü &=#"]
        listener.stop()


def test_a_host_with_two_addresses_is_tried_at_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeComfy() as server:
        dead, alive = ("127.0.0.1", closed_port()), ("127.0.0.1", server.port)
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
        monkeypatch.setattr("wan22.comfy.tcp_connection.socket.getaddrinfo", lambda *args, **options: answers)
        listener = Listener(live(server))
        listener.until_type("status")
        listener.stop()
