"""Recorded runs as the tests of this package need them."""

import gzip
import json
from pathlib import Path
from typing import Any

from wan22.comfy.client import HistoryEntry, Message
from wan22.comfy.reply import HistoryReply

DATA = Path(__file__).parents[2] / "data"
H100 = "wan22-14b-h100"
CPU = "comfyui-0.25.0-cpu"


def transcript(folder: str, run: str) -> list[dict[str, Any]]:
    """Messages as they came over the wire, with `t` in seconds since the prompt was posted."""
    path = DATA / "recordings" / folder / f"{run}.messages.jsonl.gz"
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()]


def messages(folder: str, run: str, start_s: float = 0.0) -> list[Message]:
    return [
        Message(time_s=start_s + item["t"], type=item["type"], data=item["data"]) for item in transcript(folder, run)
    ]


def prompt_id_of(recorded: list[Message]) -> str:
    return next(str(message.data["prompt_id"]) for message in recorded if "prompt_id" in message.data)


def history(folder: str, run: str) -> HistoryEntry:
    path = DATA / "recordings" / folder / f"{run}.history.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    ((prompt_id, entry),) = content.items()
    return HistoryReply.model_validate(entry).entry(prompt_id)


def exchanges() -> list[dict[str, Any]]:
    """27 HTTP exchanges with ComfyUI 0.3.64."""
    content: list[dict[str, Any]] = json.loads((DATA / "comfy" / "exchanges.json").read_text(encoding="utf-8"))
    return content
