"""What the form needs to know of a workflow: read from its file, in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import graph_with_request, parameters_from_graph
from wan22.comfy.size_check import size_doubts
from wan22.comfy.workflow import load_workflow, shipped_workflows
from wan22.schema.problem import AppError, Problem
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters
from wan22.wiring.workflow import workflow_read


@dataclass(frozen=True, slots=True)
class WorkflowFacts:
    """A workflow and what it makes when nothing is changed."""

    name: str
    graph: Graph
    parameters: JobParameters

    def doubts(self, request: GenerationRequest, image_size: tuple[int, int]) -> tuple[Problem, ...]:
        """What is odd about a request before anything is sent: the same words as before the job itself."""
        try:
            edited = graph_with_request(self.graph, request, seed=0, image_reference=request.image.name)
        except AppError as error:
            return (error.problem,)
        return tuple(size_doubts(edited, image_size))


def read_workflow(name: str, folders: Sequence[Path]) -> WorkflowFacts:
    """Read a workflow by name or path. Raises AppError as `load_workflow`."""
    found = load_workflow(name, folders, workflow_read())
    return WorkflowFacts(name, found.graph, parameters_from_graph(found.graph, found.name, found.sha256))


def workflow_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Names of the workflows in the folders, those of the first folder first."""
    return tuple(dict.fromkeys(name for folder in folders for name in shipped_workflows(folder)))
