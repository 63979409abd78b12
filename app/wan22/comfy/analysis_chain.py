"""The way from the inputs to the file as stations that a person can read, and their drawing in text."""

from collections.abc import Iterator, Sequence

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, inputs_of, text_of, title_of
from wan22.comfy.graph_part import first_video_nodes, video_nodes
from wan22.comfy.roles import roles_from_graph
from wan22.schema.analysis import AnalysedHandover, AnalysedPass, ChainStage, WorkflowAnalysis
from wan22.schema.events import Role

_PROMPT_SHOWN = 90


def chain_of(graph: Graph, analysis: WorkflowAnalysis) -> tuple[ChainStage, ...]:
    """Stations in the order in which they work; what is not known is said as such."""
    roles = roles_from_graph(graph)
    return tuple(
        stage
        for stage in (
            _inputs(analysis),
            _conditioning(graph, analysis),
            *_passes(analysis),
            _decode(graph, [node for node, role in roles.items() if role is Role.decode]),
            *_interpolations(analysis),
            _result(analysis),
            _others(graph, [node for node, role in roles.items() if role is Role.other]),
        )
        if stage is not None
    )


def _inputs(analysis: WorkflowAnalysis) -> ChainStage | None:
    lines = [f"start image   {analysis.image}"] if analysis.image else []
    if analysis.prompt is not None:
        lines.append(f"prompt        {_short(analysis.prompt) or '(empty)'}")
    if analysis.negative is not None:
        effect = "" if analysis.negative_has_effect in (True, None) else "   (no effect at CFG 1)"
        lines.append(f"negative      {_short(analysis.negative) or '(empty)'}{effect}")
    files = [item for item in analysis.models if item.purpose in ("text encoder", "image encoder")]
    lines += [f"{item.purpose:<13} {item.file}" for item in files]
    return ChainStage(title="Inputs", lines=tuple(lines)) if lines else None


def _conditioning(graph: Graph, analysis: WorkflowAnalysis) -> ChainStage | None:
    nodes = first_video_nodes(graph) or video_nodes(graph)
    if not nodes and analysis.width is None:
        return None
    size = f"{analysis.width} × {analysis.height} px" if analysis.width and analysis.height else "size not known"  # noqa: RUF001
    frames = "frames not known"
    if analysis.frames_made is not None:
        frames = f"{analysis.frames_made} frames"
        if analysis.length != analysis.frames_made:
            frames += f" (asked for {analysis.length})"
    title = title_of(graph, nodes[0]) if nodes else "Image to video"
    return ChainStage(title=title, lines=(f"{size}, {frames}",), nodes=nodes)


def _passes(analysis: WorkflowAnalysis) -> Iterator[ChainStage]:
    for item in analysis.passes:
        handover = next((found for found in analysis.handovers if found.first == item.node), None)
        yield ChainStage(title=_pass_title(item), lines=tuple(_pass_lines(item, handover)), nodes=(item.node,))


def _pass_title(item: AnalysedPass) -> str:
    word = f" · {item.expert} noise expert" if item.expert else ""
    return f"Pass {item.number}{word} · {item.title}"


def _pass_lines(item: AnalysedPass, handover: AnalysedHandover | None) -> Iterator[str]:
    yield f"model         {item.expert_file or 'not known'}"
    for lora in item.loras:
        strength = "not known" if lora.strength is None else f"{lora.strength:g}"
        yield f"LoRA          {lora.file}, strength {strength}" + (" (off)" if lora.strength == 0 else "")
    if item.steps is None:
        yield "steps         not known"
    else:
        yield f"steps         {item.start_step} to {item.end_step} of {item.total_steps} ({item.steps} done)"
    yield f"CFG           {_number(item.cfg)}"
    yield f"shift         {_number(item.shift)}" + (
        " (the model's own)" if item.shift_is_default and item.shift else ""
    )
    yield f"sampler       {item.sampler or 'not known'}, scheduler {item.scheduler or 'not known'}"
    noise = {True: "adds fresh noise", False: "adds no noise", None: "not known whether it adds noise"}[item.adds_noise]
    left = {True: ", hands on the leftover noise", False: ", removes all leftover noise", None: ""}[item.leaves_noise]
    yield f"noise         {noise}{left}"
    if item.seed is not None:
        after = f" (in the editor: {item.seed_after})" if item.seed_after else ""
        yield f"seed          {item.seed}{after}; this program draws a new one for each run unless one is given"
    if handover is not None:
        yield f"hand-over     {handover_text(handover)}"


def handover_text(handover: AnalysedHandover) -> str:
    """Noise at a hand-over in words."""
    if handover.noise_ratio is None:
        return "the noise cannot be computed for this scheduler"
    ends = f"ends at sigma {_sigma(handover.sigma_end)}, the next starts at {_sigma(handover.sigma_start)}"
    ratio = handover.noise_ratio
    verdict = (
        "as it should be" if abs(ratio - 1) < 0.005 else f"{abs(1 - ratio):.0%} too {'little' if ratio < 1 else 'much'}"
    )
    return f"{ends}: noise {ratio:.3f} of what is expected, {verdict}"


def _decode(graph: Graph, nodes: Sequence[str]) -> ChainStage | None:
    if not nodes:
        return None
    files = [
        text
        for node in graph
        if "VAELoader" in class_of(graph, node) and (text := text_of(graph, inputs_of(graph, node).get("vae_name")))
    ]
    tiled = ["in tiles"] if any("Tiled" in class_of(graph, node) for node in nodes) else []
    lines = (*(f"VAE           {file}" for file in dict.fromkeys(files)), *tiled)
    return ChainStage(title=title_of(graph, nodes[0]), lines=lines, nodes=tuple(nodes))


def _interpolations(analysis: WorkflowAnalysis) -> Iterator[ChainStage]:
    for item in analysis.interpolations:
        times = f"×{item.multiplier}" if item.multiplier else "multiplier not known"  # noqa: RUF001
        lines = [f"{item.kind} {times}" + (f", {item.model}" if item.model else "")]
        if item is analysis.interpolations[-1] and analysis.frames_out is not None:
            lines.append(f"{analysis.frames_made} frames become {analysis.frames_out}")
        yield ChainStage(title=f"{item.class_type} (node {item.node})", lines=tuple(lines), nodes=(item.node,))


def _result(analysis: WorkflowAnalysis) -> ChainStage | None:
    if not analysis.outputs:
        return ChainStage(title="Result", lines=("nothing is saved",))
    lines = []
    if analysis.fps is not None:
        time = f", {analysis.duration_s:.2f} s" if analysis.duration_s is not None else ""
        frames = f"{analysis.frames_out} frames at " if analysis.frames_out is not None else ""
        lines.append(f"{frames}{analysis.fps:g} fps{time}")
    for item in analysis.outputs:
        facts = ", ".join(part for part in (item.prefix, item.format) if part)
        lines.append(f"{item.class_type} (node {item.node})" + (f": {facts}" if facts else ""))
    return ChainStage(title="Result", lines=tuple(lines), nodes=tuple(item.node for item in analysis.outputs))


def _others(graph: Graph, nodes: Sequence[str]) -> ChainStage | None:
    """Nodes without a known part; those that only hold or choose a value are no news."""
    plain = ("Primitive", "ComfySwitch", "ComfyMath", "INTConstant", "FloatConstant")
    named = [title_of(graph, node) for node in nodes if not class_of(graph, node).startswith(plain)]
    helpers = (
        "BasicScheduler",
        "KSamplerSelect",
        "RandomNoise",
        "DisableNoise",
        "BasicGuider",
        "CFGGuider",
        "SplitSigmas",
    )
    named = [name for name in named if not name.startswith(helpers)]
    return ChainStage(title="Also in the workflow", lines=tuple(named), nodes=tuple(nodes)) if named else None


def drawn_chain(stages: Sequence[ChainStage]) -> list[str]:
    """The chain as lines of text, one station under the other."""
    lines: list[str] = []
    for number, stage in enumerate(stages):
        if number:
            lines += ["  │", "  ▼"]
        lines.append(f"■ {stage.title}")
        lines += [f"  │ {line}" for line in stage.lines]
    return lines


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _PROMPT_SHOWN else f"{flat[:_PROMPT_SHOWN]}…"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:g}"


def _sigma(value: float | None) -> str:
    return "?" if value is None else f"{value:.4f}"
