"""States of the Setup page, as a user brings them about."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from tests.ui.stage import Stage
from wan22.launch.discovery import Installation, PythonFacts
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.panel_fact import Activity, DeskChanged, ServerPresence
from wan22.schema.server import DeviceInfo, SystemInfo, SystemStats
from wan22.schema.settings import Settings
from wan22.system.paths import UserFolders
from wan22.system.settings_file import SettingOrigin
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.state.server_search import FoundFolder
from wan22.wiring.desk import ServerChoice

HOME = Path("/home/anna")
FOLDERS = UserFolders(
    HOME / ".config" / "wan22-panel",
    HOME / ".local" / "share" / "wan22-panel",
    HOME / ".local" / "state" / "wan22-panel",
    HOME / ".cache" / "wan22-panel",
    HOME / ".local" / "state" / "wan22-panel" / "log",
)
FOLDER = HOME / "AI" / "ComfyUI"
FOUND = Installation(
    folder=FOLDER,
    python=FOLDER / ".venv" / "bin" / "python",
    layout="checkout",
    working_folder=FOLDER,
    version="0.25.0",
    commit="5f0e6a1c9d2b4e7788aa",
)
PYTHON = PythonFacts(
    executable=str(FOUND.python), version="3.12.7", torch_version="2.10.0+cu130", torch_cuda="13.0", cuda_available=True
)
RTX_5090 = GpuInventory(source="nvml", driver_version="580.88", gpus=(GpuInfo(gpu=0, name="NVIDIA GeForce RTX 5090"),))
STATS = SystemStats(
    system=SystemInfo(os="win32", comfyui_version="0.25.0", python_version="3.12.7 (main)", pytorch_version="2.10.0"),
    devices=(
        DeviceInfo(
            name="cuda:0 NVIDIA GeForce RTX 5090 : cudaMallocAsync",
            type="cuda",
            vram_total=34190917632,
            vram_free=32427212800,
        ),
    ),
)


def wait_for(is_so: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Let the window work until something is so."""
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s, "it did not come"
        QCoreApplication.processEvents()
        time.sleep(0.005)


def quiet(page: SetupPage, *folders: FoundFolder) -> None:
    """The folders of this very machine are not what a picture should show."""
    page.server.folder._search.forget()
    page.server.folder._show_found(folders)


def first_start(stage: Stage, page: SetupPage) -> None:
    page.show_section("comfyui")
    quiet(page)
    wait_for(lambda: page.server.demo.scenario.count() > 0)


def folder_found(stage: Stage, page: SetupPage) -> None:
    page.show_section("comfyui")
    quiet(page, FoundFolder(FOLDER, "0.25.0"), FoundFolder(Path("/opt/ComfyUI"), "0.3.64"))
    card = page.server.folder
    card.folder.line.setText(str(FOLDER))
    card._asks_python = False
    card._looked(FOUND)
    card._probed(PYTHON)
    wait_for(lambda: page.server.demo.scenario.count() > 0)


def attached(stage: Stage, page: SetupPage) -> None:
    settings = Settings(comfyui=FOLDER, url="http://192.168.1.20:8188")
    stage.context.panel.choose(ServerChoice(settings))
    page.show_section("comfyui")
    quiet(page)
    presence = ServerPresence("http://192.168.1.20:8188", owned=False, simulated=False, profile="rtx5090")
    stage.bus.publish(DeskChanged(time_s=stage.clock.now(), activity=Activity.idle, server=presence))
    stage.settle()
    page.server.folder._forget()
    page.server.address._answered(("http://192.168.1.20:8188", STATS))
    wait_for(lambda: page.server.demo.scenario.count() > 0)
    page.server.folder.parentWidget().parentWidget().parentWidget().ensureWidgetVisible(page.server.address, 0, 400)  # type: ignore[union-attr]


def profiles(stage: Stage, page: SetupPage) -> None:
    stage.context.history.set_inventory(RTX_5090)
    page.show_section("profile")
    wait_for(lambda: len(page.profile.choice.rows) > 1)
    page.profile.look_at("rtx5090-original")


def settings_edited(stage: Stage, page: SetupPage) -> None:
    page.show_section("settings")
    stage.settle()
    page.source.path = HOME / ".config" / "wan22-panel" / "settings.toml"
    page.source.origins = {"port": SettingOrigin("environment", "WAN22_PORT"), "sample_hz": SettingOrigin("file")}
    stage.context.panel.choose(ServerChoice(Settings(port=9000, sample_hz=2.0)))
    page.source._asking.forget()
    page.source.changed.emit()
    page.settings.draft.set_text("start_limit_s", "600")
    page.settings.draft.set_text("sample_hz", "50")


def appearance(stage: Stage, page: SetupPage) -> None:
    stage.context.parts = replace(stage.context.parts, folders=FOLDERS)
    stage.context.panel.choose(ServerChoice(Settings(output=HOME / "Videos" / "runs")))
    page.show_section("appearance")


STATES: Mapping[str, Callable[[Stage, SetupPage], None]] = {
    "first": first_start,
    "": folder_found,
    "attached": attached,
    "profile": profiles,
    "settings": settings_edited,
    "appearance": appearance,
}
"""End of the picture's name: what brings the state about."""
