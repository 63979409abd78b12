"""A ComfyUI server that plays its Manager: generation 4, 3, or an older 3 that wants GET; real HTTP on loopback."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class ManagerServer:
    """`kind`: "v4", "v4-legacy", "v3", "v3-old" or "none". `refusal`: status with which the task is answered.

    `result`: what generation 4's history, or generation 3's status, says of the task in the end.
    """

    kind: str
    refusal: int | None = None
    result: Any = None
    polls: int = 2
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        """`METHOD path` of every request, without those that only ask."""
        return [f"{method} {path}" for method, path, _ in self.asked if "status" not in path and "version" not in path]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, path.partition("?")[0], body))
        path = path.partition("?")[0]
        prefix = "/v2" if self.kind.startswith("v4") else ""
        if path == f"{prefix}/manager/version" and self.kind != "none":
            return 200, {"v4": "4.3", "v4-legacy": "4.3"}.get(self.kind, "V3.41")
        if path == "/v2/manager/is_legacy_manager_ui" and prefix:
            return 200, {"is_legacy_manager_ui": self.kind == "v4-legacy"}
        if self.kind == "none" or not path.startswith(f"{prefix}/manager/queue/"):
            return 404, "Not Found"
        return self._queue(method, path.rpartition("/")[2], body)

    def _queue(self, method: str, word: str, body: Any) -> tuple[int, Any]:
        if word == "status":
            self.polls -= 1
            busy = self.polls > 0
            status: dict[str, Any] = {"total_count": 1, "done_count": 0 if busy else 1, "is_processing": busy}
            if self.kind != "v4" and not busy:
                status["nodepack_result"] = self.result or {}
            return 200, status
        if word == "history" and self.kind == "v4":
            return 200, {"history": self.result or {}}
        if word in ("reset", "start") and method != ("GET" if self.kind == "v3-old" else "POST"):
            return 405, "Method Not Allowed"
        wanted = {"v4": "task", "v4-legacy": "batch"}.get(self.kind, "install")
        if word == wanted and body is not None:
            return (self.refusal or 200), ("security_level" if self.refusal else "")
        return (200, "") if word in ("reset", "start") else (404, "Not Found")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                status, value = server.answer(self.command, self.path, body)
                text = value if isinstance(value, str) else json.dumps(value)
                data = text.encode("utf-8")
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if isinstance(value, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """Nothing on the test's output."""

        return Handler
