"""The 13 to-dos on the way to a fast Wan 2.2, each with what was found about it. Nothing here is typed in but notes."""

from enum import Enum

from wan22.schema.frozen import Tolerant
from wan22.schema.problem import Problem

FORMAT = 1


class TodoState(Enum):
    """Where a to-do stands, read from evidence. `unwanted`: the user does not want it; nobody can say that it is done.

    `impossible`: not on this machine, as it is now.
    """

    done = "done"
    part = "part"
    open = "open"
    impossible = "impossible"
    unwanted = "unwanted"


class Phase(Enum):
    """The parts of the way."""

    foundation = "Foundation"
    interpolation = "Frame interpolation"
    testing = "Optimisation testing"
    documents = "Documentation and deployment"


class LinkKind(Enum):
    """What stands behind a piece of evidence."""

    none = "none"
    run = "run"
    file = "file"
    folder = "folder"


class Evidence(Tolerant):
    """One thing that was found: in words, when it is of (seconds since the epoch), and where it lies.

    `target`: the run's id, or a path.
    """

    text: str
    time_s: float | None = None
    link: LinkKind = LinkKind.none
    target: str = ""


class NextStep(Tolerant):
    """What to do next. `action` names who does it, see `audit.checklist_steps`; empty = nothing here can.

    `label` is for a button; `command`: the same on a command line, empty where there is none.
    """

    text: str
    action: str = ""
    label: str = ""
    command: str = ""


class TodoItem(Tolerant):
    """One to-do. `said`: its state in a sentence; `why`: what it is good for. `note`: the user's."""

    key: str
    number: int
    phase: Phase
    title: str
    why: str
    state: TodoState
    said: str
    evidence: tuple[Evidence, ...] = ()
    next_step: NextStep | None = None
    note: str = ""

    @property
    def is_left(self) -> bool:
        """Whether there is something to do that can be done here."""
        return self.state in (TodoState.open, TodoState.part)


class Checklist(Tolerant):
    """All to-dos in their order. `problems`: what could not be looked at."""

    format: int = FORMAT
    read_s: float
    items: tuple[TodoItem, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def done_count(self) -> int:
        """How many are done."""
        return self.count(TodoState.done)

    @property
    def next_item(self) -> TodoItem | None:
        """The first one that is left and that something here can go on with."""
        left = [item for item in self.items if item.is_left]
        able = [item for item in left if item.next_step is not None and item.next_step.action]
        return next(iter(able or left), None)

    def count(self, state: TodoState) -> int:
        """How many are in a state."""
        return sum(item.state is state for item in self.items)

    def item(self, key: str) -> TodoItem | None:
        """One of them; None for another key."""
        return next((item for item in self.items if item.key == key), None)


class UnwantedMark(Tolerant):
    """The user's word that a to-do is not wanted, with a note."""

    note: str = ""
    marked_s: float = 0.0


class ChecklistNotes(Tolerant):
    """What is kept between times: marks by the key of a to-do, and folders that scripts were written to."""

    format: int = FORMAT
    unwanted: dict[str, UnwantedMark] = {}  # noqa: RUF012 - pydantic copies defaults
    script_folders: tuple[str, ...] = ()
