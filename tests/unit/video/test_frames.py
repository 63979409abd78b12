import os
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.unit.video.clips import BARS, NUMBERS, bars_frame, number_in, numbered_clip, stripes, write_clip
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.video.frames import FrameReader

CLIPS = Path(__file__).resolve().parents[2] / "data" / "clips"


def middle_colours(rgb: np.ndarray) -> np.ndarray:
    width = rgb.shape[1]
    columns = [(2 * bar + 1) * width // (2 * len(BARS)) for bar in range(len(BARS))]
    return rgb[rgb.shape[0] // 2, columns].astype(int)


@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv420p"])
def test_colours_are_right(tmp_path: Path, matrix: str, full: bool, pixel_format: str):
    frame = bars_frame(128, 64, matrix, full)
    if pixel_format != "yuv444p":
        same = int(full) + 1
        frame = frame.reformat(format=pixel_format, src_color_range=same, dst_color_range=same)
    path = write_clip(
        tmp_path / "bars.mkv",
        [frame],
        pixel_format=pixel_format,
        options={"qp": "0"},
        matrix=NUMBERS[matrix],
        color_range=2 if full else 1,
    )
    with FrameReader(path) as reader:
        found = reader.frame(0).rgb
    assert found.shape == (64, 128, 3)
    assert found.dtype == np.uint8
    assert np.abs(middle_colours(found) - np.array(BARS)).max() <= 3


@pytest.mark.parametrize(("height", "matrix"), [(720, "bt601"), (360, "bt601")])
def test_an_untagged_clip_of_libavformat_is_bt601(tmp_path: Path, height: int, matrix: str):
    """As ComfyUI saves it: RGB through the converter's default, no tags."""
    picture = np.zeros((height, 128, 3), dtype=np.uint8)
    for x in range(128):
        picture[:, x] = BARS[x * len(BARS) // 128]
    with FrameReader(write_clip(tmp_path / "plain.mp4", [picture], options={"crf": "1"})) as reader:
        assert (reader.info.matrix, reader.info.matrix_assumed) == (matrix, True)
        assert np.abs(middle_colours(reader.frame(0).rgb) - np.array(BARS)).max() <= 4


@pytest.mark.parametrize(("width", "matrix"), [(1280, "bt709"), (640, "bt601")])
def test_an_untagged_clip_of_another_program_follows_the_players(tmp_path: Path, width: int, matrix: str):
    frame = bars_frame(width, 64, matrix, full=False)
    path = write_clip(tmp_path / "plain.mkv", [frame], pixel_format="yuv444p", options={"qp": "0"})
    content = path.read_bytes()
    assert b"Lavf" in content
    path.write_bytes(content.replace(b"Lavf", b"Else"))
    with FrameReader(path) as reader:
        assert (reader.info.matrix, reader.info.matrix_assumed) == (matrix, True)
        assert np.abs(middle_colours(reader.frame(0).rgb) - np.array(BARS)).max() <= 3


def test_rgb_files_keep_every_value(tmp_path: Path):
    picture = np.random.default_rng(5).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    path = write_clip(tmp_path / "exact.mkv", [picture], codec="ffv1", pixel_format="bgr0")
    with FrameReader(path) as reader:
        assert reader.info.matrix == "rgb"
        assert np.array_equal(reader.frame(0).rgb, picture)


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))])
def test_rotation_is_applied(tmp_path: Path, turn: int, corner: tuple[int, int]):
    """A red corner at the top left, turned left by the file."""
    picture = np.zeros((48, 64, 3), dtype=np.uint8)
    picture[:24, :32] = (255, 0, 0)
    with FrameReader(write_clip(tmp_path / "r.mp4", [picture], turn_left_deg=turn)) as reader:
        rgb = reader.frame(0).rgb
    assert rgb.shape == ((64, 48, 3) if turn in (90, 270) else (48, 64, 3))
    assert rgb.flags["C_CONTIGUOUS"]
    red = [place for place in ((0, 0), (0, -1), (-1, 0), (-1, -1)) if int(rgb[place][0]) - int(rgb[place][1]) > 100]
    assert red == [corner]


@pytest.mark.parametrize(("width", "height"), [(127, 65), (17, 33), (1, 1), (3, 2)])
def test_odd_sizes(tmp_path: Path, width: int, height: int):
    frame = bars_frame(width, height, "bt709", full=False)
    path = write_clip(
        tmp_path / "odd.mkv", [frame], pixel_format="yuv444p", options={"qp": "0"}, matrix=1, color_range=1
    )
    with FrameReader(path) as reader:
        rgb = reader.frame(0).rgb
    assert rgb.shape == (height, width, 3)
    expected = np.array([BARS[x * len(BARS) // width] for x in range(width)])
    assert np.abs(rgb.astype(int) - expected[None]).max() <= 3


def test_ten_bits_become_eight(tmp_path: Path):
    frame = bars_frame(128, 64, "bt709", full=False)
    path = write_clip(
        tmp_path / "deep.mkv",
        [frame.reformat(format="yuv444p10le")],
        pixel_format="yuv444p10le",
        options={"qp": "0"},
        matrix=1,
        color_range=1,
    )
    with FrameReader(path) as reader:
        assert reader.info.pixel_format == "yuv444p10le"
        assert np.abs(middle_colours(reader.frame(0).rgb) - np.array(BARS)).max() <= 3


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "h264"])
def test_every_frame_once_and_in_order(tmp_path: Path, suffix: str):
    with FrameReader(numbered_clip(tmp_path / f"n.{suffix}", count=40)) as reader:
        frames = list(reader)
        assert [number_in(frame.rgb) for frame in frames] == list(range(40))
        assert [frame.index for frame in frames] == list(range(40))
        assert len(reader) == 40
        assert reader.read() is None
    if suffix != "h264":  # a bare stream has no stamps; its rate is a guess
        assert [frame.time_s for frame in frames] == pytest.approx([n / 16 for n in range(40)], abs=0.0006)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "h264"])
def test_any_frame_by_number(tmp_path: Path, suffix: str):
    order = [39, 0, 1, 13, 11, 12, 30, 5, 4, 3, 38, *random.Random(3).choices(range(40), k=20)]
    with FrameReader(numbered_clip(tmp_path / f"n.{suffix}", count=40)) as reader:
        for index in order:
            frame = reader.frame(index)
            assert (frame.index, number_in(frame.rgb)) == (index, index)
            assert reader.position == index + 1


def test_a_seek_gives_the_same_pixels_as_reading():
    with FrameReader(CLIPS / "clip_rife425_32.mp4") as reader:
        frames = {frame.index: frame.rgb for frame in reader}
        for index in (64, 33, 32, 0, 50):
            assert np.array_equal(reader.frame(index).rgb, frames[index])


def test_a_seek_goes_on_from_there(tmp_path: Path):
    with FrameReader(numbered_clip(tmp_path / "n.mp4", count=40)) as reader:
        reader.seek(25)
        assert [number_in(frame.rgb) for frame in reader] == list(range(25, 40))
        reader.seek(38)
        assert [frame.index for frame in reader] == [38, 39]


@pytest.mark.parametrize("index", [-1, 40, 1000])
def test_a_number_outside_the_clip(tmp_path: Path, index: int):
    with FrameReader(numbered_clip(tmp_path / "n.mp4", count=40)) as reader, pytest.raises(IndexError):
        reader.seek(index)


def test_uneven_time_stamps_are_exact(tmp_path: Path):
    pts = [500, 560, 620, 900, 960, 1400]
    path = write_clip(tmp_path / "v.mkv", [stripes(n) for n in range(6)], pts=pts, time_base=Fraction(1, 1000))
    with FrameReader(path) as reader:
        assert [frame.time_s for frame in reader] == pytest.approx([0.0, 0.06, 0.12, 0.4, 0.46, 0.9])
        assert reader.times_s == pytest.approx([0.0, 0.06, 0.12, 0.4, 0.46, 0.9])


def test_a_clip_that_was_cut_gives_what_there_is(tmp_path: Path):
    whole = (CLIPS / "clip_src16.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[:100_000])
    read = []
    with FrameReader(path) as reader, pytest.raises(AppError, match=r"frames of cut\.mp4 can be read") as caught:
        read.extend(frame.index for frame in reader)
    assert caught.value.problem.code == "clip_incomplete"
    assert read == list(range(len(read)))
    assert 5 < len(read) < 33


def test_damage_in_the_middle_does_not_end_the_clip(tmp_path: Path):
    content = bytearray((CLIPS / "clip_src16.mp4").read_bytes())
    content[120_000:120_200] = bytes(200)
    (tmp_path / "hurt.mp4").write_bytes(content)
    with FrameReader(tmp_path / "hurt.mp4") as reader:
        assert [frame.index for frame in reader][-1] == 32


def test_a_text_is_no_clip(tmp_path: Path):
    (tmp_path / "words.mp4").write_text("words " * 300, encoding="utf-8")
    with pytest.raises(AppError, match="not a video"):
        FrameReader(tmp_path / "words.mp4")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files can be listed only there")
def test_the_file_is_closed(tmp_path: Path):
    path = numbered_clip(tmp_path / "n.mp4", count=10)

    def is_open() -> bool:
        links = list(Path("/proc/self/fd").iterdir())
        return any(os.path.realpath(link) == str(path) for link in links)

    reader = FrameReader(path)
    assert not is_open()
    reader.frame(4)
    assert is_open()
    reader.close()
    assert not is_open()
    assert len(list(reader)) == 5
    assert not is_open()


def test_a_stop_ends_the_reading(tmp_path: Path):
    cancel = CancelToken()
    with FrameReader(numbered_clip(tmp_path / "n.mp4", count=40), cancel) as reader:
        reader.frame(0)
        cancel.set()
        with pytest.raises(AppError) as caught:
            reader.frame(39)
    assert caught.value.problem.code == "cancelled"


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_random_damage_is_read_or_explained(tmp_path: Path, suffix: str):
    whole = numbered_clip(tmp_path / f"whole.{suffix}", count=12).read_bytes()
    chance = random.Random(11)
    path = tmp_path / f"hurt.{suffix}"
    for _ in range(12):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 5, 60))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        numbers: list[int] = []
        codes: list[str] = []
        try:
            with FrameReader(path) as reader:
                numbers.extend(frame.index for frame in reader)
        except AppError as error:
            codes.append(error.problem.code)
        assert set(codes) <= {"clip_invalid", "clip_incomplete", "clip_without_picture", "clip_codec_unknown"}
        assert numbers == sorted(set(numbers))
