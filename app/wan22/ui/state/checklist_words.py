"""The checklist in the words of its page. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from wan22.audit.checklist_text import WORDS, progress_words
from wan22.schema.checklist import Checklist, LinkKind, Phase, TodoItem, TodoState
from wan22.ui.verdict_word import Tone

TONES: Mapping[TodoState, Tone] = {
    TodoState.done: Tone.good,
    TodoState.part: Tone.running,
    TodoState.open: Tone.unknown,
    TodoState.impossible: Tone.slow,
    TodoState.unwanted: Tone.unknown,
}
HELP: Mapping[TodoState, str] = {
    TodoState.done: "Read from what was found; it cannot be ticked by hand",
    TodoState.part: "Something of it was found, not all",
    TodoState.open: "Nothing of it was found yet",
    TodoState.impossible: "Not on this machine as it is now",
    TodoState.unwanted: "You do not want it; it counts neither as done nor as open",
}
LINK_TIPS: Mapping[LinkKind, str] = {
    LinkKind.run: "Show this run in the History",
    LinkKind.file: "Show the folder of this file",
    LinkKind.folder: "Open this folder",
}
PLACES: Mapping[str, str] = {
    "run": "Opens the Run page",
    "bench": "Opens the benchmark",
    "compare": "Opens the comparison",
    "report": "Opens the reports",
    "comfyui": "Opens Setup, ComfyUI",
    "profile": "Opens Setup, Profile",
    "workflows": "Opens Setup, Workflows",
    "packs": "Opens Setup, Node packs",
    "audit": "Looks at this machine now; takes some seconds and changes nothing",
    "scripts": "Asks for a folder and writes the scripts there",
}


def title_words(checklist: Checklist) -> str:
    """`4 of 13 are done.`, or that nothing is left."""
    count, total = checklist.done_count, len(checklist.items)
    if count == total:
        return f"All {total} are done."
    if not any(item.is_left for item in checklist.items):
        return f"{count} of {total} are done; nothing else is left for this machine."
    return f"{count} of {total} {'is' if count == 1 else 'are'} done."


def grounds_words(checklist: Checklist) -> str:
    """What comes next, and the rest of the count."""
    rest = progress_words(checklist).partition(" · ")[2]
    found = checklist.next_item
    next_words = f"Next: {found.title.lower()}. " if found is not None else ""
    return f"{next_words}{rest}{' · ' if rest else ''}read at {clock_words(checklist.read_s)}"


def phase_words(checklist: Checklist, phase: Phase) -> str:
    """`3 of 4`."""
    items = [item for item in checklist.items if item.phase is phase]
    return f"{sum(item.state is TodoState.done for item in items)} of {len(items)}"


def kept_flags(text: str) -> str:
    """`text` with flags that no line break tears apart."""
    return text.replace("--", "-\N{WORD JOINER}-\N{WORD JOINER}")


def state_words(item: TodoItem) -> str:
    """The state in a word or two."""
    return WORDS[item.state]


def clock_words(time_s: float) -> str:
    """`06:33` in local time."""
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%H:%M}"
