"""The checklist as lines for a terminal, and as Markdown: everything, or the next steps alone."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from wan22.schema.checklist import Checklist, Evidence, TodoItem, TodoState

MARKS: Mapping[TodoState, str] = {
    TodoState.done: "✓",
    TodoState.part: "◐",
    TodoState.open: "○",
    TodoState.impossible: "✕",
    TodoState.unwanted: "·",
}
WORDS: Mapping[TodoState, str] = {
    TodoState.done: "done",
    TodoState.part: "in part",
    TodoState.open: "open",
    TodoState.impossible: "not possible here",
    TodoState.unwanted: "not wanted",
}
_SPECIAL = re.compile(r"([\\`*_\[\]|])")


def progress_words(checklist: Checklist) -> str:
    """`4 of 13 done · 2 in part · 1 not wanted`."""
    parts = [f"{checklist.done_count} of {len(checklist.items)} done"]
    for state in (TodoState.part, TodoState.open, TodoState.impossible, TodoState.unwanted):
        count = checklist.count(state)
        parts += [f"{count} {WORDS[state]}"] if count else []
    return " · ".join(parts)


def evidence_words(evidence: Evidence) -> str:
    """`Run on RTX 5090, 2026-11-25 01:02`."""
    return evidence.text if evidence.time_s is None else f"{evidence.text}, {_moment(evidence.time_s)}"


def checklist_lines(checklist: Checklist) -> Iterator[str]:
    """For a terminal."""
    yield progress_words(checklist)
    phase = None
    for item in checklist.items:
        if item.phase is not phase:
            phase = item.phase
            yield ""
            yield phase.value
        yield f" {MARKS[item.state]} {item.number:2}  {item.title}: {WORDS[item.state]}"
        yield f"       {item.said}"
        for evidence in item.evidence:
            yield f"       · {evidence_words(evidence)}"
        if item.note:
            yield f"       Note: {item.note}"
        if item.next_step is not None:
            command = f" ({item.next_step.command})" if item.next_step.command else ""
            yield f"       → {item.next_step.text}{command}"


def checklist_markdown(checklist: Checklist) -> str:
    """The whole list as a document."""
    lines = ["# Checklist", "", f"{progress_words(checklist)}. Read on {_moment(checklist.read_s)}.", ""]
    lines += ["| # | To-do | State | What was found |", "|---|---|---|---|"]
    for item in checklist.items:
        found = "; ".join((item.said, *(evidence_words(one) for one in item.evidence), *_note(item)))
        state = f"{MARKS[item.state]} {WORDS[item.state]}"
        lines.append(f"| {item.number} | {_escaped(item.title)} | {state} | {_escaped(found)} |")
    return "\n".join(lines) + "\n"


def next_steps_markdown(checklist: Checklist) -> str:
    """What is left, with how to go on, as a document."""
    lines = ["# Next steps", "", f"{progress_words(checklist)}. Read on {_moment(checklist.read_s)}."]
    left = [item for item in checklist.items if item.is_left]
    if not left:
        lines += ["", "Nothing is left to do on this machine."]
    for item in left:
        lines += ["", f"## {item.number}. {_escaped(item.title)} ({WORDS[item.state]})", ""]
        lines += [_escaped(item.said), "", f"Why: {_escaped(item.why)}"]
        found = [f"- {_escaped(evidence_words(one))}" for one in item.evidence]
        lines += ["", *found] if found else []
        step = item.next_step
        if step is not None:
            lines += ["", f"- [ ] {_escaped(step.text)}"]
            lines += ["", "  ```", f"  {step.command}", "  ```"] if step.command else []
    rest = [item for item in checklist.items if item.state in (TodoState.impossible, TodoState.unwanted)]
    if rest:
        lines += ["", "## Left out", ""]
        for item in rest:
            words = "; ".join((WORDS[item.state], item.said, *_note(item)))
            lines.append(f"- {item.number}. {_escaped(item.title)}: {_escaped(words)}")
    return "\n".join(lines) + "\n"


def _note(item: TodoItem) -> tuple[str, ...]:
    return (f"note: {item.note}",) if item.note else ()


def _escaped(text: str) -> str:
    """As plain text in Markdown, in one line: notes and names of files may hold anything."""
    return html.escape(_SPECIAL.sub(r"\\\1", " ".join(text.split())), quote=False)


def _moment(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%Y-%m-%d %H:%M}"
