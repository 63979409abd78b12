"""Putting one finding right: what would change, and the new copy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, link_of
from wan22.comfy.lint import fix_graph
from wan22.schema.problem import app_error
from wan22.system.files import write_text_atomic
from wan22.ui.state.workflow_view import WorkflowView

_MOST_SHOWN = 80
GONE, NOTHING = "taken out", "not there"


@dataclass(frozen=True, slots=True)
class InputChange:
    """One input of a node, before and after."""

    node: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mend:
    """A graph in which what `rule` found is right, and what differs."""

    rule: str
    graph: Graph
    changes: tuple[InputChange, ...]


def mend_of(view: WorkflowView, rule: str) -> Mend:
    """Try the mend of a rule; nothing is written. Raises AppError `rule_without_fix`."""
    graph = fix_graph(view.graph, rule, view.analysis.findings)
    return Mend(rule, graph, changes_between(view.graph, graph))


def changes_between(before: Graph, after: Graph) -> tuple[InputChange, ...]:
    """Every input that differs, node by node."""
    changes: list[InputChange] = []
    for node in dict.fromkeys((*before, *after)):
        graph = before if node in before else after
        name = f"{class_of(graph, node)} (node {node})"
        if node not in after:
            changes.append(InputChange(name, "", "", GONE))
            continue
        old = before[node]["inputs"] if node in before else {}
        new = after[node]["inputs"]
        if node in before and before[node]["class_type"] != after[node]["class_type"]:
            changes.append(InputChange(name, "class", class_of(before, node), class_of(after, node)))
        changes += [
            InputChange(name, key, _value(old, key), _value(new, key))
            for key in dict.fromkeys((*old, *new))
            if old.get(key) != new.get(key) or (key in old) != (key in new)
        ]
    return tuple(changes)


def graph_text(graph: Mapping[str, Any]) -> str:
    """JSON as it is written to files."""
    return json.dumps(graph, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_copy(graph: Mapping[str, Any], target: Path, original: Path) -> Path:
    """Write a graph beside its original, never over it. Raises AppError `bad_argument`, `file_unwritable`."""
    if target.exists() and original.exists() and target.samefile(original):
        message = f"{target} is the original, which stays as it is."
        raise app_error("bad_argument", message, hint="Choose another name for the copy.")
    write_text_atomic(target, graph_text(graph))
    return target


def keep_workflow(view: WorkflowView, folders: tuple[Path, ...]) -> str:
    """The name under which the Run page finds a workflow, after copying it into the last of `folders` if need be.

    What is in the editor's form stays in it, so that each server converts it with its own definitions.
    Raises AppError `file_unwritable`.
    """
    own = folders[-1]
    if view.path.parent in folders and view.path.suffix == ".json":
        first = next(path for path in _named(view.name, folders) if path.is_file())
        return view.name if first == view.path else str(view.path)
    text = graph_text(view.source if view.source is not None else view.graph)
    for number in range(1, 1000):
        name = view.name if number == 1 else f"{view.name} {number}"
        taken = [path for path in _named(name, folders) if path.exists()]
        target = own / f"{name}.json"
        if not taken:
            write_text_atomic(target, text)
            return name
        if taken == [target] and target.read_text(encoding="utf-8", errors="replace") == text:
            return name
    raise app_error("bad_argument", f"There are too many workflows called {view.name} in {own}.")


def free_name(folder: Path, stem: str, ending: str) -> Path:
    """A path in `folder` that nothing has yet, as a proposal."""
    for number in range(1, 1000):
        path = folder / f"{stem}{'' if number == 1 else f' {number}'}{ending}"
        if not path.exists():
            return path
    return folder / f"{stem}{ending}"


def _named(name: str, folders: tuple[Path, ...]) -> list[Path]:
    return [folder / f"{name}{ending}" for folder in folders for ending in (".json", ".api.json")]


def _value(inputs: Mapping[str, Any], key: str) -> str:
    if key not in inputs:
        return NOTHING
    value = inputs[key]
    link = link_of(value)
    if link is not None:
        return f"from node {link[0]}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
