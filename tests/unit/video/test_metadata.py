from pathlib import Path

import av
import numpy as np
import pytest

from wan22.schema.problem import AppError
from wan22.video.metadata import read_video_tags


def _video(path: Path, **tags: str) -> Path:
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        stream = container.add_stream("libx264", rate=16)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.metadata.update(tags)
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def test_long_texts_come_back_whole(tmp_path: Path) -> None:
    text = '{"a": "' + "ä…漢" * 50_000 + '"}'
    assert read_video_tags(_video(tmp_path / "Ünï côde.mp4", prompt=text))["prompt"] == text


def test_a_video_without_texts_has_none(tmp_path: Path) -> None:
    assert "prompt" not in read_video_tags(_video(tmp_path / "a.mp4"))


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x18ftypmp42", b"nothing of the kind"])
def test_no_video(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(AppError) as caught:
        read_video_tags(tmp_path / "a.mp4")
    assert caught.value.problem.code == "workflow_invalid"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(AppError):
        read_video_tags(tmp_path / "not there.mp4")
