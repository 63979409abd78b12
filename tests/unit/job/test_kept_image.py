from pathlib import Path

from wan22.job.kept_image import keep_image
from wan22.runs.layout import RunFolder


def test_the_image_stays_with_the_run(tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    image = tmp_path / "Möwe am See.png"
    image.write_bytes(b"picture")
    kept = keep_image(image, folder)
    assert kept == folder.input / "Möwe am See.png"
    assert kept.read_bytes() == b"picture"


def test_a_copy_that_fails_costs_nothing_else(tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.input.write_bytes(b"a file where a folder should be")
    image = tmp_path / "a.png"
    image.write_bytes(b"picture")
    assert keep_image(image, folder) is None
    assert keep_image(tmp_path / "gone.png", RunFolder(tmp_path)) is None
