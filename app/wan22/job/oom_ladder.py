"""After the GPU ran out of memory: gentler ways to make this video on this board, the gentlest first. Pure.

Everything above the last group leaves the picture as it is and costs time. What a flag does is ComfyUI's own account
(`launch.knowledge.memory`): a rung is offered only where the server's `--help` knows its flag and nothing else in
force makes it pointless.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from wan22.comfy.client import Graph
from wan22.comfy.graph_edit import (
    MIN_SIZE,
    PLAIN_DECODE,
    SIZE_STEP,
    frames_made,
    graph_with_request,
)
from wan22.comfy.graph_link import class_of
from wan22.comfy.roles import roles_from_graph
from wan22.comfy.vram_estimate import vram_estimate
from wan22.launch.flag_schema import FlagSchema
from wan22.schema.events import Role
from wan22.schema.ladder import Effect, Rung, joined_flags
from wan22.schema.problem import Problem
from wan22.schema.request import GenerationRequest
from wan22.schema.run import RunManifest

_GIB = 2**30
HEADROOM_GB = 2.0
"""Kept free at the least; a shortage that is known adds to it."""
MOST_HEADROOM_GB = 16.0
SHORTER = (0.75, 0.5, 0.25)
SMALLER = (0.85, 0.7, 0.5)
LEAST_LENGTH = 17
LEAST_SIDE = 256
_CARD_FLAGS = ("--highvram", "--gpu-only")
_STREAMING_FLAGS = ("--novram", "--lowvram", "--cpu")
_UNTOLD_FLAGS = frozenset({"--novram", "--lowvram", "--normalvram", "--vram-headroom", "--reserve-vram"})
_ALLOCATION_HINT = ("pinned", "host")


@dataclass(frozen=True, slots=True)
class OomCase:
    """A job that had no memory. `request`: with the size that was really made; `graph`: as it was sent.

    `flags`: words of the server's command line, as it tells them. `schema`: the flags it knows; None for a server that
    is not ours to start. `was_fresh`: it had been started for this very job. `file_bytes`: size of a model file by
    the name in the graph, None where it is not known.
    """

    request: GenerationRequest
    problem: Problem
    graph: Graph
    flags: tuple[str, ...]
    schema: FlagSchema | None
    was_fresh: bool
    file_bytes: Callable[[str], int | None] = lambda _name: None


def oom_case(
    manifest: RunManifest,
    request: GenerationRequest,
    problem: Problem,
    graph: Graph,
    schema: FlagSchema | None,
    *,
    was_fresh: bool,
    file_bytes: Callable[[str], int | None] = lambda _name: None,
) -> OomCase:
    """The case of a run as its manifest tells it."""
    made = manifest.parameters
    size = {name: getattr(made, name) for name in ("width", "height", "length")} if made is not None else {}
    known = {name: value for name, value in size.items() if value is not None}
    stats = manifest.server.stats if manifest.server is not None else None
    argv = stats.system.argv if stats is not None else ()
    return OomCase(
        request=request.model_copy(update=known),
        problem=problem,
        graph=graph,
        flags=tuple(argv),
        schema=schema,
        was_fresh=was_fresh,
        file_bytes=file_bytes,
    )


def ladder_for(case: OomCase) -> tuple[Rung, ...]:
    """The rungs for this case, to be tried one after the other; each holds what those below changed."""
    rungs: list[Rung] = []
    below: Rung | None = None
    for step in (*_gentle(case), *_decode(case)):
        below = _on_top_of(below, step)
        rungs.append(_estimated(case, below))
    rungs.extend(_estimated(case, _on_top_of(below, step)) for step in _other_picture(case))
    return tuple(rungs)


def _on_top_of(below: Rung | None, step: Rung) -> Rung:
    """`step` with what the rung below had already changed."""
    if below is None:
        return step
    return step.model_copy(
        update={
            "flags": joined_flags(below.flags, step.flags),
            "previews": below.previews if step.previews is None else step.previews,
            "tiled_decode": step.tiled_decode or below.tiled_decode,
        }
    )


def _gentle(case: OomCase) -> list[Rung]:
    """Same picture, more time: what the server does with its memory."""
    rungs: list[Rung] = []
    if case.request.previews:
        rungs.append(
            Rung(
                name="no_previews",
                title="Without preview pictures",
                cost="No pictures while it samples.",
                changes="The same video.",
                effect=Effect.same_picture,
                previews=False,
                is_fresh=False,
            )
        )
    if not case.was_fresh:
        rungs.append(
            Rung(
                name="clean_start",
                title="A clean start" if case.schema is not None else "Let go of all models first",
                cost="The models are loaded anew.",
                changes="The same video.",
                effect=Effect.same_picture,
            )
        )
    if case.schema is None:
        return rungs
    rungs.extend(_flag_rungs(case, case.schema))
    return rungs


def _flag_rungs(case: OomCase, schema: FlagSchema) -> list[Rung]:
    known = set(schema.flags)
    given = {word.partition("=")[0] for word in case.flags if word.startswith("--")}
    host_side = any(word in case.problem.detail.lower() for word in _ALLOCATION_HINT)
    rungs: list[Rung] = []
    if host_side and "--disable-pinned-memory" in known - given:
        rungs.append(
            _slower(
                "no_pinned_memory",
                "Without pinned memory",
                ("--disable-pinned-memory",),
                "Weights move to the GPU more slowly.",
            )
        )
    if not given & set(_STREAMING_FLAGS):
        rungs.extend(_headroom(case, known, given))
        if "--disable-smart-memory" in known - given:
            rungs.append(
                _slower(
                    "no_smart_memory",
                    "Models leave the GPU after each use",
                    ("--disable-smart-memory",),
                    "Each model is loaded anew when it is needed.",
                )
            )
    if given & set(_CARD_FLAGS):
        flag = next((name for name in ("--normalvram", "--lowvram") if name in known), None)
        if flag is not None:
            title = "The weights may leave the GPU"
            rungs.insert(0, _slower("leave_the_card", title, (flag,), "Models are moved between the passes."))
    # DynamicVRAM passes over --lowvram, and --novram switches it off: only the latter holds everywhere.
    if "--lowvram" in known - given and "--enable-dynamic-vram" not in known and "--novram" not in given:
        rungs.append(
            _slower("lowvram", "A part of the weights outside of the GPU", ("--lowvram",), "Steps take longer.")
        )
    if "--novram" in known - given:
        rungs.append(
            _slower(
                "novram",
                "The weights outside of the GPU",
                ("--novram",),
                "All weights come over the bus in every step: often several times slower.",
            )
        )
    return rungs


def _headroom(case: OomCase, known: set[str], given: set[str]) -> list[Rung]:
    """Keep more of the GPU free; the newer flag counts what other programs take too."""
    flag = next((name for name in ("--vram-headroom", "--reserve-vram") if name in known), None)
    if flag is None or flag in given:
        return []
    free_gb = min(MOST_HEADROOM_GB, math.ceil(HEADROOM_GB + _short_bytes(case.problem) / _GIB))
    title = f"{free_gb:g} GB of the GPU kept free"
    cost = "More of the weights wait outside of the GPU: steps take longer."
    return [_slower("headroom", title, (flag, f"{free_gb:g}"), cost)]


def _short_bytes(problem: Problem) -> float:
    """What was missing by the allocator's own numbers; 0 where it does not tell."""
    numbers = {name: _number(problem.where.get(f"{name}_bytes")) for name in ("requested", "free")}
    requested = numbers["requested"]
    return 0.0 if requested is None else max(0.0, requested - (numbers["free"] or 0.0))


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None


def _slower(name: str, title: str, flags: tuple[str, ...], cost: str) -> Rung:
    return Rung(name=name, title=title, cost=cost, changes="The same video.", effect=Effect.same_picture, flags=flags)


def _decode(case: OomCase) -> list[Rung]:
    """Decoding in tiles, when it was the decoding; ComfyUI does the same by itself when it notices in time."""
    node = case.problem.where.get("node", "")
    is_decoding = roles_from_graph(case.graph).get(node) is Role.decode
    has_plain = any(class_of(case.graph, one) == PLAIN_DECODE for one in case.graph)
    if not (is_decoding and has_plain) or case.request.tiled_decode:
        return []
    return [
        Rung(
            name="tiled_decode",
            title="Decode in tiles",
            cost="Decoding takes longer.",
            changes="The same video; faint seams between tiles are possible, as when ComfyUI does it by itself.",
            effect=Effect.same_picture,
            tiled_decode=True,
            is_fresh=False,
        )
    ]


def _other_picture(case: OomCase) -> list[Rung]:
    """Fewer frames, then fewer pixels of the same shape: other videos."""
    request = case.request
    if request.width is None or request.height is None or request.length is None:
        return []
    rungs: list[Rung] = []
    for length in _shorter(request.length):
        changes = f"Another video: {length} frames instead of {frames_made(request.length)}."
        rungs.append(_other(f"length_{length}", f"{length} frames", changes, length=length))
    for width, height in _smaller(request.width, request.height):
        changes = f"Another video: {width}x{height} instead of {request.width}x{request.height}, and less detail."
        rungs.append(_other(f"size_{width}x{height}", f"{width}x{height}", changes, width=width, height=height))
    return rungs


def _shorter(length: int) -> list[int]:
    wanted = [frames_made(round(length * share)) for share in SHORTER]
    return [one for one in dict.fromkeys(wanted) if LEAST_LENGTH <= one < frames_made(length)]


def _smaller(width: int, height: int) -> list[tuple[int, int]]:
    """Sizes in steps of 16 that keep the shape as nearly as such steps allow."""
    found: dict[tuple[int, int], None] = {}
    for share in SMALLER:
        short, long = sorted((width, height))
        side = max(MIN_SIZE, math.floor(short * share / SIZE_STEP) * SIZE_STEP)
        other = max(MIN_SIZE, round(side * long / short / SIZE_STEP) * SIZE_STEP)
        if side >= min(LEAST_SIDE, short - SIZE_STEP) and side * other < width * height:
            found[(side, other) if width <= height else (other, side)] = None
    return list(found)


def _other(name: str, title: str, changes: str, **size: int) -> Rung:
    return Rung(
        name=name,
        title=title,
        cost="None: it is faster.",
        changes=changes,
        effect=Effect.other_picture,
        **size,  # type: ignore[arg-type]
    )


def _estimated(case: OomCase, rung: Rung) -> Rung:
    """The rung with the memory it probably needs; flags that keep weights outside make that unknown."""
    if set(rung.flags) & _UNTOLD_FLAGS:
        return rung
    request, _ = rung.apply(case.request)
    graph = graph_with_request(case.graph, request, seed=0, image_reference="image.png")
    return rung.model_copy(update={"vram_bytes": vram_estimate(graph, case.file_bytes).bytes_needed})
