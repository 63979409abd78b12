"""How a node of the look-alike ends when it does not end well."""

from collections.abc import Callable, Mapping
from typing import Any

from wan22.demo.cost_model import VideoSize, size_for
from wan22.demo.prompt_check import Graph
from wan22.demo.simulated_gpu import SimulatedGpu

_GIB = 2**30


class InterruptedNodeError(Exception):
    """Somebody asked the prompt to stop."""


class FailedNodeError(Exception):
    """A node failed; `kind` is the type that ComfyUI would name, `log_lines` what it would log."""

    def __init__(self, kind: str, message: str, log_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.log_lines = log_lines

    def document(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The part of `execution_error` that tells what happened."""
        return {
            "exception_message": self.message,
            "exception_type": self.kind,
            "traceback": ["  SIMULATED: no real code failed here\n"],
            "current_inputs": dict(inputs),
            "current_outputs": [],
        }


def out_of_memory(
    gpu: SimulatedGpu, asked: Callable[[VideoSize], float], graph: Graph, node_id: str
) -> FailedNodeError:
    """The error of an allocator that found no room, with the numbers of the simulated board."""
    state, document = gpu.state(), gpu.document()
    total = document["reading"]["memory_total_bytes"]
    free = max(0.0, min(total - state.memory_bytes, 96 * 2**20))
    wanted = asked(size_for(graph, node_id)) / 12
    message = (
        "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
        f"Currently allocated     : {gpu.load.memory_bytes / _GIB:.2f} GiB\n"
        f"Requested               : {wanted / 2**20:.2f} MiB\n"
        f"Device limit            : {total / _GIB:.2f} GiB\n"
        f"Free (according to CUDA): {free / 2**20:.2f} MiB\n"
        "This error means you ran out of memory on your GPU."
    )
    lines = (f"!!! Exception during processing !!! {message}", "Got an OOM, unloading all loaded models.")
    return FailedNodeError("torch.OutOfMemoryError", message, lines)
