"""Advice as it reads in the window."""

import pytest

from wan22.schema.error_codes import ERROR_CODES
from wan22.ui.state.window_hint import window_hint


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (
            "Stop that program, choose another --port (8189 is free), or attach to it with --url.",
            "Stop that program, choose another port under Setup (8189 is free), or attach to it under Setup.",
        ),
        ("Name its folder with --comfyui DIR.", "Name its folder under Setup."),
        ("Give the folder with --comfyui.", "Give the folder under Setup."),
        ("`wan22 audit --output FOLDER` wrote it.", "`wan22 audit --output FOLDER` wrote it."),
        ("Free some space.", "Free some space."),
    ],
)
def test_options_of_the_command_line_become_places_of_the_window(hint: str, shown: str):
    assert window_hint(hint) == shown


@pytest.mark.parametrize("code", ["comfyui_not_found", "port_in_use", "disk_full"])
def test_what_a_newcomer_meets_first_speaks_of_the_window(code: str):
    assert "--" not in window_hint(ERROR_CODES[code].hint)
