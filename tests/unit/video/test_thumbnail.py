from pathlib import Path

import numpy as np
import pytest

from tests.unit.video.clips import write_clip
from wan22.schema.problem import AppError
from wan22.video.frames import FrameReader
from wan22.video.thumbnail import first_frame

CLIPS = Path(__file__).resolve().parents[2] / "data" / "clips"


def test_the_first_frame_small():
    small = first_frame(CLIPS / "clip_src16.mp4", 128)
    assert small.shape == (72, 128, 3)
    with FrameReader(CLIPS / "clip_src16.mp4") as reader:
        blocks = reader.frame(0).rgb.reshape(72, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(blocks - small).mean() < 2.0


def test_it_is_never_enlarged(tmp_path: Path):
    path = write_clip(tmp_path / "tiny.mp4", [np.full((16, 32, 3), 90, dtype=np.uint8)])
    assert first_frame(path, 400).shape == (16, 32, 3)


def test_it_is_upright(tmp_path: Path):
    picture = np.zeros((64, 128, 3), dtype=np.uint8)
    picture[:, :64] = 220
    small = first_frame(write_clip(tmp_path / "r.mp4", [picture], turn_left_deg=90), 64)
    assert small.shape == (64, 32, 3)
    assert small[60].mean() > 200 > 30 > small[4].mean()


def test_no_clip(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("words", encoding="utf-8")
    with pytest.raises(AppError, match="not a video"):
        first_frame(tmp_path / "a.mp4", 64)
