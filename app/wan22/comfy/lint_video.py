"""Findings about what comes out: frames per second, interpolation, decoding, the text side."""

import re
from collections.abc import Iterator

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import frames_made, parameters_from_graph
from wan22.comfy.graph_link import class_of, float_of, inputs_of, text_of, title_of
from wan22.comfy.interpolation import interpolations_of, multiplier_of
from wan22.comfy.sampler_pass import cfg_of_pass, expert_file, model_chain, pass_nodes
from wan22.schema.analysis import Finding, FindingLevel

FPS_14B, FPS_5B = 16.0, 24.0
"""Frames per second that the models are trained on."""

_IS_5B = re.compile(r"(?<![0-9a-z])5b(?![0-9a-z])", re.IGNORECASE)
_IS_14B = re.compile(r"wan.*14b|14b.*wan", re.IGNORECASE)
_UMT5 = re.compile(r"umt5|t5", re.IGNORECASE)


def video_findings(graph: Graph) -> Iterator[Finding]:
    """All findings about the result."""
    yield from _frame_rate(graph)
    yield from _twice(graph)
    yield from _tiles(graph)
    yield from _text_encoder(graph)
    yield from _negative(graph)


def model_fps(graph: Graph) -> float | None:
    """Frames per second that the workflow's model makes; None when the model is not known."""
    files = [expert_file(graph, chain[-1]) for node in pass_nodes(graph) if (chain := model_chain(graph, node))]
    if any(file and _IS_5B.search(file) for file in files):
        return FPS_5B
    return FPS_14B if any(file and _IS_14B.search(file) for file in files) else None


def multiplied(graph: Graph) -> int | None:
    """How many times the frames are multiplied; None when a multiplier cannot be read."""
    product = 1
    for node in interpolations_of(graph):
        multiplier = multiplier_of(graph, node)
        if multiplier is None:
            return None
        product *= multiplier
    return product


def rate_nodes(graph: Graph) -> list[tuple[str, str]]:
    """(node, input) of every place where frames get their speed."""
    return [
        (node, name)
        for node in graph
        for name in ("fps", "frame_rate")
        if name in inputs_of(graph, node) and "images" in inputs_of(graph, node)
    ]


def _frame_rate(graph: Graph) -> Iterator[Finding]:
    base, factor = model_fps(graph), multiplied(graph)
    length = parameters_from_graph(graph, "", "").length
    if base is None or factor is None:
        return
    wanted = base * factor
    for node, name in rate_nodes(graph):
        fps = float_of(graph, inputs_of(graph, node)[name])
        if fps is None or fps <= 0 or abs(fps - wanted) < 0.05 * wanted:
            continue
        frames = (frames_made(length) - 1) * factor + 1 if length is not None and length >= 1 else None
        if frames is not None:
            time = f": {frames} frames last {frames / fps:.2f} s instead of {frames / wanted:.2f} s"
        else:
            time = ""
        speed = f"{wanted / fps:.2g} times slower" if fps < wanted else f"{fps / wanted:.2g} times faster"
        made = f"{base:g} fps × {factor} by interpolation" if factor > 1 else f"the model makes {base:g} fps"  # noqa: RUF001
        yield Finding(
            rule="fps_after_interpolation" if factor > 1 else "fps_not_of_model",
            level=FindingLevel.doubtful,
            message=f"{title_of(graph, node)} plays at {fps:g} fps, but {made} = {wanted:g} fps{time}."
            if factor > 1
            else f"{title_of(graph, node)} plays at {fps:g} fps, but {made}{time}.",
            why=f"Everything in the video moves {speed} than the model meant it.",
            node=node,
            fix=f"Set it to {wanted:g} fps.",
        )


def _twice(graph: Graph) -> Iterator[Finding]:
    nodes = interpolations_of(graph)
    if len(nodes) < 2:
        return
    factor = multiplied(graph)
    yield Finding(
        rule="interpolated_twice",
        level=FindingLevel.doubtful,
        message=f"Frames are interpolated {len(nodes)} times (nodes {', '.join(nodes)})"
        + (f", {factor} frames for one in all." if factor else "."),
        why="The second pass works on invented frames and doubles their faults; one node with a higher multiplier is "
        "better and faster.",
        node=nodes[1],
        fix="Take the later interpolation out.",
    )


def _tiles(graph: Graph) -> Iterator[Finding]:
    for node in graph:
        if class_of(graph, node) == "VAEDecodeTiled":
            yield Finding(
                rule="decode_tiled",
                level=FindingLevel.note,
                message=f"{title_of(graph, node)} decodes in tiles.",
                why="Tiles save GPU memory, but take longer and can leave seams or flicker at their edges. A card that "
                "decodes the whole picture does not need them.",
                node=node,
                fix="Decode the whole picture with VAEDecode.",
            )


def _text_encoder(graph: Graph) -> Iterator[Finding]:
    if model_fps(graph) is None:
        return
    for node in graph:
        inputs = inputs_of(graph, node)
        if not class_of(graph, node).startswith("CLIPLoader"):
            continue
        file, kind = text_of(graph, inputs.get("clip_name")), text_of(graph, inputs.get("type"))
        if kind is not None and kind != "wan":
            yield Finding(
                rule="text_encoder_type",
                level=FindingLevel.wrong,
                message=f"{title_of(graph, node)} reads the text encoder as '{kind}' instead of 'wan'.",
                why="Prompts are then turned into numbers that the model does not understand.",
                node=node,
                fix="Set the type to wan.",
            )
        if file is not None and not _UMT5.search(file):
            yield Finding(
                rule="text_encoder_file",
                level=FindingLevel.wrong,
                message=f"{title_of(graph, node)} loads '{file}'; Wan 2.2 needs the text encoder umt5_xxl.",
                why="Another text encoder has other sizes: the run fails, or the prompt has no meaning.",
                node=node,
                fix="Take umt5_xxl_fp8_e4m3fn_scaled.safetensors.",
            )


def _negative(graph: Graph) -> Iterator[Finding]:
    passes = pass_nodes(graph)
    cfgs = [cfg_of_pass(graph, node) for node in passes]
    text = parameters_from_graph(graph, "", "").negative
    if passes and text and text.strip() and all(cfg == 1.0 for cfg in cfgs):
        yield Finding(
            rule="negative_without_effect",
            level=FindingLevel.note,
            message="The negative prompt has no effect: every pass has CFG 1.",
            why="At CFG 1 a step computes the positive prompt alone, which is why it is twice as fast. Say what you "
            "want in the positive prompt, or accept the longer time of CFG above 1 without 4-step LoRAs.",
        )
