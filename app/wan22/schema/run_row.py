"""One run as a list shows it: everything that can be had without reading its log again."""

from typing import Annotated

from pydantic import Field

from wan22.schema.events import PromptOutcome, Role
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import Problem
from wan22.schema.run import WallTime
from wan22.schema.summary import StageTiming
from wan22.schema.verdict import TargetKey

Stamp = tuple[int, int]
"""Time of the last change in nanoseconds, and size in bytes; (-1, -1) = no such file."""


class RunRow(Tolerant):
    """`stamps`: those of the files that it was read from, see `runs.run_index`.

    `stages`: load and the two passes. `fault`: why the job failed. `unreadable`: why there is nothing but the name.
    `video` and `image` are paths relative to the run's folder that do not leave it: the result, the start image.
    """

    run_id: str
    stamps: tuple[Stamp, ...] = ()
    started_s: WallTime | None = None
    title: str = ""
    workflow: str = ""
    prompt: str = ""
    width: int | None = None
    height: int | None = None
    length: int | None = None
    steps: int | None = None
    cfg: float | None = None
    seed: int | None = None
    interpolation: str = "none"
    profile: str = ""
    board: str = ""
    gpu_uuid: str | None = None
    target_key: TargetKey | None = None
    outcome: PromptOutcome | None = None
    incomplete: bool = False
    simulated: bool = False
    origin: str = "generated"
    total_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    stages: tuple[StageTiming, ...] = ()
    is_baseline: bool = False
    video: str | None = None
    image: str | None = None
    starred: bool = False
    note: str = ""
    fault: Problem | None = None
    unreadable: Problem | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or self.run_id

    @property
    def pass_1_s(self) -> float | None:
        """Seconds of the first pass; None unless it was seen whole."""
        return self._whole_s(Role.pass_1)

    @property
    def pass_2_s(self) -> float | None:
        """Seconds of the second pass; None unless it was seen whole."""
        return self._whole_s(Role.pass_2)

    @property
    def pass_s(self) -> float | None:
        """Mean of the passes that were seen whole."""
        known = [seconds for seconds in (self.pass_1_s, self.pass_2_s) if seconds is not None]
        return sum(known) / len(known) if known else None

    def _whole_s(self, role: Role) -> float | None:
        stage = next((one for one in self.stages if one.role is role), None)
        return stage.seconds if stage is not None and stage.complete and not stage.cached else None
