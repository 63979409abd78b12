"""`wan22 start` where no window can be opened (`__main__` opens it where it can)."""

import os
import sys
from typing import Annotated

from wan22 import wiring
from wan22.cli.commands.launch import JSON
from wan22.cli.commands.run import run
from wan22.cli.console import as_started, console_from_flag
from wan22.demo.scenario import DEFAULT_SCENARIO
from wan22.system.display import unseen_reason

DEMO_SPEED = 10.0


def start(as_json: Annotated[bool, JSON] = False) -> None:
    """Open the window; without a screen make a video with the ComfyUI of the settings, else with the simulated demo."""
    obstacle = unseen_reason(os.environ, sys.platform)
    if obstacle is not None and not as_json:
        console_from_flag(as_json).text(f"No window: {obstacle}")
    settings = wiring.settings({})
    if settings.comfyui is not None or settings.url is not None:
        run(as_json=as_json)
        return
    console = console_from_flag(as_json)
    console.text(f"No ComfyUI is configured yet: this is the SIMULATED demo, {DEMO_SPEED:.0f} times as fast as life.")
    console.text(as_started('With yours: wan22 run --comfyui "FOLDER", or wan22 run --url http://HOST:8188'))
    run(demo=DEFAULT_SCENARIO, demo_speed=DEMO_SPEED, as_json=as_json)
