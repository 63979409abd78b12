import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.file_server import Act, file_server
from wan22.comfy.pack_archive import fetch_archive, unpack_archive
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken


def archive(path: Path, files: dict[str, str], change: Callable[[zipfile.ZipFile], None] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
        if change is not None:
            change(packed)
    return path


def test_files_below_the_top_folder_are_unpacked(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"Pack-abc/__init__.py": "x = 1\n", "Pack-abc/sub/ü.txt": "ü"})

    unpack_archive(packed, tmp_path / "pack", CancelToken())

    assert (tmp_path / "pack" / "__init__.py").read_text(encoding="utf-8") == "x = 1\n"
    assert (tmp_path / "pack" / "sub" / "ü.txt").read_text(encoding="utf-8") == "ü"


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil.py", "top/../../evil.py", "top\\..\\evil.py", "C:/evil.py", "top/.git/hooks/x",
             "top/NUL.py", "top/a:b.py"],
)  # fmt: skip
def test_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    packed = archive(tmp_path / "a.zip", {"top/ok.py": "", name: "evil"})

    with pytest.raises(AppError) as caught:
        unpack_archive(packed, tmp_path / "in" / "pack", CancelToken())

    assert caught.value.problem.code == "pack_fetch_failed"
    assert not (tmp_path / "in").exists()


def test_links_are_left_out(tmp_path: Path) -> None:
    def add_link(packed: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("top/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")

    packed = archive(tmp_path / "a.zip", {"top/ok.py": "1"}, add_link)

    unpack_archive(packed, tmp_path / "pack", CancelToken())

    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["ok.py"]


@pytest.mark.parametrize("files", [{}, {"one/a": "1", "two/b": "2"}, {"lonely.py": "1"}])
def test_archive_of_another_shape_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(AppError, match="exactly one folder"):
        unpack_archive(archive(tmp_path / "a.zip", files), tmp_path / "pack", CancelToken())


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>not here</html>")

    with pytest.raises(AppError, match="damaged"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "pack", CancelToken())


def test_archive_comes_over_http(tmp_path: Path) -> None:
    with file_server(b"content") as server:
        fetch_archive(f"{server.url}/zip", tmp_path / "a.zip", CancelToken())
    assert (tmp_path / "a.zip").read_bytes() == b"content"

    with file_server(b"", Act(status=404)) as server, pytest.raises(AppError, match="404"):
        fetch_archive(f"{server.url}/zip", tmp_path / "b.zip", CancelToken())
    with file_server(b"x" * 1000, Act(drop_after=10)) as server, pytest.raises(AppError) as caught:
        fetch_archive(f"{server.url}/zip", tmp_path / "c.zip", CancelToken())
    assert caught.value.problem.code == "pack_fetch_failed"
