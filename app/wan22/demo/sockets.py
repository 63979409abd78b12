"""The websockets of the look-alike, kept by client id as ComfyUI keeps them."""

import contextlib
import json
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

from wan22.demo.websocket import BINARY, TEXT

_PREVIEW_IMAGE = 1
_PREVIEW_IMAGE_WITH_METADATA = 4
_JPEG = 1


class Connection:
    """One open websocket. `write` sends one frame; a peer that is gone does not matter."""

    def __init__(self, client_id: str, write: Callable[[int, bytes], None]) -> None:
        self.client_id = client_id
        self.wants_metadata = False
        self._write = write
        self._lock = threading.Lock()

    def send(self, opcode: int, data: bytes) -> None:
        """Send a frame; frames of several threads do not mix."""
        with self._lock, contextlib.suppress(OSError):
            self._write(opcode, data)

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Send a message."""
        self.send(TEXT, json.dumps({"type": kind, "data": data}).encode("utf-8"))


class Sockets:
    """All connections. ComfyUI's own fault is kept: an old connection that ends takes a newer one of its id along."""

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        self._lock = threading.Lock()

    def add(self, connection: Connection) -> None:
        """From now on this connection hears what is sent to its id."""
        with self._lock:
            self._by_id[connection.client_id] = connection

    def remove(self, client_id: str) -> None:
        """A connection of this id has ended."""
        with self._lock:
            self._by_id.pop(client_id, None)

    def tell(self, kind: str, data: Mapping[str, Any], client_id: str | None = None) -> None:
        """A message to one client, or to all."""
        for connection in self._listeners(client_id):
            connection.tell(kind, data)

    def preview(self, jpeg: bytes, client_id: str | None, metadata: Mapping[str, Any]) -> None:
        """A preview picture, with its metadata for those who said that they understand it."""
        for connection in self._listeners(client_id):
            if connection.wants_metadata:
                told = json.dumps({**metadata, "image_type": "image/jpeg"}).encode("utf-8")
                data = struct.pack(">II", _PREVIEW_IMAGE_WITH_METADATA, len(told)) + told + jpeg
            else:
                data = struct.pack(">II", _PREVIEW_IMAGE, _JPEG) + jpeg
            connection.send(BINARY, data)

    def _listeners(self, client_id: str | None) -> list[Connection]:
        with self._lock:
            if client_id is None:
                return list(self._by_id.values())
            found = self._by_id.get(client_id)
            return [] if found is None else [found]
