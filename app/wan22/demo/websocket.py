"""The server's side of a websocket in a few functions (RFC 6455): handshake, frames out, frames in."""

import base64
import hashlib
import struct
from collections.abc import Callable

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST = 64 * 2**20


def accept_key(key: str) -> str:
    """What `Sec-WebSocket-Accept` must say to a client that sent `key`."""
    return base64.b64encode(hashlib.sha1(key.encode("ascii", "replace") + _MAGIC).digest()).decode("ascii")


def frame_bytes(opcode: int, data: bytes) -> bytes:
    """One whole unmasked frame, as servers send them."""
    size = len(data)
    if size < 126:
        head = bytes([size])
    elif size < 65536:
        head = b"\x7e" + struct.pack(">H", size)
    else:
        head = b"\x7f" + struct.pack(">Q", size)
    return bytes([0x80 | opcode]) + head + data


def read_frame(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Opcode and content of the next masked frame of a client; `read(n)` gives n bytes, fewer at the end.

    Raises ConnectionResetError when the client is gone or says something else.
    """
    first, second = _exactly(read, 2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack(">H", _exactly(read, 2))[0]
    elif size == 127:
        size = struct.unpack(">Q", _exactly(read, 8))[0]
    if not second & 0x80 or size > _LARGEST:
        raise ConnectionResetError("no frame of a client")
    mask = _exactly(read, 4)
    data = _exactly(read, size)
    return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def _exactly(read: Callable[[int], bytes], count: int) -> bytes:
    data = read(count)
    if len(data) < count:
        raise ConnectionResetError("the client is gone")
    return data
