"""What the button of the Run page does now, and what can be done with the server: in words."""

from typing import NamedTuple

from wan22.schema.panel_fact import Activity, JobTicket
from wan22.ui.state.panel_state import PanelState
from wan22.ui.state.size_preset import size_text


class ServerOffer(NamedTuple):
    """State of the server, and the button beside it."""

    state: str
    action: str
    tip: str
    is_possible: bool = True


def generate_text(panel: PanelState) -> str:
    """What happens when the button is pressed now."""
    if panel.current is not None or panel.waiting:
        return "Add to queue"
    if panel.activity is Activity.connecting:
        return "Generate when ComfyUI is ready"
    if panel.server is not None and panel.activity is not Activity.disconnecting:
        return "Generate"
    if panel.is_demo:
        return "Start the demo and generate"
    return "Connect and generate" if panel.settings.url is not None else "Start ComfyUI and generate"


def server_offer(panel: PanelState) -> ServerOffer:
    """The server in words, and what can be done with it."""
    name = "The simulated ComfyUI" if panel.is_demo else "ComfyUI"
    server = panel.server
    if panel.activity is Activity.disconnecting:
        return ServerOffer(f"{name} is being stopped.", "Stop server", "It is being stopped", is_possible=False)
    if panel.activity is Activity.connecting and server is None:
        return ServerOffer(f"{name} is starting.", "Cancel start", "Do not wait for it: stop what starts")
    if server is None:
        if not panel.choice.is_made:
            return ServerOffer("No ComfyUI is chosen yet.", "Start server", "Choose one first", is_possible=False)
        if panel.settings.url is not None and not panel.is_demo:
            tip = "Connect to the running server without making anything yet"
            return ServerOffer(f"Not connected to {panel.settings.url}.", "Connect", tip)
        tip = "Start it without making anything yet; it stays between the jobs, so that models stay loaded"
        return ServerOffer(f"{name} does not run.", "Start server", tip)
    shown = f"{name} runs at {server.url.removeprefix('http://')}, profile {server.profile}."
    if server.found_again:
        shown = f"{shown} It was found again."
    if server.owned:
        return ServerOffer(shown, "Stop server", "Stop it and the job at work; what waits goes on waiting")
    return ServerOffer(shown, "Disconnect", "Let go of it; it goes on running. What waits here, goes on waiting")


def waiting_title(waiting: tuple[JobTicket, ...]) -> str:
    """How many jobs wait."""
    return f"{len(waiting)} {'job waits' if len(waiting) == 1 else 'jobs wait'}"


def ticket_text(ticket: JobTicket) -> str:
    """One waiting job: its picture, size and length."""
    request = ticket.request
    parts = [request.image.name]
    if request.width is not None and request.height is not None:
        parts.append(size_text((request.width, request.height)))
    if request.length is not None:
        parts.append(f"{request.length} frames")
    return " · ".join(parts)
