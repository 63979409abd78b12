"""A TCP proxy on loopback that notes when websocket text frames pass: a witness that shares no code with the panel.

It copies bytes both ways untouched and parses the server's frames (RFC 6455) on the side. `cut()` breaks all
connections, `pause()` refuses new ones.
"""

import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Seen:
    """A message of the server and the wall time (seconds since the epoch) at which it passed."""

    time_s: float
    document: dict[str, Any]


@dataclass
class SniffingProxy:
    """Listens on a free loopback port and forwards to `target_port`."""

    target_port: int
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._open = True
        self._refusing = False
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._open = False
        self.cut()
        for thread in self._threads:
            thread.join(3)
        for item in (*self._sockets, self._listener):
            item.close()

    def cut(self) -> None:
        """Break every connection, as a router that was switched off."""
        for item in self._sockets:
            try:
                item.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def messages(self, kind: str) -> list[Seen]:
        return [item for item in self.seen if item.document.get("type") == kind]

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            far = socket.create_connection(("127.0.0.1", self.target_port))
            self._sockets += [near, far]
            for source, sink, parser in ((near, far, None), (far, near, FrameParser(self.seen))):
                thread = threading.Thread(target=self._copy, args=(source, sink, parser), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _copy(self, source: socket.socket, sink: socket.socket, parser: "FrameParser | None") -> None:
        try:
            while data := source.recv(65536):
                now_s = time.time()
                sink.sendall(data)
                if parser is not None:
                    parser.feed(data, now_s)
        except OSError:
            pass
        finally:
            for item in (source, sink):
                try:
                    item.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class FrameParser:
    """Text frames of one direction of a connection; a plain HTTP answer is skipped."""

    def __init__(self, seen: list[Seen]) -> None:
        self._seen = seen
        self._buffer = b""
        self._upgraded: bool | None = None

    def feed(self, data: bytes, now_s: float) -> None:
        if self._upgraded is False:
            return
        self._buffer += data
        if self._upgraded is None:
            head, mark, rest = self._buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            self._upgraded = head.startswith(b"HTTP/1.1 101")
            self._buffer = rest
            if not self._upgraded:
                return
        while self._take(now_s):
            pass

    def _take(self, now_s: float) -> bool:
        if len(self._buffer) < 2:
            return False
        size, start = self._buffer[1] & 0x7F, 2
        if size == 126:
            if len(self._buffer) < 4:
                return False
            size, start = struct.unpack(">H", self._buffer[2:4])[0], 4
        elif size == 127:
            if len(self._buffer) < 10:
                return False
            size, start = struct.unpack(">Q", self._buffer[2:10])[0], 10
        if len(self._buffer) < start + size:
            return False
        opcode, payload = self._buffer[0] & 0x0F, self._buffer[start : start + size]
        self._buffer = self._buffer[start + size :]
        if opcode == 1:
            self._seen.append(Seen(now_s, json.loads(payload)))
        return True
