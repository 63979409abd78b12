"""What ComfyUI says when it refuses a job or fails at it, as problems with our own codes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, link_of, links_of, title_of
from wan22.comfy.model_folder import model_folder
from wan22.comfy.node_packs import pack_of
from wan22.comfy.object_info import is_model_file
from wan22.comfy.out_of_memory import is_out_of_memory, out_of_memory_problem
from wan22.comfy.reply import as_text, shortened
from wan22.schema.problem import Problem, Severity, problem

_SHOWN_OPTIONS = 12
_KINDS = {"INT": "a whole number", "FLOAT": "a number", "BOOLEAN": "true or false", "STRING": "a text"}
_FIXED_LIST = re.compile(r" VFI$")
_TRACEBACK_LINES = 60
# What certain failures mean although the server does not say so.
_FAILURE_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"can't allocate memory|not enough memory|^MemoryError", re.IGNORECASE),
        "The computer ran out of RAM (not the GPU): close programs, or enlarge the swap or page file.",
    ),
    (
        re.compile(r"illegal memory access|device-side assert|unspecified launch failure", re.IGNORECASE),
        "The GPU's context is broken until ComfyUI is restarted.",
    ),
    (
        re.compile(r"fp8e4nv not supported", re.IGNORECASE),
        "This GPU cannot compile fp8 (e4m3fn): take torch.compile out, or use fp16, bf16 or fp8_e5m2 weights.",
    ),
    (re.compile(r"No space left on device", re.IGNORECASE), "The server's disk is full: free some space there."),
)


def problems_from_prompt_reply(status: int, body: Any, graph: Graph) -> tuple[Problem, ...]:
    """What is wrong with a job that POST /prompt refused, or took with `node_errors`; never empty.

    The first is the one to raise; with several, its `detail` lists them all. `body` is the parsed JSON, or the text
    when it was no JSON.
    """
    if not isinstance(body, Mapping) or not (body.get("error") or body.get("node_errors")):
        words = " ".join(as_text(body).split()) if body else "no reason"
        message = f"ComfyUI answered the job with HTTP {status}: {shortened(words, 200)}."
        return (problem("server_request_failed", message, detail=shortened(as_text(body), 2000), status=status),)
    found = [*_node_problems(body.get("node_errors"), graph)]
    error = body.get("error")
    if error and not (found and _type_of(error) == "prompt_outputs_failed_validation"):
        found.insert(0, _top_problem(error, graph))
    # A failed check often only echoes the fault of another node: it goes last.
    found.sort(key=lambda item: item.code == "node_check_failed")
    return _with_all_in_detail(found)


def problem_from_execution_error(data: Mapping[str, Any], graph: Graph) -> Problem:
    """`out_of_memory` or `generation_failed` from the data of `execution_error` (socket or history).

    The traceback goes to `detail`; the inputs that the server dumps along with it are dropped.
    """
    node = str(data.get("node_id", "?"))
    kind, text = str(data.get("exception_type") or "Error"), str(data.get("exception_message") or "").strip()
    name = _name(graph, node, data.get("node_type"))
    trace = data.get("traceback")
    lines = [str(line).rstrip() for line in trace] if isinstance(trace, list | tuple) else str(trace or "").splitlines()
    detail = "\n".join([f"{kind}: {text}", *lines[-_TRACEBACK_LINES:]])
    if is_out_of_memory(kind, text):
        return out_of_memory_problem(text, name, detail=detail, node=node, exception=kind)
    reason = next((line.strip() for line in text.splitlines() if line.strip()), "it gave no reason")
    message = f"{name} failed: {kind.rpartition('.')[2]}: {shortened(reason, 300)}"
    hint = next((hint for pattern, hint in _FAILURE_HINTS if pattern.search(f"{kind}: {text}")), None)
    return problem("generation_failed", message, hint=hint, detail=detail, node=node, exception=kind)


@dataclass(frozen=True, slots=True)
class _Fault:
    """One entry of a node's error list, with what its sentence needs."""

    graph: Graph
    node: str
    class_type: str
    type: str
    message: str
    details: str
    extra: Mapping[str, Any]

    @property
    def input(self) -> str | None:
        name = self.extra.get("input_name")
        # This one names the input of the node behind, which only led here.
        return name if isinstance(name, str) and self.type != "exception_during_inner_validation" else None

    @property
    def name(self) -> str:
        return _name(self.graph, self.node, self.class_type)

    @property
    def place(self) -> str:
        return f"Input '{self.input}' of {self.name}" if self.input else self.name

    @property
    def value(self) -> Any:
        return self.extra.get("received_value")

    @property
    def server_words(self) -> str:
        return f"{self.message}: {self.details}" if self.details else self.message

    def config(self, key: str) -> Any:
        """One entry of the input's definition, such as `min`; None when the server sent none."""
        config = self.extra.get("input_config")
        options = (
            config[1] if isinstance(config, Sequence) and not isinstance(config, str) and len(config) > 1 else None
        )
        return options.get(key) if isinstance(options, Mapping) else None

    def problem(
        self, code: str, message: str, hint: str | None = None, input_name: str | None = None, **where: object
    ) -> Problem:
        return problem(
            code,
            message,
            Severity.error,
            hint=hint,
            detail=self.server_words,
            node=self.node,
            class_type=self.class_type or None,
            input=input_name or self.input,
            **where,
        )


def _node_problems(node_errors: Any, graph: Graph) -> Iterator[Problem]:
    for node, entry in node_errors.items() if isinstance(node_errors, Mapping) else ():
        errors = entry.get("errors") if isinstance(entry, Mapping) else None
        for error in errors if isinstance(errors, list) else ():
            if not isinstance(error, Mapping):
                continue
            extra = error.get("extra_info")
            fault = _Fault(
                graph=graph,
                node=str(node),
                class_type=str(entry.get("class_type") or class_of(graph, str(node))),
                type=_type_of(error),
                message=str(error.get("message") or ""),
                details=str(error.get("details") or ""),
                extra=extra if isinstance(extra, Mapping) else {},
            )
            yield _NODE_FAULTS.get(fault.type, _check_failed)(fault)


def _input_missing(fault: _Fault) -> Problem:
    return fault.problem("input_missing", f"{fault.name} lacks its input '{fault.input or fault.details}'.")


def _bad_link(fault: _Fault) -> Problem:
    message = f'{fault.place} holds {_shown(fault.value)}; a link is ["node id", output number].'
    return fault.problem("input_link_invalid", message)


def _link_mismatch(fault: _Fault) -> Problem:
    link = link_of(fault.extra.get("linked_node"))
    config = fault.extra.get("input_config")
    wanted = config[0] if isinstance(config, Sequence) and config else None
    wanted = wanted if isinstance(wanted, str) else "another type"
    given = fault.extra.get("received_type")
    giver = f"output {link[1]} of {_name(fault.graph, link[0])}" if link else "the node linked to it"
    return fault.problem("input_link_invalid", f"{fault.place} needs {wanted}, but {giver} gives {given}.")


def _wrong_type(fault: _Fault) -> Problem:
    match = re.search(r"to a (\w+) value", fault.message)
    wanted = _KINDS.get(match[1], match[1]) if match else "of another type"
    return fault.problem("input_type_invalid", f"{fault.place} must be {wanted}, but is {_shown(fault.value)}.")


def _out_of_range(fault: _Fault) -> Problem:
    limits = [f"{word} {limit}" for word, key in (("at least", "min"), ("at most", "max"))
              if (limit := fault.config(key)) is not None]  # fmt: skip
    must = f"must be {' and '.join(limits)}" if limits else fault.message
    return fault.problem("input_value_out_of_range", f"{fault.place} is {_shown(fault.value)}, but {must}.")


def _not_in_list(fault: _Fault) -> Problem:
    options, count = _options(fault)
    more = f" and {count - len(options)} more" if count > len(options) else ""
    offer = f"{', '.join(options)}{more}" if options else (f"a list of {count}" if count else "no choice at all")
    if fault.class_type.startswith("LoadImage") and fault.input == "image":
        return _image_missing(fault, str(fault.value))
    folder = model_folder(fault.class_type, fault.input or "")
    is_model = is_model_file(fault.value) or (folder is not None and isinstance(fault.value, str))
    if is_model and not _FIXED_LIST.search(fault.class_type):
        place = f"the folder {folder} of the server's ComfyUI" if folder else "the folder that this loader reads"
        return fault.problem(
            "model_missing",
            f"{fault.name} needs the model file '{fault.value}', which the server does not have. "
            f"It belongs into {place}.",
            hint=f"Put the file into {place}, or choose one that is there: {offer}.",
            file=fault.value,
            folder=folder,
        )
    return fault.problem(
        "input_value_invalid", f"{fault.place} is {_shown(fault.value)}, but the server offers {offer}."
    )


def _custom_check_failed(fault: _Fault) -> Problem:
    reason = fault.details.removeprefix(f"{fault.input} - ") if fault.input else fault.details
    found = re.match(r"Invalid (?:image|video|audio) file: (.*)", reason, re.IGNORECASE | re.DOTALL)
    if found:
        return _image_missing(fault, found[1])
    why = f": {shortened(reason, 300)}" if reason and reason != fault.input else ""
    return fault.problem("node_check_failed", f"{fault.name} does not accept its input '{fault.input}'{why}.")


def _check_crashed(fault: _Fault) -> Problem:
    """The server's check broke off; mostly a link to a node or an output that is not there."""
    for name, (source, _) in links_of(fault.graph, fault.node):
        if source not in fault.graph:
            message = f"Input '{name}' of {fault.name} is linked to node {source}, which is not in the workflow."
            return fault.problem("input_link_invalid", message, input_name=name)
    if "index out of range" in fault.details:
        message = f"{fault.name} or a node before it is linked to an output that does not exist ({fault.details})."
        return fault.problem("input_link_invalid", message)
    return _check_failed(fault)


def _cycle(fault: _Fault) -> Problem:
    way = f": {fault.details}" if fault.details else ""
    return fault.problem("input_link_invalid", f"The workflow runs in a circle through {fault.name}{way}.")


def _check_failed(fault: _Fault) -> Problem:
    return fault.problem("node_check_failed", f"{fault.name} was refused: {shortened(fault.server_words, 300)}.")


_NODE_FAULTS: dict[str, Callable[[_Fault], Problem]] = {
    "required_input_missing": _input_missing,
    "bad_linked_input": _bad_link,
    "return_type_mismatch": _link_mismatch,
    "invalid_input_type": _wrong_type,
    "value_smaller_than_min": _out_of_range,
    "value_bigger_than_max": _out_of_range,
    "value_not_in_list": _not_in_list,
    "custom_validation_failed": _custom_check_failed,
    "exception_during_inner_validation": _check_crashed,
    "exception_during_validation": _check_crashed,
    "dependency_cycle": _cycle,
}


def _top_problem(error: Any, graph: Graph) -> Problem:
    """The error about the job as a whole."""
    if not isinstance(error, Mapping):
        return problem("prompt_rejected", f"ComfyUI refused the job: {shortened(as_text(error), 300)}.")
    kind, message, details = _type_of(error), str(error.get("message") or ""), str(error.get("details") or "")
    said = f"{message}: {details}" if details and details != message else message or "it gave no reason"
    match kind:
        case "missing_node_type" | "invalid_prompt":
            return _unknown_class(error, message, details, said, graph)
        case "prompt_no_outputs":
            text = "The workflow has no node that saves or shows a result."
            return problem("workflow_has_no_output", text, detail=said)
        case "no_prompt":
            return problem("prompt_rejected", "ComfyUI got a job without a workflow.", detail=said)
        case "invalid_prompt_id":
            return problem("prompt_id_invalid", f"ComfyUI refused the id of the job: {said}.", detail=said)
    return problem("prompt_rejected", f"ComfyUI refused the job: {shortened(said, 300)}.", detail=as_text(error))


def _unknown_class(error: Mapping[str, Any], message: str, details: str, said: str, graph: Graph) -> Problem:
    """A node whose class the server lacks, told in the two ways of old and new versions."""
    extra = error.get("extra_info")
    extra = extra if isinstance(extra, Mapping) else {}
    quoted = re.search(r"#(.+?)'?$", details)
    node = str(extra.get("node_id") or (quoted[1] if quoted else ""))
    named = re.search(r"because node (.+?) does not exist", message)
    class_type = extra.get("class_type") or (named[1] if named else None) or class_of(graph, node)
    if not class_type:
        text = f"Node {node} of the workflow names no class." if node else f"ComfyUI refused the workflow: {said}."
        return problem("workflow_invalid", text, detail=said, node=node or None)
    pack = pack_of(str(class_type))
    if pack is None:
        hint = None
    elif pack.core:
        hint = f"Update ComfyUI: this node comes with {pack.name} ({pack.url})."
    else:
        hint = f"Install {pack.name} ({pack.url}) and restart ComfyUI."
    return problem(
        "node_type_missing",
        f"The server has no node '{class_type}', which the workflow uses (node {node or 'unknown'}).",
        hint=hint,
        detail=said,
        node=node or None,
        class_type=class_type,
        pack=pack.name if pack else None,
    )


def _image_missing(fault: _Fault, file: str) -> Problem:
    message = f"{fault.name} needs the file '{file}', which is not in the server's input folder."
    return fault.problem("start_image_missing", message, file=file)


def _options(fault: _Fault) -> tuple[list[str], int]:
    """The first choices of a combo, and how many there are; old and new shapes, or only the number of a long one."""
    config = fault.extra.get("input_config")
    head = config[0] if isinstance(config, Sequence) and not isinstance(config, str) and config else None
    options = head if isinstance(head, list) else fault.config("options")
    if isinstance(options, list):
        return [str(option) for option in options[:_SHOWN_OPTIONS]], len(options)
    counted = re.search(r"\(list of length (\d+)\)", fault.details)
    return [], int(counted[1]) if counted else 0


def _name(graph: Graph, node: str, class_type: Any = None) -> str:
    """A node in a sentence; nodes that the server made itself (subgraphs) are not in our graph."""
    if node in graph and class_of(graph, node):
        return title_of(graph, node)
    return f"{class_type} (node {node})" if class_type else f"Node {node}"


def _type_of(error: Any) -> str:
    return str(error.get("type") or "") if isinstance(error, Mapping) else ""


def _shown(value: Any) -> str:
    return shortened(repr(value), 80)


def _with_all_in_detail(found: list[Problem]) -> tuple[Problem, ...]:
    if len(found) < 2:
        return tuple(found)
    listing = "\n".join(f"{item.code}: {item.message}" for item in found)
    first = found[0].model_copy(
        update={"detail": f"{found[0].detail}\n\nAll {len(found)} problems:\n{listing}".strip()}
    )
    return (first, *found[1:])
