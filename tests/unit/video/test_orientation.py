from itertools import product

import numpy as np
import pytest

from wan22.video.orientation import Orientation


@pytest.mark.parametrize("state", list(product((False, True), repeat=3)))
def test_turn_and_mirror_describe_what_is_applied(state: tuple[bool, bool, bool]):
    orientation = Orientation(*state)
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    expected = np.rot90(pixels, -orientation.rotation_deg // 90)
    if orientation.mirrored:
        expected = expected[:, ::-1]
    assert np.array_equal(orientation.applied(pixels), expected)
