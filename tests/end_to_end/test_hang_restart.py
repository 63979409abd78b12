"""A kept server that hangs: the job ends, the server is ended with it, and the next job gets a new one."""

from pathlib import Path

import psutil
from PIL import Image

from tests.end_to_end.test_server_process import free_port
from wan22 import wiring
from wan22.job.restart_budget import Restart, RestartBudget
from wan22.job.session import GenerationJob
from wan22.job.telemetry import JobTelemetry
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.wiring.generation import job_parts
from wan22.wiring.gpu_reading import sampler_factory


def test_a_hung_server_that_is_kept_is_ended_and_started_anew(tmp_path: Path):
    image = tmp_path / "start.png"
    Image.new("RGB", (64, 64), "teal").save(image)
    chosen = Settings(port=free_port(), output=tmp_path / "runs", profile="rtx5090")
    shared = wiring.parts()
    server = wiring.demo_server(wiring.Demo("server-hang", 200.0), chosen, shared, keep=True)
    sampler = sampler_factory(f"simulated:{server.plan.url}", 5.0, shared.clock)
    parts = job_parts(
        chosen,
        shared,
        server.provider,
        server.profile,
        lambda: JobTelemetry(sampler, shared.bus, shared.clock, 0.2),
        simulated=True,
    )
    try:
        first = server.provider.acquire(CancelToken())
        assert first.pid is not None
        request = GenerationRequest(image=image, width=320, height=192, length=17)
        result = GenerationJob(parts).run(request, CancelToken())
        assert result.problem is not None
        assert result.problem.code == "server_hung"
        assert not server.provider.is_running
        assert not psutil.pid_exists(first.pid)
        assert isinstance(RestartBudget().decide(shared.clock.monotonic()), Restart)
        again = server.provider.acquire(CancelToken())
        assert again.pid not in (None, first.pid)
        assert not again.is_dead
    finally:
        server.provider.stop()
