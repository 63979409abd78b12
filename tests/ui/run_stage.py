"""The Run page in a staged window, with what its threads find already there, and its states for pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from tests.ui import run_scenes
from tests.ui.stage import Stage
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.panel_fact import Activity, ServerPresence
from wan22.schema.settings import Settings
from wan22.ui.pages.run_page import RunPage
from wan22.wiring import Demo, sample_image
from wan22.wiring.desk import ServerChoice

DEMO = ServerChoice(Settings(), Demo("healthy", 10.0))
LIMIT_MS = 10_000


def open_run(stage: Stage, choice: ServerChoice = DEMO, *, is_first_start: bool = False) -> RunPage:
    """The page with its picture, workflow and profiles read."""
    stage.context.panel.choose(choice, is_first_start=is_first_start)
    page = stage.window.open_page("run")
    assert isinstance(page, RunPage)
    wait_ready(page)
    stage.settle()
    return page


def wait_ready(page: RunPage) -> None:
    """Until everything is there that its threads find."""
    wait_for(lambda: page.image.look is not None and page.form.facts is not None and bool(page._profiles_known.rows))
    wait_for(lambda: bool(page.image.recent.thumbs) and not page.search._search.is_asking)


def wait_for(is_there: Callable[[], bool]) -> None:
    """Let the window work until it is so; a screenshot has no test to do it."""
    timer, loop, left = QTimer(), QEventLoop(), [LIMIT_MS // 10]

    def look() -> None:
        left[0] -= 1
        if is_there() or left[0] <= 0:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(10)
    loop.exec()
    timer.stop()
    QCoreApplication.processEvents()
    assert is_there()


def picture_file(path: Path, width: int, height: int) -> Path:
    """A real picture of that size; the ending says its format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(path)
    return path


def moving_file(path: Path, frames: int = 3) -> Path:
    """A GIF or WebP of several frames."""
    pictures = [Image.new("RGB", (96, 64), (40 * number, 90, 200 - 40 * number)) for number in range(frames)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    return path


def first(stage: Stage, page: RunPage) -> None:
    """The first start, with two folders found; those of this very machine are not what a picture should show."""
    stage.context.panel.choose(DEMO, is_first_start=True)
    wait_ready(page)
    board = GpuInfo(gpu=0, name="NVIDIA GeForce RTX 5090", uuid="GPU-0")
    stage.context.history.set_inventory(GpuInventory(source="simulated", simulated=True, gpus=(board,)))
    wait_for(lambda: page._profiles_known.automatic is not None)
    page.card.show_folders([(Path.home() / "AI" / "ComfyUI", "0.25.0"), (Path("/opt/ComfyUI"), "0.3.64")])
    server = ServerPresence(run_scenes.URL, owned=True, simulated=True, profile="rtx5090")
    run_scenes.desk(stage, Activity.idle, None, server)
    stage.window.show_simulated(True)


def running(stage: Stage, page: RunPage) -> None:
    """A job in its second pass, one more waits."""
    run_scenes.show("running", stage, page)
    fill(page, work_of(stage))


def refused(stage: Stage, page: RunPage) -> None:
    """A job that did not fit, a picture that is none, and a size that is odd."""
    work = work_of(stage)
    run_scenes.out_of_memory(stage, work)
    fill(page, work)
    page.image.refuse("The start image notes.png is not a readable picture: cannot identify image file.")
    page.form.set_size("custom")
    page.form.set_custom(1000, 720)
    page.form.set_length(80)


def done(stage: Stage, page: RunPage) -> None:
    """A job has ended and its video plays."""
    run_scenes.show("done", stage, page)
    fill(page, work_of(stage))


def fill(page: RunPage, work: Path) -> None:
    """A strip of recent pictures, and a prompt."""
    with Image.open(sample_image()) as sample:
        for number, box in enumerate(((0, 0, 640, 640), (560, 0, 1280, 720), (100, 100, 900, 550)), start=1):
            path = work / f"lighthouse-{number}.png"
            sample.crop(box).save(path)
            page.image.recent.add(path)
    page.form.set_text("prompt", "The boat glides past the lighthouse at dusk, the camera pans slowly to the right.")
    wait_ready(page)
    wait_for(lambda: len(page.image.recent.thumbs) == 4)


def work_of(stage: Stage) -> Path:
    """Folder of the stage."""
    return stage.context.parts.folders.data.parent


STATES: Mapping[str, Callable[[Stage, RunPage], None]] = {
    "first": first,
    "": running,
    "error": refused,
    "done": done,
}
"""End of the picture's name: what brings the state about."""
