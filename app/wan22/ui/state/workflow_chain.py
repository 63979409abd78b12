"""The way from the inputs to the file as lanes of boxes: what is drawn, without how."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wan22.schema.analysis import (
    AnalysedHandover,
    AnalysedPass,
    Finding,
    FindingLevel,
    WorkflowAnalysis,
)
from wan22.schema.duration_text import EN_DASH
from wan22.ui.verdict_word import Tone

MOST_PASSES = 12
LEVEL_TONES: Mapping[FindingLevel, tuple[Tone, str]] = {
    FindingLevel.wrong: (Tone.bad, "wrong"),
    FindingLevel.doubtful: (Tone.slow, "doubtful"),
    FindingLevel.note: (Tone.running, "note"),
}
"""Tone and word of each level."""
_RIGHT = 0.005
_NOTHING = "not known"


@dataclass(frozen=True, slots=True)
class ChainBox:
    """A station: title, a file if one belongs to it, lines of facts; `mark` is the worst that was found about it."""

    title: str
    file: str = ""
    lines: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    mark: tuple[Tone, str] | None = None

    @property
    def words(self) -> str:
        """All of it as one sentence, to be heard."""
        mark = f"{self.mark[1]}: " if self.mark is not None else ""
        return mark + ". ".join(part for part in (self.title, self.file, *self.lines) if part)


@dataclass(frozen=True, slots=True)
class ChainJoint:
    """What is handed on between two lanes."""

    tone: Tone
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class ChainLane:
    """Boxes from left to right; boxes of one column stand one below the other. `phase`: colour of its ground.

    `joint`: what is said at the way to the next lane; None = nothing.
    """

    name: str
    phase: str
    columns: tuple[tuple[ChainBox, ...], ...]
    joint: ChainJoint | None = None

    @property
    def is_pass(self) -> bool:
        """Whether it is the lane of a sampling pass."""
        return self.phase.startswith("pass")


def chain_lanes(analysis: WorkflowAnalysis) -> tuple[ChainLane, ...]:
    """Inputs, a lane for each pass, and the way to the file."""
    marks = _marks(analysis.findings)
    lanes = [_inputs(analysis)]
    for item in analysis.passes[:MOST_PASSES]:
        handover = next((one for one in analysis.handovers if one.first == item.node), None)
        lanes.append(_pass_lane(item, handover, analysis))
    lanes.append(_result(analysis))
    return tuple(_marked(lane, marks) for lane in lanes if lane.columns)


def joint_of(handover: AnalysedHandover) -> ChainJoint:
    """The noise at a hand-over: a judgement with its numbers."""
    ratio = handover.noise_ratio
    if ratio is None:
        return ChainJoint(Tone.unknown, "noise unknown", "it cannot be computed for this scheduler")
    at = f"sigma {_sigma(handover.sigma_end)} → {_sigma(handover.sigma_start)}"
    if abs(ratio - 1) < _RIGHT:
        return ChainJoint(Tone.good, f"noise {ratio:.3f}", f"handed over as it should be, {at}")
    much = f"{abs(1 - ratio):.0%} too {'little' if ratio < 1 else 'much'} noise"
    tone = Tone.slow if abs(ratio - 1) < 0.5 else Tone.bad
    return ChainJoint(tone, f"noise {ratio:.3f}", f"{much} for the next pass, 1 is right; {at}")


def _inputs(analysis: WorkflowAnalysis) -> ChainLane:
    columns: list[tuple[ChainBox, ...]] = []
    if analysis.image:
        columns.append((ChainBox("Start image", analysis.image),))
    if analysis.prompt is not None:
        encoder = next((item.file for item in analysis.models if item.purpose == "text encoder"), "")
        lines = [" ".join(analysis.prompt.split()) or "empty", *([encoder] if encoder else [])]
        if analysis.negative is not None and analysis.negative_has_effect is False:
            lines.append("negative prompt: no effect at CFG 1")
        columns.append((ChainBox("Prompt", "", tuple(lines)),))
    if analysis.width is not None or analysis.frames_made is not None:
        size = f"{analysis.width} × {analysis.height} pixels" if analysis.width else f"size {_NOTHING}"  # noqa: RUF001
        frames = f"{analysis.frames_made} frames" if analysis.frames_made is not None else f"frames {_NOTHING}"
        if analysis.frames_made != analysis.length:
            frames += f", {analysis.length} asked for"
        columns.append((ChainBox("Image to video" if analysis.image else "Empty video", "", (size, frames)),))
    return ChainLane("Inputs", "encode", tuple(columns))


def _pass_lane(item: AnalysedPass, handover: AnalysedHandover | None, analysis: WorkflowAnalysis) -> ChainLane:
    expert = f"{item.expert.capitalize()} noise" if item.expert else "Model"
    loader = tuple(one.node for one in analysis.models if one.file == item.expert_file)
    columns: list[tuple[ChainBox, ...]] = [
        (ChainBox(f"{expert} expert" if item.expert else expert, item.expert_file or _NOTHING, nodes=loader),)
    ]
    if item.loras:
        columns.append(
            tuple(
                ChainBox(
                    "4-step LoRA" if lora.is_fast else "LoRA", lora.file, (_strength(lora.strength),), (lora.node,)
                )
                for lora in item.loras
            )
        )
    columns.append((ChainBox(f"Pass {item.number}", "", tuple(_pass_lines(item)), (item.node,)),))
    name = expert if item.expert else f"Pass {item.number}"
    joint = joint_of(handover) if handover is not None else None
    return ChainLane(name, "pass_2" if item.expert == "low" else "pass_1", tuple(columns), joint)


def _pass_lines(item: AnalysedPass) -> Iterable[str]:
    steps = f"steps {_NOTHING}"
    if item.steps is not None:
        window = f"{item.start_step}{EN_DASH}{item.end_step} of {item.total_steps}"
        steps = f"steps {window}" if item.steps != item.total_steps else f"{item.steps} steps"
    yield f"{steps} · CFG {_number(item.cfg)} · shift {_number(item.shift)}"
    yield f"{item.sampler or f'sampler {_NOTHING}'} · {item.scheduler or f'scheduler {_NOTHING}'}"
    noise = {True: "adds noise", False: "adds no noise", None: f"noise {_NOTHING}"}[item.adds_noise]
    left = {True: ", hands the rest on", False: ", removes all of it", None: ""}[item.leaves_noise]
    yield noise + left


def _result(analysis: WorkflowAnalysis) -> ChainLane:
    columns: list[tuple[ChainBox, ...]] = []
    vae = next((item.file for item in analysis.models if item.purpose == "VAE"), "")
    decode = next((stage for stage in analysis.chain if any("VAE" in line for line in stage.lines)), None)
    if decode is not None or vae:
        tiled = ("in tiles",) if decode is not None and "in tiles" in decode.lines else ()
        columns.append((ChainBox("Decode", vae, tiled, decode.nodes if decode is not None else ()),))
    for item in analysis.interpolations:
        times = f" ×{item.multiplier}" if item.multiplier else ""  # noqa: RUF001
        lines = [] if item.multiplier else [f"multiplier {_NOTHING}"]
        if item is analysis.interpolations[-1] and analysis.frames_out is not None:
            lines.append(f"{analysis.frames_made} → {analysis.frames_out} frames")
        columns.append((ChainBox(f"{item.kind}{times}", item.model or "", tuple(lines), (item.node,)),))
    columns.append((_video(analysis),))
    return ChainLane("Result", "decode", tuple(columns))


def _video(analysis: WorkflowAnalysis) -> ChainBox:
    frames = analysis.frames_out if analysis.frames_out is not None else analysis.frames_made
    parts = [f"{frames} frames" if frames is not None else "", f"{analysis.fps:g} fps" if analysis.fps else ""]
    seconds = f"{analysis.duration_s:.2f} s" if analysis.duration_s is not None else ""
    lines = [" · ".join(part for part in (*parts, seconds) if part)]
    lines += [
        " · ".join(part for part in (item.prefix or item.class_type, item.format) if part) for item in analysis.outputs
    ]
    if not analysis.outputs:
        lines.append(f"output {_NOTHING}" if analysis.not_understood else "nothing is saved")
    return ChainBox("Video", "", tuple(line for line in lines if line), tuple(item.node for item in analysis.outputs))


def _marks(findings: Iterable[Finding]) -> dict[str, FindingLevel]:
    """The worst level by node; findings come with the worst first."""
    marks: dict[str, FindingLevel] = {}
    for item in findings:
        if item.node is not None and item.level is not FindingLevel.note:
            marks.setdefault(item.node, item.level)
    return marks


def _marked(lane: ChainLane, marks: Mapping[str, FindingLevel]) -> ChainLane:
    columns = tuple(tuple(_box(box, marks) for box in column) for column in lane.columns)
    return ChainLane(lane.name, lane.phase, columns, lane.joint)


def _box(box: ChainBox, marks: Mapping[str, FindingLevel]) -> ChainBox:
    levels = sorted((marks[node] for node in box.nodes if node in marks), key=list(LEVEL_TONES).index)
    if not levels:
        return box
    return ChainBox(box.title, box.file, box.lines, box.nodes, LEVEL_TONES[levels[0]])


def _strength(value: float | None) -> str:
    return f"strength {_NOTHING}" if value is None else f"strength {value:g}" + (", off" if value == 0 else "")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def _sigma(value: float | None) -> str:
    return "?" if value is None else f"{value:.3f}"
