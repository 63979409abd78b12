"""Lines of recorded starts, as a server of ours would hear them."""

from pathlib import Path

from wan22.system.line_text import LineSplitter, strip_level_tag

DATA = Path(__file__).resolve().parents[2] / "data" / "launch"


def heard(data: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [strip_level_tag(line) for line in [*splitter.feed(data), *splitter.flush()]]
    return [line for line in lines if line.strip()]


def recorded_start(version: str) -> list[str]:
    return heard((DATA / f"startup-{version}.log").read_bytes())
