"""Which of a run's files is its result. Pure."""

from collections.abc import Sequence
from pathlib import Path

VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".mkv", ".m4v", ".avi", ".gif")


def result_file(outputs: Sequence[str]) -> Path | None:
    """The newest video, else the newest other file; None without any. `outputs`: in the order they were saved."""
    paths = [Path(output) for output in outputs]
    videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES]
    found = videos or paths
    return found[-1] if found else None


def is_video(path: Path) -> bool:
    """Whether a player can be asked to show it."""
    return path.suffix.lower() in VIDEO_SUFFIXES
