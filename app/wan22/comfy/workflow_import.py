"""Any supported file as a workflow that can be run: found out what it is, converted where it must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wan22.comfy.convert import Conversion, ConvertOptions, convert_workflow
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.workflow import Workflow, canonical_sha256, graph_from_value, workflow_name
from wan22.comfy.workflow_format import FoundWorkflow, ReadTags, WorkflowForm, read_workflow_file
from wan22.schema.problem import Problem, app_error


@dataclass(frozen=True, slots=True)
class ImportedWorkflow:
    """A workflow with where it came from. `notes`, `unknown` and `seed_after` are those of its conversion."""

    workflow: Workflow
    form: WorkflowForm
    container: str
    notes: tuple[str, ...] = ()
    unknown: tuple[Problem, ...] = ()
    seed_after: Mapping[str, str] = field(default_factory=dict)


def import_workflow(
    path: Path,
    definitions: NodeDefinitions,
    *,
    video_tags: ReadTags | None = None,
    options: ConvertOptions | None = None,
) -> ImportedWorkflow:
    """Read `path` and convert what is in the editor's form with `definitions`.

    Raises AppError `file_unreadable`, `workflow_invalid`, `workflow_group_node`, `node_type_missing`.
    """
    found = read_workflow_file(path, video_tags)
    converted = _converted(found, path, definitions, options)
    graph = converted.graph
    workflow = Workflow(
        name=workflow_name(path),
        path=path,
        graph=graph,
        sha256=canonical_sha256(graph),
        source=found.value if found.form is WorkflowForm.editor else None,
    )
    return ImportedWorkflow(
        workflow, found.form, found.container, converted.notes, converted.unknown, converted.seed_after
    )


def workflow_reader(definitions: NodeDefinitions, video_tags: ReadTags | None = None) -> "partial[Workflow]":
    """A `read` for `load_workflow` that takes every supported file.

    Classes that `definitions` lack are let pass: `for_server` judges by what the server knows.
    """
    return partial(_read, definitions, video_tags)


def _read(definitions: NodeDefinitions, video_tags: ReadTags | None, path: Path) -> Workflow:
    options = ConvertOptions(lenient=True)
    return import_workflow(path, definitions, video_tags=video_tags, options=options).workflow


def for_server(workflow: Workflow, definitions: NodeDefinitions) -> Workflow:
    """`workflow` converted anew with the definitions of the server that will run it; API files stay as they are.

    Raises AppError `node_type_missing` naming every class that the server lacks.
    """
    if workflow.source is None:
        return workflow
    found = FoundWorkflow(WorkflowForm.editor, workflow.source, "JSON")
    graph = _converted(found, workflow.path, definitions, None).graph
    return Workflow(workflow.name, workflow.path, graph, canonical_sha256(graph), workflow.source)


def _converted(
    found: FoundWorkflow, path: Path, definitions: NodeDefinitions, options: ConvertOptions | None
) -> Conversion:
    if found.form is WorkflowForm.api:
        graph = graph_from_value(found.value, path)
        if options is not None and not options.titles:
            graph = {node: {key: item[key] for key in ("class_type", "inputs")} for node, item in graph.items()}
        return Conversion(graph)
    converted = convert_workflow(found.value, definitions, options)
    if not converted.graph:
        raise app_error("workflow_invalid", f"The workflow {path} has no node that a server would run.", file=path)
    return converted
