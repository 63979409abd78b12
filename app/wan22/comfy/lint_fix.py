"""Mends: each takes a graph and gives a new copy in which one thing is right; None where it cannot be done."""

import copy
import re
from collections.abc import Callable

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import snap_length, snap_size
from wan22.comfy.graph_link import class_of, inputs_of, int_of, link_of, primitive_of, text_of
from wan22.comfy.graph_part import length_input, video_nodes
from wan22.comfy.interpolation import frames_source, interpolations_of
from wan22.comfy.lint_lora import off_switches
from wan22.comfy.lint_video import model_fps, multiplied, rate_nodes
from wan22.comfy.lora_use import LoraUse, loras_on
from wan22.comfy.pass_check import FAST, HIGH, LOW, handovers, shift_in_force
from wan22.comfy.roles import roles_from_graph
from wan22.comfy.sampler_pass import expert_file, model_chain, pass_nodes, step_window
from wan22.schema.events import Role

_SHIFT_NODES = "ModelSampling"
_EXPERT_INPUTS = ("unet_name", "ckpt_name", "model_name", "model")


def mended(graph: Graph, rule: str) -> Graph | None:
    """A copy of `graph` with what `rule` finds put right; None for a rule without a mend, or when it cannot be done."""
    mend = _mends().get(rule)
    result = copy.deepcopy(graph)
    return result if mend is not None and mend(result) else None


def _mends() -> dict[str, Callable[[Graph], bool]]:
    """Functions that change the graph they are given and say whether they did."""
    return {
        "shifts_unequal": _same_shifts,
        "steps_differ": _same_steps,
        "steps_gap": _close_gap,
        "leftover_noise_off": lambda graph: _each_handover(graph, _hand_on),
        "second_adds_noise": lambda graph: _each_handover(graph, _add_nothing),
        "sampler_differs": lambda graph: _each_handover(graph, _copied("sampler_name")),
        "scheduler_differs": lambda graph: _each_handover(graph, _copied("scheduler")),
        "last_pass_unfinished": _finish,
        "expert_swapped": _swap_experts,
        "lora_swapped": _swap_loras,
        "weight_dtype_changed": _default_dtype,
        "same_expert_twice": _other_expert,
        "vae_of_5b": _vae_of_14b,
        "cfg_with_fast_lora": _cfg_one,
        "steps_with_fast_lora": _four_steps,
        "length_unusual": _length,
        "size_unusual": _size,
        "fast_switch_off": _switch_on,
        "low_lora_too_strong": _strength_one,
        "fps_after_interpolation": _frame_rate,
        "fps_not_of_model": _frame_rate,
        "interpolated_twice": _interpolate_once,
        "decode_tiled": _whole_decode,
        "text_encoder_type": lambda graph: _set_on(graph, "CLIPLoader", "type", "wan"),
        "text_encoder_file": lambda graph: _set_on(
            graph, "CLIPLoader", "clip_name", "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
        ),
    }


def _put(graph: Graph, node: str, name: str, value: float | str) -> bool:
    """Write a literal at a node that has the input; True when that changed something."""
    inputs = graph[node].get("inputs")
    if not isinstance(inputs, dict) or name not in inputs or inputs[name] == value:
        return False
    inputs[name] = value
    return True


def _each_handover(graph: Graph, mend: Callable[[Graph, str, str], bool]) -> bool:
    return True in [mend(graph, first, second) for first, second in handovers(graph)]


def _hand_on(graph: Graph, first: str, _second: str) -> bool:
    return _put(graph, first, "return_with_leftover_noise", "enable")


def _add_nothing(graph: Graph, _first: str, second: str) -> bool:
    return _put(graph, second, "add_noise", "disable")


def _copied(name: str) -> Callable[[Graph, str, str], bool]:
    def copied(graph: Graph, first: str, second: str) -> bool:
        value = text_of(graph, inputs_of(graph, first).get(name))
        return value is not None and _put(graph, second, name, value)

    return copied


def _shift_node(graph: Graph, sampler: str) -> str | None:
    """Node that sets the shift of a pass."""
    chain = model_chain(graph, sampler)
    return next(
        (
            node
            for node in chain
            if class_of(graph, node).startswith(_SHIFT_NODES) and "shift" in inputs_of(graph, node)
        ),
        None,
    )


def _same_shifts(graph: Graph) -> bool:
    passes = pass_nodes(graph)
    wanted = shift_in_force(graph, passes[0]) if passes else None
    places = [
        _shift_node(graph, sampler) or (sampler if "shift" in inputs_of(graph, sampler) else None) for sampler in passes
    ]
    if wanted is None:
        return False
    changed = [
        _put(graph, place, "shift", wanted)
        for sampler, place in zip(passes, places, strict=True)
        if place is not None and shift_in_force(graph, sampler) != wanted
    ]
    return any(changed) and all(shift_in_force(graph, sampler) == wanted for sampler in passes)


def _same_steps(graph: Graph) -> bool:
    def mend(graph: Graph, first: str, second: str) -> bool:
        one, two = step_window(graph, first), step_window(graph, second)
        if one is None or two is None or one[2] == two[2] or "start_at_step" not in inputs_of(graph, second):
            return False
        was_last = two[1] == two[2]
        _put(graph, second, "steps", one[2])
        _put(graph, second, "start_at_step", one[1])
        if was_last:
            _put(graph, second, "end_at_step", one[2])
        return True

    return _each_handover(graph, mend)


def _close_gap(graph: Graph) -> bool:
    def mend(graph: Graph, first: str, second: str) -> bool:
        window = step_window(graph, first)
        return window is not None and _put(graph, second, "start_at_step", window[1])

    return _each_handover(graph, mend)


def _finish(graph: Graph) -> bool:
    passes = pass_nodes(graph)
    window = step_window(graph, passes[-1]) if passes else None
    if window is None:
        return False
    left = _put(graph, passes[-1], "return_with_leftover_noise", "disable")
    return _put(graph, passes[-1], "end_at_step", window[2]) or left


def _expert_place(graph: Graph, sampler: str) -> tuple[str, str] | None:
    """Node and input that name the model file of a pass."""
    chain = model_chain(graph, sampler)
    if not chain:
        return None
    inputs = inputs_of(graph, chain[-1])
    name = next((name for name in _EXPERT_INPUTS if text_of(graph, inputs.get(name))), None)
    return (chain[-1], name) if name else None


def _swap_experts(graph: Graph) -> bool:
    """Swap the files of the first and the last pass; all loaders of either file follow."""
    passes = pass_nodes(graph)
    places = [place for node in passes if (place := _expert_place(graph, node)) is not None]
    files = list(dict.fromkeys(text_of(graph, inputs_of(graph, node)[name]) or "" for node, name in places))
    if len(files) != 2:
        return False
    first, second = files
    changes = [
        (node, name, second if text_of(graph, inputs_of(graph, node)[name]) == first else first)
        for node, name in dict.fromkeys(places)
    ]
    return True in [_put(graph, node, name, value) for node, name, value in changes]


def _swap_loras(graph: Graph) -> bool:
    """Every LoRA on the wrong expert takes the name of the one that fits: another one's in the graph, else its own
    with high and low exchanged."""
    wrong: list[tuple[LoraUse, bool]] = []
    for sampler, role in roles_from_graph(graph).items():
        if role not in (Role.pass_1, Role.pass_2):
            continue
        is_high = role is Role.pass_1
        uses = [use for use in loras_on(graph, model_chain(graph, sampler)) if _is_one(use.file)]
        wrong += [(use, is_high) for use in uses if bool(HIGH.search(use.file)) != is_high]
    changed = []
    for use, wants_high in dict.fromkeys(wrong):
        partner = next((other.file for other, high in wrong if high != wants_high), None)
        name = partner if partner is not None else _exchanged(use.file)
        current = inputs_of(graph, use.node).get(use.input)
        if isinstance(current, dict):
            changed.append(current.get("lora") != name)
            current["lora"] = name
        else:
            changed.append(_put(graph, use.node, use.input, name))
    return any(changed)


def _is_one(file: str) -> bool:
    """Whether a name says either high or low."""
    return bool(HIGH.search(file)) != bool(LOW.search(file))


def _exchanged(file: str) -> str:
    """A file name with high and low exchanged, capitals kept."""
    swap = {"high": "low", "low": "high"}

    def other(match: re.Match[str]) -> str:
        word = swap[match.group(0).lower()]
        return word.upper() if match.group(0).isupper() else word.capitalize() if match.group(0)[0].isupper() else word

    return re.sub(r"high|low(?!er)", other, file, flags=re.IGNORECASE)


def _default_dtype(graph: Graph) -> bool:
    return True in [
        _put(graph, node, "weight_dtype", "default")
        for node in graph
        if any("scaled" in str(inputs_of(graph, node).get(name, "")).lower() for name in _EXPERT_INPUTS)
    ]


def _other_expert(graph: Graph) -> bool:
    """With two loaders of one file, the loader of the later pass (or of the earlier one) gets the other's name."""
    passes = pass_nodes(graph)
    places = [_expert_place(graph, passes[0]), _expert_place(graph, passes[-1])] if len(passes) > 1 else []
    if len(places) != 2 or places[0] is None or places[1] is None or places[0][0] == places[1][0]:
        return False
    file = text_of(graph, inputs_of(graph, places[0][0])[places[0][1]]) or ""
    if not _is_one(file):
        return False
    node, name = places[1] if HIGH.search(file) else places[0]
    return _put(graph, node, name, _exchanged(file))


def _vae_of_14b(graph: Graph) -> bool:
    return _set_on(graph, "VAELoader", "vae_name", "wan_2.1_vae.safetensors")


def _set_on(graph: Graph, class_start: str, name: str, value: str) -> bool:
    return True in [_put(graph, node, name, value) for node in graph if class_of(graph, node).startswith(class_start)]


def _has_fast(graph: Graph, sampler: str) -> bool:
    chain = model_chain(graph, sampler)
    files = [use.file for use in loras_on(graph, chain) if use.counts]
    return any(FAST.search(file) for file in (*files, expert_file(graph, chain[-1]) or "" if chain else ""))


def _cfg_one(graph: Graph) -> bool:
    return True in [_put(graph, sampler, "cfg", 1.0) for sampler in pass_nodes(graph) if _has_fast(graph, sampler)]


def _four_steps(graph: Graph) -> bool:
    """Only for two passes on one schedule, and for a single one."""
    passes = pass_nodes(graph)
    if not all(_has_fast(graph, sampler) and "steps" in inputs_of(graph, sampler) for sampler in passes):
        return False
    if len(passes) == 1:
        return _put(graph, passes[0], "steps", 4)
    if len(passes) != 2 or not all("start_at_step" in inputs_of(graph, sampler) for sampler in passes):
        return False
    for sampler, start, end in zip(passes, (0, 2), (2, 4), strict=True):
        for name, value in (("steps", 4), ("start_at_step", start), ("end_at_step", end)):
            _put(graph, sampler, name, value)
    return True


def _length(graph: Graph) -> bool:
    changed = []
    for node in video_nodes(graph):
        name = length_input(graph, node)
        length = int_of(graph, inputs_of(graph, node)[name]) if name else None
        if name and length is not None:
            changed.append(length != snap_length(length) and _put(graph, node, name, snap_length(length)))
    return any(changed)


def _size(graph: Graph) -> bool:
    changed = []
    for node in video_nodes(graph):
        for name in ("width", "height"):
            size = int_of(graph, inputs_of(graph, node)[name])
            changed.append(size is not None and size != snap_size(size) and _put(graph, node, name, snap_size(size)))
    return any(changed)


def _switch_on(graph: Graph) -> bool:
    """The switch's own value, or the primitive that drives all of them."""
    changed = []
    for node, _ in off_switches(graph):
        value = inputs_of(graph, node)["switch"]
        loader = link_of(inputs_of(graph, node)["on_true"])
        on = loader is not None and "lora_name" in inputs_of(graph, loader[0])
        primitive = primitive_of(graph, value)
        if primitive is not None:
            changed.append(_put(graph, primitive, "value", on))
        elif link_of(value) is None:
            changed.append(_put(graph, node, "switch", on))
    return any(changed)


def _strength_one(graph: Graph) -> bool:
    changed = []
    for sampler in pass_nodes(graph):
        for use in loras_on(graph, model_chain(graph, sampler)):
            if use.strength is not None and use.strength > 1 and LOW.search(use.file) and FAST.search(use.file):
                changed += [_put(graph, use.node, name, 1.0) for name in ("strength_model", "strength")]
    return any(changed)


def _frame_rate(graph: Graph) -> bool:
    base, factor = model_fps(graph), multiplied(graph)
    if base is None or factor is None:
        return False
    return True in [_put(graph, node, name, base * factor) for node, name in rate_nodes(graph)]


def _interpolate_once(graph: Graph) -> bool:
    """Take the later nodes out: whoever took their frames takes what they took."""
    changed = False
    for node in interpolations_of(graph)[1:]:
        link = frames_source(graph, node)
        if link is None:
            continue
        for other in graph:
            for name, value in inputs_of(graph, other).items():
                found = link_of(value)
                if found is not None and found[0] == node:
                    graph[other]["inputs"][name] = list(link)
        del graph[node]
        changed = True
    return changed


def _whole_decode(graph: Graph) -> bool:
    changed = False
    for node in graph:
        if class_of(graph, node) == "VAEDecodeTiled":
            inputs = inputs_of(graph, node)
            graph[node]["class_type"] = "VAEDecode"
            graph[node]["inputs"] = {name: inputs[name] for name in ("samples", "vae") if name in inputs}
            changed = True
    return changed
