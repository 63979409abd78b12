"""The words of the Setup page, without a window."""

import platform
from pathlib import Path

import pytest

from tests.ui.setup_scenes import FOUND, PYTHON, STATS
from wan22.launch.profile_store import ProfileStore
from wan22.runs.state import RunState, ServerView
from wan22.schema.events import RunStarted
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.panel_fact import Activity, ServerPresence
from wan22.schema.settings import Settings
from wan22.system.paths import UserFolders, data_folder
from wan22.system.settings_file import SettingOrigin
from wan22.ui.state.diagnostics import diagnostics, without_secret
from wan22.ui.state.gpu_history import GpuHistory
from wan22.ui.state.panel_state import PanelState
from wan22.ui.state.profile_card import automatic_words, origin_words, read_shelf, reason_words, worst
from wan22.ui.state.server_facts import installation_facts, python_verdict, stats_facts, torch_words
from wan22.ui.state.server_sentence import counting_words, server_sentence
from wan22.ui.verdict_word import Tone
from wan22.wiring import Demo
from wan22.wiring.desk import ServerChoice

URL = "http://127.0.0.1:8188"
BOTH = Settings(comfyui=Path("/ai/ComfyUI"), url=URL)
BOARD = ("NVIDIA GeForce RTX 5090",)


def panel_of(settings: Settings, demo: Demo | None = None, *, server: ServerPresence | None = None) -> PanelState:
    panel = PanelState()
    panel.choose(ServerChoice(settings, demo))
    panel.server = server
    return panel


@pytest.mark.parametrize(
    ("settings", "demo", "server", "title"),
    [
        (Settings(), None, None, "No ComfyUI is chosen yet."),
        (Settings(comfyui=Path("/ai")), None, None, "ComfyUI does not run; the first job starts it."),
        (BOTH, None, None, f"Not attached: the ComfyUI at {URL} is chosen."),
        (BOTH, Demo("healthy"), None, "The demo is chosen; it does not run."),
        (BOTH, None, (False, False, False), f"Attached to ComfyUI 0.25.0 at {URL}."),
        (BOTH, None, (True, False, False), "ComfyUI 0.25.0 was started from here."),
        (BOTH, None, (True, False, True), "ComfyUI 0.25.0 was left running earlier and found again."),
        (BOTH, Demo("healthy"), (True, True, False), "The demo runs: a simulated ComfyUI was started from here."),
    ],
)
def test_which_server_in_one_sentence(
    settings: Settings, demo: Demo | None, server: tuple[bool, bool, bool] | None, title: str
):
    presence = None
    if server is not None:
        owned, simulated, found_again = server
        presence = ServerPresence(URL, owned=owned, simulated=simulated, profile="h100", found_again=found_again)
    run = RunState(server=ServerView(version="0.25.0", ready=True))
    assert server_sentence(panel_of(settings, demo, server=presence), run).title == title


def test_what_happens_is_said_before_what_is():
    panel = panel_of(BOTH)
    panel.activity = Activity.connecting
    assert server_sentence(panel, RunState()).title == f"Asking the ComfyUI at {URL} …"
    panel.activity = Activity.disconnecting
    assert server_sentence(panel, RunState()).title == "ComfyUI is being stopped."


def test_which_of_both_counts():
    assert "the address counts" in counting_words(BOTH, is_demo=False)
    assert "The demo counts" in counting_words(BOTH, is_demo=True)
    assert counting_words(Settings(url=URL), is_demo=False) == ""
    assert "the address counts" in server_sentence(panel_of(BOTH), RunState()).grounds


def test_an_installation_in_words():
    rows = dict(installation_facts(FOUND))
    assert rows["Version"] == "0.25.0, commit 5f0e6a1c9d"
    assert rows["Python"].endswith("python")
    assert torch_words(PYTHON) == "2.10.0+cu130, built for CUDA 13.0, sees a GPU"
    assert python_verdict(PYTHON)[:2] == (Tone.good, "ready to start")
    assert python_verdict(PYTHON.model_copy(update={"cuda_available": False}))[:2] == (Tone.slow, "no GPU")
    assert python_verdict(PYTHON.model_copy(update={"torch_cuda": None}))[:2] == (Tone.slow, "CPU only")
    assert python_verdict(PYTHON.model_copy(update={"torch_version": None}))[:2] == (Tone.bad, "no torch")
    assert "libcuda" in torch_words(PYTHON.model_copy(update={"torch_error": "libcuda is missing"}))


def test_a_server_in_words():
    rows = dict(stats_facts(URL, STATS))
    assert (rows["Address"], rows["Version"], rows["Python"]) == (URL, "0.25.0", "3.12.7")
    assert rows["Device"] == "NVIDIA GeForce RTX 5090, 31.8 GiB of memory, 30.2 GiB free"
    bare = STATS.model_copy(update={"system": STATS.system.model_copy(update={"comfyui_version": None})})
    assert dict(stats_facts(URL, bare))["Version"] == "unknown"


def test_every_shipped_profile_is_judged():
    shelf = read_shelf(ProfileStore(data_folder() / "profiles", None), BOARD, "0.25.0", "linux")
    assert shelf.automatic == "rtx5090"
    assert all(card.loaded is not None and card.problem is None for card in shelf.cards)
    original = shelf.card("rtx5090-original")
    assert original is not None
    assert worst(original.findings) == (Tone.bad, "1 harmful")
    assert original.loaded is not None
    assert origin_words(original.loaded) == "shipped to compare, never chosen by itself"
    card = shelf.card("rtx5090")
    assert card is not None
    assert worst(card.findings) is None
    assert len(card.targets) == 2
    assert automatic_words(shelf, simulated=False).replace("\u00a0", " ") == "this machine: RTX 5090 → rtx5090"
    assert reason_words(shelf, None, simulated=False) == (
        "This machine has an NVIDIA GeForce RTX 5090, and the profile is made for boards called RTX 5090."
    )
    assert "By itself the panel would take rtx5090" in reason_words(shelf, "h100", simulated=False)


@pytest.mark.parametrize(
    ("boards", "automatic", "words"),
    [
        (None, None, "has not been read yet"),
        ((), "cpu", "no NVIDIA GPU"),
        (("NVIDIA RTX 1",), "nvidia", "which no profile names"),
    ],
)
def test_why_a_profile_is_taken(boards: tuple[str, ...] | None, automatic: str | None, words: str):
    shelf = read_shelf(ProfileStore(data_folder() / "profiles", None), boards, None, "win32")
    assert shelf.automatic == automatic
    assert words in reason_words(shelf, None, simulated=False)


def test_a_broken_profile_is_shown_and_overlays_are_named(tmp_path: Path):
    (tmp_path / "h100.toml").write_text('title = "My H100"\n', encoding="utf-8")
    (tmp_path / "mine.toml").write_text("format = 1\nflags = 3\n", encoding="utf-8")
    shelf = read_shelf(ProfileStore(data_folder() / "profiles", tmp_path), BOARD, None, "linux")
    mine, h100 = shelf.card("mine"), shelf.card("h100")
    assert mine is not None
    assert mine.problem is not None
    assert mine.problem.message.startswith("mine.toml: ")
    assert mine.title == "cannot be used"
    assert h100 is not None
    assert h100.loaded is not None
    assert origin_words(h100.loaded) == "shipped, with your changes from h100.toml"
    assert shelf.automatic is None
    assert shelf.automatic_problem is not None
    assert "mend the broken file" in reason_words(shelf, None, simulated=False)


def test_diagnostics_hold_versions_and_no_secret():
    history = GpuHistory()
    board = GpuInfo(gpu=0, name="NVIDIA GeForce RTX 5090", memory_total_bytes=34190917632)
    history.set_inventory(GpuInventory(source="nvml", driver_version="580.88", gpus=(board,)))
    home = Path("/home/anna")
    folders = UserFolders(*(home / name for name in ("config", "data", "state", "cache", "log")))
    settings = Settings(url="http://anna:secret@host:8188/x?token=abc", comfyui=home / "ComfyUI")
    text = diagnostics(settings, {"url": SettingOrigin("environment", "WAN22_URL")}, history, folders, "x.", home=home)
    assert f"Python {platform.python_version()}" in text
    assert "GPU driver 580.88\nGPU 0: NVIDIA GeForce RTX 5090, 31.8 GiB\n" in text
    assert "url = http://…@host:8188/x?… (WAN22_URL)" in text
    assert str(Path("~") / "ComfyUI") in text
    assert "profile = not set (default)" in text
    for secret in ("secret", "token", "abc", "anna"):
        assert secret not in text
    assert without_secret("plain words") == "plain words"
    assert without_secret("at http://[bad") == "at (an address that is not valid)"


def test_a_run_that_starts_changes_nothing_here():
    panel = panel_of(BOTH)
    before = server_sentence(panel, RunState())
    panel.apply([RunStarted(time_s=1.0, run_id="a")])
    assert server_sentence(panel, RunState()) == before
