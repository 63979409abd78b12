from pathlib import Path

import pytest

from wan22.schema.panel_fact import Activity, DeskChanged, JobTicket, ServerPresence
from wan22.schema.request import GenerationRequest
from wan22.schema.settings import Settings
from wan22.ui.state.panel_state import PanelState
from wan22.ui.state.run_offer import generate_text, server_offer, ticket_text, waiting_title
from wan22.wiring import Demo
from wan22.wiring.desk import ServerChoice

TICKET = JobTicket(3, GenerationRequest(image=Path("lake.png"), width=832, height=480, length=81))
OWNED = ServerPresence("http://127.0.0.1:8188", owned=True, simulated=False, profile="rtx5090")
OTHER = ServerPresence("http://10.0.0.2:8188", owned=False, simulated=False, profile="nvidia")


@pytest.fixture
def panel(qapp):
    made = PanelState()
    made.choose(ServerChoice(Settings(comfyui=Path("/srv/ComfyUI"))))
    yield made
    made.deleteLater()


def test_the_button_says_what_it_does_now(panel: PanelState):
    assert generate_text(panel) == "Start ComfyUI and generate"
    panel.apply([DeskChanged(time_s=1.0, activity=Activity.connecting)])
    assert generate_text(panel) == "Generate when ComfyUI is ready"
    panel.apply([DeskChanged(time_s=2.0, activity=Activity.idle, server=OWNED)])
    assert generate_text(panel) == "Generate"
    panel.apply([DeskChanged(time_s=3.0, activity=Activity.working, current=TICKET, server=OWNED)])
    assert generate_text(panel) == "Add to queue"
    panel.apply([DeskChanged(time_s=3.0, activity=Activity.idle, waiting=(TICKET,))])
    assert generate_text(panel) == "Add to queue"
    panel.apply([DeskChanged(time_s=4.0, activity=Activity.idle)])
    panel.choose(ServerChoice(Settings(url="http://10.0.0.2:8188")))
    assert generate_text(panel) == "Connect and generate"
    panel.choose(ServerChoice(Settings(), Demo("healthy")))
    assert generate_text(panel) == "Start the demo and generate"


def test_the_server_in_words(panel: PanelState):
    assert server_offer(panel)[:2] == ("ComfyUI does not run.", "Start server")
    panel.apply([DeskChanged(time_s=1.0, activity=Activity.idle, server=OWNED)])
    assert server_offer(panel)[:2] == ("ComfyUI runs at 127.0.0.1:8188, profile rtx5090.", "Stop server")
    panel.apply([DeskChanged(time_s=2.0, activity=Activity.idle, server=OTHER)])
    assert server_offer(panel).action == "Disconnect"
    panel.apply([DeskChanged(time_s=3.0, activity=Activity.connecting)])
    assert server_offer(panel)[:2] == ("ComfyUI is starting.", "Cancel start")
    panel.apply([DeskChanged(time_s=4.0, activity=Activity.disconnecting, server=OWNED)])
    assert not server_offer(panel).is_possible
    panel.apply([DeskChanged(time_s=5.0, activity=Activity.idle)])
    panel.choose(ServerChoice(Settings()))
    assert server_offer(panel)[0] == "No ComfyUI is chosen yet."
    assert not server_offer(panel).is_possible


def test_what_waits_in_words():
    assert ticket_text(TICKET).replace("\u00a0", " ") == "lake.png · 832 × 480 · 81 frames"  # noqa: RUF001
    assert [waiting_title((TICKET,) * count) for count in (1, 2)] == ["1 job waits", "2 jobs wait"]
