"""In which stage of the work the server writes a line: told from the facts around it."""

from collections.abc import Mapping

from wan22.schema.events import (
    NodeStarted,
    PromptFinished,
    PromptQueued,
    Role,
    ServerReady,
    ServerStarting,
    ServerStopped,
)
from wan22.ui.state.stage_rows import STAGE_NAMES

START = "Start of ComfyUI"
BETWEEN = "Between jobs"
BEFORE = "Before the job"


class LogStage:
    """`name` after each fact; empty before anything is known."""

    def __init__(self) -> None:
        self.name = ""

    def take(self, fact: object, roles: Mapping[str, Role]) -> None:
        """Follow a fact; `roles`: those of the nodes of the job."""
        match fact:
            case ServerStarting():
                self.name = START
            case ServerReady() | PromptFinished() | ServerStopped():
                self.name = BETWEEN
            case PromptQueued():
                self.name = BEFORE
            case NodeStarted():
                self.name = STAGE_NAMES[roles.get(fact.node, Role.other)].split(" · ")[0]
