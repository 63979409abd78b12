"""Recordings as run folders, for tests: the product's own conversions, put together as `wiring` does."""

from pathlib import Path

from wan22.comfy.client import Message
from wan22.comfy.graph_edit import parameters_from_graph
from wan22.comfy.messages import FactReader
from wan22.comfy.roles import roles_from_graph, steps_of_pass
from wan22.comfy.server_errors import problem_from_execution_error
from wan22.runs.layout import RunFolder
from wan22.runs.recording_import import Conversions, FactsFromMessage, import_recording

DATA = Path(__file__).resolve().parents[2] / "data"
H100 = DATA / "recordings" / "wan22-14b-h100"
CPU = DATA / "recordings" / "comfyui-0.25.0-cpu"


def _fact_reader(prompt_id: str) -> FactsFromMessage:
    reader = FactReader(prompt_id)
    return lambda time_s, kind, data: reader.facts(Message(time_s=time_s, type=kind, data=data))


CONVERSIONS = Conversions(
    fact_reader=_fact_reader,
    roles_from_graph=roles_from_graph,
    steps_of_pass=steps_of_pass,
    parameters_from_graph=parameters_from_graph,
    problem_from_error=problem_from_execution_error,
)


def imported(name: str, destination: Path, folder: Path = H100) -> RunFolder:
    """One recording as a run folder below `destination`."""
    (made,) = import_recording(folder, name, destination, CONVERSIONS)
    return made
