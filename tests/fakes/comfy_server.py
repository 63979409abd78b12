"""A ComfyUI of a few lines on a real loopback port: HTTP, uploads, downloads and a websocket, one thread a connection.

Sockets are kept by client id, with the real server's fault: when an old connection ends, it takes away the entry of
a newer one with the same id.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Sequence
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from wan22.demo.websocket import BINARY, CLOSE, PING, PONG, TEXT, accept_key, frame_bytes, read_frame

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "FakeComfy", "closed_port"]

Answer = Callable[["_Handler"], None]


class FakeComfy:
    """State of the server; tests set it and read it. Use as a context manager."""

    def __init__(self, *, jobs_api: bool = False) -> None:
        self.jobs_api = jobs_api
        self.version = "0.25.0" if jobs_api else "0.3.64"
        self.requests: list[tuple[str, str, Any]] = []
        self.overrides: dict[str, Answer] = {}
        self.node_errors: Any = {}
        self.running: list[str] = []
        self.pending: list[str] = []
        self.history: dict[str, Any] = {}
        self.uploads: dict[str, bytes] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.log: list[str] | None = []
        self.transcript: Sequence[dict[str, Any]] = ()
        self.client_ids: list[str] = []
        self.heard: list[tuple[int, bytes]] = []
        self.greet = True
        self.history_gate = threading.Event()
        self.history_gate.set()
        self.sockets: dict[str, _Handler] = {}
        self.open_sockets: set[_Handler] = set()
        self._replays: list[threading.Thread] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.comfy = self
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), name="fake-comfy")

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self.drop_sockets()
        for replay in self._replays:
            replay.join(5)
        self._server.server_close()
        self._thread.join(5)

    def drop_sockets(self) -> None:
        """Cut every websocket without a goodbye."""
        for handler in list(self.open_sockets):
            handler.cut()

    def send(self, client_id: str, message: dict[str, Any]) -> None:
        """A text message to a client, if the server still knows its socket."""
        self.send_frame(client_id, TEXT, json.dumps(message).encode())

    def send_frame(self, client_id: str, opcode: int, data: bytes) -> None:
        handler = self.sockets.get(client_id)
        if handler is not None:
            handler.frame(opcode, data)

    def accept(self, prompt_id: str, client_id: str) -> None:
        """A prompt was posted: run the transcript for it, or let it wait for ever."""
        self.pending.append(prompt_id)
        if self.transcript:
            replay = threading.Thread(target=self._replay, args=(prompt_id, client_id), name="fake-comfy-replay")
            self._replays.append(replay)
            replay.start()

    def _replay(self, prompt_id: str, client_id: str) -> None:
        """The transcript under the new id, then the history entry, then the end mark, as the real one does."""
        self.pending.remove(prompt_id)
        self.running.append(prompt_id)
        outputs: dict[str, Any] = {}
        events = []
        for message in self.transcript:
            data = message["data"]
            if "prompt_id" not in data:
                continue
            data = {**data, "prompt_id": prompt_id}
            if message["type"] == "executed":
                outputs[data["node"]] = data["output"]
            if message["type"].startswith("execution_"):
                events.append([message["type"], data])
            self.send(client_id, {"type": message["type"], "data": data})
        self.history_gate.wait(5)
        success = bool(events) and events[-1][0] == "execution_success"
        status = {"status_str": "success" if success else "error", "completed": success, "messages": events}
        self.history[prompt_id] = {"prompt": [], "outputs": outputs, "status": status}
        self.running.remove(prompt_id)
        self.send(client_id, {"type": "executing", "data": {"node": None, "prompt_id": prompt_id}})


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    comfy: FakeComfy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def reply(self, status: int, body: Any = None, kind: str = "application/json", **headers: str) -> None:
        """Send JSON (anything but bytes) or bytes; None is an empty body."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(data)), **given}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, method: str) -> None:
        comfy = self.server.comfy
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = self.headers.get("Content-Type") == "application/json"
        content = json.loads(body) if body and is_json else body
        comfy.requests.append((method, self.path, content))
        override = comfy.overrides.get(f"{method} {path}")
        if override is not None:
            override(self)
        elif path == "/ws":
            self._websocket()
        elif method == "GET":
            self._get(path)
        else:
            self._post(path, content, body)

    def _get(self, path: str) -> None:
        comfy = self.server.comfy
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if path == "/system_stats":
            self.reply(200, {"system": {"comfyui_version": comfy.version, "argv": ["main.py"]}, "devices": []})
        elif path == "/object_info":
            self.reply(200, {"LoadImage": {"input": {}}})
        elif path == "/features":
            self.reply(200, {"supports_preview_metadata": True, "max_upload_size": 104857600})
        elif path == "/queue":
            entries = [[[1, name, {}, {}, []] for name in comfy.running], [[2, name, {}] for name in comfy.pending]]
            self.reply(200, {"queue_running": entries[0], "queue_pending": entries[1]})
        elif path.startswith("/history/"):
            name = path.removeprefix("/history/")
            self.reply(200, {name: comfy.history[name]} if name in comfy.history else {})
        elif path == "/internal/logs/raw" and comfy.log is not None:
            self.reply(200, {"entries": [{"t": "2026-11-25T01:15:36", "m": text} for text in comfy.log], "size": {}})
        elif path == "/view":
            key = (query.get("subfolder", ""), query["filename"], query.get("type", "output"))
            self.reply(200, comfy.files[key], "video/mp4") if key in comfy.files else self.reply(404)
        else:
            self.reply(404, b"404: Not Found", "text/plain; charset=utf-8")

    def _post(self, path: str, content: Any, body: bytes) -> None:
        comfy = self.server.comfy
        if path == "/prompt":
            comfy.accept(content["prompt_id"], content["client_id"])
            self.reply(200, {"prompt_id": content["prompt_id"], "number": 1, "node_errors": comfy.node_errors})
        elif path == "/queue":
            comfy.pending[:] = [name for name in comfy.pending if name not in content.get("delete", ())]
            self.reply(200)
        elif path == "/interrupt":
            if content.get("prompt_id") in comfy.running:
                comfy.running.remove(content["prompt_id"])
            self.reply(200)
        elif path.startswith("/api/jobs/") and comfy.jobs_api:
            name = path.split("/")[3]
            found = [names for names in (comfy.running, comfy.pending) if name in names]
            for names in found:
                names.remove(name)
            self.reply(200, {"cancelled": bool(found)})
        elif path == "/upload/image":
            self._upload(body)
        elif path == "/free":
            self.reply(200)
        else:
            self.reply(405, b"405: Method Not Allowed", "text/plain; charset=utf-8")

    def _upload(self, body: bytes) -> None:
        """Store a file; another content under the same name gets a number, as in ComfyUI."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields: dict[str, Any] = {}
        for part in BytesParser().parsebytes(head + body).walk():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str):
                fields[name] = (part.get_filename(), part.get_payload(decode=True))
        name, content = fields["image"]
        stem, dot, ending = name.rpartition(".")
        number = 0
        stored = name
        while self.server.comfy.uploads.get(stored, content) != content:
            number += 1
            stored = f"{stem} ({number}){dot}{ending}"
        self.server.comfy.uploads[stored] = content
        self.reply(200, {"name": stored, "subfolder": fields["subfolder"][1].decode(), "type": "input"})

    def _websocket(self) -> None:
        comfy = self.server.comfy
        client_id = parse_qs(urlsplit(self.path).query).get("clientId", [""])[0]
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"])),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self._frame_lock = threading.Lock()
        comfy.open_sockets.add(self)
        comfy.sockets[client_id] = self
        comfy.client_ids.append(client_id)
        try:
            if comfy.greet:
                self.frame(TEXT, json.dumps({"type": "status", "data": {"sid": client_id}}).encode())
            while True:
                opcode, data = read_frame(self.rfile.read)
                comfy.heard.append((opcode, data))
                if opcode == PING:
                    self.frame(PONG, data)
                if opcode == CLOSE:
                    self.frame(CLOSE, data)
                    break
        except OSError:
            pass
        finally:
            comfy.open_sockets.discard(self)
            comfy.sockets.pop(client_id, None)

    def frame(self, opcode: int, data: bytes) -> None:
        """Write one unmasked frame; a peer that is gone does not matter."""
        self.raw(frame_bytes(opcode, data))

    def raw_write(self, data: bytes) -> None:
        """Write to a client that may be gone."""
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def raw(self, data: bytes) -> None:
        try:
            with self._frame_lock:
                self.connection.sendall(data)
        except OSError:
            pass

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def closed_port() -> int:
    """A loopback port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
