"""The rendered video: real, of the size asked for, marked on every frame."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from wan22.demo.render import preview_jpeg, scene, write_video
from wan22.system.paths import data_folder

START = data_folder() / "resources" / "start_image.png"


def nothing() -> None:
    pass


@pytest.mark.parametrize(
    ("size", "length", "fps"), [((640, 352), 9, 16.0), ((64, 64), 5, 23.976), ((336, 592), 3, 32.0)]
)
def test_the_file_is_what_was_asked_for(tmp_path: Path, size: tuple[int, int], length: int, fps: float):
    path = tmp_path / "ein Ordner" / "clip.mp4"
    with Image.open(START) as start:
        write_video(path, scene(start, *size, length, 7), size, fps, "a comment", nothing)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (len(frames), stream.width, stream.height) == (length, *size)
        assert float(stream.average_rate or 0) == pytest.approx(fps, rel=1e-3)
        assert container.metadata["title"].startswith("SIMULATED")
    assert np.abs(frames[0].astype(int) - frames[-1].astype(int)).mean() > 1.0, "nothing moves"


def test_every_frame_carries_the_mark():
    black = Image.new("RGB", (320, 192))
    for frame in scene(black, 320, 192, 4, 1):
        assert np.asarray(frame)[120:180].max() > 100


def test_stopping_leaves_no_half_file(tmp_path: Path):
    path = tmp_path / "clip.mp4"

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(path, scene(None, 64, 64, 5, 1), (64, 64), 16.0, "", stop)
    assert not path.exists()


def test_a_preview_is_a_small_jpeg():
    data = preview_jpeg(None, 1280, 720, 0.5, 1)
    assert data.startswith(b"\xff\xd8")
    assert len(data) < 60_000
