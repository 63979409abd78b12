import os
from pathlib import Path

from wan22.runs.thumbnail_cache import ThumbnailCache
from wan22.schema.problem import app_error


class Maker:
    def __init__(self) -> None:
        self.made: list[str] = []
        self.refuses = ""

    def __call__(self, path: Path, size_px: int) -> bytes:
        self.made.append(path.name)
        if self.refuses:
            raise app_error(self.refuses, "It cannot be drawn.")
        return path.read_bytes() + str(size_px).encode()


def test_a_picture_is_made_once_and_anew_when_the_file_changed(tmp_path: Path):
    maker = Maker()
    file = tmp_path / "ein Video.mp4"
    file.write_bytes(b"one")
    cache = ThumbnailCache(tmp_path / "cache", maker)
    assert cache.picture(file) == b"one240"
    assert ThumbnailCache(tmp_path / "cache", maker).picture(file) == b"one240"
    assert maker.made == ["ein Video.mp4"]
    file.write_bytes(b"other")
    assert cache.picture(file) == b"other240"
    assert len(maker.made) == 2


def test_what_cannot_be_drawn_is_not_tried_again_until_it_changes(tmp_path: Path):
    maker = Maker()
    maker.refuses = "clip_invalid"
    file = tmp_path / "a.mp4"
    file.write_bytes(b"one")
    cache = ThumbnailCache(tmp_path / "cache", maker)
    assert cache.picture(file) is None
    assert cache.picture(file) is None
    assert len(maker.made) == 1
    maker.refuses = ""
    os.utime(file, (1, 1))
    assert cache.picture(file) == b"one240"


def test_a_file_that_is_locked_is_tried_again(tmp_path: Path):
    maker = Maker()
    maker.refuses = "file_unreadable"
    file = tmp_path / "a.mp4"
    file.write_bytes(b"one")
    cache = ThumbnailCache(tmp_path / "cache", maker)
    assert cache.picture(file) is None
    maker.refuses = ""
    assert cache.picture(file) == b"one240"
    assert cache.picture(tmp_path / "gone.mp4") is None


def test_without_a_place_for_the_cache_there_are_pictures_all_the_same(tmp_path: Path):
    (tmp_path / "cache").write_bytes(b"a file")
    file = tmp_path / "a.mp4"
    file.write_bytes(b"one")
    assert ThumbnailCache(tmp_path / "cache", Maker()).picture(file) == b"one240"


def test_the_oldest_go_first(tmp_path: Path):
    cache = ThumbnailCache(tmp_path / "cache", Maker(), kept_files=3)
    for number in range(5):
        file = tmp_path / f"{number}.mp4"
        file.write_bytes(bytes([number]))
        cache.picture(file)
        for entry in (tmp_path / "cache").iterdir():
            if entry.read_bytes()[0] == number:
                os.utime(entry, (1000 + number, 1000 + number))
    assert cache.prune() == 2
    assert sorted(entry.read_bytes()[0] for entry in (tmp_path / "cache").iterdir()) == [2, 3, 4]
    assert cache.prune() == 0
