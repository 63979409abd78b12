"""How a run ended, in words and chips. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from wan22.runs.stages import total_s
from wan22.runs.state import RunState
from wan22.schema.duration_text import duration
from wan22.schema.error_codes import ErrorKind
from wan22.schema.events import PromptOutcome, Role
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level, Verdict
from wan22.ui.state.stage_rows import STAGE_NAMES
from wan22.ui.verdict_word import Tone

_ENDED_CODES = ("server_crashed", "server_killed")
_SUBJECTS: Mapping[str, str] = {"pass_1": "pass 1", "pass_2": "pass 2", "both": "both passes", "total": "whole job"}
_LEVELS: Mapping[Level, tuple[Tone, str]] = {
    Level.excellent: (Tone.good, "excellent"),
    Level.good: (Tone.good, "good"),
    Level.slow: (Tone.slow, "slow"),
    Level.unknown: (Tone.unknown, "not measured"),
}


@dataclass(frozen=True, slots=True)
class ChipText:
    """A chip: its tone, its words, and the sentence behind it."""

    tone: Tone
    word: str
    help_text: str = ""


def simulated_chip() -> ChipText:
    """The mark of everything that comes from the stand-in."""
    return ChipText(Tone.slow, "SIMULATED", "No real GPU and no real model: nothing here was measured.")


def ended_s(state: RunState, summary: RunSummary | None) -> float | None:
    """From the server's start of the job to its end; None when one of them was not seen."""
    if summary is not None and summary.total_s is not None:
        return summary.total_s
    found = total_s(state)
    if found is not None or state.started_s is None or state.finished_s is None:
        return found
    return max(0.0, state.finished_s - state.started_s) if state.outcome is not PromptOutcome.success else None


def end_title(state: RunState, seconds: float | None) -> str:
    """`Done in 2 min 38 s`, `Out of memory in pass 2`, `Stopped`, `ComfyUI ended`."""
    if state.outcome is PromptOutcome.success:
        return "Done" if seconds is None else f"Done in {duration(seconds)}"
    if state.outcome is PromptOutcome.cancelled:
        return "Stopped"
    if state.outcome is PromptOutcome.interrupted:
        return "Interrupted at the server"
    if state.outcome is PromptOutcome.lost:
        return "The job is lost"
    return _failure_title(state)


def _failure_title(state: RunState) -> str:
    code = state.fatal.code if state.fatal is not None else ""
    where = _where(state)
    if code == "out_of_memory":
        return f"Out of memory{where}"
    if not state.server.ready and state.prompt_id is None:
        return "ComfyUI did not start"
    if code in _ENDED_CODES:
        return f"ComfyUI ended{where}"
    if state.fatal is not None and state.fatal.kind is ErrorKind.server and state.end is not None:
        return f"ComfyUI was lost{where}"
    if state.prompt_id is None:
        return "The job was not sent"
    return f"The job failed{where}"


def _where(state: RunState) -> str:
    """` in pass 2`; empty when the server had not begun."""
    if not state.starts:
        return ""
    role = state.roles.get(state.starts[-1].node, Role.other)
    if role is Role.other:
        return ""
    return f" in {STAGE_NAMES[role].split(' · ')[0].lower()}"


def end_detail(state: RunState, summary: RunSummary | None, seconds: float | None) -> str:
    """When it was over and what it is about."""
    parts = []
    if state.outcome is not PromptOutcome.success:
        where = "," + _where(state) if _where(state) and state.outcome is not PromptOutcome.error else ""
        parts.append(f"after {duration(seconds)}{where}" if seconds is not None else "")
        if state.outcome is PromptOutcome.cancelled and seconds is None:
            parts.append("before the server began with it")
    if state.finished_s is not None:
        word = "ready" if state.outcome is PromptOutcome.success else "ended"
        parts.append(f"{word} at {datetime.fromtimestamp(state.finished_s, UTC).astimezone():%H:%M:%S}")
    startup_s = summary.startup_s if summary is not None else None
    if startup_s is not None:
        parts.append(f"start of ComfyUI {duration(startup_s)} before it")
    text = " · ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


def end_chips(state: RunState, summary: RunSummary | None) -> tuple[ChipText, ...]:
    """Verdicts of a finished run, and the mark of a simulation."""
    chips = [simulated_chip()] if state.simulated else []
    if summary is None or state.outcome is not PromptOutcome.success:
        return tuple(chips)
    judged = [_verdict_chip(verdict) for verdict in summary.verdicts if verdict.level is not Level.no_target]
    chips += judged
    if not judged and summary.verdicts:
        chips.append(ChipText(Tone.unknown, "no target for this job", summary.verdicts[-1].text))
    return tuple(chips)


def _verdict_chip(verdict: Verdict) -> ChipText:
    tone, word = _LEVELS[verdict.level]
    return ChipText(tone, f"{_SUBJECTS.get(verdict.subject, verdict.subject)} {word}", verdict.text)
