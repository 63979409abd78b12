"""What kind of workflow a file holds: the editor's form, the API form, or one of them inside of a picture or video."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from wan22.comfy.image_metadata import read_image_tags
from wan22.comfy.workflow import parse_json, read_json
from wan22.schema.problem import AppError, app_error

ReadTags = Callable[[Path], Mapping[str, str]]
"""Texts that a video holds beside its pictures, by lower-case name. Raises AppError `workflow_invalid`."""


class WorkflowForm(Enum):
    """How the nodes are written down."""

    api = "api"
    editor = "editor"


@dataclass(frozen=True, slots=True)
class FoundWorkflow:
    """A parsed workflow. `value`: the nodes by id, or the editor's whole document. `container`: "JSON", "PNG", …"""

    form: WorkflowForm
    value: Mapping[str, Any]
    container: str


_IMAGES, _VIDEOS = ("PNG", "WebP", "JPEG"), ("MP4", "WebM")


def read_workflow_file(path: Path, video_tags: ReadTags | None = None) -> FoundWorkflow:
    """The workflow in a file, whatever its name ends with. `video_tags` reads videos; without it they are refused.

    Raises AppError `file_unreadable`, or `workflow_invalid` saying what the file looks like instead.
    """
    container = _container(path)
    if container == "JSON":
        return workflow_in(read_json(path), path, container)
    if container in _IMAGES:
        tags = read_image_tags(path)
    elif container in _VIDEOS and video_tags is not None:
        tags = video_tags(path)
    else:
        raise _refusal(path, f"is a {container} file, which holds no workflow that can be read here")
    return _from_tags(tags, path, container)


def workflow_in(value: object, path: Path, container: str = "JSON") -> FoundWorkflow:
    """The workflow in a parsed document, its wrappers taken off. Raises AppError `workflow_invalid`."""
    for _ in range(4):
        if not isinstance(value, Mapping):
            break
        if _is_editor_form(value):
            return FoundWorkflow(WorkflowForm.editor, value, container)
        if _is_api_form(value):
            return FoundWorkflow(WorkflowForm.api, value, container)
        inner = value.get("prompt", value.get("workflow"))
        if isinstance(inner, list) and len(inner) >= 3:  # an entry of the server's history or queue
            inner = inner[2]
        elif isinstance(inner, str) and inner.lstrip().startswith("{"):
            inner = parse_json(inner, path, allow_nan=True)
        elif inner is None and len(value) == 1:  # a history with one job in it
            inner = next(iter(value.values()))
        if not isinstance(inner, Mapping):
            break
        value = inner
    raise _refusal(path, _looks_like(value))


def _is_editor_form(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("nodes"), list) and ("links" in value or "last_node_id" in value or "version" in value)


def _is_api_form(value: Mapping[str, Any]) -> bool:
    """Most of a workflow's entries are nodes; the broken ones among them are named later."""
    nodes = [item for item in value.values() if isinstance(item, Mapping) and "class_type" in item]
    return bool(nodes) and len(nodes) * 2 >= len(value)


def _from_tags(tags: Mapping[str, str], path: Path, container: str) -> FoundWorkflow:
    """The graph that was run counts, the editor's document comes second; `comment` holds both in some packs."""
    failed: AppError | None = None
    for name in ("prompt", "workflow", "comment", "description", "usercomment"):
        text = tags.get(name)
        if not text or not text.lstrip().startswith("{"):
            continue
        try:
            return workflow_in(parse_json(text, path, allow_nan=True), path, container)
        except AppError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    if "parameters" in tags:
        raise _refusal(path, f"is a {container} file with the settings of another program (parameters), not of ComfyUI")
    raise app_error(
        "workflow_invalid",
        f"The {container} file {path} holds no workflow.",
        hint="ComfyUI writes it into what it saves, unless it runs with --disable-metadata; chat programs and video "
        "editors remove it. Use the file as ComfyUI saved it.",
        file=path,
    )


def _container(path: Path) -> str:
    """What a file is by its first bytes; "JSON" for everything that is not known."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        message = f"The workflow {path} cannot be read: {error.strerror or error}."
        raise app_error("file_unreadable", message, file=path) from error
    marks = {
        b"\x89PNG": "PNG",
        b"\xff\xd8\xff": "JPEG",
        b"\x1aE\xdf\xa3": "WebM",
        b"GIF8": "GIF",
        b"PK\x03\x04": "ZIP",
        b"%PDF": "PDF",
        b"\x1f\x8b": "GZIP",
    }
    if head[:4] == b"RIFF":
        return "WebP" if head[8:12] == b"WEBP" else "RIFF"
    if head[4:8] == b"ftyp":
        return "MP4"
    return next((name for mark, name in marks.items() if head.startswith(mark)), "JSON")


def _looks_like(value: object) -> str:
    match value:
        case Mapping() if not value:
            return "holds no nodes"
        case Mapping() if isinstance(value.get("nodes"), list):
            return "has nodes, but neither links nor a version: it is no workflow of ComfyUI's editor"
        case Mapping() if "models" in value:
            return "is a list of model files, not a workflow"
        case Mapping():
            names = ", ".join(f"'{str(name)[:40]}'" for name in list(value)[:4])
            return f"holds neither nodes of the editor nor of the API form; it has {names}"
        case list():
            return "holds a list instead of an object with nodes"
        case str():
            return "holds a text instead of an object with nodes"
        case None:
            return "holds nothing instead of an object with nodes"
    return "holds a single value instead of an object with nodes"


def _refusal(path: Path, what: str) -> AppError:
    hint = "Give a workflow saved or exported by ComfyUI (.json), or a picture or video that it made."
    return app_error("workflow_invalid", f"The file {path} {what}.", hint=hint, file=path)
