"""What an installation of a node pack tells while it goes on."""

from collections.abc import Callable

from wan22.schema.node_pack import PackSaid, PackStep, PackStepStarted
from wan22.schema.panel_fact import PanelFact
from wan22.system.clock import Clock


class PackVoice:
    """Publishes steps and lines of one pack; `step` is where it is."""

    def __init__(self, pack: str, publish: Callable[[PanelFact], None], clock: Clock) -> None:
        self._pack = pack
        self._publish = publish
        self._clock = clock
        self.step = PackStep.plan

    def begin(self, step: PackStep, text: str) -> None:
        """Another step begins."""
        self.step = step
        self._publish(PackStepStarted(time_s=self._clock.now(), pack=self._pack, step=step, text=text))

    def say(self, line: str) -> None:
        """A line of a program that was run; any thread."""
        self._publish(PackSaid(time_s=self._clock.now(), pack=self._pack, step=self.step, line=line))
