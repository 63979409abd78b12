"""What the audit page says: the answer in a sentence, what it rests on, and the changes in groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wan22.audit.fact_row import listed
from wan22.schema.audit import AuditChange, AuditDifference, AuditSnapshot, ChangeWeight
from wan22.ui.verdict_word import Tone

NAMED_IN_TITLE = 3
LOST = "not readable"


@dataclass(frozen=True, slots=True)
class AuditView:
    """A snapshot, and what it was compared with: `name` as in "the last fast run"; None when there is nothing."""

    snapshot: AuditSnapshot
    found: AuditDifference | None = None
    name: str = ""
    moment_s: float | None = None


def title_words(view: AuditView) -> str:
    """The answer: has anything changed?"""
    if view.found is None:
        return "There is nothing to compare with yet."
    drift = view.found.drift
    if not drift:
        return f"Nothing has changed since {view.name}."
    count = "1 thing has" if len(drift) == 1 else f"{len(drift)} things have"
    return f"{count} changed since {view.name}: {_names(drift)}."


def grounds_words(view: AuditView, *, is_demo: bool) -> str:
    """What this machine is in a line, and when both snapshots were taken."""
    words = [*_machine(view.snapshot), f"read {_moment(view.snapshot.taken_s)}"]
    if view.moment_s is not None:
        words.append(f"compared with {_moment(view.moment_s)}")
    if is_demo:
        words.append("the demo's SIMULATED GPU is no part of it")
    if view.found is None:
        words.append("every run and every full audit is kept from now on")
    text = " · ".join(words)
    return text[0].upper() + text[1:] if text.startswith("read ") else text


def mark_of(change: AuditChange) -> tuple[Tone, str] | None:
    """The chip of a change; None for one that hardly matters."""
    if change.after == LOST and change.is_drift:
        return Tone.bad, "lost"
    if not change.is_drift:
        return None
    return {ChangeWeight.decisive: (Tone.slow, "decisive"), ChangeWeight.strong: (Tone.slow, "may matter")}.get(
        change.weight
    )


def same_words(view: AuditView) -> str:
    """What it means that nothing has changed."""
    if view.found is None:
        return "After the next run or audit this page says what has changed since."
    return "What decides speed and picture reads as it did: driver, limits, packages, ComfyUI, models and profile."


def _names(changes: Sequence[AuditChange]) -> str:
    shown = [_inside(change.subject) for change in changes[:NAMED_IN_TITLE]]
    rest = len(changes) - len(shown)
    return listed([*shown, f"{rest} more"] if rest else shown)


def _inside(subject: str) -> str:
    """As it stands inside of a sentence: `driver`, but `ComfyUI`."""
    first = subject.partition(" ")[0]
    return subject[0].lower() + subject[1:] if first[1:].islower() else subject


def _machine(snapshot: AuditSnapshot) -> list[str]:
    words = []
    if snapshot.gpu is not None:
        words += [board.info.name.removeprefix("NVIDIA ").removeprefix("GeForce ") for board in snapshot.gpu.boards[:2]]
        words += [f"driver {snapshot.gpu.driver_version}"] if snapshot.gpu.driver_version else []
    keys = snapshot.python.key_packages if snapshot.python is not None else None
    torch = keys.get("torch") if keys is not None else None
    if torch is not None and torch.version:
        words.append(f"torch {torch.version}")
    if snapshot.comfyui is not None and snapshot.comfyui.version:
        words.append(f"ComfyUI {snapshot.comfyui.version}")
    return words


def _moment(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%Y-%m-%d %H:%M}"
