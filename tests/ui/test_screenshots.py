from pathlib import Path

import pytest
from PIL import Image

from tests.ui.screenshots import start_take


@pytest.mark.parametrize(("theme", "scale", "width"), [("dark", 1.0, 1440), ("light", 1.5, 2160)])
def test_no_page_has_a_fault_at_any_scale(tmp_path: Path, theme: str, scale: float, width: int):
    done = start_take(theme, scale, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(pictures) == 5
    with Image.open(tmp_path / f"monitor-{theme}-{scale * 100:.0f}.png") as picture:
        assert picture.width == width
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 50
