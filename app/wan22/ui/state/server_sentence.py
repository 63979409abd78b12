"""Which server the panel works with, in a sentence; and which of several choices counts."""

from typing import NamedTuple

from wan22.runs.state import RunState
from wan22.schema.panel_fact import Activity
from wan22.schema.settings import Settings
from wan22.ui.state.panel_state import PanelState

NO_SERVER = "No ComfyUI is chosen yet."


class ServerSentence(NamedTuple):
    """`title`: what is the case; `grounds`: where, with which profile, and why."""

    title: str
    grounds: str


def server_sentence(panel: PanelState, run: RunState) -> ServerSentence:
    """The server now."""
    return ServerSentence(_title(panel, run), _grounds(panel))


def counting_words(settings: Settings, *, is_demo: bool) -> str:
    """Which of folder, address and demo counts; empty when there is only one of them."""
    has_folder, has_address = settings.comfyui is not None, settings.url is not None
    if is_demo and (has_folder or has_address):
        what = "address" if has_address else "folder"
        return f"The demo counts now; the {what} below is kept and used again once the demo is left."
    if has_folder and has_address and not is_demo:
        return "Folder and address are both set: the address counts, so nothing is started from here."
    return ""


def _title(panel: PanelState, run: RunState) -> str:
    server, settings = panel.server, panel.settings
    name = "The demo" if panel.is_demo else "ComfyUI"
    if panel.activity is Activity.disconnecting:
        return f"{name} is being stopped."
    if server is not None:
        return _held(panel, run)
    if panel.activity is Activity.connecting:
        waits = settings.url is not None and not panel.is_demo
        return f"Asking the ComfyUI at {settings.url} …" if waits else f"{name} is starting …"
    if panel.is_demo:
        return "The demo is chosen; it does not run."
    if settings.url is not None:
        return f"Not attached: the ComfyUI at {settings.url} is chosen."
    return "ComfyUI does not run; the first job starts it." if settings.comfyui is not None else NO_SERVER


def _held(panel: PanelState, run: RunState) -> str:
    server = panel.server
    assert server is not None
    told = run.server
    version = f" {told.version}" if told.version and told.ready and not told.stopped else ""
    if server.simulated:
        what = "a simulated ComfyUI was started from here" if server.owned else f"attached to it at {server.url}"
        return f"The demo runs: {what}."
    if not server.owned:
        return f"Attached to ComfyUI{version} at {server.url}."
    if server.found_again:
        return f"ComfyUI{version} was left running earlier and found again."
    return f"ComfyUI{version} was started from here."


def _grounds(panel: PanelState) -> str:
    server, settings = panel.server, panel.settings
    parts = []
    if server is not None:
        where = f"It answers at {server.url}, profile {server.profile}."
        parts.append(where if server.owned else f"Its start is compared with the profile {server.profile}.")
    if panel.is_demo:
        parts.append("Nothing is measured, and no model is needed: everything from it is marked SIMULATED.")
    elif not panel.choice.is_made:
        parts.append("Choose its folder, name the address of one that runs, or try the demo.")
    elif server is None and settings.url is None:
        parts.append(f"It is started from {settings.comfyui} on port {settings.port}.")
    counting = counting_words(settings, is_demo=panel.is_demo)
    return " ".join([*parts, counting] if counting else parts)
