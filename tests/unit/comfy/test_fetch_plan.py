from pathlib import Path

import pytest

from wan22.comfy.fetch_plan import fetch_plan
from wan22.comfy.file_fetch import DISK_MARGIN_BYTES
from wan22.schema.model_file import ModelFile, ModelState, ModelStatus

GB = 10**9


def status(name: str, state: ModelState, folder: Path, **more: object) -> ModelStatus:
    size = more.pop("size", 10 * GB)
    url = more.pop("url", f"https://huggingface.co/Org/Repo/resolve/main/{name}")
    file = ModelFile.model_validate({"file": name, "folder": "models/loras", "url": url, "bytes": size})
    return ModelStatus.model_validate({"file": file, "state": state, "target": folder / name, **more})


def test_only_what_does_not_work_is_fetched(tmp_path: Path) -> None:
    statuses = [
        status("here", ModelState.present, tmp_path, path=tmp_path / "here"),
        status("extra", ModelState.extra_folder, tmp_path, path=tmp_path / "extra"),
        status("gone", ModelState.missing, tmp_path),
        status("half", ModelState.partial, tmp_path, partial_bytes=4 * GB),
        status("wrong", ModelState.wrong_hash, tmp_path, path=tmp_path / "unet" / "wrong"),
        status("unknown", ModelState.missing, tmp_path, size=None),
    ]
    plan = fetch_plan(statuses, free=lambda _path: 30 * GB)
    assert [item.file.file for item in plan.items] == ["gone", "half", "wrong", "unknown"]
    assert [item.remaining_bytes for item in plan.items] == [10 * GB, 6 * GB, 10 * GB, None]
    assert (plan.known_bytes, plan.unknown_count) == (26 * GB, 1)
    assert plan.items[2].target == tmp_path / "unet" / "wrong"
    assert [item.replaces for item in plan.items] == [False, False, True, False]
    assert plan.items[0].host == "huggingface.co"
    assert plan.disk_problem() is None


def test_files_on_one_disk_share_its_room(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    statuses = [status(name, ModelState.missing, tmp_path / name) for name in ("a", "b")]
    plan = fetch_plan(statuses, free=lambda _path: 20 * GB + DISK_MARGIN_BYTES - 1)
    assert [disk.needed_bytes for disk in plan.disks] == [20 * GB + DISK_MARGIN_BYTES]
    found = plan.disk_problem()
    assert found is not None
    assert (found.code, "20.5 GB" in found.message) == ("disk_full", True)
    assert fetch_plan(statuses, free=lambda _path: 20 * GB + DISK_MARGIN_BYTES).disk_problem() is None


def test_what_cannot_be_fetched_is_named(tmp_path: Path) -> None:
    statuses = [
        status("moved", ModelState.wrong_folder, tmp_path, path=tmp_path / "x" / "moved"),
        status("pack", ModelState.missing, tmp_path, pack_missing=True),
        status("nowhere", ModelState.missing, tmp_path, url=None),
    ]
    plan = fetch_plan(statuses)
    assert plan.items == ()
    assert [found.code for found in plan.refused] == ["model_elsewhere", "model_pack_missing", "download_failed"]


@pytest.mark.parametrize("mirror", ["https://hf-mirror.com", "http://nas/{path}"])
def test_the_mirror_is_who_is_asked(tmp_path: Path, mirror: str) -> None:
    plan = fetch_plan([status("a", ModelState.missing, tmp_path)], mirror)
    assert plan.items[0].host in mirror
    assert plan.items[0].url.endswith("/Org/Repo/resolve/main/a")
