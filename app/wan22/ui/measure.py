"""Sizes of the window's parts in device-independent pixels, all on a grid of 4."""

from enum import Enum
from typing import Final

RAIL_WIDTH: Final = 168
GPU_STRIP_HEIGHT: Final = 56
STATE_LINE_HEIGHT: Final = 32
BAND_HEIGHT: Final = 32
GUTTER: Final = 24
GAP: Final = 16
GAP_SMALL: Final = 8
GAP_TINY: Final = 4
CARD_RADIUS: Final = 8
CONTROL_RADIUS: Final = 6
CONTROL_HEIGHT: Final = 32
CONTROL_HEIGHT_LARGE: Final = 40
RAIL_ITEM_HEIGHT: Final = 40
CHIP_HEIGHT: Final = 24
LABEL_COLUMN: Final = 136
READOUT_COLUMN: Final = 176
STRIP_HEIGHT_MIN: Final = 28
LANE_HEIGHT: Final = 20
LOG_HEIGHT: Final = 240
WINDOW_WIDTH: Final = 1440
WINDOW_HEIGHT: Final = 900
WINDOW_WIDTH_MIN: Final = 1080
WINDOW_HEIGHT_MIN: Final = 680


class TextRole(Enum):
    """What a text is; its value is (size in pixels, weight)."""

    caption = (12, 400)
    body = (13, 400)
    strong = (13, 500)
    heading = (13, 600)
    value = (16, 600)
    title = (22, 600)
    hero = (34, 600)
