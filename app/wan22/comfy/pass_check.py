"""How the passes of a graph fit together: shifts, steps, noise, experts and LoRAs. A server takes it all."""

import re
from collections.abc import Iterator

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, inputs_of, text_of
from wan22.comfy.roles import roles_from_graph
from wan22.comfy.sampler_pass import (
    adds_noise,
    cfg_of_pass,
    earlier_samplers,
    expert_file,
    has_too_many_passes,
    leaves_noise,
    lora_files,
    model_chain,
    pass_nodes,
    shift_of_pass,
    step_window,
)
from wan22.schema.events import Role
from wan22.schema.problem import Problem, Severity, problem

MODEL_SHIFT = 8.0
"""Shift of a Wan model in ComfyUI when no node of the graph sets one."""

HIGH = re.compile(r"(?<![a-z])high(?![a-z])|highnoise", re.IGNORECASE)
LOW = re.compile(r"(?<![a-z])low(?![a-z])|lownoise", re.IGNORECASE)
FAST = re.compile(r"lightx2v|lightning|distill|causvid|accvid|(?<![0-9a-z])[48][ _-]?steps?(?![a-z])", re.IGNORECASE)
"""File names of LoRAs and models that need few steps."""
_MOST_FAST_STEPS, _LEAST_FULL_STEPS = 12, 9


def pass_doubts(graph: Graph) -> Iterator[Problem]:
    """Everything doubtful about the passes, as warnings, with both values in the message."""
    if has_too_many_passes(graph):
        return
    for first, second in handovers(graph):
        yield from _handover_doubts(graph, first, second)
    yield from _last_pass_doubts(graph)
    yield from _model_doubts(graph)
    yield from _step_doubts(graph)


def handovers(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Pairs of samplers of which the second goes on where the first stopped; a new beginning is no pair."""
    passes = pass_nodes(graph)
    before = {node: earlier_samplers(graph, node) for node in passes}
    pairs: list[tuple[str, str]] = []
    for second in passes:
        earlier = before[second]
        window = step_window(graph, second)
        if not earlier or (adds_noise(graph, second) and window is not None and window[0] == 0):
            continue
        pairs.append((max(earlier, key=lambda node: (len(before[node]), passes.index(node))), second))
    return tuple(pairs)


def noise_ratio(graph: Graph, first: str, second: str) -> float | None:
    """Noise that the second pass gets, divided by what it expects; 1 is right, None = cannot be computed.

    A pass hands over at sigma = shift * t / (1 + (shift - 1) * t) with t = 1 - step / steps (scheduler `simple`).
    The server scales the latent from (1 - sigma) to the next pass's, which keeps the picture's share right and
    leaves the noise's wrong by [sigma / (1 - sigma)] of the first over that of the second.
    """
    if any(_scheduler(graph, node) != "simple" for node in (first, second)):
        return None
    ends, starts = step_window(graph, first), step_window(graph, second)
    if ends is None or starts is None or not ends[2] or not starts[2]:
        return None
    t_first, t_second = 1 - ends[1] / ends[2], 1 - starts[0] / starts[2]
    if not (0 < t_first < 1 and 0 < t_second < 1):
        return None
    shift_first, shift_second = shift_in_force(graph, first), shift_in_force(graph, second)
    if not shift_first or not shift_second:
        return None
    return (shift_first * t_first / (1 - t_first)) / (shift_second * t_second / (1 - t_second))


def shift_in_force(graph: Graph, sampler: str) -> float | None:
    """Shift in force; None when a node sets one that cannot be read, or when the model is not known."""
    shift = shift_of_pass(graph, sampler)
    chain = model_chain(graph, sampler)
    if shift is not None or not chain or any(class_of(graph, node).startswith("ModelSampling") for node in chain):
        return shift
    return MODEL_SHIFT if "wan" in (expert_file(graph, chain[-1]) or "").lower() else None


def _scheduler(graph: Graph, sampler: str) -> str | None:
    return text_of(graph, inputs_of(graph, sampler).get("scheduler"))


def _ratio_text(graph: Graph, first: str, second: str) -> str:
    ratio = noise_ratio(graph, first, second)
    if ratio is None or abs(ratio - 1) < 0.005:
        return ""
    amount = f"{abs(1 - ratio):.0%} too {'little' if ratio < 1 else 'much'}"
    return f" The later pass gets {ratio:.2f} of the noise that it expects ({amount})."


def _doubt(code: str, rule: str, message: str, node: str | None, file: str | None = None) -> Problem:
    """A warning; `rule` names the very thing that was found, finer than the code."""
    return problem(code, message, Severity.warning, rule=rule, node=node, file=file)


def _handover_doubts(graph: Graph, first: str, second: str) -> Iterator[Problem]:
    one, two = f"the pass at node {first}", f"the pass at node {second}"
    shifts = shift_in_force(graph, first), shift_in_force(graph, second)
    if shifts[0] is not None and shifts[1] is not None and abs(shifts[0] - shifts[1]) > 1e-6:
        yield _doubt(
            "shifts_unequal",
            "shifts_unequal",
            f"The shift is {shifts[0]:g} in {one} and {shifts[1]:g} in {two}." + _ratio_text(graph, first, second),
            second,
        )
    ends, starts = step_window(graph, first), step_window(graph, second)
    if ends and starts and ends[2] != starts[2]:
        yield _doubt(
            "passes_disagree",
            "steps_differ",
            f"The schedule has {ends[2]} steps in {one} and {starts[2]} in {two}." + _ratio_text(graph, first, second),
            second,
        )
    elif ends and starts and ends[1] != starts[0]:
        effect = "steps are left out" if starts[0] > ends[1] else "steps are done twice"
        yield _doubt(
            "passes_disagree",
            "steps_gap",
            f"{one.capitalize()} ends at step {ends[1]}, {two} starts at step {starts[0]}: {effect}."
            + _ratio_text(graph, first, second),
            second,
        )
    if ends and ends[1] < ends[2] and leaves_noise(graph, first) is False:
        yield _doubt(
            "passes_disagree",
            "leftover_noise_off",
            f"{one.capitalize()} does not hand on its leftover noise (return_with_leftover_noise is disabled), "
            f"which {two} needs.",
            first,
        )
    if starts and starts[0] > 0 and adds_noise(graph, second):
        message = f"{two.capitalize()} adds noise of its own to a half-finished latent."
        yield _doubt("passes_disagree", "second_adds_noise", message, second)
    for name in ("sampler_name", "scheduler"):
        values = [text_of(graph, inputs_of(graph, node).get(name)) for node in (first, second)]
        if None not in values and values[0] != values[1]:
            message = f"{name} is {values[0]} in {one} and {values[1]} in {two}."
            yield _doubt("passes_disagree", f"{name.removesuffix('_name')}_differs", message, second)


def _last_pass_doubts(graph: Graph) -> Iterator[Problem]:
    """A last pass that stops early leaves noise in the picture."""
    passes = pass_nodes(graph)
    followed = frozenset[str]().union(*(earlier_samplers(graph, other) for other in passes))
    for node in passes:
        window = step_window(graph, node)
        is_last = node not in followed
        if is_last and window and window[1] < window[2] and leaves_noise(graph, node):
            yield _doubt(
                "passes_disagree",
                "last_pass_unfinished",
                f"The last pass (node {node}) ends at step {window[1]} of {window[2]} and keeps the leftover noise: "
                "the video will be noisy.",
                node,
            )


def _model_doubts(graph: Graph) -> Iterator[Problem]:
    experts: dict[Role, set[str]] = {Role.pass_1: set(), Role.pass_2: set()}
    for node, role in roles_from_graph(graph).items():
        if role not in experts:
            continue
        chain = model_chain(graph, node)
        file = expert_file(graph, chain[-1]) if chain else None
        wrong = LOW if role is Role.pass_1 else HIGH
        right = HIGH if role is Role.pass_1 else LOW
        number = "first" if role is Role.pass_1 else "second"
        if file:
            experts[role].add(file)
        for name in (*((file,) if file else ()), *lora_files(graph, node)):
            if wrong.search(name) and not right.search(name) and len(pass_nodes(graph)) > 1:
                rule = "expert_swapped" if name == file else "lora_swapped"
                message = f"The {number} pass (node {node}) runs on '{name}'."
                yield _doubt("model_choice_suspect", rule, message, node, file=name)
            if file and re.search("t2v", name, re.IGNORECASE) and re.search("i2v", file, re.IGNORECASE):
                message = f"'{name}' is made for text-to-video, '{file}' is not."
                yield _doubt("model_choice_suspect", "lora_for_text", message, node, file=name)
        loader = inputs_of(graph, chain[-1]) if chain else {}
        dtype = text_of(graph, loader.get("weight_dtype"))
        if file and "scaled" in file.lower() and dtype not in (None, "default"):
            yield _doubt(
                "model_choice_suspect",
                "weight_dtype_changed",
                f"'{file}' holds scaled fp8 weights; weight_dtype should stay 'default', but is '{dtype}'.",
                chain[-1],
            )
    for file in sorted(experts[Role.pass_1] & experts[Role.pass_2]):
        if HIGH.search(file) or LOW.search(file):
            message = f"Both passes run on the same expert '{file}'."
            yield _doubt("model_choice_suspect", "same_expert_twice", message, None, file=file)
    if any("14b" in file.lower() for files in experts.values() for file in files):
        yield from _vae_doubts(graph)


def _vae_doubts(graph: Graph) -> Iterator[Problem]:
    for node in graph:
        vae = text_of(graph, inputs_of(graph, node).get("vae_name")) if "VAELoader" in class_of(graph, node) else None
        if vae and re.search(r"wan_?2\.2_vae", vae, re.IGNORECASE):
            yield _doubt(
                "model_choice_suspect",
                "vae_of_5b",
                f"'{vae}' belongs to the 5B model; with a 14B expert the first step fails. Use wan_2.1_vae.",
                node,
            )


def _step_doubts(graph: Graph) -> Iterator[Problem]:
    """20 steps or CFG above 1 with 4-step LoRAs, or few steps without them: legal, and nearly always an oversight."""
    fast: list[bool] = []
    for node in pass_nodes(graph):
        chain = model_chain(graph, node)
        file = expert_file(graph, chain[-1]) if chain else None
        if file is None or "wan" not in file.lower():
            return
        names = (file, *lora_files(graph, node))
        fast.append(any(FAST.search(name) for name in names))
        cfg, window = cfg_of_pass(graph, node), step_window(graph, node)
        if fast[-1] and cfg is not None and cfg > 1:
            yield _doubt(
                "steps_suspect",
                "cfg_with_fast_lora",
                f"The pass at node {node} uses CFG {cfg:g} with a 4-step LoRA, which is made for CFG 1: "
                "each step takes twice the time.",
                node,
            )
        if fast[-1] and window and window[2] > _MOST_FAST_STEPS:
            message = f"The pass at node {node} has {window[2]} steps with a 4-step LoRA."
            yield _doubt("steps_suspect", "steps_with_fast_lora", message, node)
    if fast and not any(fast):
        steps = [window[2] for node in pass_nodes(graph) if (window := step_window(graph, node))]
        if steps and max(steps) < _LEAST_FULL_STEPS:
            yield _doubt(
                "steps_suspect",
                "few_steps_without_lora",
                f"The passes have {max(steps)} steps and no 4-step LoRA: the video will be blurred.",
                pass_nodes(graph)[0],
            )
