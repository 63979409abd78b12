"""Timings of a job as rows of the stage list. Pure."""

from collections.abc import Mapping, Sequence

from wan22.runs.own_band import Usual
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import Level, Verdict
from wan22.ui.state.stage_row import StageRow, StageState
from wan22.ui.verdict_word import Tone

STAGE_NAMES: Mapping[Role, str] = {
    Role.load: "Load models",
    Role.encode: "Encode",
    Role.pass_1: "Pass 1 · high noise",
    Role.pass_2: "Pass 2 · low noise",
    Role.decode: "Decode",
    Role.interpolate: "Interpolate",
    Role.save: "Save",
    Role.other: "Other",
}
_TONES = {Level.excellent: Tone.good, Level.good: Tone.good, Level.slow: Tone.slow}


def stage_rows(
    stages: Sequence[StageTiming],
    current: Role | None,
    usual: Mapping[Role, Usual],
    verdicts: Sequence[Verdict] = (),
    outcome: PromptOutcome | None = None,
) -> list[StageRow]:
    """A row a stage, `other` only when it took time. `verdicts` carry targets by the role's name as subject."""
    judged = {verdict.subject: verdict for verdict in verdicts}
    last = max((stage for stage in stages if stage.started_s is not None), key=_last_s, default=None)
    failed = last.role if last is not None and outcome is PromptOutcome.error else None
    return [
        _row(
            stage,
            _state(stage, stage.role is current, stage.role is failed),
            usual.get(stage.role),
            judged.get(stage.role.value),
        )
        for stage in stages
        if stage.role is not Role.other or (stage.seconds or 0.0) >= 0.5
    ]


def _last_s(stage: StageTiming) -> tuple[float, float]:
    """When it was last at work; of those whose end nobody saw, the one that began last counts."""
    return (stage.finished_s if stage.finished_s is not None else float("inf"), stage.started_s or 0.0)


def _row(stage: StageTiming, state: StageState, usual: Usual | None, verdict: Verdict | None) -> StageRow:
    expected_s = usual.median_s if usual is not None else None
    left_s = None
    if state is StageState.running and expected_s is not None and (stage.seconds or 0.0) < expected_s:
        left_s = expected_s - (stage.seconds or 0.0)
    target_s: tuple[float | None, float] | None = None
    if verdict is not None and verdict.band_s is not None:
        target_s = verdict.band_s
    elif verdict is not None and verdict.limit_s is not None:
        target_s = (None, verdict.limit_s)
    return StageRow(
        name=STAGE_NAMES[stage.role],
        state=state,
        seconds=stage.seconds,
        expected_s=expected_s,
        left_s=left_s,
        target_s=target_s,
        verdict=_TONES.get(verdict.level) if verdict is not None and state is StageState.done else None,
        basis=verdict.text if verdict is not None else "",
    )


def _state(stage: StageTiming, is_current: bool, is_failed: bool) -> StageState:
    if stage.cached:
        return StageState.cached
    if is_current:
        return StageState.running
    if stage.complete:
        return StageState.done
    if stage.started_s is None:
        return StageState.waiting
    return StageState.failed if is_failed else StageState.partial
