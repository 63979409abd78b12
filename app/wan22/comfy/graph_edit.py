"""Fill a request into a graph, and read back from a graph what it will really do. Pure: nothing given is changed."""

import copy
import re
from collections.abc import Iterable
from random import Random, SystemRandom

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import (
    class_of,
    float_of,
    inputs_of,
    int_of,
    link_of,
    literal_of,
    primitive_of,
    source_of,
    text_of,
)
from wan22.comfy.graph_part import (
    first_video_nodes,
    length_input,
    start_image_loader,
    text_encoder,
    text_input,
    video_nodes,
)
from wan22.comfy.roles import roles_from_graph
from wan22.comfy.sampler_pass import (
    adds_noise,
    cfg_of_pass,
    expert_of,
    lora_files,
    pass_nodes,
    shift_of_pass,
    steps_of_pass,
)
from wan22.schema.events import Role
from wan22.schema.problem import AppError, app_error
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters

MIN_SIZE, MAX_SIZE, SIZE_STEP = 16, 16384, 16
MAX_LENGTH, LENGTH_STEP = 16381, 4
PLAIN_DECODE, TILED_DECODE = "VAEDecode", "VAEDecodeTiled"
"""Both are ComfyUI's own, in every version."""

_SIZE_INPUTS = ("width", "height")
_MODEL_LOADERS: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    ("text_encoder", re.compile(r"^(Dual|Triple)?CLIPLoader"), ("clip_name", "clip_name1", "clip_name2", "clip_name3")),
    ("vae", re.compile(r"^VAELoader"), ("vae_name",)),
    ("clip_vision", re.compile(r"^CLIPVisionLoader"), ("clip_name",)),
    ("interpolation", re.compile(r"VFI$|^FrameInterpolationModelLoader$"), ("ckpt_name", "model_name")),
)

Target = tuple[str, str]
"""A node and the name of one of its inputs."""


def draw_seed(random: Random | None = None) -> int:
    """A seed from 0 to 2**64 - 1, from the operating system's randomness unless `random` is given."""
    return (random or SystemRandom()).getrandbits(64)


def frames_made(length: int) -> int:
    """Frames that ComfyUI makes when asked for `length`: 4n + 1, rounded down, at least one."""
    return (max(length, 1) - 1) // LENGTH_STEP * LENGTH_STEP + 1


def snap_length(length: int) -> int:
    """Nearest number of frames of the form 4n + 1, from 1 to 16381; halfway goes up."""
    return min(max((length + 1) // LENGTH_STEP * LENGTH_STEP + 1, 1), MAX_LENGTH)


def snap_size(size: int) -> int:
    """Nearest multiple of 16 pixels, from 16 to 16384; halfway goes up."""
    return min(max((size + SIZE_STEP // 2) // SIZE_STEP * SIZE_STEP, MIN_SIZE), MAX_SIZE)


def graph_with_request(graph: Graph, request: GenerationRequest, *, seed: int, image_reference: str) -> Graph:
    """A copy of `graph` that makes what `request` asks for; None in the request keeps what the graph says.

    `seed` goes to every sampler that starts from fresh noise, `image_reference` (the server's name of the uploaded
    file) to the node that loads the start image. A value that comes from a primitive node is changed there, so that
    whatever else hangs on it follows; one that is computed is replaced by a literal at the node itself.
    Raises workflow_part_missing when the graph lacks what the request wants to set.
    """
    edited = copy.deepcopy(graph)
    passes = pass_nodes(edited)
    if not passes:
        raise _missing("a sampler", "nothing in it makes frames")
    _set_image(edited, image_reference)
    _set_seed(edited, passes, seed)
    _set_texts(edited, passes, request)
    _set_size(edited, request)
    if request.tiled_decode:
        _tile_decode(edited)
    return edited


def _missing(part: str, why: str) -> AppError:
    return app_error("workflow_part_missing", f"The workflow lacks {part}: {why}.", part=part)


def _set_image(graph: Graph, image_reference: str) -> None:
    nodes = first_video_nodes(graph)
    if not nodes:
        raise _missing(
            "an image-to-video node",
            "no node with width, height and length (such as WanImageToVideo) feeds the sampler",
        )
    loaders = [loader for node in nodes if (loader := start_image_loader(graph, node)) is not None]
    if not loaders:
        raise _missing("a start image", f"no LoadImage node feeds the start image of {class_of(graph, nodes[0])}")
    for loader in loaders:
        graph[loader.node]["inputs"]["image"] = image_reference


def seed_targets(graph: Graph, passes: Iterable[str]) -> list[Target]:
    """Where the seed of the fresh noise is written: at each sampler that adds noise, or at its noise node."""
    targets: list[Target] = []
    for sampler in passes:
        if adds_noise(graph, sampler) is False:
            continue
        noise = source_of(graph, sampler, "noise")
        for node in (sampler, noise[0] if noise else sampler):
            name = next((key for key in ("noise_seed", "seed") if key in inputs_of(graph, node)), None)
            if name is not None:
                targets.append((node, name))
                break
    return targets


def _set_seed(graph: Graph, passes: Iterable[str], seed: int) -> None:
    targets = seed_targets(graph, passes)
    if not targets:
        raise _missing("a seed", "no sampler adds noise and has a seed")
    for target in targets:
        _put(graph, target, seed)


def _set_texts(graph: Graph, passes: Iterable[str], request: GenerationRequest) -> None:
    samplers = tuple(passes)
    encoders = {
        side: [node for sampler in samplers if (node := text_encoder(graph, sampler, side)) is not None]
        for side in ("positive", "negative")
    }
    for side, text in (("positive", request.prompt), ("negative", request.negative)):
        if text is None:
            continue
        other = set(encoders["negative" if side == "positive" else "positive"])
        own = [node for node in encoders[side] if side == "positive" or node not in other]
        if not own:
            raise _missing(
                f"a {side} prompt of its own",
                f"no text encoder such as CLIPTextEncode feeds the samplers' {side} input",
            )
        for node in own:
            name = text_input(graph, node)
            if name is not None:
                _put(graph, (node, name), text)


def _set_size(graph: Graph, request: GenerationRequest) -> None:
    wanted = {"width": request.width, "height": request.height, "length": request.length}
    if all(value is None for value in wanted.values()):
        return
    values: dict[Target, int | None] = {}
    for node in video_nodes(graph):
        for name, value in wanted.items():
            key = length_input(graph, node) if name == "length" else name
            if key is not None:
                values[node, key] = value
    behind = {target: primitive_of(graph, inputs_of(graph, target[0])[target[1]]) for target in values}
    for target, value in values.items():
        if value is None:
            continue
        shared = {values[other] for other, primitive in behind.items() if primitive and primitive == behind[target]}
        _put(graph, target, value, through_primitive=shared == {value})


def _tile_decode(graph: Graph) -> None:
    """Decode the frames tile by tile; what the node needs more is filled in with the server's own values."""
    for node in graph:
        if class_of(graph, node) == PLAIN_DECODE:
            graph[node]["class_type"] = TILED_DECODE


def _put(graph: Graph, target: Target, value: int | str, *, through_primitive: bool = True) -> None:
    """Write a literal: into the primitive that feeds the input (a text if nothing else reads it), else in place."""
    node, name = target
    if literal_of(graph, inputs_of(graph, node)[name]) == value:
        return
    primitive = primitive_of(graph, inputs_of(graph, node)[name]) if through_primitive else None
    if primitive is not None and (isinstance(value, int) or _readers(graph, primitive) <= {target}):
        graph[primitive]["inputs"]["value"] = value
    else:
        graph[node]["inputs"][name] = value


def _readers(graph: Graph, source: str) -> set[Target]:
    """All inputs that take their value from `source`."""
    return {
        (node, name)
        for node in graph
        for name, value in inputs_of(graph, node).items()
        if (link := link_of(value)) is not None and link[0] == source
    }


def parameters_from_graph(graph: Graph, workflow_name: str, sha: str) -> JobParameters:
    """What a graph will really make, read from it with primitives, switches and formulas followed.

    `sha` is the hash of the workflow it came from. `steps` is what all passes together really do, `cfg` the one
    value of all passes (None when they differ), `shifts` one number a pass in order (empty when one is not set in
    the graph), `length` as asked for (see `frames_made`). Whatever cannot be read is None.
    """
    passes = pass_nodes(graph)
    videos = first_video_nodes(graph) or video_nodes(graph)
    size = {name: int_of(graph, inputs_of(graph, videos[0]).get(name)) if videos else None for name in _SIZE_INPUTS}
    length_name = length_input(graph, videos[0]) if videos else None
    loader = start_image_loader(graph, videos[0]) if videos else None
    return JobParameters(
        workflow=workflow_name,
        workflow_sha256=sha,
        image=text_of(graph, inputs_of(graph, loader.node)["image"]) if loader else None,
        prompt=_text(graph, passes, "positive"),
        negative=_text(graph, passes, "negative"),
        seed=_seed(graph, passes),
        width=size["width"],
        height=size["height"],
        length=int_of(graph, inputs_of(graph, videos[0])[length_name]) if length_name else None,
        steps=_sum_of_steps(graph, passes),
        cfg=_same([cfg_of_pass(graph, node) for node in passes]),
        shifts=_shifts(graph, passes),
        fps=_fps(graph),
        interpolation=interpolation_of(graph),
        models=models_of(graph),
    )


def models_of(graph: Graph) -> dict[str, str]:
    """Model files by what they are for: pass_1_expert, pass_1_lora (_2 …), text_encoder, vae, interpolation.

    Only nodes that a sampler, an encoder, a decoder or the output needs count; a file is named as the graph does.
    """
    models: dict[str, str] = {}
    for number, sampler in enumerate(pass_nodes(graph), start=1):
        expert = expert_of(graph, sampler)
        if expert is not None and expert not in graph:
            models[f"pass_{number}_expert"] = expert
        for count, lora in enumerate(lora_files(graph, sampler), start=1):
            models[f"pass_{number}_lora" + (f"_{count}" if count > 1 else "")] = lora
    for key, pattern, names in _MODEL_LOADERS:
        files = [
            text
            for node in graph
            if pattern.search(class_of(graph, node))
            for name in names
            if (text := text_of(graph, inputs_of(graph, node).get(name)))
        ]
        for count, text in enumerate(dict.fromkeys(files), start=1):
            models[key + (f"_{count}" if count > 1 else "")] = text
    return models


def interpolation_of(graph: Graph) -> str:
    """`none`, `rife` or `film`; `other` for an interpolation node whose kind cannot be told."""
    for node, role in roles_from_graph(graph).items():
        if role is not Role.interpolate or class_of(graph, node) == "FrameInterpolationModelLoader":
            continue
        model = source_of(graph, node, "interp_model")
        words = f"{class_of(graph, node)} {inputs_of(graph, model[0]).get('model_name', '') if model else ''}".lower()
        return next((kind for kind in ("rife", "film") if kind in words), "other")
    return "none"


def _text(graph: Graph, passes: Iterable[str], side: str) -> str | None:
    for sampler in passes:
        encoder = text_encoder(graph, sampler, side)
        name = text_input(graph, encoder) if encoder else None
        if encoder and name:
            return text_of(graph, inputs_of(graph, encoder)[name])
    return None


def _seed(graph: Graph, passes: Iterable[str]) -> int | None:
    targets = seed_targets(graph, passes)
    return int_of(graph, inputs_of(graph, targets[0][0])[targets[0][1]]) if targets else None


def _sum_of_steps(graph: Graph, passes: Iterable[str]) -> int | None:
    counts = [steps_of_pass(graph, node) for node in passes]
    return sum(count for count in counts if count is not None) if counts and None not in counts else None


def _same(values: list[float | None]) -> float | None:
    return values[0] if values and all(value == values[0] for value in values) else None


def _shifts(graph: Graph, passes: Iterable[str]) -> tuple[float, ...]:
    shifts = [shift_of_pass(graph, node) for node in passes]
    return tuple(shift for shift in shifts if shift is not None) if None not in shifts else ()


def _fps(graph: Graph) -> float | None:
    for node in graph:
        inputs = inputs_of(graph, node)
        for name in ("fps", "frame_rate"):
            if name in inputs and ("images" in inputs or "video" in inputs):
                return float_of(graph, inputs[name])
    return None
