"""What an error code consists of, and its families."""

from dataclasses import dataclass
from enum import Enum


class ErrorKind(Enum):
    """Families of codes; the command line turns each into one exit code."""

    usage = "usage"
    settings = "settings"
    profile = "profile"
    installation = "installation"
    server = "server"
    workflow = "workflow"
    generation = "generation"
    gpu = "gpu"
    run = "run"
    machine = "machine"
    internal = "internal"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """Meaning of a code in one line, the hint shown when no better one is known, and its family."""

    kind: ErrorKind
    meaning: str
    hint: str
