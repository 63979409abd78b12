from pathlib import Path

import av
import pytest
from PIL import Image, PngImagePlugin

from wan22.schema.problem import AppError
from wan22.video.frames import FrameReader
from wan22.video.metadata import read_video_tags
from wan22.video.strip_tags import copy_without_tags

CLIP = Path(__file__).resolve().parents[2] / "data" / "clips" / "clip_src16.mp4"
SECRET = "Grandmother waves"


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_clip_keeps_its_pictures_and_loses_its_texts(tmp_path: Path, suffix: str):
    source, target = tmp_path / f"mit Text{suffix}", tmp_path / f"bare{suffix}"
    options = {} if suffix == ".mkv" else {"movflags": "use_metadata_tags"}
    with av.open(str(CLIP)) as clip, av.open(str(source), "w", options=options) as copy:
        stream = copy.add_stream_from_template(clip.streams.video[0])
        copy.metadata["prompt"] = SECRET
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert SECRET in read_video_tags(source).values()
    assert SECRET.encode() in source.read_bytes()
    assert copy_without_tags(source, target)
    assert SECRET.encode() not in target.read_bytes()
    with FrameReader(source) as before, FrameReader(target) as after:
        assert len(before) == len(after) == 33
        assert before.times_s == pytest.approx(after.times_s)
        for frame in before:
            other = after.read()
            assert other is not None
            assert (frame.rgb == other.rgb).all()


def test_a_png_keeps_its_pixels_and_loses_its_texts(tmp_path: Path):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", SECRET)
    picture = Image.linear_gradient("L")
    picture.save(source, pnginfo=texts)
    assert copy_without_tags(source, target)
    assert SECRET.encode() not in target.read_bytes()
    with Image.open(target) as bare:
        assert bare.tobytes() == picture.tobytes()


def test_other_kinds_are_left_alone_and_damage_is_said(tmp_path: Path):
    assert not copy_without_tags(tmp_path / "a.gif", tmp_path / "b.gif")
    assert not (tmp_path / "b.gif").exists()
    for name in ("a.mp4", "a.png"):
        broken = tmp_path / name
        broken.write_bytes(b"not a picture at all")
        with pytest.raises(AppError) as caught:
            copy_without_tags(broken, tmp_path / f"b-{name}")
        assert caught.value.problem.code == "clip_invalid"
        assert not (tmp_path / f"b-{name}").exists()
