"""A run without what is personal: its start image, its prompts, the paths of the machine. On request, for an export.

The parts stay what they are, with "(left out)" where something was. A video carries its prompts in itself, so that it
has to be copied without them: the caller gives the function for it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.schema.run import RunManifest

LEFT_OUT = "(left out)"
_SHORTEST = 4
"""A text with fewer letters is only taken out where it stands alone: it would be found everywhere."""
_HOMES = re.compile(r"(?P<top>(?<![\w.])/(?:home|Users)/|\b[A-Za-z]:[\\/]+Users[\\/]+)[^\\/\s:\"'<>|]+", re.IGNORECASE)
_FOLDERS = re.compile(r"(?<![\w.:/)…])/(?:[^\s/\"'<>|:,;]+/)+|\b[A-Za-z]:[\\/]+(?:[^\\/:*?\"<>|\r\n]+[\\/]+)*")
"""Folders of an absolute path; the name behind them stays."""
_WHOLE_PATH = re.compile(r"/[^\n\"'<>|:]*/(?=[^/\n]*\Z)")
"""A text that is nothing but a path, which then may hold spaces."""
_PROMPT_KEYS = ("prompt", "negative")
_IMAGE_KEYS = ("image", "image_sha256")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What does not travel. `paths` are names of folders and people, with other programs' names and the server's
    address."""

    image: bool = False
    prompt: bool = False
    paths: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """In words, for the archive's list."""
        chosen = {"image": self.image, "prompt": self.prompt, "paths": self.paths}
        return tuple(name for name, is_chosen in chosen.items() if is_chosen)

    @property
    def is_nothing(self) -> bool:
        """Whether all of the run travels."""
        return not self.names


class Eraser:
    """Takes out of texts and JSON documents of one run what is to be left out."""

    def __init__(self, manifest: RunManifest, left_out: LeftOut, home: Path, image_names: Sequence[str] = ()) -> None:
        """`image_names`: what the start image is called here, beside its name on the server."""
        self._left_out = left_out
        self._texts = sorted(_needles(manifest, left_out, home, image_names), key=len, reverse=True)
        self._whole = {text for text in self._texts if len(text) < _SHORTEST}
        self._parts = [text for text in self._texts if len(text) >= _SHORTEST]

    def text(self, text: str) -> str:
        """`text` without them."""
        if text in self._whole:
            return LEFT_OUT
        for part in self._parts:
            for spelled in {part, part.replace("\\", "/"), part.replace("\\", "\\\\")}:
                text = text.replace(spelled, LEFT_OUT)
        if self._left_out.paths:
            text = _HOMES.sub(lambda found: f"{found['top']}…", text)
            if not _WHOLE_PATH.match(text):
                return _FOLDERS.sub("…/", text)
            return _WHOLE_PATH.sub("…/", text, count=1)
        return text

    def document(self, value: Any) -> Any:
        """A JSON document, every text in it treated, and names of people's things as keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.document(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.document(one) for one in value]
        return value

    def manifest(self, document: Mapping[str, Any]) -> Any:
        """`run.json`: fields that hold nothing else become empty."""
        cleaned = dict(document)
        job = cleaned.get("parameters")
        if isinstance(job, Mapping):
            keys = (_PROMPT_KEYS if self._left_out.prompt else ()) + (_IMAGE_KEYS if self._left_out.image else ())
            cleaned["parameters"] = {key: None if key in keys else one for key, one in job.items()}
        server = cleaned.get("server")
        if self._left_out.paths and isinstance(server, Mapping):
            cleaned["server"] = {**server, "url": "", "folder": None, "python": None}
        return self.document(cleaned)

    def lines(self, text: str) -> Iterator[str]:
        """`events.jsonl` line by line; one that is no JSON is treated as plain text."""
        for line in text.splitlines():
            try:
                yield json.dumps(self.document(json.loads(line)), ensure_ascii=False)
            except (ValueError, RecursionError):
                yield self.text(line)


def _needles(manifest: RunManifest, left_out: LeftOut, home: Path, image_names: Sequence[str]) -> Iterator[str]:
    job, server = manifest.parameters, manifest.server
    found: list[str | None] = []
    if left_out.prompt and job is not None:
        found += [job.prompt, job.negative]
    if left_out.image:
        found += image_names
        found += [job.image, Path(job.image.replace("\\", "/")).name] if job is not None and job.image else []
    if left_out.paths:
        found += [
            str(home),
            server.folder if server is not None else None,
            server.python if server is not None else None,
        ]
    return (text for text in dict.fromkeys(found) if text and text.strip())
