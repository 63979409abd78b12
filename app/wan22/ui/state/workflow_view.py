"""A workflow as it was read and understood: what the page shows, made in a thread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.lint import lint_graph
from wan22.comfy.lint_lora import FindModelFile
from wan22.comfy.model_manifest import ModelManifest, load_model_manifest
from wan22.schema.analysis import WorkflowAnalysis
from wan22.schema.problem import AppError, Problem
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.paths import data_folder
from wan22.wiring.workflow import analysis_of, imported_workflow, model_file_finder, node_definitions

OnFile = Callable[[str, int], None]
"""Name of a file that is looked into, and its number, from 1."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model file that the workflow names. `is_here`: None when it is not known. `listed`: its name in the list of
    files that can be fetched, empty for others."""

    purpose: str
    file: str
    folder: str
    is_here: bool | None
    listed: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowView:
    """`source`: the file's own JSON when it is in the editor's form. `unknown`: what could not be converted.

    `definitions`: where those of the nodes came from; `note`: why not from the server. `has_headers`: whether the
    headers of model files were compared.
    """

    path: Path
    graph: Graph
    analysis: WorkflowAnalysis
    source: Mapping[str, Any] | None = None
    unknown: tuple[Problem, ...] = ()
    definitions: str = ""
    note: str = ""
    models: tuple[ModelUse, ...] = ()
    has_headers: bool = False

    @property
    def name(self) -> str:
        """Name of the workflow."""
        return self.analysis.name

    @property
    def can_look_inside(self) -> bool:
        """Whether there are LoRA files here whose headers were not compared yet."""
        return not self.has_headers and any(one.is_here and one.folder.endswith("loras") for one in self.models)


def read_view(path: Path, settings: Settings, url: str | None, cancel: CancelToken) -> WorkflowView:
    """Read a file of any kind with the definitions of the server at `url`, else with the shipped ones.

    Raises AppError as `imported_workflow`. Model files are looked for, but not read.
    """
    note = ""
    try:
        definitions, origin = node_definitions(None, url)
    except AppError as error:
        definitions, origin = node_definitions(None, None)
        note = f"The server could not be asked for its node definitions: {error.problem.message}"
    cancel.raise_if_set()
    imported = imported_workflow(str(path), definitions, lenient=True)
    cancel.raise_if_set()
    analysis = analysis_of(imported, definitions, None)
    manifest = load_model_manifest(data_folder() / "workflows" / "models.json")
    return WorkflowView(
        path=path,
        graph=imported.workflow.graph,
        analysis=analysis,
        source=imported.workflow.source,
        unknown=imported.unknown,
        definitions=origin,
        note=note,
        models=model_uses(analysis, _finder(settings), manifest),
    )


def look_inside(view: WorkflowView, settings: Settings, on_file: OnFile, cancel: CancelToken) -> WorkflowView:
    """The view with findings about the LoRA files' headers. AppError `cancelled`."""
    find = _finder(settings)
    if find is None:
        return view
    seen: list[str] = []

    def counted(kind: str, name: str) -> Path | None:
        cancel.raise_if_set()
        if name not in seen:
            seen.append(name)
            on_file(name, len(seen))
        return find(kind, name)

    findings = lint_graph(view.graph, counted)
    return replace(view, analysis=view.analysis.model_copy(update={"findings": findings}), has_headers=True)


def model_uses(analysis: WorkflowAnalysis, find: FindModelFile | None, manifest: ModelManifest) -> tuple[ModelUse, ...]:
    """Each file once, in the order of the graph."""
    uses: dict[str, ModelUse] = {}
    for item in analysis.models:
        if item.file in uses:
            continue
        listed = manifest.by_file(item.file)
        folder = item.folder or (listed.folder if listed is not None else "")
        kind = folder.removeprefix("models/").partition("/")[0]
        is_here = find(kind, item.file) is not None if find is not None and folder.startswith("models/") else None
        uses[item.file] = ModelUse(item.purpose, item.file, folder, is_here, listed.file if listed else "")
    return tuple(uses.values())


def _finder(settings: Settings) -> FindModelFile | None:
    """None as well when the installation cannot be looked at: then nothing is known of any file."""
    try:
        return model_file_finder(settings)
    except AppError:
        return None


def missing_models(models: Sequence[ModelUse]) -> tuple[ModelUse, ...]:
    """Those that are surely not here."""
    return tuple(one for one in models if one.is_here is False)
