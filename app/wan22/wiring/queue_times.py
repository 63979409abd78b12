"""How long the jobs of a queue will take, from what this machine's own runs took."""

from collections.abc import Sequence

from wan22.comfy.workflow import Workflow, load_workflow
from wan22.demo.scenario import load_scenario
from wan22.job.job_time import expected_times, job_key
from wan22.launch.profile_store import profile_for_gpu
from wan22.runs.job_times import JobKey, TimeRange
from wan22.schema.problem import AppError
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.paths import data_folder
from wan22.wiring.parts import Parts, profile_store, runs_folder
from wan22.wiring.run_history import RunHistory, run_history
from wan22.wiring.server import Demo
from wan22.wiring.workflow import workflow_folders, workflow_read

Wanted = tuple[GenerationRequest, str | None]
"""A job and its profile; None = the one that the board asks for."""


class QueueTimes:
    """Reads the runs again when they have changed, and each workflow once. For one thread at a time."""

    def __init__(self, shared: Parts) -> None:
        self._shared = shared
        self._workflows: dict[str, Workflow | None] = {}
        self._history: RunHistory | None = None

    def expected(
        self,
        jobs: Sequence[Wanted],
        settings: Settings,
        demo: Demo | None,
        boards: Sequence[str],
        cancel: CancelToken | None = None,
    ) -> tuple[TimeRange | None, ...]:
        """One range a job, in their order: made one after the other; None where no earlier run tells.

        `boards`: names of the boards that are read now; of a stand-in the scenario says it. Raises AppError
        `file_unreadable` (the folder of runs), `cancelled`.
        """
        board = boards[0] if boards else None
        if demo is not None:
            board = load_scenario(demo.scenario, data_folder() / "resources" / "scenarios")[0].board_name
        automatic = profile_for_gpu(profile_store(), [board]) if board is not None else None
        keys: dict[tuple[object, ...], JobKey] = {}
        found = []
        for request, profile in jobs:
            if cancel is not None:
                cancel.raise_if_set()
            name = profile or automatic
            mark = (request.workflow, name, request.width, request.height, request.length)
            if mark not in keys:
                keys[mark] = self._key(request, name, board, is_simulated=demo is not None)
            found.append(keys[mark])
        return expected_times(found, self._runs(settings).index.rows(cancel))

    def _runs(self, settings: Settings) -> RunHistory:
        root = runs_folder(settings)
        if self._history is None or self._history.root != root:
            self._history = run_history(root, self._shared.folders)
        return self._history

    def _key(self, request: GenerationRequest, profile: str | None, board: str | None, *, is_simulated: bool) -> JobKey:
        unknown = JobKey(request.workflow, profile or "", None, None, None, None)
        workflow = self._workflow(request.workflow)
        if workflow is None or profile is None:
            return unknown
        try:
            return job_key(request, workflow, profile, gpu=board, simulated=is_simulated)
        except AppError:  # what is wrong with the job is told when it is made
            return unknown

    def _workflow(self, name: str) -> Workflow | None:
        if name not in self._workflows:
            try:
                self._workflows[name] = load_workflow(name, workflow_folders(), workflow_read())
            except AppError:
                self._workflows[name] = None
        return self._workflows[name]
