"""What can be computed from a run; `summary.json` is only a cache of it."""

from wan22.schema.events import PromptOutcome, Role
from wan22.schema.frozen import Tolerant
from wan22.schema.verdict import Verdict


class StageTiming(Tolerant):
    """Time in one role. `seconds` sums all its intervals; a cached role has 0 s and `cached` true.
    `complete` is False when it was cut short, is not over, or was not seen; its `seconds` then are a part, or None.

    For a pass: `load_s` is the time before its first step began, an estimate (time to the first progress report
    minus the mean of the later steps, never below 0; None with fewer than two steps), `step_s` the time of each
    later step, `first_report_s` the measured time to the first report, `tail_s` the time after the last report.
    """

    role: Role
    nodes: tuple[str, ...] = ()
    seconds: float | None = None
    started_s: float | None = None
    finished_s: float | None = None
    cached: bool = False
    complete: bool = True
    steps_done: int = 0
    steps_total: int | None = None
    first_report_s: float | None = None
    load_s: float | None = None
    step_s: tuple[float, ...] = ()
    tail_s: float | None = None


class GpuSummary(Tolerant):
    """Readings of the board that did the work, over the sampling phases (both passes) unless said.

    `memory_peak_bytes`, `temperature_peak_c` and `energy_job_wh` are over the whole job, `sample_count` over the
    whole run. `energy_source`: "counter" (the driver's) or "integral" (of the power readings). `limiter_source`:
    "counters" (the driver's time while limited) or "samples" (share of readings with the reason's bit set).
    """

    sample_count: int = 0
    sampling_count: int = 0
    utilization_median_pct: float | None = None
    power_median_w: float | None = None
    power_limit_w: float | None = None
    power_peak_w: float | None = None
    temperature_peak_c: float | None = None
    sm_clock_median_mhz: float | None = None
    memory_peak_bytes: float | None = None
    memory_before_bytes: float | None = None
    energy_wh: float | None = None
    energy_job_wh: float | None = None
    energy_source: str = ""
    limiter_source: str = ""
    limiter_share: dict[str, float] = {}  # noqa: RUF012 - pydantic copies defaults


class RunSummary(Tolerant):
    """Times of one run. `total_s` runs from the server's start of the job to its end; `server_total_s` is the
    server's own "Prompt executed in", where the log or its timestamps are there."""

    run_id: str
    app_version: str = ""
    outcome: PromptOutcome | None = None
    simulated: bool = False
    total_s: float | None = None
    server_total_s: float | None = None
    queue_wait_s: float | None = None
    startup_s: float | None = None
    stages: tuple[StageTiming, ...] = ()
    gpu: GpuSummary | None = None
    verdicts: tuple[Verdict, ...] = ()
    outputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
