from pathlib import Path

import pytest

import wan22
from tests.unit.runs.facts import ID, KEY, UUID, cold_job, finished, manifest, node, queued, started, stored_run
from tests.unit.runs.recorded import CPU, H100, imported
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.recording import recording_names
from wan22.runs.state import reduce, reduce_all
from wan22.runs.summary import (
    board_name,
    board_telemetry,
    cached_summary,
    load_summary,
    stage_of,
    summary_from_run,
    summary_of,
    write_summary,
)
from wan22.runs.telemetry import Telemetry, empty_telemetry, header_row, read_telemetry, reading_row
from wan22.schema.events import AnyEvent, PromptFinished, PromptOutcome, Role, ServerReady, ServerSaid, SocketLost
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuReading
from wan22.schema.run import ServerIdentity, TelemetryIdentity
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level, Verdict


def seconds(summary: RunSummary, role: Role) -> float | None:
    stage = stage_of(summary, role)
    assert stage is not None
    return stage.seconds


@pytest.mark.parametrize(
    ("name", "total_s", "pass_1_s", "pass_2_s", "decode_s", "save_s", "said_s"),
    [
        ("640x640x81-cold", 39.78, 12.93, 11.15, 2.42, 2.92, 39.78),
        ("640x640x81-warm-1", 19.87, 7.33, 7.39, 2.37, 2.75, 19.87),
        ("640x640x81-warm-2", 19.64, 7.30, 7.35, 2.26, 2.69, 19.64),
        ("1280x720x81-after-free", 17.00, 2.59, 1.51, 5.25, 3.75, 17.00),
    ],
)
def test_real_runs_on_an_h100(
    tmp_path: Path,
    name: str,
    total_s: float,
    pass_1_s: float,
    pass_2_s: float,
    decode_s: float,
    save_s: float,
    said_s: float,
):
    found = summary_of(open_run(imported(name, tmp_path)))
    assert found.outcome is PromptOutcome.success
    assert found.total_s == pytest.approx(total_s, abs=0.006)
    assert found.server_total_s == said_s
    roles = (Role.pass_1, Role.pass_2, Role.decode, Role.save)
    expected = (pass_1_s, pass_2_s, decode_s, save_s)
    assert tuple(seconds(found, role) for role in roles) == pytest.approx(expected, abs=0.006)
    assert all(stage.complete for stage in found.stages)
    assert found.notes == ()


def test_loading_is_told_apart_from_the_steps(tmp_path: Path):
    cold = summary_of(open_run(imported("640x640x81-cold", tmp_path)))
    warm = summary_of(open_run(imported("640x640x81-warm-2", tmp_path)))
    for role in (Role.pass_1, Role.pass_2):
        first, again = stage_of(cold, role), stage_of(warm, role)
        assert first is not None
        assert again is not None
        assert first.load_s is not None
        assert first.load_s > 2.5
        assert again.load_s == 0.0
        assert (again.steps_done, again.steps_total) == (2, 2)
        assert again.step_s == pytest.approx((3.64,), abs=0.02)
        assert again.tail_s == pytest.approx(1.02, abs=0.01)
    load = stage_of(cold, Role.load)
    assert load is not None
    assert load.seconds == pytest.approx(7.58, abs=0.01)
    assert stage_of(warm, Role.load) == stage_of(warm, Role.load)
    assert seconds(warm, Role.encode) == 0.0
    warm_load = stage_of(warm, Role.load)
    assert warm_load is not None
    assert warm_load.cached


def test_the_gpu_of_a_real_run(tmp_path: Path):
    found = summary_of(open_run(imported("640x640x81-warm-2", tmp_path))).gpu
    assert found is not None
    assert (found.sample_count, found.sampling_count) == (242, 146)
    assert found.power_median_w == pytest.approx(691, abs=3)
    assert found.utilization_median_pct == 100
    assert found.temperature_peak_c == 66
    assert found.sm_clock_median_mhz == 1500
    assert found.memory_peak_bytes == pytest.approx(43.6e9, rel=0.01)
    assert found.energy_source == "counter"
    assert found.energy_wh == pytest.approx(691 * 14.65 / 3600, rel=0.02)
    assert found.limiter_source == "samples"
    assert found.limiter_share["power_cap"] > 0.95
    assert found.limiter_share["hw_thermal"] == 0.0


def test_an_interrupted_run_keeps_its_passes(tmp_path: Path):
    found = summary_of(open_run(imported("1280x720x81-interrupted", tmp_path)))
    assert found.outcome is PromptOutcome.interrupted
    assert found.total_s == pytest.approx(2.77, abs=0.01)
    first, decode, save = (stage_of(found, role) for role in (Role.pass_1, Role.decode, Role.save))
    assert first is not None
    assert (first.seconds, first.complete) == (pytest.approx(1.34, abs=0.01), True)
    assert decode is not None
    assert not decode.complete
    assert save is not None
    assert (save.seconds, save.started_s) == (None, None)
    assert any("interrupted" in note for note in found.notes)


def test_a_run_that_ran_out_of_memory(tmp_path: Path):
    run = open_run(imported("1280x720x81-out-of-memory", tmp_path))
    found = summary_of(run)
    assert found.outcome is PromptOutcome.error
    first = stage_of(found, Role.pass_1)
    assert first is not None
    assert (first.seconds, first.complete) == (pytest.approx(0.43, abs=0.01), False)
    fatal = reduce_all(run.events).fatal
    assert fatal is not None
    assert fatal.code == "out_of_memory"
    assert found.server_total_s == 14.57


def test_a_newer_server_on_a_processor(tmp_path: Path):
    """Its progress is throttled, one history is `{}` and the other is missing: the graph is not known."""
    for name, total_s in (("64x64x5-cold", 1.29), ("64x64x5-warm", 0.62)):
        found = summary_of(open_run(imported(name, tmp_path, CPU)))
        assert found.total_s == pytest.approx(total_s, abs=0.006)
        assert found.server_total_s == total_s
        assert found.gpu is None
        assert [stage.role for stage in found.stages] == [Role.other]


@pytest.mark.parametrize("name", recording_names(H100))
def test_a_live_view_ends_where_a_replay_ends(tmp_path: Path, name: str):
    run = open_run(imported(name, tmp_path))
    live = reduce_all(())
    for event in run.events:
        live = reduce(live, event)
    for sample in run.telemetry.samples():
        live = reduce(live, sample)
    assert reduce_all(run.facts()) == live
    again = open_run(RunFolder(run.folder.path))
    assert reduce_all(again.facts()) == live


def test_times_that_the_log_tells():
    job = cold_job()
    said = ServerSaid(time_s=27.05, line="Prompt executed in 26.90 seconds")
    other = ServerSaid(time_s=5.0, line="Prompt executed in 99.00 seconds")
    found = summary_from_run(manifest(), [other, *job, said], empty_telemetry())
    assert found.server_total_s == 26.9
    assert found.total_s == pytest.approx(26.9)
    assert found.notes == ()
    assert summary_from_run(manifest(), job, empty_telemetry(), 30.0).notes == (
        "The measured total of 26.90 s differs from the server's own 30.00 s.",
    )


def test_the_line_of_a_job_just_before_a_short_one_is_not_taken():
    job: list[AnyEvent] = [queued(9.9), started(10.0), node(10.0, "57"), finished(10.4)]
    before = ServerSaid(time_s=9.8, line="Prompt executed in 99.00 seconds")
    own = ServerSaid(time_s=10.41, line="Prompt executed in 0.40 seconds")
    assert summary_from_run(manifest(), [before, *job, own], empty_telemetry()).server_total_s == 0.4
    assert summary_from_run(manifest(), [before, *job], empty_telemetry()).server_total_s is None


def test_the_servers_time_stamps_stand_in_for_its_log():
    stamped = cold_job()[-1].model_copy(update={"server_started_ms": 1000, "server_ended_ms": 27_850})
    assert summary_from_run(manifest(), [*cold_job()[:-1], stamped], empty_telemetry()).server_total_s == 26.85


def test_waiting_and_starting_are_told():
    ready = ServerReady(time_s=-1.0, url="u", owned=True, startup_s=8.5)
    found = summary_from_run(manifest(), [ready, *cold_job()], empty_telemetry())
    assert (found.startup_s, found.queue_wait_s) == (8.5, 0.1)


def test_what_was_not_seen_is_said():
    history = PromptFinished(
        time_s=40.0,
        prompt_id=ID,
        outcome=PromptOutcome.success,
        server_started_ms=0,
        server_ended_ms=27_000,
        from_history=True,
    )
    facts: list[AnyEvent] = [*cold_job()[:7], SocketLost(time_s=10.0), history]
    found = summary_from_run(manifest(), facts, empty_telemetry())
    assert found.total_s == pytest.approx(27.0)
    assert seconds(found, Role.pass_2) is None
    assert len(found.notes) == 2


def two_boards(tmp_path: Path) -> Telemetry:
    path = tmp_path / "t.csv"
    rows = [reading_row(GpuReading(float(t), gpu, power_w=100.0 + gpu)) for t in range(30) for gpu in (0, 1)]
    path.write_text(header_row() + "".join(rows), encoding="utf-8")
    return read_telemetry(path)


def test_the_board_is_matched_by_uuid_and_never_guessed(tmp_path: Path):
    telemetry = two_boards(tmp_path)
    gpus = (GpuInfo(gpu=0, uuid="other", name="A"), GpuInfo(gpu=1, uuid=UUID, name="B"))
    known = manifest(inventory=GpuInventory(source="nvml", gpus=gpus))
    board = board_telemetry(known, telemetry)
    assert board is not None
    assert board.gpus == (1,)
    assert board_name(known) == "B"
    elsewhere = manifest(telemetry=TelemetryIdentity(source="nvml", reason="the server runs on another machine"))
    assert board_telemetry(elsewhere, telemetry) is None
    assert board_telemetry(elsewhere, telemetry.of_gpu(0)) is None
    found = summary_from_run(elsewhere, cold_job(), telemetry)
    assert found.gpu is None
    assert "Which GPU did the work is not known" in found.notes[0]


def test_without_a_match_the_servers_own_name_for_its_board_is_used():
    stats = SystemStats(
        system=SystemInfo(), devices=(DeviceInfo(name="cuda:0 NVIDIA GeForce RTX 4090 : native", type="cuda"),)
    )
    server = ServerIdentity(url="u", owned=False, stats=stats)
    assert board_name(manifest(inventory=None, server=server)) == "NVIDIA GeForce RTX 4090"
    assert board_name(manifest(inventory=None)) is None


def test_the_cache_is_used_while_it_is_fresh_and_carries_no_verdict(tmp_path: Path):
    folder = stored_run(tmp_path, "run", cold_job())
    computed = summary_of(open_run(folder))
    assert load_summary(folder) == computed
    judged = computed.model_copy(update={"verdicts": (Verdict(subject="pass_1", level=Level.good),), "title": "x"})
    write_summary(folder, judged.model_copy(update={"startup_s": 123.0}))
    assert load_summary(folder).startup_s == 123.0
    assert load_summary(folder).verdicts == ()
    write_summary(folder, judged.model_copy(update={"startup_s": 123.0, "app_version": "0.0.0"}))
    assert load_summary(folder) == computed
    folder.summary.write_text("{", encoding="utf-8")
    assert cached_summary(folder) is None
    assert load_summary(folder) == computed
    assert computed.app_version == wan22.__version__


def test_a_board_is_part_of_the_key(tmp_path: Path):
    found = open_run(imported("640x640x81-warm-1", tmp_path)).manifest
    assert found.target_key is not None
    assert found.target_key.model_dump() == {
        "gpu": "NVIDIA H100 80GB HBM3",
        "width": 640,
        "height": 640,
        "length": 81,
        "steps": 4,
        "cfg": 1.0,
        "interpolation": "none",
    }
    assert found.target_key != KEY
