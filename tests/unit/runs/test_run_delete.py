import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.runs.facts import cold_job, manifest, stored_run
from wan22.runs import run_delete
from wan22.runs.layout import RunFolder
from wan22.runs.run_delete import delete_run, is_being_written
from wan22.runs.writer import RunWriter
from wan22.schema.events import PromptOutcome
from wan22.schema.problem import AppError


def code_of(root: Path, folder: RunFolder) -> str:
    with pytest.raises(AppError) as caught:
        delete_run(root, folder, for_good=True)
    return caught.value.problem.code


def test_for_good_means_gone(tmp_path: Path):
    root = tmp_path / "Läufe mit Leerzeichen"
    gone, kept = stored_run(root, "2026-01-01", cold_job()), stored_run(root, "2026-01-02", cold_job())
    delete_run(root, gone, for_good=True)
    assert [path.name for path in root.iterdir()] == [kept.run_id]


@pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="the trash of Linux has a folder that can be looked into"
)
def test_the_trash_holds_what_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from wan22.runs.layout import RunFolder
        from wan22.runs.run_delete import delete_run
        delete_run(Path(sys.argv[1]), RunFolder(Path(sys.argv[1]) / "2026-01-01 ü"))
        """
    )
    folder = stored_run(tmp_path / "runs", "2026-01-01 ü", cold_job())
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "share"), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "runs")], env=environment, check=True, timeout=60)
    assert not folder.path.exists()
    (found,) = (tmp_path / "share" / "Trash" / "files").iterdir()
    assert found.name == "2026-01-01 ü"
    assert (found / "run.json").is_file()


def test_only_runs_of_the_folder_for_runs_are_deleted(tmp_path: Path):
    root = tmp_path / "runs"
    inside = stored_run(root, "2026-01-01", cold_job())
    outside = stored_run(tmp_path / "elsewhere", "2026-01-01", cold_job())
    nested = stored_run(inside.path, "nested", cold_job())
    assert code_of(root, outside) == "run_outside"
    assert code_of(root, nested) == "run_outside"
    assert code_of(root, RunFolder(root / ".." / "elsewhere" / "2026-01-01")) == "run_outside"
    (root / "folder").mkdir()
    (root / "folder" / "thesis.txt").write_text("x", encoding="utf-8")
    assert code_of(root, RunFolder(root / "folder")) == "run_not_found"
    assert code_of(root, RunFolder(root)) == "run_not_found"
    assert code_of(root, RunFolder(root / "gone")) == "run_not_found"
    assert code_of(tmp_path / "no such folder", inside) == "run_outside"
    assert outside.manifest.is_file()
    assert nested.manifest.is_file()


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_a_link_to_a_run_elsewhere_is_not_followed(tmp_path: Path):
    root = tmp_path / "runs"
    root.mkdir()
    outside = stored_run(tmp_path / "elsewhere", "2026-01-01", cold_job())
    (root / "link").symlink_to(outside.path, target_is_directory=True)
    assert code_of(root, RunFolder(root / "link")) == "run_outside"
    assert outside.manifest.is_file()
    linked = tmp_path / "linked runs"
    linked.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    delete_run(linked, RunFolder(linked / "2026-01-01"), for_good=True)
    assert not outside.path.exists()


def test_a_run_that_is_being_written_stays(tmp_path: Path):
    folder = RunFolder(tmp_path / "runs" / "2026-01-01")
    folder.outputs.mkdir(parents=True)
    writer = RunWriter(folder, FakeClock())
    opened = writer.open(manifest("2026-01-01"))
    assert is_being_written(folder)
    assert code_of(tmp_path / "runs", folder) == "run_in_use"
    writer.close(opened.model_copy(update={"outcome": PromptOutcome.success}))
    assert not is_being_written(folder)
    assert not folder.lock.exists()
    delete_run(tmp_path / "runs", folder, for_good=True)
    assert not folder.path.exists()


def test_a_run_whose_writer_was_killed_can_be_deleted(tmp_path: Path):
    root = tmp_path / "runs"
    script = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from tests.unit.runs.facts import manifest
        from wan22.runs.layout import RunFolder
        from wan22.runs.writer import RunWriter
        from wan22.system.clock import SystemClock
        folder = RunFolder(Path(sys.argv[1]))
        folder.outputs.mkdir(parents=True)
        writer = RunWriter(folder, SystemClock())
        writer.open(manifest(folder.run_id))
        print("open", flush=True)
        sys.stdin.readline()
        os._exit(9)
        """
    )
    here = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here / "app")])}
    folder = RunFolder(root / "2026-01-01")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == "open\n"
        assert is_being_written(folder)
        assert code_of(root, folder) == "run_in_use"
        writing.communicate("end\n", timeout=30)
    assert folder.lock.exists()
    assert not is_being_written(folder)
    delete_run(root, folder, for_good=True)
    assert not folder.path.exists()


def test_a_folder_that_cannot_be_removed_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tmp_path / "runs"
    folder = stored_run(root, "2026-01-01", cold_job())

    def locked(path: Path) -> None:
        raise PermissionError(13, "The process cannot access the file", str(path))

    monkeypatch.setattr(run_delete.shutil, "rmtree", locked)
    assert code_of(root, folder) == "file_unwritable"
    assert folder.manifest.is_file()
    assert [path.name for path in root.iterdir()] == ["2026-01-01"]
