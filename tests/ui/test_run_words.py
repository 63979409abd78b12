from pathlib import Path

from PySide6.QtCore import QSettings

from wan22.runs.state import NodeStart, RunState, StepReport
from wan22.schema.events import PreviewReceived, PromptOutcome, Role
from wan22.schema.server import LaunchClaim, Proof
from wan22.schema.settings import Settings
from wan22.schema.summary import RunSummary, StageTiming
from wan22.schema.verdict import Level, Verdict
from wan22.ui.state.disk_space import disk_text, free_bytes
from wan22.ui.state.job_watch import step_of_preview
from wan22.ui.state.proof_rows import proof_count, proof_rows, unseen_text
from wan22.ui.state.result_file import result_file
from wan22.ui.state.run_end import end_chips, end_title, ended_s
from wan22.ui.state.stage_row import StageState
from wan22.ui.state.stage_rows import stage_rows
from wan22.ui.state.startup_times import StartupTimes
from wan22.ui.verdict_word import Tone
from wan22.wiring.desk import ServerChoice


def claim(name: str, proof: Proof, reason: str = "") -> LaunchClaim:
    return LaunchClaim(name=name, expected="on", found="off", proof=proof, reason=reason)


def test_a_broken_promise_comes_first_and_numbers_keep_their_case():
    claims = [
        claim("attention", Proof.proved),
        claim("fp16 accumulation", Proof.refuted),
        claim("--fast", Proof.unknown),
    ]
    assert [row.name for row in proof_rows(claims)] == ["fp16 accumulation", "--fast", "Attention"]
    assert proof_count(claims) == (Tone.bad, "1 of 3 seen, 1 not so")
    assert proof_count(claims[:1]) == (Tone.good, "1 of 1 seen")


def test_what_could_not_be_seen_is_told_by_its_reason():
    claims = [claim(name, Proof.unknown, "The server gives out no log.") for name in ("attention", "VRAM state")]
    assert unseen_text(claims) == "Not visible: attention, VRAM state. The server gives out no log."
    assert unseen_text([claim("x", Proof.proved)]) == ""


def test_the_newest_video_is_the_result():
    assert result_file(["a/first.mp4", "a/second.WEBM", "a/frame.png"]) == Path("a/second.WEBM")
    assert result_file(["a/frame.png"]) == Path("a/frame.png")
    assert result_file([]) is None


def test_a_preview_belongs_to_the_nearest_step():
    reports = {"57": (StepReport(10.0, 1, 4), StepReport(20.0, 2, 4))}
    state = RunState(starts=(NodeStart(1.0, "57"), NodeStart(30.0, "8")), reports=reports)
    before = PreviewReceived(time_s=19.9, image_format="jpeg", byte_count=0)
    assert step_of_preview(state, before) == (2, 4)
    assert step_of_preview(state, before.model_copy(update={"time_s": 10.1, "node": "57"})) == (1, 4)
    assert step_of_preview(state, before.model_copy(update={"node": "8"})) is None


def test_start_times_are_kept_for_each_server(tmp_path: Path):
    memory = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    one, other = (ServerChoice(Settings(comfyui=tmp_path / name)) for name in ("one", "zwei ü"))
    times = StartupTimes(memory)
    assert times.usual_s(one) is None
    for seconds in (99.0, 10.0, 12.0, 11.0, 30.0, 12.5):
        times.add(one, seconds)
    assert times.usual_s(one) == 12.0
    assert times.usual_s(other) is None
    memory.sync()
    again = StartupTimes(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    assert again.usual_s(one) == 12.0


def test_room_on_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path):
    found = free_bytes(tmp_path / "not" / "yet")
    assert found is not None
    assert found > 0
    assert disk_text(412_000_000_000) == "412 GB"
    assert disk_text(2_100_000_000) == "2.1 GB, little"
    assert disk_text(None) == "unknown"


def test_only_the_stage_at_work_failed():
    stages = [
        StageTiming(role=Role.load, seconds=0.5, started_s=1.0, finished_s=2.0, complete=False),
        StageTiming(role=Role.pass_1, seconds=0.4, started_s=2.0, finished_s=3.0, complete=False),
        StageTiming(role=Role.decode, complete=False),
    ]
    failed = [row.state for row in stage_rows(stages, None, {}, (), PromptOutcome.error)]
    assert failed == [StageState.partial, StageState.failed, StageState.waiting]
    stopped = [row.state for row in stage_rows(stages, None, {}, (), PromptOutcome.cancelled)]
    assert stopped == [StageState.partial, StageState.partial, StageState.waiting]


def test_a_finished_run_carries_its_verdicts_and_the_mark_of_a_simulation():
    verdicts = (
        Verdict(subject="pass_1", level=Level.excellent, text="pass 1 took 72.4 s: excellent (up to 80 s)"),
        Verdict(subject="pass_2", level=Level.slow, text="pass 2 took 99.0 s: slow (more than 85 s)"),
        Verdict(subject="both", level=Level.no_target),
    )
    summary = RunSummary(run_id="one", total_s=158.0, verdicts=verdicts)
    state = RunState(outcome=PromptOutcome.success, simulated=True)
    chips = end_chips(state, summary)
    assert [(chip.tone, chip.word) for chip in chips] == [
        (Tone.slow, "SIMULATED"),
        (Tone.good, "pass 1 excellent"),
        (Tone.slow, "pass 2 slow"),
    ]
    assert chips[1].help_text.startswith("pass 1 took 72.4 s")
    assert end_title(state, ended_s(state, summary)) == "Done in 2 min 38 s"
