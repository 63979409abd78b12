"""Runs prompts of the look-alike: messages in ComfyUI's order, its caching, its ways to fail, at the pace of life."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wan22.demo.cost_model import CostModel, Phase, size_for
from wan22.demo.definitions import Definitions
from wan22.demo.failure import FailedNodeError, InterruptedNodeError, out_of_memory
from wan22.demo.gpu_model import Load
from wan22.demo.log_book import load_lines
from wan22.demo.prompt_check import ancestors, link_of
from wan22.demo.prompt_queue import Job
from wan22.demo.scenario import Fault, FaultKind, Scenario
from wan22.demo.simulated_gpu import SimulatedGpu
from wan22.demo.sockets import Sockets

_SLICE_S = 0.1
_PLACES = {
    "UNETLoader": "load",
    "CLIPLoader": "load",
    "VAELoader": "load",
    "VAEDecode": "decode",
    "VAEDecodeTiled": "decode",
    "SaveVideo": "save",
}

Say = Callable[[str], None]
Produce = Callable[["Execution", str], Mapping[str, Any] | None]


@dataclass(slots=True)
class Memory:
    """What the server keeps between prompts: outputs of nodes by key, files read from disk, prompts so far."""

    outputs: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an execution works with. `produce` makes the files of an output node; `die` ends the process."""

    scenario: Scenario
    costs: CostModel
    gpu: SimulatedGpu
    sockets: Sockets
    definitions: Definitions
    input_folder: Path
    speed: float
    say: Say
    show_bar: Callable[[int, int, float], None]
    produce: Produce
    preview: Callable[["Execution", str, float], bytes]
    die: Callable[[FaultKind], None]
    has_previews: bool = False


class Execution:
    """One prompt from start to end. `run` returns its history entry and never raises for what a job can meet."""

    def __init__(self, job: Job, around: Surroundings, memory: Memory) -> None:
        self.job = job
        self.around = around
        self._memory = memory
        self._executed: list[str] = []
        self._states: dict[str, dict[str, Any]] = {}
        self._messages: list[tuple[str, dict[str, Any]]] = []
        self._outputs: dict[str, Any] = {}
        self._meta: dict[str, Any] = {}
        self._fell_back = False
        self._rng = random.Random(f"{around.scenario.seed}:{job.prompt_id}")
        self._keys: dict[str, str] = {}
        method = job.extra.get("preview_method")
        self._has_previews = around.has_previews if method in (None, "default") else method != "none"

    def run(self) -> dict[str, Any]:
        """Do the work and tell about it."""
        self._memory.jobs += 1
        order = list(dict.fromkeys(node for output in self.job.outputs for node in ancestors(self.job.graph, output)))
        self._tell_lasting("execution_start")
        self._keys = {node: self._key(node) for node in order}
        cached = [node for node in self.job.graph if self._keys.get(node) in self._memory.outputs]
        self._tell_lasting("execution_cached", nodes=cached)
        is_whole = False
        node = ""
        try:
            for node in order:
                if node in cached:
                    self._tell_output(node, self._memory.outputs[self._keys[node]])
                else:
                    self._execute(node)
            self._tell_lasting("execution_success")
            is_whole = True
        except InterruptedNodeError:
            self.around.say("Processing interrupted")
            self._tell_lasting("execution_interrupted", **self._place(node))
        except FailedNodeError as error:
            for line in error.log_lines:
                self.around.say(line)
            self._tell_lasting("execution_error", **self._place(node), **error.document(self._inputs_told(node)))
        self._memory.outputs = {
            key: self._memory.outputs[key] for key in self._keys.values() if key in self._memory.outputs
        }
        self.around.gpu.set_load(Load(memory_bytes=self.around.gpu.load.memory_bytes, has_context=True))
        return self._entry(is_whole=is_whole)

    def tell(self, kind: str, **data: Any) -> None:
        """A message to the client of this prompt."""
        self.around.sockets.tell(kind, {**data, "prompt_id": self.job.prompt_id}, self.job.client_id)

    def check_interrupt(self) -> None:
        """Raise when somebody wants this prompt to stop."""
        if self.job.interrupted.is_set():
            raise InterruptedNodeError

    def _execute(self, node: str) -> None:
        class_type = self.job.graph[node]["class_type"]
        self._state(node, 0.0, 1.0, "running")
        self.tell("executing", node=node, display_node=node)
        self._fail_if_due(node, before_work=True)
        key = self._keys[node]
        phases = self.around.costs.phases(
            self.job.graph,
            node,
            is_on_disk=not self._is_read(node),
            attention_fell_back=self._fell_back,
        )
        steps = sum(one.is_step for one in phases)
        began_s = time.monotonic()
        if class_type != "SaveVideo":
            self._work(node, phases, steps)
        has_file = class_type == "LoadImage" or self.around.definitions.is_output(class_type)
        output = self.around.produce(self, node) if has_file else None
        if class_type == "SaveVideo":
            spent_s = (time.monotonic() - began_s) * self.around.speed
            self._work(node, [Phase(max(0.0, one.seconds - spent_s), one.load, on_gpu=False) for one in phases], 0)
        self._memory.outputs[key] = output
        self._executed.append(node)
        self._tell_output(node, output)
        value, most = (steps, steps) if steps else (1.0, 1.0)
        self._state(node, value, most, "finished")

    def _work(self, node: str, phases: Sequence[Phase], steps: int) -> None:
        done, began_s = 0, time.monotonic()
        for line in load_lines(self.job.graph[node]["class_type"], phases):
            self.around.say(line)
        for phase in phases:
            self.around.gpu.set_load(phase.load if phase.on_gpu else self._holding(phase.load))
            if phase.is_step and not done:
                self._fail_if_due(node, before_work=False)
            spread = 1.0 + self._rng.gauss(0.0, self.around.scenario.noise.step)
            self._pass(phase.seconds * max(0.5, spread), slows=phase.on_gpu)
            if phase.is_step:
                done += 1
                self._step(node, done, steps)
                self.around.show_bar(done, steps, time.monotonic() - began_s)

    def _holding(self, load: Load) -> Load:
        """Work beside the GPU: what was loaded stays where it is."""
        return replace(load, memory_bytes=max(load.memory_bytes, self.around.gpu.load.memory_bytes))

    def _pass(self, seconds: float, *, slows: bool) -> None:
        """Let time pass at the chosen speed; on the GPU's side also at the pace that its clock allows."""
        left_s = seconds / self.around.speed
        while True:
            self.check_interrupt()
            if left_s <= 0:
                return
            slice_s = min(left_s, _SLICE_S)
            began_s = time.monotonic()
            self.job.interrupted.wait(slice_s)
            passed_s = time.monotonic() - began_s
            left_s -= passed_s / self.around.gpu.slowdown() if slows and seconds > 1.0 else passed_s

    def _step(self, node: str, done: int, steps: int) -> None:
        self._state(node, done, steps, "running")
        if self._has_previews:
            metadata = {"node_id": node, "prompt_id": self.job.prompt_id} | _ids(node)
            jpeg = self.around.preview(self, node, done / steps)
            self.around.sockets.preview(jpeg, self.job.client_id, metadata)
        self.tell("progress", value=done, max=steps, node=node)

    def _fail_if_due(self, node: str, *, before_work: bool) -> None:
        fault = self.around.scenario.fault
        if not self._is_due(fault, node) or before_work != (fault.kind not in ("out_of_memory", "attention_fallback")):
            return
        if fault.kind == "out_of_memory":
            asked = self.around.costs.memory_bytes
            if asked(size_for(self.job.graph, node)) <= fault.above_gib * 2**30:
                return
            raise out_of_memory(self.around.gpu, asked, self.job.graph, node)
        if fault.kind == "attention_fallback":
            self._fell_back = True
            self.around.say("Error running sage attention: SIMULATED, using pytorch attention instead.")
        else:
            self._pass(1.0, slows=False)
            self.around.die(fault.kind)

    def _is_due(self, fault: Fault, node: str) -> bool:
        if fault.kind == "none" or fault.job not in (0, self._memory.jobs):
            return False
        class_type = self.job.graph[node]["class_type"]
        place = _PLACES.get(class_type)
        if class_type == "KSamplerAdvanced":
            first = self.job.graph[node].get("inputs", {}).get("start_at_step", 0) == 0
            place = "pass_1" if first else "pass_2"
        return place == fault.at

    def _is_read(self, node: str) -> bool:
        """Whether the file of a loader was read before; from now on it was."""
        values = [value for value in self.job.graph[node].get("inputs", {}).values() if isinstance(value, str)]
        name = next((value for value in values if value.endswith((".safetensors", ".pth", ".pt"))), None)
        if name is None or name in self._memory.files:
            return True
        self._memory.files.add(name)
        return False

    def _key(self, node: str) -> str:
        """What the node's result depends on: class and inputs, those of all before it, the content of the picture."""
        inputs: dict[str, Any] = {}
        for name, value in self.job.graph[node].get("inputs", {}).items():
            link = link_of(value)
            inputs[name] = value if link is None else [self._keys.get(link[0]) or self._key(link[0]), link[1]]
        class_type = self.job.graph[node]["class_type"]
        if class_type == "LoadImage":
            inputs["content"] = _digest(self.around.input_folder / str(inputs.get("image")))
        text = json.dumps([class_type, inputs], sort_keys=True, default=str)
        self._keys[node] = hashlib.sha256(text.encode()).hexdigest()
        return self._keys[node]

    def _state(self, node: str, value: float, most: float, state: str) -> None:
        ids = {"node_id": node, "prompt_id": self.job.prompt_id} | _ids(node)
        self._states[node] = {"value": value, "max": most, "state": state} | ids
        self.tell("progress_state", nodes=dict(self._states))

    def _tell_output(self, node: str, output: Mapping[str, Any] | None) -> None:
        if output is None:
            return
        self._outputs[node] = output
        self._meta[node] = {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}
        self.tell("executed", node=node, display_node=node, output=output)

    def _tell_lasting(self, kind: str, **data: Any) -> None:
        """A message that also stands in the history, with a time."""
        told = {**data, "prompt_id": self.job.prompt_id, "timestamp": round(time.time() * 1000)}
        self._messages.append((kind, told))
        self.around.sockets.tell(kind, told, self.job.client_id)

    def _place(self, node: str) -> dict[str, Any]:
        class_type = self.job.graph[node]["class_type"]
        return {"node_id": node, "node_type": class_type, "executed": list(self._executed)}

    def _inputs_told(self, node: str) -> dict[str, list[str]]:
        inputs = self.job.graph[node].get("inputs", {})
        return {name: [repr(value)] for name, value in inputs.items() if link_of(value) is None}

    def _entry(self, *, is_whole: bool) -> dict[str, Any]:
        status = {
            "status_str": "success" if is_whole else "error",
            "completed": is_whole,
            "messages": [list(message) for message in self._messages],
        }
        return {"prompt": self.job.document(), "outputs": self._outputs, "status": status, "meta": self._meta}


def _ids(node: str) -> dict[str, Any]:
    return {"display_node_id": node, "parent_node_id": None, "real_node_id": node}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
