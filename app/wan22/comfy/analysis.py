"""What a graph in API form will do, whoever made it: nodes are found by class and link, never by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wan22.comfy.analysis_chain import chain_of
from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import frames_made, parameters_from_graph, seed_targets
from wan22.comfy.graph_link import class_of, inputs_of, int_of, source_of, text_of, title_of
from wan22.comfy.interpolation import interpolations_of, multiplier_of
from wan22.comfy.lora_use import loras_on
from wan22.comfy.model_folder import model_folder
from wan22.comfy.object_info import NodeDefinitions, is_model_file
from wan22.comfy.pass_check import FAST, HIGH, LOW, handovers, noise_ratio, shift_in_force
from wan22.comfy.roles import roles_from_graph
from wan22.comfy.sampler_pass import (
    MAX_PASSES,
    adds_noise,
    cfg_of_pass,
    expert_file,
    has_too_many_passes,
    leaves_noise,
    model_chain,
    pass_nodes,
    shift_of_pass,
    step_window,
)
from wan22.schema.analysis import (
    AnalysedHandover,
    AnalysedInterpolation,
    AnalysedLora,
    AnalysedModel,
    AnalysedOutput,
    AnalysedPass,
    WorkflowAnalysis,
)
from wan22.schema.events import Role

_SAVING = ("SaveVideo", "VHS_VideoCombine", "SaveWEBM", "SaveAnimatedWEBP", "SaveAnimatedPNG", "SaveImage")
_PURPOSES = {
    "diffusion_models": "model",
    "text_encoders": "text encoder",
    "vae": "VAE",
    "loras": "LoRA",
    "clip_vision": "image encoder",
    "frame_interpolation": "interpolation",
    "upscale_models": "upscaling",
    "checkpoints": "checkpoint",
}


@dataclass(frozen=True, slots=True)
class AnalysisOrigin:
    """What is known of a graph beside itself: its file's name and form, notes and seed settings of its conversion."""

    name: str = ""
    form: str = "api"
    container: str = "JSON"
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    seed_after: Mapping[str, str] = field(default_factory=dict)


def analyse_graph(graph: Graph, definitions: NodeDefinitions, origin: AnalysisOrigin | None = None) -> WorkflowAnalysis:
    """Everything that can be read from `graph`; findings of the lints are added by `lint_graph`.

    `definitions` tell outputs and foreign classes; a class that they lack is read by its links all the same.
    """
    origin = origin or AnalysisOrigin()
    if has_too_many_passes(graph):
        many = f"The workflow has more than {MAX_PASSES} samplers; such a one is not analysed."
        return WorkflowAnalysis(
            name=origin.name,
            form=origin.form,
            container=origin.container,
            node_count=len(graph),
            not_understood=(*origin.unknown, many),
            notes=origin.notes,
        )
    read = parameters_from_graph(graph, origin.name, "")
    roles = roles_from_graph(graph)
    passes = tuple(
        _pass(graph, node, number, roles[node], origin) for number, node in enumerate(pass_nodes(graph), start=1)
    )
    found = interpolations_of(graph)
    made = frames_made(read.length) if read.length is not None and read.length >= 1 else None
    frames_out = _frames_out(graph, made, found)
    cfgs = [item.cfg for item in passes]
    analysis = WorkflowAnalysis(
        name=origin.name,
        form=origin.form,
        container=origin.container,
        node_count=len(graph),
        width=read.width,
        height=read.height,
        length=read.length,
        frames_made=made,
        frames_out=frames_out,
        fps=read.fps,
        duration_s=frames_out / read.fps if frames_out and read.fps else None,
        image=read.image,
        prompt=read.prompt,
        negative=read.negative,
        negative_has_effect=None if not cfgs or None in cfgs else any(cfg is not None and cfg > 1 for cfg in cfgs),
        steps=read.steps,
        passes=passes,
        handovers=tuple(_handover(graph, first, second) for first, second in handovers(graph)),
        models=_models(graph, passes),
        interpolations=tuple(_interpolation(graph, node) for node in found),
        outputs=tuple(_output(graph, node) for node in _outputs(graph, definitions)),
        not_understood=(*origin.unknown, *_gaps(passes, read.width, read.length, made)),
        notes=origin.notes,
    )
    return analysis.model_copy(update={"chain": chain_of(graph, analysis)})


def expert_word(file: str | None) -> str | None:
    """ "high" or "low" by a file's name; None when it says neither or both."""
    if not file or bool(HIGH.search(file)) == bool(LOW.search(file)):
        return None
    return "high" if HIGH.search(file) else "low"


def _pass(graph: Graph, node: str, number: int, role: Role, origin: AnalysisOrigin) -> AnalysedPass:
    chain, window = model_chain(graph, node), step_window(graph, node)
    file = expert_file(graph, chain[-1]) if chain else None
    loras = tuple(
        AnalysedLora(
            file=use.file,
            strength=use.strength,
            node=use.node,
            expert=expert_word(use.file),
            is_fast=bool(FAST.search(use.file)),
        )
        for use in loras_on(graph, chain)
    )
    target = next(iter(seed_targets(graph, [node])), None)
    sampler = source_of(graph, node, "sampler")
    sigmas = _scheduler_node(graph, node)
    return AnalysedPass(
        number=number,
        node=node,
        class_type=class_of(graph, node),
        title=title_of(graph, node),
        role=role.value,
        expert=expert_word(file),
        expert_file=file,
        loras=loras,
        start_step=window[0] if window else None,
        end_step=window[1] if window else None,
        total_steps=window[2] if window else None,
        steps=window[1] - window[0] if window else None,
        adds_noise=adds_noise(graph, node),
        leaves_noise=leaves_noise(graph, node),
        cfg=cfg_of_pass(graph, node),
        shift=shift_in_force(graph, node),
        shift_is_default=shift_of_pass(graph, node) is None,
        sampler=text_of(graph, inputs_of(graph, sampler[0] if sampler else node).get("sampler_name")),
        scheduler=text_of(graph, inputs_of(graph, sigmas or node).get("scheduler")),
        seed=int_of(graph, inputs_of(graph, target[0])[target[1]]) if target else None,
        seed_after=origin.seed_after.get(target[0]) if target else None,
    )


def _scheduler_node(graph: Graph, sampler: str) -> str | None:
    """Node that makes the list of noise levels of a custom sampler."""
    link = source_of(graph, sampler, "sigmas")
    for _ in range(20):
        if link is None or "scheduler" in inputs_of(graph, link[0]):
            break
        link = source_of(graph, link[0], "sigmas")
    return link[0] if link is not None else None


def _handover(graph: Graph, first: str, second: str) -> AnalysedHandover:
    return AnalysedHandover(
        first=first,
        second=second,
        sigma_end=sigma_at(graph, first, end=True),
        sigma_start=sigma_at(graph, second, end=False),
        noise_ratio=noise_ratio(graph, first, second),
    )


def sigma_at(graph: Graph, node: str, *, end: bool) -> float | None:
    """Share of noise where a pass ends or starts, with scheduler `simple`; None for others and when not known."""
    window, shift = step_window(graph, node), shift_in_force(graph, node)
    if (
        window is None
        or not window[2]
        or not shift
        or text_of(graph, inputs_of(graph, node).get("scheduler")) != "simple"
    ):
        return None
    time = 1 - window[1 if end else 0] / window[2]
    return shift * time / (1 + (shift - 1) * time)


def _models(graph: Graph, passes: Sequence[AnalysedPass]) -> tuple[AnalysedModel, ...]:
    """Every model file that the graph names, LoRAs of lists and stacks among them."""
    experts = {item.expert_file: item for item in passes if item.expert_file}
    found: list[AnalysedModel] = []
    for node in graph:
        class_type = class_of(graph, node)
        for name, value in inputs_of(graph, node).items():
            text = text_of(graph, value) if not isinstance(value, Mapping) else None
            if text is None or not is_model_file(text):
                continue
            folder = model_folder(class_type, name)
            purpose = _PURPOSES.get((folder or "").removeprefix("models/"), "model file")
            if text in experts:
                word = experts[text].expert
                purpose = f"{word} noise expert" if word else "model"
            found.append(AnalysedModel(purpose=purpose, file=text, node=node, class_type=class_type, folder=folder))
    named = {(item.node, item.file) for item in found}
    for lora in [lora for item in passes for lora in item.loras]:
        if (lora.node, lora.file) not in named:
            named.add((lora.node, lora.file))
            found.append(
                AnalysedModel(purpose="LoRA", file=lora.file, node=lora.node, class_type=class_of(graph, lora.node))
            )
    return tuple(found)


def _interpolation(graph: Graph, node: str) -> AnalysedInterpolation:
    class_type, inputs = class_of(graph, node), inputs_of(graph, node)
    loader = source_of(graph, node, "interp_model")
    source = inputs_of(graph, loader[0]) if loader else inputs
    model = text_of(graph, source.get("model_name")) or text_of(graph, source.get("ckpt_name"))
    words = f"{class_type} {model or ''}".lower()
    kind = next((word.upper() for word in ("rife", "film", "gimm", "ifnet") if word in words), "other")
    return AnalysedInterpolation(
        node=node, class_type=class_type, kind=kind, multiplier=multiplier_of(graph, node), model=model
    )


def _frames_out(graph: Graph, made: int | None, nodes: Sequence[str]) -> int | None:
    frames = made
    for node in nodes:
        multiplier = multiplier_of(graph, node)
        if frames is None or multiplier is None:
            return None
        frames = (frames - 1) * multiplier + 1
    return frames


def _outputs(graph: Graph, definitions: NodeDefinitions) -> list[str]:
    roles = roles_from_graph(graph)
    return [
        node
        for node in graph
        if definitions.is_output(class_of(graph, node))
        or (
            not definitions.has(class_of(graph, node)) and roles[node] is Role.save and class_of(graph, node) in _SAVING
        )
    ]


def _output(graph: Graph, node: str) -> AnalysedOutput:
    inputs = inputs_of(graph, node)
    return AnalysedOutput(
        node=node,
        class_type=class_of(graph, node),
        prefix=text_of(graph, inputs.get("filename_prefix")),
        format=text_of(graph, inputs.get("format")),
    )


def _gaps(passes: Sequence[AnalysedPass], width: int | None, length: int | None, made: int | None) -> list[str]:
    """What a reader would expect and could not be found, in words."""
    gaps: list[str] = []
    if not passes:
        gaps.append("No sampler was found: nothing in this workflow denoises a latent in a way that is known here.")
    for item in passes:
        missing = [
            word
            for word, value in (
                ("model file", item.expert_file),
                ("steps", item.steps),
                ("CFG", item.cfg),
                ("shift", item.shift),
            )
            if value is None
        ]
        if missing:
            gaps.append(f"Pass {item.number}, {item.title}: {', '.join(missing)} could not be read.")
    if passes and (width is None or length is None or made is None):
        gaps.append("Size or number of frames could not be read: no known image-to-video node feeds the sampler.")
    return gaps
