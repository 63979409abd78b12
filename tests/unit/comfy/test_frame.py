"""Binary and text frames of the websocket."""

import json
import struct

import pytest

from wan22.comfy.frame import message_from_binary, message_from_text


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def test_a_preview_of_the_old_kind() -> None:
    found = message_from_binary(number(1) + number(2) + b"\x89PNG", 5.0)
    assert (found.type, dict(found.data), found.image, found.time_s) == (
        "preview", {"image_format": "png"}, b"\x89PNG", 5.0,
    )  # fmt: skip
    assert message_from_binary(number(1) + number(1) + b"x", 5.0).data["image_format"] == "jpeg"


def test_a_preview_with_metadata() -> None:
    meta = json.dumps({"node_id": "129:86", "prompt_id": "p", "image_type": "image/jpeg"}).encode()
    found = message_from_binary(number(4) + number(len(meta)) + meta + b"\xff\xd8", 5.0)
    assert found.type == "preview"
    assert found.image == b"\xff\xd8"
    assert (found.data["node_id"], found.data["prompt_id"], found.data["image_format"]) == ("129:86", "p", "jpeg")


def test_a_text() -> None:
    node, text = b"7", "fünf".encode()
    found = message_from_binary(number(3) + number(len(node)) + node + text, 5.0)
    assert (found.type, found.data) == ("text", {"node_id": "7", "text": "fünf"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00",
        number(1),
        number(1) + number(1),
        number(2) + b"raw",
        number(99) + b"x",
        number(3) + number(50) + b"short",
        number(4) + number(2**32 - 1) + b"{}",
        number(4) + number(2) + b"{]" + b"x",
        number(4) + number(2) + b"[]" + b"x",
        number(4) + number(4) + b"\xff\xfe\xfd\xfc" + b"x",
    ],
)
def test_malformed_frames_are_told_by_valueerror(data: bytes) -> None:
    with pytest.raises(ValueError):
        message_from_binary(data, 1.0)


def test_text_frames() -> None:
    found = message_from_text(b'{"type": "cm-queue-status", "data": {"a": 1}}', 3.0)
    assert (found.type, found.data, found.time_s) == ("cm-queue-status", {"a": 1}, 3.0)
    assert message_from_text(b'{"type": "x", "data": [1]}', 3.0).data == {}


@pytest.mark.parametrize("data", [b"hello", b"[]", b"{}", b'{"type": 5}', b"null", b"\xff\xfe", b"[" * 100_000])
def test_text_frames_that_are_no_messages(data: bytes) -> None:
    with pytest.raises(ValueError):
        message_from_text(data, 1.0)
