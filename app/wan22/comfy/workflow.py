"""Find and read a workflow file in ComfyUI's API form; other forms go through `workflow_import`."""

import difflib
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from wan22.comfy.client import Graph
from wan22.comfy.model_manifest import MANIFEST_NAME
from wan22.schema.problem import app_error

MAX_BYTES, MAX_DEPTH = 20_000_000, 100
MEDIA_SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".png", ".webp", ".jpg", ".jpeg")
"""Files that ComfyUI saves with the workflow inside."""

_SUFFIXES = (".json", ".api.json")
_MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph in API form with its origin; `sha256` is that of its canonical JSON (see `canonical_sha256`).

    `source`: the parsed file when it was in the editor's form, so that it can be converted again with the definitions
    of the server that runs it; None for a file in API form.
    """

    name: str
    path: Path
    graph: Graph
    sha256: str
    source: Mapping[str, Any] | None = None


def canonical_sha256(graph: Graph) -> str:
    """Hex digest of a graph: keys sorted, no spaces, ASCII only. Layout of the file and order of nodes do not count."""
    text = json.dumps(graph, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def shipped_workflows(folder: Path) -> tuple[str, ...]:
    """Names of the workflows in a folder, sorted; the list of model files beside them is none. No folder, no names."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(workflow_name(path) for path in folder.glob("*.json") if path.name != MANIFEST_NAME))


def load_workflow(
    name_or_path: str | Path, folders: Sequence[Path], read: Callable[[Path], Workflow] | None = None
) -> Workflow:
    """A workflow by the path of its file, or by its name in one of `folders` (the first that has it wins).

    `read` takes the file found (see `workflow_import`); without it only files in API form are taken.
    Raises workflow_not_found (with the nearest names), file_unreadable, workflow_ui_format for a file of the editor,
    workflow_invalid for anything else that is no graph in API form.
    """
    path = find_workflow(str(name_or_path), folders)
    if read is not None:
        return read(path)
    graph = graph_from_value(read_json(path), path)
    return Workflow(name=workflow_name(path), path=path, graph=graph, sha256=canonical_sha256(graph))


def workflow_name(path: Path) -> str:
    """Name of a workflow: that of its file without the ending."""
    for suffix in (".json", *MEDIA_SUFFIXES):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)].removesuffix(".api") or path.name
    return path.name


def find_workflow(wanted: str, folders: Sequence[Path]) -> Path:
    """File of a workflow by path or by name; see `load_workflow`. Raises workflow_not_found."""
    if not wanted.strip() or "\0" in wanted:
        raise app_error("workflow_not_found", "The name of the workflow is empty.")
    try:
        given = Path(wanted).expanduser()
    except RuntimeError:
        given = Path(wanted)
    is_path = any(mark in wanted for mark in "/\\") or wanted.lower().endswith((".json", *MEDIA_SUFFIXES))
    if is_path and _is_file(given):
        return given
    if not any(mark in wanted for mark in "/\\"):
        for folder in folders:
            for candidate in (folder / f"{wanted.removesuffix('.json')}{suffix}" for suffix in _SUFFIXES):
                if _is_file(candidate):
                    return candidate
    names = sorted({name for folder in folders for name in shipped_workflows(folder)})
    shown = wanted if len(wanted) <= _MAX_SHOWN else f"{wanted[:_MAX_SHOWN]}…"
    if not is_path:
        what = f"There is no workflow called '{shown}'"
    elif _is_folder(given):
        what = f"'{shown}' is a folder, not a workflow file"
    else:
        what = f"There is no file '{shown}'"
    near = difflib.get_close_matches(workflow_name(given), names, n=3, cutoff=0.5) or names
    known = f" Did you mean: {', '.join(near)}?" if near else " There are no workflows in the usual folders."
    raise app_error("workflow_not_found", f"{what}.{known}", workflow=shown)


def _is_file(path: Path) -> bool:
    """Whether a file is there; a name that the system cannot even look up (too long, odd characters) is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def read_json(path: Path) -> Any:
    """The parsed content of a JSON file. Raises file_unreadable, or workflow_invalid saying what is wrong with it."""
    try:
        size = path.stat().st_size
        data = b"" if size > MAX_BYTES else path.read_bytes()
    except OSError as error:
        raise app_error(
            "file_unreadable", f"The workflow {path} cannot be read: {error.strerror or error}.", file=path
        ) from error
    if size > MAX_BYTES:
        _invalid(path, f"is {size:,} bytes long; a workflow has at most {MAX_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _invalid(path, "is not text in UTF-8")
    return parse_json(text, path)


def parse_json(text: str, path: Path, *, allow_nan: bool = False) -> Any:
    """Parsed JSON; a key that stands twice is an error. With `allow_nan` NaN and infinity become null.

    `path` is only named in messages. Raises workflow_invalid.
    """

    def constant(name: str) -> None:
        if not allow_nan:
            raise ValueError(f"{name} is not a number that JSON knows")

    def number(digits: str) -> float | None:
        value = float(digits)
        if math.isfinite(value):
            return value
        constant(digits[:40])
        return None

    try:
        value = json.loads(text, parse_constant=constant, parse_float=number, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        _invalid(path, f"is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except (ValueError, RecursionError) as error:
        _invalid(path, f"is not usable JSON: {'nested too deeply' if isinstance(error, RecursionError) else error}")
    if _is_deeper(value, MAX_DEPTH):
        _invalid(path, f"is not usable JSON: nested too deeply, more than {MAX_DEPTH} levels")
    return value


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested more than `limit` deep."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)[:80]}' stands twice")
    return found


def _invalid(path: Path, what: str, node: str | None = None) -> NoReturn:
    raise app_error("workflow_invalid", f"The workflow {path} {what}.", file=path, node=node)


def graph_from_value(value: object, path: Path) -> Graph:
    """The graph in a parsed file, its wrapper `{"prompt": {…}}` taken off. `path` is only named in messages.

    Raises workflow_ui_format or workflow_invalid.
    """
    if isinstance(value, Mapping) and isinstance(value.get("nodes"), list):
        raise app_error(
            "workflow_ui_format",
            f"The workflow {path} is in the editor's form ({len(value['nodes'])} nodes with positions and links), "
            "which a server does not take.",
            file=path,
        )
    if isinstance(value, Mapping) and isinstance(value.get("prompt"), Mapping) and "class_type" not in value["prompt"]:
        value = value["prompt"]
    if not isinstance(value, Mapping):
        _invalid(path, f"holds {_word(value)} instead of an object with nodes")
    if not value:
        _invalid(path, "holds no nodes")
    for node_id, node in value.items():
        wrong = _wrong_node(node)
        if wrong:
            _invalid(path, f"is not in API form: node '{node_id}' {wrong}", node=node_id)
    return {str(node_id): dict(node) for node_id, node in value.items()}


def _wrong_node(node: object) -> str | None:
    """What is wrong with a node of the API form; None when nothing is."""
    if not isinstance(node, Mapping):
        return f"is {_word(node)} instead of an object with class_type and inputs"
    if not isinstance(node.get("class_type"), str) or not node["class_type"]:
        return "has no class_type"
    if not isinstance(node.get("inputs"), Mapping):
        return f"({node['class_type']}) has no inputs"
    return None


def _word(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "something else"
