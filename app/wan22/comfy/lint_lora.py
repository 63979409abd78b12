"""Findings about LoRAs: files that do not fit, a 4-step switch that is off, schedules they are not trained for."""

from collections.abc import Callable, Iterator
from pathlib import Path

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, inputs_of, link_of, literal_of, switched, text_of
from wan22.comfy.lora_fit import MODELS, LoraFit, lora_fit
from wan22.comfy.lora_use import LoraUse, loras_on
from wan22.comfy.model_manifest import base_name
from wan22.comfy.pass_check import FAST, LOW, shift_in_force
from wan22.comfy.safetensors_header import SafetensorsHeader, read_safetensors_header
from wan22.comfy.sampler_pass import expert_file, model_chain, pass_nodes, steps_of_pass
from wan22.schema.analysis import Finding, FindingLevel
from wan22.schema.problem import AppError

FindModelFile = Callable[[str, str], Path | None]
"""Where a file lies on this machine, by kind (`loras`, `diffusion_models`) and the graph's name; None = nowhere."""

TRAINED_SHIFT = 5.0
"""Shift of the schedule that the 4-step LoRAs are trained on, with scheduler `simple`."""


def lora_findings(graph: Graph, find_file: FindModelFile | None) -> Iterator[Finding]:
    """All findings about LoRAs; files are only looked into with `find_file`."""
    yield from _switch_off(graph)
    for sampler in pass_nodes(graph):
        chain = model_chain(graph, sampler)
        expert = expert_file(graph, chain[-1]) if chain else None
        uses = [use for use in loras_on(graph, chain) if use.counts]
        yield from _strength(uses)
        yield from _schedule(graph, sampler, uses)
        if find_file is not None:
            for use in uses:
                yield from _fit(use, expert, find_file)


def off_switches(graph: Graph) -> list[tuple[str, str]]:
    """(switch node, loader) for each switch whose other side would bring a 4-step LoRA that is not used now."""
    used = {use.node for sampler in pass_nodes(graph) for use in loras_on(graph, model_chain(graph, sampler))}
    found: list[tuple[str, str]] = []
    for node in graph:
        inputs = inputs_of(graph, node)
        if not {"switch", "on_false", "on_true"} <= inputs.keys() or literal_of(graph, inputs["switch"]) is None:
            continue
        chosen = "on_true" if literal_of(graph, inputs["switch"]) else "on_false"
        other = switched(graph, link_of(inputs["on_false" if chosen == "on_true" else "on_true"]))
        name = text_of(graph, inputs_of(graph, other[0]).get("lora_name")) if other else None
        if other and name and FAST.search(name) and other[0] not in used:
            found.append((node, other[0]))
    return found


def _switch_off(graph: Graph) -> Iterator[Finding]:
    switches = off_switches(graph)
    if not switches:
        return
    counts = [steps_of_pass(graph, node) for node in pass_nodes(graph)]
    steps = sum(count for count in counts if count is not None) if counts and None not in counts else None
    done = (
        f"{steps} steps are done instead of 4" if steps is not None else "the long schedule is done instead of 4 steps"
    )
    yield Finding(
        rule="fast_switch_off",
        level=FindingLevel.doubtful,
        message=f"The workflow has 4-step LoRAs, but their switch (node {switches[0][0]}) is off: {done}.",
        why="The newest official template comes like this. Without the LoRAs a run takes about seven times as long; "
        "the longer schedule can look better, so this may be what you want.",
        node=switches[0][0],
        fix="Turn the switch on.",
    )


def _strength(uses: list[LoraUse]) -> Iterator[Finding]:
    for use in uses:
        is_low = LOW.search(use.file) and FAST.search(use.file)
        if use.strength is not None and round(use.strength, 3) > 1 and is_low:
            yield Finding(
                rule="low_lora_too_strong",
                level=FindingLevel.note,
                message=f"'{use.file}' (node {use.node}) has strength {use.strength:g}.",
                why="Above 1 the low noise LoRA is reported to burn contrast.",
                node=use.node,
                fix="Set its strength to 1.",
            )


def _schedule(graph: Graph, sampler: str, uses: list[LoraUse]) -> Iterator[Finding]:
    """Only with 4-step LoRAs: another scheduler or shift leaves the list of noise levels that they know."""
    if not any(FAST.search(use.file) for use in uses):
        return
    scheduler = text_of(graph, inputs_of(graph, sampler).get("scheduler"))
    shift = shift_in_force(graph, sampler)
    found = []
    if scheduler is not None and scheduler != "simple":
        found.append(f"scheduler {scheduler} instead of simple")
    is_first = sampler == next(iter(pass_nodes(graph)), None)
    if is_first and shift is not None and abs(shift - TRAINED_SHIFT) > 1e-6:
        found.append(f"shift {shift:g} instead of {TRAINED_SHIFT:g}")
    if found and not class_of(graph, sampler).startswith("WanVideo"):
        yield Finding(
            rule="schedule_not_trained",
            level=FindingLevel.note,
            message=f"The pass at node {sampler} uses {' and '.join(found)}.",
            why="The 4-step LoRAs are trained on the steps 1000, 937.5, 833.3, 625, which scheduler simple makes with "
            "shift 5 and 4 steps. Other lists work, but not as trained.",
            node=sampler,
        )


def _fit(use: LoraUse, expert: str | None, find_file: FindModelFile) -> Iterator[Finding]:
    """A LoRA against the model it is put on, by both headers."""
    path = find_file("loras", use.file)
    if path is None or path.suffix.lower() not in (".safetensors", ".sft"):
        return
    try:
        header = read_safetensors_header(path)
    except AppError as error:
        yield Finding(
            rule="lora_unreadable",
            level=FindingLevel.wrong,
            message=error.problem.message,
            why="A damaged file stops the run when it is loaded.",
            node=use.node,
        )
        return
    fit = lora_fit(header, _expert_header(expert, find_file))
    if fit.fits:
        return
    level = (
        FindingLevel.wrong
        if fit.targets == 0 or fit.foreign_prefix is not None or fit.wrong_size
        else FindingLevel.doubtful
    )
    yield Finding(
        rule="lora_does_not_fit",
        level=level,
        message=f"'{base_name(use.file)}' (node {use.node}) {_misfit(fit)}.",
        why="A LoRA that does not fit does not fail the job: the layers it misses stay as they are, and only warnings "
        "in the log say so. With a 4-step LoRA the result is an unfinished, ugly video.",
        node=use.node,
    )


def _expert_header(expert: str | None, find_file: FindModelFile) -> SafetensorsHeader | None:
    path = find_file("diffusion_models", expert) if expert is not None else None
    if path is None or path.suffix.lower() != ".safetensors":
        return None
    try:
        return read_safetensors_header(path)
    except AppError:  # the model check has a word for it
        return None


def _misfit(fit: LoraFit) -> str:
    reached = f"reaches {fit.targets} of {fit.expected} layers of the model"
    if fit.wrong_size:
        made = f", made for {fit.made_for}" if fit.made_for else ""
        model = MODELS.get(fit.expected_width, "the model")
        return f"has layers of size {fit.width}{made}; {model} has {fit.expected_width}, so none of them is used"
    if fit.foreign_prefix is not None:
        shown = f"'{fit.foreign_prefix}'" if fit.foreign_prefix else "no prefix at all"
        return f"names its layers with {shown}, which ComfyUI up to 0.25 does not know: none of them is used"
    if fit.targets == 0 and fit.unknown:
        return f"{reached}; it has names such as '{fit.unknown[0][:80]}'"
    return reached
