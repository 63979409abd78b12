import wave
from fractions import Fraction
from pathlib import Path

import pytest

from tests.unit.video.clips import bars_frame, numbered_clip, stripes, write_clip
from wan22.schema.clip import ClipInfo
from wan22.schema.problem import AppError
from wan22.video.probe import probe_clip

CLIPS = Path(__file__).resolve().parents[2] / "data" / "clips"


def code_of(path: Path) -> str:
    with pytest.raises(AppError) as caught:
        probe_clip(path)
    assert path.name in caught.value.problem.message
    assert caught.value.problem.hint
    return caught.value.problem.code


def test_a_shipped_clip():
    path = CLIPS / "clip_src16.mp4"
    info = probe_clip(path)
    assert (info.codec, info.width, info.height, info.frame_count) == ("h264", 512, 288, 33)
    assert (info.fps, info.is_vfr, info.duration_s) == (Fraction(16), False, 2.0625)
    assert (info.pixel_format, info.rotation_deg, info.has_audio, info.simulated) == ("yuv420p", 0, False, False)
    assert (info.matrix, info.matrix_assumed, info.full_range, info.range_assumed) == ("bt601", True, False, True)
    assert info.byte_count == path.stat().st_size


def test_the_shape_survives_json():
    info = probe_clip(CLIPS / "clip_rife425_32.mp4")
    assert ClipInfo.model_validate_json(info.model_dump_json()) == info
    assert info.fps == Fraction(32)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_an_odd_rate_is_exact_whatever_the_container_rounds(tmp_path: Path, suffix: str):
    info = probe_clip(numbered_clip(tmp_path / f"clip.{suffix}", rate=Fraction(24000, 1001), count=30))
    assert info.fps == Fraction(24000, 1001)
    assert info.is_vfr is False
    assert info.frame_count == 30
    assert info.duration_s == pytest.approx(30 * 1001 / 24000, abs=0.002)


def test_uneven_frames_are_vfr(tmp_path: Path):
    pts = [0, 60, 120, 400, 460, 900]
    path = write_clip(tmp_path / "v.mkv", [stripes(n) for n in range(6)], pts=pts, time_base=Fraction(1, 1000))
    info = probe_clip(path)
    assert info.is_vfr is True
    assert info.fps == Fraction(5, 1) / Fraction(9, 10)


def test_one_dropped_frame_is_vfr(tmp_path: Path):
    pts = [n for n in range(20) if n != 7]
    info = probe_clip(write_clip(tmp_path / "d.mp4", [stripes(n) for n in pts], pts=pts, time_base=Fraction(1, 16)))
    assert info.is_vfr is True
    assert info.frame_count == 19


def test_a_single_frame(tmp_path: Path):
    info = probe_clip(write_clip(tmp_path / "one.mp4", [stripes(0)], rate=16))
    assert (info.frame_count, info.fps, info.is_vfr) == (1, Fraction(16), False)
    assert info.duration_s == pytest.approx(1 / 16)


@pytest.mark.parametrize(("turn", "clockwise"), [(90, 270), (180, 180), (270, 90)])
def test_the_size_is_the_one_that_is_displayed(tmp_path: Path, turn: int, clockwise: int):
    info = probe_clip(write_clip(tmp_path / "r.mp4", [stripes(0)], turn_left_deg=turn))
    assert info.rotation_deg == clockwise
    assert (info.width, info.height) == ((64, 48) if turn == 180 else (48, 64))
    assert info.mirrored is False


@pytest.mark.parametrize(
    ("matrix", "tag", "color_range"), [("bt709", 1, 1), ("bt709", 1, 2), ("bt601", 6, 1), ("bt601", 5, 2)]
)
def test_stated_colours_are_not_assumed(tmp_path: Path, matrix: str, tag: int, color_range: int):
    frame = bars_frame(64, 48, matrix, color_range == 2)
    path = write_clip(tmp_path / "c.mkv", [frame], pixel_format="yuv444p", matrix=tag, color_range=color_range)
    info = probe_clip(path)
    assert (info.matrix, info.matrix_assumed) == (matrix, False)
    assert (info.full_range, info.range_assumed) == (color_range == 2, False)


def test_the_mark_of_the_demo_is_seen(tmp_path: Path):
    marked = write_clip(tmp_path / "a.mp4", [stripes(0)], metadata={"title": "SIMULATED · boat"})
    plain = write_clip(tmp_path / "b.mp4", [stripes(0)], metadata={"title": "boat"})
    assert probe_clip(marked).simulated
    assert not probe_clip(plain).simulated


def test_a_name_with_spaces_umlauts_and_a_colon(tmp_path: Path):
    path = numbered_clip(tmp_path / "Ünï côde" / "take 1.mp4", count=3)
    assert probe_clip(path).frame_count == 3


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path):
    path = tmp_path / "http: final.mp4"
    try:
        path.write_bytes((CLIPS / "clip_src16.mp4").read_bytes())
    except OSError:
        pytest.skip("this file system has no colons in names")
    assert probe_clip(path).frame_count == 33


def test_no_file(tmp_path: Path):
    assert code_of(tmp_path / "none.mp4") == "file_unreadable"


def test_a_folder(tmp_path: Path):
    folder = tmp_path / "folder.mp4"
    folder.mkdir()
    assert code_of(folder) == "file_unreadable"


def test_an_empty_file(tmp_path: Path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert code_of(tmp_path / "empty.mp4") == "clip_incomplete"


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes.mkv"])
def test_a_text(tmp_path: Path, name: str):
    (tmp_path / name).write_text("These are only words.\r\n" * 200, encoding="utf-8")
    assert code_of(tmp_path / name) == "clip_invalid"


def test_a_playlist_reaches_no_network(tmp_path: Path):
    lines = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1\nhttp://127.0.0.1:9/part.ts\n"
    (tmp_path / "list.m3u8").write_text(lines, encoding="utf-8")
    assert code_of(tmp_path / "list.m3u8") == "clip_invalid"


def test_sound_alone(tmp_path: Path):
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    assert code_of(tmp_path / "sound.wav") == "clip_without_picture"


def test_an_unknown_codec(tmp_path: Path):
    path = tmp_path / "new.mp4"
    path.write_bytes((CLIPS / "clip_src16.mp4").read_bytes().replace(b"avc1", b"zzz9"))
    assert code_of(path) == "clip_codec_unknown"


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_file_that_was_cut_short(tmp_path: Path, suffix: str, share: float):
    whole = numbered_clip(tmp_path / f"whole.{suffix}", count=40).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert code_of(path) == "clip_incomplete"
