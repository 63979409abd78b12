"""Pictures that clients send to the look-alike: form data taken apart, and names that do not collide."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_FIELD = re.compile(r'\b(name|filename)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class FormPart:
    """One field of a form; `filename` for a file."""

    content: bytes
    filename: str | None = None

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")


def form_parts(content_type: str, body: bytes) -> dict[str, FormPart]:
    """Fields of a `multipart/form-data` body by name; empty when it is none."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    parts: dict[str, FormPart] = {}
    if boundary is None:
        return parts
    for piece in body.split(b"--" + boundary[1].encode("utf-8"))[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        fields = dict(_FIELD.findall(head.decode("utf-8", "replace")))
        if "name" in fields:
            parts[fields["name"]] = FormPart(content.removesuffix(b"\r\n"), fields.get("filename"))
    return parts


def store_upload(folder: Path, parts: Mapping[str, FormPart]) -> tuple[str, str] | None:
    """Save the form's `image` below `folder`; returns its name and subfolder, None for a form that is not usable.

    Another content under the same name gets a number, the same content is stored once, as in ComfyUI.
    """
    image = parts.get("image")
    if image is None or not image.filename:
        return None
    subfolder = parts["subfolder"].text if "subfolder" in parts else ""
    relative = PurePosixPath(subfolder.replace("\\", "/"))
    name = PurePosixPath(image.filename.replace("\\", "/")).name
    if not name or relative.is_absolute() or ".." in relative.parts or ":" in subfolder:
        return None
    target = folder.joinpath(*relative.parts)
    target.mkdir(parents=True, exist_ok=True)
    overwrite = "overwrite" in parts and parts["overwrite"].text in ("true", "1")
    path = target / name
    number = 0
    while not overwrite and path.exists() and path.read_bytes() != image.content:
        number += 1
        path = target / f"{Path(name).stem} ({number}){Path(name).suffix}"
    path.write_bytes(image.content)
    return path.name, subfolder
