"""What a workflow will do, read from its graph: passes, models, size, and what is doubtful about it."""

from enum import Enum

from wan22.schema.frozen import Tolerant


class FindingLevel(Enum):
    """How much a finding weighs."""

    wrong = "wrong"
    """The result will be damaged, or the job fails."""
    doubtful = "doubtful"
    """Legal, and probably not meant."""
    note = "note"
    """Worth knowing."""


class Finding(Tolerant):
    """One thing found by a rule. `message` holds the numbers, `why` what they mean for the video.

    `fix` says what the one-click mend does; None when a person has to decide. `node` is the node concerned.
    """

    rule: str
    level: FindingLevel
    message: str
    why: str
    node: str | None = None
    fix: str | None = None


class AnalysedModel(Tolerant):
    """A model file and what it is for."""

    purpose: str
    file: str
    node: str
    class_type: str
    folder: str | None = None


class AnalysedLora(Tolerant):
    """A LoRA of a pass. `strength` None = cannot be read. `is_fast`: its name says that it needs few steps."""

    file: str
    strength: float | None
    node: str
    expert: str | None = None
    is_fast: bool = False


class AnalysedPass(Tolerant):
    """One sampling pass. Steps run from `start_step` to `end_step` of a schedule of `total_steps`; None = not known.

    `expert`: "high" or "low" by the file's name. `shift_is_default`: no node sets it, the model's own is used.
    `seed_after`: what the editor does with the seed after a run (fixed, randomize …), None = not said in the file.
    """

    number: int
    node: str
    class_type: str
    title: str
    role: str
    expert: str | None = None
    expert_file: str | None = None
    loras: tuple[AnalysedLora, ...] = ()
    start_step: int | None = None
    end_step: int | None = None
    total_steps: int | None = None
    steps: int | None = None
    adds_noise: bool | None = None
    leaves_noise: bool | None = None
    cfg: float | None = None
    shift: float | None = None
    shift_is_default: bool = False
    sampler: str | None = None
    scheduler: str | None = None
    seed: int | None = None
    seed_after: str | None = None


class AnalysedHandover(Tolerant):
    """From one pass to the next. Sigmas are of the flow schedule, 1 = noise only; `noise_ratio` 1 is right."""

    first: str
    second: str
    sigma_end: float | None = None
    sigma_start: float | None = None
    noise_ratio: float | None = None


class AnalysedInterpolation(Tolerant):
    """A node that puts frames between frames; `multiplier` None = cannot be read."""

    node: str
    class_type: str
    kind: str
    multiplier: int | None = None
    model: str | None = None


class AnalysedOutput(Tolerant):
    """A node that saves or shows the result."""

    node: str
    class_type: str
    prefix: str | None = None
    format: str | None = None


class ChainStage(Tolerant):
    """One station on the way from the inputs to the file: a heading and lines of facts."""

    title: str
    lines: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


class WorkflowAnalysis(Tolerant):
    """Everything about a workflow. Whatever cannot be read is None and listed in words under `not_understood`.

    `length`: frames asked for, `frames_made`: 4n + 1 of them, `frames_out`: after interpolation. Times in seconds.
    """

    name: str = ""
    form: str = "api"
    container: str = "JSON"
    node_count: int = 0
    width: int | None = None
    height: int | None = None
    length: int | None = None
    frames_made: int | None = None
    frames_out: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    image: str | None = None
    prompt: str | None = None
    negative: str | None = None
    negative_has_effect: bool | None = None
    steps: int | None = None
    passes: tuple[AnalysedPass, ...] = ()
    handovers: tuple[AnalysedHandover, ...] = ()
    models: tuple[AnalysedModel, ...] = ()
    interpolations: tuple[AnalysedInterpolation, ...] = ()
    outputs: tuple[AnalysedOutput, ...] = ()
    chain: tuple[ChainStage, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
