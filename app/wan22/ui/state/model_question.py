"""What is asked before anything is fetched or moved: all of it, so that nobody is surprised."""

from collections.abc import Sequence
from dataclasses import dataclass

from wan22.comfy.fetch_plan import FetchItem, FetchPlan
from wan22.schema.model_file import ModelStatus
from wan22.ui.state.byte_text import byte_text


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """One file: what it is, where from and where to, and what else counts."""

    file: str
    facts: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """`yes`: the text of the button that agrees; `refusal`: why it cannot be done, empty when it can."""

    title: str
    lines: tuple[QuestionLine, ...]
    grounds: tuple[str, ...]
    yes: str
    refusal: str = ""


def fetch_question(plan: FetchPlan, mirror: str | None) -> Question:
    """May these be fetched? Sizes, hosts, licences, folders, room on each disk."""
    unknown = ""
    if plan.unknown_count:
        unknown = f", and {_files(plan.unknown_count)} of unknown size"
    size = byte_text(plan.known_bytes)
    grounds = [
        f"The disk of {disk.folder}: {byte_text(disk.needed_bytes)} are needed, some of it in reserve; "
        f"{byte_text(disk.free_bytes)} are free."
        for disk in plan.disks
    ]
    if mirror:
        grounds.append(f"Asked at the mirror {mirror}; whatever it sends must have the published SHA-256.")
    grounds += [f"Left out: {found.message}" for found in plan.refused]
    full = plan.disk_problem()
    refusal = f"{full.message} {full.hint}".strip() if full is not None else ""
    if not plan.items:
        refusal = "Nothing can be fetched: " + (plan.refused[0].message if plan.refused else "everything is here.")
    return Question(
        title=f"Fetch {_files(len(plan.items))}, {size}{unknown}?",
        lines=tuple(_fetch_line(item) for item in plan.items),
        grounds=tuple(grounds),
        yes=f"Fetch {size}",
        refusal=refusal,
    )


def move_question(statuses: Sequence[ModelStatus]) -> Question:
    """May these be moved?"""
    lines = tuple(
        QuestionLine(one.file.file, f"{byte_text(one.byte_count)} · from {one.path}", f"to {one.target}")
        for one in statuses
    )
    grounds = (
        "Nothing is overwritten. On one disk it takes a moment; between two, files are copied and compared first.",
    )
    return Question(f"Move {_files(len(statuses))}?", lines, grounds, f"Move {_files(len(statuses))}")


def _fetch_line(item: FetchItem) -> QuestionLine:
    licence = item.file.licence or "licence unknown, see its page"
    facts = f"{byte_text(item.file.bytes)} · from {item.host} · {licence}"
    notes = [f"into {item.target.parent}"]
    if item.remaining_bytes is not None and item.remaining_bytes < (item.file.bytes or 0):
        notes.append(f"{byte_text(item.remaining_bytes)} are left of an earlier try")
    if item.replaces:
        notes.append("the wrong file of that name is kept with the ending .replaced")
    if item.file.sha256 is None:
        notes.append("no SHA-256 is published: only its size can be checked")
    return QuestionLine(item.file.file, facts, "; ".join(notes))


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
