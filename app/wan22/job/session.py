"""One generation from a request to a closed run folder: the one place where a run is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import wan22
from wan22.comfy.client import Graph
from wan22.comfy.graph_check import GraphCheck, check_graph
from wan22.comfy.graph_edit import draw_seed, graph_with_request, parameters_from_graph
from wan22.comfy.model_manifest import ModelManifest
from wan22.comfy.object_info import NodeDefinitions, graph_for_server
from wan22.comfy.workflow import Workflow, load_workflow
from wan22.comfy.workflow_import import for_server
from wan22.job.collect import collect_outputs
from wan22.job.follow import FollowResult, PromptFollower
from wan22.job.hang_watch import HangWatch, watched_server
from wan22.job.kept_image import keep_image
from wan22.job.prompt_plan import prompt_plan
from wan22.job.server import ServerHandle, ServerProvider
from wan22.job.start_image import StartImage, read_start_image
from wan22.job.telemetry import JobTelemetry
from wan22.launch.launch_proof import launch_claims
from wan22.runs.layout import RunFolder, new_run_folder
from wan22.runs.own_band import Usual
from wan22.runs.writer import RunWriter
from wan22.schema.events import (
    LaunchProved,
    PreflightFinished,
    ProblemFound,
    PromptOutcome,
    Role,
    RunFinished,
    RungTried,
    RunStarted,
)
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuSampled
from wan22.schema.ladder import Rung
from wan22.schema.problem import AppError, Problem, problem
from wan22.schema.profile import Profile
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters, RunManifest, ServerIdentity, TelemetryIdentity
from wan22.schema.server import LaunchClaim, Proof
from wan22.schema.verdict import TargetKey
from wan22.system.bus import Bus
from wan22.system.bus import Fact as BusFact
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import write_json_atomic

_LOOK_THERE = "The server may still be working on the job: look at its queue."


@dataclass(frozen=True, slots=True)
class JobParts:
    """What a job works with; `wiring` picks the parts. `usual_times`: usual stage times for a run, by its id.

    `audit` puts a quick snapshot of the machine into the run folder and tells what kept it from it.
    """

    clock: Clock
    bus: Bus
    provider: ServerProvider
    profile: Profile
    runs_root: Path
    workflow_folders: Sequence[Path]
    models: ModelManifest
    telemetry: Callable[[], JobTelemetry]
    simulated: bool = False
    usual_times: Callable[[str], Mapping[Role, Usual]] = lambda _run_id: {}
    read_workflow: Callable[[Path], Workflow] | None = None
    audit: Callable[[RunFolder, ServerHandle, GpuInventory | None, CancelToken], Problem | None] | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """The closed run folder, how it ended and why, and the files it holds.

    `request`: what was asked for, with the seed that was drawn.
    """

    folder: RunFolder
    manifest: RunManifest
    problem: Problem | None
    outputs: tuple[Path, ...]
    request: GenerationRequest | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Rung `number` of `count` after run `run_id` had ended without enough memory."""

    run_id: str
    rung: Rung
    number: int
    count: int

    def fact(self, time_s: float) -> RungTried:
        """What the new run remembers of it."""
        return RungTried(time_s=time_s, retry_of=self.run_id, rung=self.rung, number=self.number, count=self.count)


@dataclass(slots=True)
class _Work:
    """What a run comes to know of itself while it goes on."""

    workflow: Workflow
    graph: Graph
    image: StartImage
    request: GenerationRequest
    telemetry: JobTelemetry
    run_id: str
    handle: ServerHandle | None = None
    parameters: JobParameters | None = None
    target_key: TargetKey | None = None
    identity: TelemetryIdentity = field(default_factory=TelemetryIdentity)
    board: GpuInfo | None = None
    claims: tuple[LaunchClaim, ...] = ()
    outputs: tuple[Path, ...] = ()


class GenerationJob:
    """Runs one request. Blocks; knows no thread and no face: everything it has to say goes to the bus."""

    def __init__(self, parts: JobParts) -> None:
        self._parts = parts
        self._bus = parts.bus
        self._clock = parts.clock

    def run(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        retry: Retry | None = None,
        opened: Callable[[str], None] = lambda _run_id: None,
    ) -> JobResult:
        """Make the video. `retry`: it is a gentler try at what an earlier run had no memory for.

        `opened` is told the id of the run once its folder is there.

        Raises AppError for a request that cannot even begin (unreadable image, unknown workflow). From then on
        there is a run folder, and every ending, also a failure, is a `JobResult` whose folder is closed.
        """
        image = read_start_image(request.image)
        workflow = load_workflow(request.workflow, self._parts.workflow_folders, self._parts.read_workflow)
        seed = request.seed if request.seed is not None else draw_seed()
        request = request.model_copy(update={"seed": seed})
        graph = graph_with_request(workflow.graph, request, seed=seed, image_reference=image.path.name)

        started_s = self._clock.now()
        mark = "_SIMULATED" if self._parts.simulated else ""
        folder = new_run_folder(self._parts.runs_root, started_s, workflow.name + mark)
        manifest = self._first_manifest(folder, workflow, graph, image, started_s)
        if retry is not None:
            manifest = manifest.model_copy(update={"retry_of": retry.run_id, "rung": retry.rung})
        work = _Work(workflow, graph, image, request, self._parts.telemetry(), manifest.run_id)
        writer = RunWriter(folder, self._clock, on_problem=self._tell)
        manifest = writer.open(manifest)
        opened(manifest.run_id)
        keep_image(image.path, folder)
        unsubscribe = self._bus.subscribe(partial(keep_own, writer, work.telemetry))
        outcome, found = PromptOutcome.error, None
        try:
            self._bus.publish(
                RunStarted(time_s=started_s, run_id=manifest.run_id, title=manifest.title, simulated=manifest.simulated)
            )
            if retry is not None:
                self._bus.publish(retry.fact(self._clock.now()))
            work.telemetry.start()
            outcome, found = self._work(work, folder, cancel, lambda: writer.update(self._with_facts(manifest, work)))
        except AppError as error:
            found = error.problem
            outcome = PromptOutcome.cancelled if found.code == "cancelled" else PromptOutcome.error
        except KeyboardInterrupt:  # the second Ctrl-C: leave at once, but leave a run that says why
            outcome, found = PromptOutcome.cancelled, left_at_once(work.handle)
            raise
        finally:
            self._let_go(work)
            if found is not None:
                self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=found, fatal=True))
            self._bus.publish(RunFinished(time_s=self._clock.now(), outcome=outcome))
            unsubscribe()
            ended = {"outcome": outcome, "finished_s": self._clock.now()}
            manifest = writer.close(self._with_facts(manifest, work).model_copy(update=ended))
        return JobResult(folder, manifest, found, work.outputs, request)

    def _work(
        self, work: _Work, folder: RunFolder, cancel: CancelToken, keep: Callable[[], None]
    ) -> tuple[PromptOutcome, Problem | None]:
        """Everything between the open and the closed folder; `keep` writes what is known by now into the manifest."""
        handle = work.handle = self._parts.provider.acquire(cancel)
        self._identify(work, handle)
        self._prove(work, handle)
        cancel.raise_if_set()
        if self._parts.audit is not None:
            found = self._parts.audit(folder, handle, work.telemetry.inventory, cancel)
            if found is not None:
                self._tell(found)

        definitions = NodeDefinitions(handle.client.object_info())
        self._convert(work, definitions)
        check = self._check(work, handle, definitions)
        if check.errors:
            for extra in check.errors[1:]:
                self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=extra))
            return PromptOutcome.error, check.errors[0]
        cancel.raise_if_set()

        uploaded = handle.client.upload_image(work.image.path, work.image.path.name)
        graph = graph_with_request(
            work.graph, work.request, seed=work.request.seed or 0, image_reference=uploaded.reference
        )
        work.graph, _ = graph_for_server(graph, definitions)
        write_json_atomic(folder.workflow, work.graph)
        work.parameters = self._parameters(work)
        work.target_key = _target_key(work.parameters, handle, work.board)
        keep()

        result = self._follow(work, handle, cancel)
        self._prove(work, handle)
        if work.board is None and handle.local:  # by now the driver lists the server's process
            self._identify(work, handle)
            work.target_key = _target_key(work.parameters, handle, work.board)
        if result.outcome is PromptOutcome.success:
            collected = collect_outputs(handle.client, result.history, folder.outputs, self._bus, self._clock, cancel)
            work.outputs = collected.saved
            if collected.problems:
                return PromptOutcome.error if not collected.saved else result.outcome, collected.problems[0]
        if result.outcome is PromptOutcome.interrupted and cancel.is_set:
            return PromptOutcome.cancelled, stopped(result, handle)
        return result.outcome, result.problem

    def _convert(self, work: _Work, definitions: NodeDefinitions) -> None:
        """A workflow in the editor's form once more, by what this server knows."""
        if work.workflow.source is None:
            return
        work.workflow = for_server(work.workflow, definitions)
        work.graph = graph_with_request(
            work.workflow.graph, work.request, seed=work.request.seed or 0, image_reference=work.image.path.name
        )

    def _identify(self, work: _Work, handle: ServerHandle) -> None:
        """Find out which board of this machine does the work, if it is one of them."""
        environment = handle.plan.environment if handle.plan is not None else {}
        work.identity, work.board = work.telemetry.identify(handle, environment)

    def _prove(self, work: _Work, handle: ServerHandle) -> None:
        """Check the profile's promises; after the job the log can say more (attention that fell back, say)."""
        try:
            log_lines = handle.log_lines()
        except AppError:  # an attached server that is gone by now: what was proved before still holds
            if work.claims:
                return
            log_lines = None
        claims = launch_claims(self._parts.profile, handle.plan, handle.stats, log_lines)
        if _verdicts(claims) != _verdicts(work.claims):
            work.claims = claims
            self._bus.publish(LaunchProved(time_s=self._clock.now(), claims=claims))

    def _check(self, work: _Work, handle: ServerHandle, definitions: NodeDefinitions) -> GraphCheck:
        """Preflight: whatever the server would refuse, and what it would accept although it is wrong."""
        graph, notes = graph_for_server(work.graph, definitions)
        device = handle.stats.devices[0] if handle.stats.devices else None
        check = check_graph(
            graph,
            definitions,
            request=work.request,
            image_size=(work.image.width, work.image.height),
            device=device,
            manifest=self._parts.models,
            models_folder=handle.models_folder,
        )
        if not check.errors:
            self._bus.publish(
                PreflightFinished(
                    time_s=self._clock.now(),
                    warnings=check.warnings,
                    notes=notes,
                    vram_estimate_bytes=check.vram_estimate_bytes,
                )
            )
        return check

    def _follow(self, work: _Work, handle: ServerHandle, cancel: CancelToken) -> FollowResult:
        plan = prompt_plan(work.graph, work.request.seed, previews=work.request.previews)
        watch = HangWatch(
            watched_server(handle, work.board),
            self._bus,
            self._clock,
            usual=self._parts.usual_times(work.run_id),
        )
        follower = PromptFollower(handle.client, self._bus, self._clock, crash=handle.crash, watch=watch)
        result = follower.run(plan, cancel)
        handle.is_dead = result.problem is not None and result.problem.code == "server_hung"
        return result

    def _let_go(self, work: _Work) -> None:
        """Stop what this job started; its end must be reached whatever happened before."""
        work.telemetry.stop()
        if work.handle is not None:
            try:
                self._parts.provider.release(work.handle)
            except AppError as error:  # the run must be closed all the same
                self._tell(error.problem)

    def _tell(self, found: Problem) -> None:
        self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=found))

    def _parameters(self, work: _Work) -> JobParameters:
        read = parameters_from_graph(work.graph, work.workflow.name, work.workflow.sha256)
        return read.model_copy(update={"image_sha256": work.image.sha256})

    def _first_manifest(
        self, folder: RunFolder, workflow: Workflow, graph: Graph, image: StartImage, started_s: float
    ) -> RunManifest:
        read = parameters_from_graph(graph, workflow.name, workflow.sha256)
        return RunManifest(
            app_version=wan22.__version__,
            run_id=folder.run_id,
            title=f"{workflow.name} · {image.path.name}",
            created_at=datetime.fromtimestamp(started_s, UTC).isoformat(timespec="seconds"),
            started_s=started_s,
            simulated=self._parts.simulated,
            profile=self._parts.profile.name,
            parameters=read.model_copy(update={"image_sha256": image.sha256}),
        )

    def _with_facts(self, manifest: RunManifest, work: _Work) -> RunManifest:
        """The manifest with what the run has come to know of the server, the board and the job."""
        handle = work.handle
        update: dict[str, Any] = {
            "parameters": work.parameters or manifest.parameters,
            "target_key": work.target_key,
            "inventory": work.telemetry.inventory if work.identity.gpu_uuid is not None else None,
            "telemetry": work.identity,
        }
        if handle is not None:
            update["simulated"] = manifest.simulated or handle.stats.is_simulated
            installation = handle.installation
            update["server"] = ServerIdentity(
                url=handle.url,
                owned=handle.owned,
                local=handle.local,
                folder=str(installation.folder) if installation is not None else None,
                python=str(installation.python) if installation is not None else None,
                commit=installation.commit if installation is not None else None,
                stats=handle.stats,
            )
        return manifest.model_copy(update=update)


def keep_own(writer: RunWriter, telemetry: JobTelemetry, fact: BusFact) -> None:
    """Give a fact to the writer, but no readings of this machine when the job runs on another one."""
    if not (telemetry.is_foreign and isinstance(fact, GpuSampled)):
        writer.accept(fact)


def _verdicts(claims: Sequence[LaunchClaim]) -> list[tuple[str, str, str, Proof]]:
    """What the claims say; other evidence for the same is no news."""
    return [(claim.name, claim.expected, claim.found, claim.proof) for claim in claims]


def stopped(result: FollowResult, handle: ServerHandle) -> Problem:
    """What is said after Ctrl-C: a server of ours is stopped with the job, another one may not have obeyed."""
    if result.left_running and not handle.owned and result.problem is not None:
        return problem("cancelled", result.problem.message, hint=_LOOK_THERE)
    return problem("cancelled", "Stopped on request; the run is kept as far as it came.")


def left_at_once(handle: ServerHandle | None) -> Problem:
    """What is said when a second request did not wait for the server."""
    text = "Stopped at once on a second request."
    if handle is None or handle.owned:
        return problem("cancelled", text)
    return problem("cancelled", text, hint=_LOOK_THERE)


def _target_key(parameters: JobParameters, handle: ServerHandle, board: GpuInfo | None) -> TargetKey | None:
    """Key that a target band would need for this very job; None when a part of it is unknown."""
    device = next((item for item in handle.stats.devices if item.type == "cuda"), None)
    name = board.name if board is not None else (device.gpu_name if device is not None else None)
    known = (parameters.width, parameters.height, parameters.length, parameters.steps, parameters.cfg)
    if name is None or any(value is None for value in known):
        return None
    return TargetKey(
        gpu=name,
        width=parameters.width or 0,
        height=parameters.height or 0,
        length=parameters.length or 0,
        steps=parameters.steps or 0,
        cfg=parameters.cfg or 0.0,
        interpolation=parameters.interpolation,
    )
