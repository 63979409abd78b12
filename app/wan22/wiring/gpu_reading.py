"""Where GPU readings come from: the driver, a recorded run, or a simulated board."""

import http.client
import json
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wan22.comfy.http import parse_server_url
from wan22.gpu.nvml import NvmlSource
from wan22.gpu.replay import ReplaySource
from wan22.gpu.sampler_child import SamplerChild
from wan22.gpu.simulated import SimulatedSource
from wan22.gpu.source import GpuSource
from wan22.job.telemetry import SamplerFactory
from wan22.runs.catalog import find_run
from wan22.runs.reader import open_run
from wan22.schema.gpu import GpuInventory, GpuSampled
from wan22.schema.problem import Problem, app_error
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment, self_command
from wan22.system.clock import Clock
from wan22.system.process_table import process_name
from wan22.wiring.parts import runs_folder


def gpu_source(spec: str, clock: Clock, *, gentle: bool = False, cancel: CancelToken | None = None) -> GpuSource:
    """`nvml`, `replay:RUN` for the readings of a run on disk, or `simulated:URL` for the board of a look-alike.

    Raises AppError `driver_missing`, `driver_mismatch`, `run_not_found`, `bad_argument`.
    """
    kind, rest = parsed_source(spec)
    if kind == "nvml":
        return NvmlSource(clock, gentle=gentle, process_name=process_name)
    if kind == "simulated":
        return SimulatedSource(partial(_simulated_gpu, parse_server_url(rest)), clock, cancel=cancel)
    stored = open_run(find_run(runs_folder(), rest))
    inventory = stored.manifest.inventory or GpuInventory(source="replay", simulated=stored.manifest.simulated)
    return ReplaySource(stored.telemetry.readings(), inventory, clock)


def parsed_source(spec: str) -> tuple[str, str]:
    """Kind of source, and the run it replays or the address it asks."""
    kind, _, rest = spec.partition(":")
    if (kind, bool(rest)) not in (("nvml", False), ("replay", True), ("simulated", True)):
        raise app_error("bad_argument", f"--gpu {spec} is none of nvml, replay:RUN and simulated:URL.")
    return kind, rest


def _simulated_gpu(url: str) -> Mapping[str, Any]:
    """What the look-alike at `url` tells of its board. Raises AppError `driver_lost`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/demo/gpu", timeout=2.0) as reply:
            document = json.load(reply)
    except (OSError, ValueError, http.client.HTTPException) as error:
        message = f"No simulated GPU answers at {url}."
        raise app_error(
            "driver_lost", message, hint="Is it the address of a running demo?", detail=str(error)
        ) from error
    return document if isinstance(document, dict) else {}


def sampler_factory(spec: str, hz: float, clock: Clock) -> SamplerFactory:
    """The sampler as a child process: `wan22 monitor --json`."""
    argv = self_command("monitor", "--json", "--hz", f"{hz:g}", "--gpu", spec)

    def make(
        publish: Callable[[GpuSampled], None],
        on_problem: Callable[[Problem], None],
        on_inventory: Callable[[GpuInventory], None],
    ) -> SamplerChild:
        return SamplerChild(
            argv, publish, clock, on_problem=on_problem, on_inventory=on_inventory, environment=child_environment()
        )

    return make
