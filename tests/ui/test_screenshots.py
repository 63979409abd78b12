from pathlib import Path

import pytest
from PIL import Image

from tests.ui.gallery import STATES, page_keys, states_of
from tests.ui.screenshots import start_take


@pytest.mark.parametrize(("theme", "scale"), [("dark", 1.0), ("light", 1.25), ("light", 1.5), ("dark", 2.0)])
def test_no_page_has_a_fault_at_any_scale(tmp_path: Path, theme: str, scale: float):
    done = start_take(theme, scale, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = {path.stem.removesuffix(f"-{theme}-{scale * 100:.0f}") for path in tmp_path.glob("*.png")}
    wanted = {f"{key}-{state.name}" if state.name else key for key in page_keys() for state in states_of(key)}
    assert pictures == wanted | {"parts"}
    with Image.open(tmp_path / f"monitor-{theme}-{scale * 100:.0f}.png") as picture:
        assert picture.width == 1440 * scale
        assert len(picture.convert("RGB").getcolors(1 << 22) or []) > 50


def test_states_belong_to_pages_that_there_are():
    assert set(STATES) <= set(page_keys())
    assert all(len({state.name for state in states_of(key)}) == len(states_of(key)) for key in page_keys())
