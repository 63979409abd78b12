"""HTTP and websocket of the look-alike on a real port, one thread a connection."""

import contextlib
import json
import mimetypes
import os
import socket
import sys
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wan22.demo.job_list import JobQueryError, job_document, jobs_document
from wan22.demo.look_alike import LookAlike
from wan22.demo.model_list import FOLDERS, model_files
from wan22.demo.sockets import Connection
from wan22.demo.upload import form_parts, store_upload
from wan22.demo.websocket import CLOSE, PING, PONG, TEXT, accept_key, frame_bytes, read_frame

_TEXT_KIND = "text/plain; charset=utf-8"
_TROUBLE = b"500 Internal Server Error\n\nServer got itself in trouble"


class LookAlikeServer(ThreadingHTTPServer):
    """Listens as soon as it is made; `serve_forever` answers."""

    daemon_threads = True
    # With this on, Windows lets two servers have the same port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, host: str, port: int, comfy: LookAlike) -> None:
        self.comfy = comfy
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's full name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as the base class has it
        """A client that went away is no error worth a traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.comfy.log.say(f"Error handling request: {type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LookAlikeServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        self._begin()
        routes: dict[str, Callable[[], None]] = {
            "/ws": self._websocket,
            "/system_stats": lambda: self._json(self._comfy.system_stats()),
            "/object_info": lambda: self._json(self._comfy.definitions.document()),
            "/features": lambda: self._json(self._comfy.features()),
            "/queue": lambda: self._json(self._comfy.queue.document()),
            "/prompt": lambda: self._json(self._comfy.status()["status"]),
            "/history": self._history,
            "/api/jobs": self._jobs,
            "/models": lambda: self._json(FOLDERS),
            "/view": self._view,
            "/internal/logs": lambda: self._json(self._comfy.log.text()),
            "/internal/logs/raw": lambda: self._json(self._comfy.log.document()),
            "/demo/gpu": lambda: self._json(self._comfy.gpu.document()),
            "/": lambda: self._send(200, b"SIMULATED ComfyUI: there is no browser page here.", _TEXT_KIND),
        }
        route = routes.get(self._path)
        if route is not None:
            route()
        elif self._path.startswith("/object_info/"):
            name = unquote(self._path.removeprefix("/object_info/"))
            node = self._comfy.definitions.get(name)
            self._json({} if node is None else {name: node})
        elif self._path.startswith("/history/"):
            self._json(self._comfy.queue.history(unquote(self._path.removeprefix("/history/"))))
        elif self._path.startswith("/api/jobs/"):
            self._job(unquote(self._path.removeprefix("/api/jobs/")))
        elif self._path.startswith("/models/"):
            files = model_files(self._comfy.definitions, unquote(self._path.removeprefix("/models/")))
            self._send(404, b"") if files is None else self._json(files)
        else:
            self._send(404, b"404: Not Found", _TEXT_KIND)

    def do_POST(self) -> None:
        self._begin()
        size = int(self.headers.get("Content-Length") or 0)
        if size > self._comfy.flags.max_upload_size * 2**20:
            self.close_connection = True
            self._send(413, b"413: Request Entity Too Large", _TEXT_KIND)
            return
        body = self.rfile.read(size)
        if self._path == "/upload/image":
            self._upload(body)
            return
        try:
            content = json.loads(body) if body else {}
        except ValueError:
            self._send(500, _TROUBLE, _TEXT_KIND)
            return
        if not isinstance(content, Mapping):
            self._send(500, _TROUBLE, _TEXT_KIND)
            return
        try:
            self._post(content)
        except (AttributeError, KeyError, TypeError, ValueError):  # a body of another shape than any client sends
            self._send(500, _TROUBLE, _TEXT_KIND)

    @property
    def _comfy(self) -> LookAlike:
        return self.server.comfy

    def _begin(self) -> None:
        """Every route is there bare and under /api; a page of another host gets nothing."""
        parts = urlsplit(self.path)
        self._path = parts.path.removeprefix("/api") if not parts.path.startswith("/api/jobs") else parts.path
        self._query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        origin = self.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.headers.get("Host"):
            self._path = "/forbidden"

    def _post(self, content: Mapping[str, Any]) -> None:
        queue = self._comfy.queue
        if self._path == "/prompt":
            status, answer = self._comfy.submit(content)
            self._json(answer, status)
        elif self._path in ("/queue", "/history"):
            change = queue.drop if self._path == "/queue" else queue.forget
            if content.get("clear"):
                change(None)
            if content.get("delete"):
                change(content["delete"])
            self._send(200, b"")
        elif self._path == "/interrupt":
            queue.interrupt(content.get("prompt_id"))
            self._send(200, b"")
        elif self._path == "/free":
            told = {name: bool(content.get(name)) for name in ("unload_models", "free_memory")}
            self._comfy.free(**told)
            self._send(200, b"")
        elif self._path.startswith("/api/jobs/") and self._path.endswith("/cancel"):
            prompt_id = unquote(self._path.split("/")[3])
            self._json({"cancelled": bool(queue.drop([prompt_id])) or queue.interrupt(prompt_id)})
        else:
            self._send(405, b"405: Method Not Allowed", _TEXT_KIND)

    def _history(self) -> None:
        most = self._query.get("max_items")
        if most is not None and not most.isdecimal():
            self._send(500, _TROUBLE, _TEXT_KIND)
            return
        self._json(self._comfy.queue.history(most=None if most is None else int(most)))

    def _jobs(self) -> None:
        queue = self._comfy.queue
        try:
            self._json(jobs_document(queue.document(), queue.history(), self._query))
        except JobQueryError as error:
            self._json({"error": str(error)}, 400)

    def _job(self, prompt_id: str) -> None:
        queue = self._comfy.queue
        found = job_document(prompt_id, queue.document(), queue.history(prompt_id))
        self._json({"error": "Job not found"}, 404) if found is None else self._json(found)

    def _view(self) -> None:
        folder = self._comfy.folders.of(self._query.get("type", "output"))
        name, subfolder = self._query.get("filename", ""), self._query.get("subfolder", "")
        if folder is None or not name or ".." in name or ".." in subfolder or name.startswith("/"):
            self._send(400, b"")
            return
        path = (folder / subfolder / Path(name).name).resolve()
        if not path.is_relative_to(folder.resolve()):
            self._send(403, b"")
        elif not path.is_file():
            self._send(404, b"")
        else:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self._send(200, path.read_bytes(), kind)

    def _upload(self, body: bytes) -> None:
        parts = form_parts(self.headers.get("Content-Type", ""), body)
        kind = parts["type"].text if "type" in parts else "input"
        folder = self._comfy.folders.of(kind)
        stored = None if folder is None else store_upload(folder, parts)
        if stored is None:
            self._send(400, b"")
            return
        self._json({"name": stored[0], "subfolder": stored[1], "type": kind})

    def _json(self, content: Any, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode("utf-8"), "application/json; charset=utf-8")

    def _send(self, status: int, data: bytes, kind: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _websocket(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        if key is None:
            self._send(400, b"No WebSocket UPGRADE hdr: None", _TEXT_KIND)
            return
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        client_id = self._query.get("clientId") or uuid.uuid4().hex
        connection = Connection(client_id, lambda opcode, data: self.connection.sendall(frame_bytes(opcode, data)))
        self._comfy.sockets.add(connection)
        connection.tell("status", self._comfy.status() | {"sid": client_id})
        try:
            self._listen(connection)
        except OSError:
            pass
        finally:
            self._comfy.sockets.remove(client_id)
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def _listen(self, connection: Connection) -> None:
        is_first = True
        while True:
            opcode, data = read_frame(self.rfile.read)
            if opcode == PING:
                connection.send(PONG, data)
            elif opcode == CLOSE:
                connection.send(CLOSE, data)
                return
            elif opcode == TEXT and is_first:
                is_first = False
                self._greet(connection, data)

    def _greet(self, connection: Connection, data: bytes) -> None:
        """A first message may tell what the client understands; the server then tells the same of itself."""
        try:
            message = json.loads(data)
        except ValueError:
            return
        if isinstance(message, Mapping) and message.get("type") == "feature_flags":
            told = message.get("data")
            connection.wants_metadata = isinstance(told, Mapping) and bool(told.get("supports_preview_metadata"))
            connection.tell("feature_flags", self._comfy.features())
