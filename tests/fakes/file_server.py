"""A host of files on a real port, which behaves as badly as the test says."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Act:
    """How one request is answered; what is left as it is behaves well.

    `drop_after`: bytes of the body until the connection is cut. `corrupt_at`: this byte of the file is sent flipped.
    `length`: what Content-Length says (-1 = none is sent). `first`: start that Content-Range claims.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop_after: int | None = None
    corrupt_at: int | None = None
    length: int | None = None
    first: int | None = None
    ranges: bool = True
    etag: str | None = None
    extra: bytes = b""
    hold: threading.Event | None = None


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]


class FileServer:
    """Serves `content` at every path; `acts` are used up one a request, then everything is well."""

    def __init__(self, content: bytes, *, etag: str | None = '"one"') -> None:
        self.content = content
        self.etag = etag
        self.acts: list[Act] = []
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked.append(Asked(handler.path, {key.lower(): value for key, value in handler.headers.items()}))
            act = self.acts.pop(0) if self.acts else Act()
        etag = act.etag or self.etag
        start, status = 0, 200
        wanted = handler.headers.get("Range", "")
        held = handler.headers.get("If-Range")
        if wanted and act.ranges and held in (None, etag):
            start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
        body = bytearray(self.content if act.body is None else act.body)
        if act.corrupt_at is not None and body:
            body[act.corrupt_at % len(body)] ^= 1
        headers: dict[str, str] = {"ETag": etag} if etag else {}
        if status == 206 and start >= len(body):
            status, headers["Content-Range"] = 416, f"bytes */{len(body)}"
            sent = b""
        else:
            sent = bytes(body[start:]) + act.extra
            if status == 206:
                first = start if act.first is None else act.first
                headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        headers["Content-Length"] = str(len(sent) if act.length is None else act.length)
        if act.length == -1:
            del headers["Content-Length"]
        headers.update(act.headers)
        handler.send_response(act.status or status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        cut = len(sent) if act.drop_after is None else min(act.drop_after, len(sent))
        handler.wfile.write(sent[:cut])
        handler.wfile.flush()
        if act.hold is not None:
            act.hold.wait(20)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    server.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Nothing on the test's output."""

        return Handler


@contextmanager
def file_server(content: bytes, *acts: Act, etag: str | None = '"one"') -> Iterator[FileServer]:
    with FileServer(content, etag=etag) as server:
        server.acts = list(acts)
        yield server
