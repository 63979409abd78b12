"""Frames as RFC 6455 has them."""

import struct
from io import BytesIO

import pytest

from wan22.demo.websocket import BINARY, TEXT, accept_key, frame_bytes, read_frame


def masked(opcode: int, data: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    size = len(data)
    if size < 126:
        head = bytes([0x80 | size])
    else:
        head = b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    return bytes([0x80 | opcode]) + head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def test_the_handshake_of_the_standard():
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("size", [0, 5, 125, 126, 65535, 65536])
def test_frames_of_a_client(size: int):
    data = bytes(n % 251 for n in range(size))
    assert read_frame(BytesIO(masked(BINARY, data)).read) == (BINARY, data)


@pytest.mark.parametrize(
    ("size", "head"), [(5, b"\x81\x05"), (126, b"\x81\x7e\x00\x7e"), (65536, b"\x81\x7f" + b"\0" * 5)]
)
def test_frames_of_a_server(size: int, head: bytes):
    frame = frame_bytes(TEXT, b"x" * size)
    assert frame.startswith(head)
    assert frame.endswith(b"x" * size)


@pytest.mark.parametrize("data", [b"", b"\x81", b"\x81\x85\x01", frame_bytes(TEXT, b"not masked")])
def test_a_client_that_is_gone(data: bytes):
    with pytest.raises(ConnectionResetError):
        read_frame(BytesIO(data).read)
