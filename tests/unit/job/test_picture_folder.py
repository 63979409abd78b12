from pathlib import Path

import pytest

from wan22.job.picture_folder import pictures_of
from wan22.schema.problem import AppError


def test_files_stay_and_folders_become_their_pictures(tmp_path: Path):
    folder = tmp_path / "Bilder von Jürgen"
    (folder / "deeper.png").mkdir(parents=True)
    for name in ("B.PNG", "a.jpg", "c.webp", ".hidden.png", "notes.txt"):
        (folder / name).write_bytes(b"x")
    single = tmp_path / "no ending"
    assert pictures_of([single, folder, folder / "a.jpg"]) == (
        single,
        folder / "a.jpg",
        folder / "B.PNG",
        folder / "c.webp",
    )


def test_a_folder_without_pictures_is_refused(tmp_path: Path):
    with pytest.raises(AppError) as refused:
        pictures_of([tmp_path])
    assert refused.value.problem.code == "image_unreadable"
    assert str(tmp_path) in refused.value.problem.message
