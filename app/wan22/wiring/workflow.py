"""Workflows of every kind: read, converted with the right definitions, found in an installation."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from wan22.comfy.analysis import AnalysisOrigin, analyse_graph
from wan22.comfy.client import Graph
from wan22.comfy.convert import ConvertOptions
from wan22.comfy.http import HttpComfyClient, parse_server_url
from wan22.comfy.lint import lint_graph
from wan22.comfy.lint_lora import FindModelFile
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.workflow import Workflow, find_workflow, read_json
from wan22.comfy.workflow_import import ImportedWorkflow, import_workflow, workflow_reader
from wan22.launch.discovery import find_installation
from wan22.schema.analysis import WorkflowAnalysis
from wan22.schema.problem import app_error
from wan22.schema.settings import Settings
from wan22.system.clock import SystemClock
from wan22.system.paths import data_folder, user_folders
from wan22.video.metadata import read_video_tags
from wan22.wiring.models import model_store


def shipped_definitions() -> NodeDefinitions:
    """The node definitions that come with the program (ComfyUI 0.25.0, the nodes that Wan workflows use)."""
    return _definitions_in(data_folder() / "resources" / "definitions" / "object_info.json")


def node_definitions(file: Path | None, url: str | None) -> tuple[NodeDefinitions, str]:
    """Definitions of a running server, of a file saved from `/object_info`, else the shipped ones; and where from.

    Raises AppError `file_unreadable`, `workflow_invalid` (no definitions in the file), `server_unreachable` …
    """
    if url is not None:
        address = parse_server_url(url)
        return NodeDefinitions(HttpComfyClient(address, clock=SystemClock()).object_info()), address
    if file is not None:
        return _definitions_in(file), str(file)
    return shipped_definitions(), "the definitions that come with this program"


def _definitions_in(path: Path) -> NodeDefinitions:
    value: Any = read_json(path)
    if isinstance(value, Mapping):
        found = NodeDefinitions(value)
        if found.class_types and not ("nodes" in value and "links" in value):
            return found
    message = f"The file {path} holds no node definitions."
    raise app_error("definitions_invalid", message, file=path)


def workflow_read() -> Callable[[Path], Workflow]:
    """A reader of every supported file, for jobs."""

    def read(path: Path) -> Workflow:
        return workflow_reader(shipped_definitions(), read_video_tags)(path)

    return read


def workflow_folders() -> tuple[Path, ...]:
    """Where workflows are looked for by name: the shipped ones, then the person's own."""
    return data_folder() / "workflows", user_folders(os.environ).config / "workflows"


def imported_workflow(
    name_or_path: str, definitions: NodeDefinitions, *, lenient: bool, titles: bool = True
) -> ImportedWorkflow:
    """A workflow by path or name, of any supported kind, converted with `definitions`."""
    path = find_workflow(name_or_path, workflow_folders())
    options = ConvertOptions(titles=titles, lenient=lenient)
    return import_workflow(path, definitions, video_tags=read_video_tags, options=options)


def analysed_workflow(
    name_or_path: str, definitions: NodeDefinitions, find_file: FindModelFile | None, *, lenient: bool = True
) -> tuple[Graph, WorkflowAnalysis]:
    """A workflow of any supported kind with everything that can be said about it, findings included."""
    imported = imported_workflow(name_or_path, definitions, lenient=lenient)
    return imported.workflow.graph, analysis_of(imported, definitions, find_file)


def analysis_of(
    imported: ImportedWorkflow, definitions: NodeDefinitions, find_file: FindModelFile | None
) -> WorkflowAnalysis:
    """Everything that can be said about a workflow that was read, findings included."""
    graph = imported.workflow.graph
    origin = AnalysisOrigin(
        name=imported.workflow.name,
        form=imported.form.value,
        container=imported.container,
        notes=imported.notes,
        unknown=tuple(found.message for found in imported.unknown),
        seed_after=imported.seed_after,
    )
    analysis = analyse_graph(graph, definitions, origin)
    return analysis.model_copy(update={"findings": lint_graph(graph, find_file)})


def model_file_finder(chosen: Settings) -> FindModelFile | None:
    """Finds model files in the folders of the ComfyUI of the settings; None without one."""
    if chosen.comfyui is None:
        return None
    places = model_store(chosen).places

    def find(kind: str, name: str) -> Path | None:
        relative = PurePosixPath(name.replace("\\", "/"))
        if relative.is_absolute() or ".." in relative.parts or ":" in name or "\0" in name:
            return None
        for folder in places.folders(kind):
            path = folder.path.joinpath(*relative.parts)
            try:
                if path.is_file():
                    return path
            except OSError:
                continue
        return None

    return find


def installation_workflows(chosen: Settings) -> tuple[Path, tuple[Path, ...]]:
    """The folder in which the editor keeps a person's workflows, and the files in it, sorted by name.

    Raises AppError `comfyui_not_found`.
    """
    if chosen.comfyui is None:
        raise app_error("comfyui_not_found", "No ComfyUI is configured yet: name its folder with --comfyui.")
    # Only the folder counts, so any Python will do: one that is not installed yet must not hide the files.
    installation = find_installation(chosen.comfyui, chosen.python or Path(sys.executable))
    folder = installation.folder / "user" / "default" / "workflows"
    found = [path for path in folder.rglob("*.json") if not path.name.startswith(".")] if folder.is_dir() else []
    return folder, tuple(sorted(found, key=lambda path: str(path).casefold()))
