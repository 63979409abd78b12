from pathlib import Path

import pytest

from wan22.schema.problem import AppError
from wan22.system import trash


def refusal(path: Path) -> str:
    with pytest.raises(AppError) as caught:
        trash.move_to_trash(path)
    assert caught.value.problem.code == "trash_unavailable"
    assert "for good" in caught.value.problem.hint
    return caught.value.problem.message


def test_a_drive_without_a_recycle_bin_is_refused_before_anything_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sent: list[str] = []
    monkeypatch.setattr(trash, "_sender", lambda: sent.append)
    for kind in (2, 4):
        monkeypatch.setattr(trash, "_drive_kind", lambda _path, kind=kind: kind)
        assert "no recycle bin" in refusal(tmp_path)
    assert sent == []
    monkeypatch.setattr(trash, "_drive_kind", lambda _path: 3)
    trash.move_to_trash(tmp_path)
    assert sent == [str(tmp_path)]


def test_a_refusal_of_the_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(trash, "_sender", lambda: refuse)
    assert "Permission denied" in refusal(tmp_path / "a run")


def test_the_library_is_there():
    assert callable(trash._sender())
