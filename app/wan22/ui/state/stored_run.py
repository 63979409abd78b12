"""A run from disk as something the pages can show."""

from wan22.runs.reader import StoredRun
from wan22.runs.state import Fact
from wan22.schema.gpu import GpuInventory
from wan22.schema.run import RunManifest
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.monitor_source import MonitorSource
from wan22.ui.state.run_state import LiveRun


def source_of_run(stored: StoredRun) -> MonitorSource:
    """Readings and phases of a run. Errors: as `StoredRun.telemetry`."""
    history, run = GpuHistory(), LiveRun()
    history.set_inventory(inventory_of(stored.manifest))
    run.apply(stored.events)
    history.apply(stored.telemetry.samples())
    return MonitorSource(
        history=history,
        run=run,
        title=stored.manifest.title or stored.manifest.run_id,
        fixed_span=span_of_run(stored, history),
        gpu=working_gpu(stored.manifest),
    )


def inventory_of(manifest: RunManifest) -> GpuInventory:
    """The boards of the run's machine; none when it did not say."""
    return manifest.inventory or GpuInventory(source="replay", simulated=manifest.simulated)


def working_gpu(manifest: RunManifest) -> int | None:
    """The board that did the work, by its uuid."""
    uuid = manifest.telemetry.gpu_uuid
    if manifest.inventory is None or uuid is None:
        return None
    return next((info.gpu for info in manifest.inventory.gpus if info.uuid == uuid), None)


def span_of_run(stored: StoredRun, history: GpuHistory) -> tuple[float, float]:
    """From the first to the last reading, or of the facts where there is none."""
    if history.oldest_s is not None and history.newest_s is not None:
        return history.oldest_s, history.newest_s
    times = [fact.time_s for fact in stored.events] or [stored.manifest.started_s]
    return min(times), max(times)


def recorded_facts(stored: StoredRun) -> list[Fact]:
    """All facts of a run in order of time."""
    return list(stored.facts())
