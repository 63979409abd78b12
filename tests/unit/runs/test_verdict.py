import pytest

from tests.unit.runs.facts import KEY, UUID, cold_job, manifest, warm_job
from wan22.runs.own_band import BOTH, PASS_1, PASS_2, TOTAL, OwnBand, Usual
from wan22.runs.summary import summary_from_run
from wan22.runs.telemetry import empty_telemetry
from wan22.runs.verdict import job_key, no_target_text, verdicts
from wan22.schema.events import PromptOutcome
from wan22.schema.profile import Target
from wan22.schema.run import JobParameters, RunManifest, ServerIdentity, TelemetryIdentity
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level, TargetKey, Verdict

DONE = manifest(outcome=PromptOutcome.success)
TARGET_KEY = KEY.model_copy(update={"gpu": "RTX 5090"})
TARGET = Target(
    key=TARGET_KEY,
    pass_excellent_s=(67, 80),
    pass_good_below_s=85,
    total_excellent_s=(134, 160),
    total_good_below_s=180,
    source="guide",
)
WITH_RIFE = Target(
    key=TARGET_KEY.model_copy(update={"interpolation": "any"}),
    total_good_below_s=180,
    total_of="job",
    source="guide",
    assumption="the size is assumed",
)


def warm(pass_s: float, of: RunManifest = DONE) -> RunSummary:
    return summary_from_run(of, warm_job(0.0, pass_s), empty_telemetry())


def levels(found: tuple[Verdict, ...]) -> dict[str, Level]:
    return {verdict.subject: verdict.level for verdict in found}


@pytest.mark.parametrize(
    ("pass_s", "of_pass", "of_both"),
    [
        (40.0, Level.excellent, Level.excellent),
        (67.0, Level.excellent, Level.excellent),
        (80.0, Level.excellent, Level.excellent),
        (80.001, Level.good, Level.good),
        (85.0, Level.good, Level.good),
        (85.001, Level.slow, Level.good),
        (90.0, Level.slow, Level.good),
        (90.001, Level.slow, Level.slow),
    ],
)
def test_the_edges_of_the_bands(pass_s: float, of_pass: Level, of_both: Level):
    found = verdicts(warm(pass_s), DONE, [WITH_RIFE, TARGET])
    assert levels(found) == {PASS_1: of_pass, PASS_2: of_pass, BOTH: of_both}
    assert found[0].measured_s == pass_s
    assert (found[0].band_s, found[0].limit_s, found[0].source) == ((67, 80), 85, "guide")


def test_a_verdict_is_a_sentence():
    found = verdicts(warm(82.0), DONE, [TARGET])
    assert found[0].text == "pass 1 took 82.0 s: good (up to 85 s)"
    assert found[2].text == "both passes took 164.0 s: good (up to 180 s)"


@pytest.mark.parametrize("seconds", [83.0, 90.0])
def test_with_interpolation_the_whole_job_counts(seconds: float):
    """Two passes, decoding (3 s) and saving (1 s): 170 s and 184 s."""
    of = DONE.model_copy(update={"target_key": KEY.model_copy(update={"interpolation": "rife"})})
    found = verdicts(warm(seconds, of), of, [TARGET, WITH_RIFE])
    expected = Level.good if seconds == 83.0 else Level.slow
    assert levels(found) == {PASS_1: Level.no_target, PASS_2: Level.no_target, TOTAL: expected}
    assert found[2].text.endswith("the target is an assumption")


@pytest.mark.parametrize(
    "change",
    [
        {"gpu": "NVIDIA GeForce RTX 5080"},
        {"gpu": "NVIDIA GeForce RTX 5090 Laptop GPU"},
        {"width": 1264},
        {"height": 704},
        {"length": 77},
        {"steps": 6},
        {"cfg": 3.5},
    ],
)
def test_another_job_has_no_target(change: dict[str, object]):
    of = DONE.model_copy(update={"target_key": KEY.model_copy(update=change)})
    found = verdicts(warm(70.0, of), of, [TARGET])
    assert set(levels(found).values()) == {Level.no_target}
    assert found[0].measured_s == 70.0
    assert found[0].band_s is None


def test_the_sentence_without_a_target():
    key = TargetKey(gpu="NVIDIA H100", width=640, height=640, length=81, steps=4, cfg=1.0)
    assert no_target_text(key) == "no target for 640×640×81 at 4 steps on NVIDIA H100"  # noqa: RUF001
    other = key.model_copy(update={"cfg": 3.5, "interpolation": "film"})
    assert no_target_text(other).endswith("at 4 steps and CFG 3.5 with film interpolation on NVIDIA H100")
    unknown = manifest(target_key=None, inventory=None)
    assert verdicts(warm(70.0, unknown), unknown, [TARGET])[0].text.startswith("no target: size")


def test_what_was_not_measured_is_unknown():
    cut = summary_from_run(manifest(outcome=None), cold_job()[:11], empty_telemetry())
    assert levels(verdicts(cut, manifest(outcome=None), [TARGET])) == {
        PASS_1: Level.excellent,
        PASS_2: Level.unknown,
        BOTH: Level.unknown,
    }


def test_simulated_times_are_marked():
    of = DONE.model_copy(update={"simulated": True})
    assert all(verdict.text.startswith("SIMULATED: ") for verdict in verdicts(warm(70.0, of), of, [TARGET]))


USUAL = Usual(count=7, median_s=72.0, low_s=68.0, high_s=76.0)
OWN = OwnBand(KEY, UUID, {PASS_1: USUAL, PASS_2: USUAL, TOTAL: Usual(7, 150.0, 140.0, 155.0)})


@pytest.mark.parametrize(("pass_s", "level"), [(60.0, Level.good), (76.0, Level.good), (76.1, Level.slow)])
def test_own_runs_stand_in_where_no_target_fits(pass_s: float, level: Level):
    found = verdicts(warm(pass_s), DONE, [], OWN)
    assert found[0].level is level
    assert found[0].source == "compared with your own 7 runs"
    assert "compared with your own 7 runs" in found[0].text
    assert levels(found)[BOTH] is Level.no_target
    assert TOTAL in levels(found)


def test_a_target_comes_before_own_runs():
    assert verdicts(warm(79.0), DONE, [TARGET], OWN)[0].level is Level.excellent


def test_own_runs_of_another_board_or_job_do_not_count():
    cold = summary_from_run(DONE, cold_job(), empty_telemetry())
    for band, of, summary in (
        (OwnBand(KEY, "another board", OWN.usual), DONE, warm(70.0)),
        (OwnBand(KEY.model_copy(update={"steps": 8}), UUID, OWN.usual), DONE, warm(70.0)),
        (OWN, DONE.model_copy(update={"telemetry": TelemetryIdentity()}), warm(70.0)),
        (OWN, DONE.model_copy(update={"simulated": True}), warm(70.0)),
        (OWN, DONE, cold),
    ):
        assert set(levels(verdicts(summary, of, [], band)).values()) == {Level.no_target}


def test_the_key_is_read_from_what_was_sent_when_it_was_not_kept():
    job = JobParameters(workflow="w", workflow_sha256="", width=1280, height=720, length=81, steps=4, cfg=1.0)
    assert job_key(DONE.model_copy(update={"target_key": None, "parameters": job})) == KEY
    unknown = job.model_copy(update={"cfg": None})
    assert job_key(DONE.model_copy(update={"target_key": None, "parameters": unknown})) is None


def test_a_server_without_a_gpu_is_said_so():
    stats = SystemStats(system=SystemInfo(), devices=(DeviceInfo(name="cpu", type="cpu"),))
    server = ServerIdentity(url="http://127.0.0.1:8188", owned=True, stats=stats)
    found = verdicts(RunSummary(run_id="r"), manifest(target_key=None, inventory=None, server=server))
    assert {item.text for item in found} == {"no target: this server works without a GPU"}
