"""The History page with runs behind it: real recordings, and others that bring variety into the list."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.ui.run_stage import wait_for
from tests.ui.stage import SAMPLE, Stage, recorded_run
from tests.unit.runs.facts import KEY, cold_job, stored_run, warm_job
from tests.unit.video.clips import write_clip
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run
from wan22.runs.recording_import import import_run
from wan22.runs.run_notes import set_note, set_star
from wan22.runs.writer import event_line, write_manifest
from wan22.schema.events import AnyEvent, LaunchProved, OutputSaved, ProblemFound, PromptOutcome
from wan22.schema.problem import problem
from wan22.schema.run import JobParameters
from wan22.schema.server import LaunchClaim, Proof
from wan22.schema.settings import Settings
from wan22.ui.pages.history_page import HistoryPage
from wan22.wiring import sample_image
from wan22.wiring.desk import ServerChoice

CLIPS = Path(__file__).resolve().parents[1] / "data" / "clips"
DAY_S = 24 * 3600.0
PROMPT = "The boat glides past the lighthouse at dusk, the camera pans slowly to the right."
CLAIMS = (
    LaunchClaim(name="attention", proof=Proof.proved, expected="sage", found="Sage 2.2", evidence="log line 41"),
    LaunchClaim(name="--fast fp16_accumulation", proof=Proof.proved, expected="on", found="enabled", evidence="argv"),
    LaunchClaim(name="dynamic VRAM", proof=Proof.unknown, expected="off", found="unknown", reason="The log is silent."),
)


def job_of(seed: int, width: int = 1280, height: int = 720, prompt: str = PROMPT) -> JobParameters:
    """What was asked for."""
    return JobParameters(
        workflow="wan22_i2v_two_pass",
        workflow_sha256="0",
        image="lighthouse.png",
        prompt=prompt,
        seed=seed,
        width=width,
        height=height,
        length=81,
        steps=4,
        cfg=1.0,
        models={},
    )


def made_run(root: Path, name: str, start_s: float, facts: Sequence[AnyEvent], **update: object) -> RunFolder:
    """A run of the list, without a result."""
    told = {"profile": "rtx5090", "title": f"{name} · lighthouse.png", "parameters": job_of(7), **update}
    return stored_run(root, name, [fact.model_copy(update={"time_s": fact.time_s + start_s}) for fact in facts], **told)


def with_clip(folder: RunFolder, box: tuple[int, int, int, int]) -> RunFolder:
    """Give it a video: a part of the sample picture that moves."""
    with Image.open(sample_image()) as sample:
        still = sample.convert("RGB").crop(box).resize((256, 144))
    frames = [np.roll(np.asarray(still), number * 2, axis=1) for number in range(12)]
    path = write_clip(folder.outputs / "video.mp4", frames)
    saved = OutputSaved(time_s=1.0, path="outputs/video.mp4", byte_count=path.stat().st_size)
    with folder.events.open("ab") as file:
        file.write(event_line(saved))
    return folder


def with_fact(folder: RunFolder, fact: AnyEvent) -> None:
    """One fact more at the end of its log."""
    with folder.events.open("ab") as file:
        file.write(event_line(fact))


def fill(root: Path, now_s: float) -> None:
    """A folder for runs as it is after some weeks."""
    boxes = ((0, 0, 1280, 720), (560, 0, 1280, 405), (0, 200, 640, 560), (300, 100, 1100, 550))
    for number in range(14):
        start_s = now_s - 9 * DAY_S - number * DAY_S / 3
        folder = made_run(root, f"boat-{number:02}", start_s, warm_job(0.0, 71.0 + 0.15 * number))
        with_clip(folder, boxes[number % 4])
    failed = made_run(root, "night", now_s - 3 * DAY_S, cold_job(0.0)[:12], outcome=PromptOutcome.error)
    found = problem("out_of_memory", "The GPU ran out of memory in pass 2: 31.8 GB are not enough for this size.")
    with_fact(failed, ProblemFound(time_s=now_s, problem=found, fatal=True))
    failed.input.mkdir()
    with Image.open(sample_image()) as sample:
        sample.crop((0, 0, 700, 394)).save(failed.input / "lighthouse.png")
    demo = made_run(
        root, "first look", now_s - 2 * DAY_S, warm_job(0.0, 9.0), simulated=True, parameters=job_of(3, 640, 640)
    )
    with_clip(demo, boxes[2])
    made_run(root, "stopped", now_s - 1.4 * DAY_S, cold_job(0.0)[:8], outcome=PromptOutcome.cancelled)
    slow = with_clip(made_run(root, "evening", now_s - DAY_S, warm_job(0.0, 84.0)), boxes[1])
    set_note(slow, "A browser was open with the GPU in use; the boat drifts too fast.")
    imported = import_run(RunFolder(SAMPLE), root)
    manifest = open_run(imported).manifest
    write_manifest(imported, manifest.model_copy(update={"started_s": now_s - 0.9 * DAY_S}))
    set_note(imported, "From the machine at work.")
    best = with_clip(made_run(root, "dusk", now_s - 900.0, warm_job(0.0, 70.5), target_key=KEY), boxes[0])
    with_fact(best, LaunchProved(time_s=now_s, claims=CLAIMS))
    set_star(best, True)
    set_note(best, "The best so far: keep these settings.")
    broken = made_run(root, "torn", now_s - 30 * DAY_S, cold_job(0.0))
    broken.manifest.write_text("{", encoding="utf-8")


def use_folder(stage: Stage, page: HistoryPage, root: Path) -> None:
    """Runs are kept there; wait until the page knows them."""
    stage.context.panel.choose(ServerChoice(Settings(output=root)))
    wait_for(lambda: page.rows.is_read and not page.rows.is_reading and page.rows.history.root == root)
    stage.settle()


def wait_quiet(stage: Stage, page: HistoryPage) -> None:
    """Until pictures and details are there."""
    wait_for(lambda: not page.pictures.is_working and not page._details.is_asking)
    stage.settle()
    if page.panel.player.view.isVisible() and page.panel.run_id and page.rows.row(page.panel.run_id).video:  # type: ignore[union-attr]
        wait_for(lambda: page.panel.player.clip is not None)
        page.panel.player.pause()
    page.list.setFocus()
    stage.settle()


def whole(stage: Stage, page: HistoryPage) -> None:
    """Some weeks of runs, the newest is looked at."""
    root = stage.context.parts.folders.data / "runs"
    fill(root, stage.clock.now())
    use_folder(stage, page, root)
    wait_quiet(stage, page)


def failed(stage: Stage, page: HistoryPage) -> None:
    """What went wrong, with a filter and a line that says what was done."""
    whole(stage, page)
    page.filter_bar.ending.setCurrentIndex(2)
    page.filter_bar.changed.emit()
    stage.settle()
    page.choose("night")
    page.line.show_done("Exported to dusk.wan22run, 12.4 MB.", "Open folder", "Show the file in the file manager")
    wait_quiet(stage, page)


def details(stage: Stage, page: HistoryPage) -> None:
    """The lower end of the panel."""
    whole(stage, page)
    page.panel.verticalScrollBar().setValue(page.panel.verticalScrollBar().maximum())
    stage.settle()


def empty(stage: Stage, page: HistoryPage) -> None:
    """Nothing was made yet."""
    use_folder(stage, page, stage.context.parts.folders.data / "no runs")


def recorded(stage: Stage, page: HistoryPage) -> None:
    """One recorded job of a real H100."""
    root = stage.context.parts.folders.data / "recorded"
    recorded_run("640x640x81-cold", root)
    use_folder(stage, page, root / "runs")
    wait_quiet(stage, page)


STATES: Mapping[str, Callable[[Stage, HistoryPage], None]] = {
    "": whole,
    "details": details,
    "failed": failed,
    "recorded": recorded,
    "empty": empty,
}
"""End of the picture's name: what brings the state about."""
