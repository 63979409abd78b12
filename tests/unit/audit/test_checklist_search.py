import json
import os
from pathlib import Path

import pytest

from tests.unit.audit.machines import snapshot, with_part
from tests.unit.runs.facts import KEY, cold_job, stored_run
from wan22 import wiring
from wan22.audit.checklist_notes import mark_unwanted, mark_wanted, read_checklist_notes, remember_scripts
from wan22.audit.checklist_search import (
    analyses_in,
    container_engine,
    kept_audits,
    pack_proof,
    real_trials,
    start_scripts_in,
    workflows_in,
)
from wan22.audit.snapshot_file import SnapshotShelf, write_run_audit
from wan22.launch.start_script import MARK
from wan22.runs.run_index import RunIndex
from wan22.schema.events import PromptOutcome, ServerSaid
from wan22.schema.problem import AppError
from wan22.schema.run import ServerIdentity
from wan22.schema.run_row import RunRow
from wan22.schema.server import SystemInfo, SystemStats
from wan22.system.cancel import CancelToken
from wan22.wiring.checklist import checklist, keep_script_folder, set_unwanted, set_wanted

NEVER = CancelToken()


def rows_of(root: Path, tmp_path: Path) -> tuple[RunRow, ...]:
    return RunIndex(root, tmp_path / "cache").rows()


def server(*argv: str) -> ServerIdentity:
    return ServerIdentity(url="http://x", owned=True, stats=SystemStats(system=SystemInfo(argv=argv)))


def test_only_real_whole_runs_are_trials(tmp_path: Path):
    root = tmp_path / "runs"
    stored_run(root, "real", cold_job(10.0), server=server("main.py", "--use-sage-attention", "--reserve-vram=1"))
    stored_run(root, "newer", cold_job(99.0), origin="bench")
    stored_run(root, "played", cold_job(20.0), simulated=True)
    stored_run(root, "torn", cold_job(30.0), incomplete=True)
    stored_run(root, "failed", cold_job(40.0), outcome=PromptOutcome.error)
    with_variables = with_part(snapshot(), "profile", environment={"TORCH_COMPILE": "1"})
    folder = stored_run(root, "known", cold_job(50.0))
    write_run_audit(folder, with_variables)
    found = real_trials(root, rows_of(root, tmp_path), NEVER)
    assert [one.run_id for one in found] == ["newer", "known", "real"]
    newer, known, real = found
    assert newer.is_benchmark
    assert newer.flags is None
    assert known.environment is not None
    assert ("TORCH_COMPILE", "1") in known.environment
    assert real.flags == {"--use-sage-attention", "--reserve-vram"}
    assert real.key == KEY
    assert not real.is_benchmark


def test_reading_runs_can_be_cancelled(tmp_path: Path):
    root = tmp_path / "runs"
    stored_run(root, "real", cold_job(10.0))
    cancel = CancelToken()
    cancel.set()
    with pytest.raises(AppError, match="Stopped"):
        real_trials(root, rows_of(root, tmp_path), cancel)


@pytest.mark.parametrize(
    ("line", "is_loaded"),
    [
        ("   0.4 seconds: C:\\ComfyUI\\custom_nodes\\ComfyUI-Frame-Interpolation", True),
        ("   0.1 seconds (IMPORT FAILED): /opt/custom_nodes/comfyui-frame-interpolation", False),
        ("   0.1 seconds: /opt/custom_nodes/rgthree-comfy", None),
    ],
)
def test_the_log_of_a_start_says_whether_the_pack_was_loaded(tmp_path: Path, line: str, is_loaded: bool | None):
    root = tmp_path / "runs"
    stored_run(root, "real", [ServerSaid(time_s=9.0, line=line), *cold_job(10.0)])
    found = pack_proof(root, rows_of(root, tmp_path), NEVER)
    assert (found.is_loaded if found is not None else None) is is_loaded


def test_simulated_audits_do_not_count(tmp_path: Path):
    shelf = SnapshotShelf(tmp_path)
    shelf.keep(snapshot().model_copy(update={"taken_s": 10.0, "quick": False}))
    shelf.keep(snapshot().model_copy(update={"taken_s": 20.0, "simulated": True}))
    (tmp_path / "2026-01-01_00-00-00-000000.json").write_text("{", encoding="utf-8")
    (found,) = kept_audits(shelf)
    assert (found.time_s, found.is_full, found.has_board) == (10.0, True, True)


def test_scripts_of_ours_are_known_by_their_mark(tmp_path: Path):
    (tmp_path / "launch_wan22_rtx5090.bat").write_text(f"@rem {MARK}\r\n", encoding="utf-8")
    (tmp_path / "launch_wan22_a100.bat").write_text("python main.py\r\n", encoding="utf-8")
    found = start_scripts_in((tmp_path, tmp_path / "gone"))
    assert {one.path.name: one.is_ours for one in found} == {
        "launch_wan22_rtx5090.bat": True,
        "launch_wan22_a100.bat": False,
    }


def test_analyses_and_workflows_are_known_by_what_is_in_them(tmp_path: Path):
    shipped, own = tmp_path / "shipped", tmp_path / "own ü"
    for folder in (shipped, own):
        folder.mkdir()
    (own / "notes.md").write_text("# Shopping\n", encoding="utf-8")
    (own / "x.md").write_text("\ufeff# Workflow analysis: boat\n", encoding="utf-8")
    assert [one.path.name for one in analyses_in((own,))] == ["x.md"]
    (shipped / "plain.json").write_text(json.dumps({"1": {"class_type": "KSampler"}}), encoding="utf-8")
    (shipped / "models.json").write_text(json.dumps({"files": [{"type": "RIFE VFI"}]}), encoding="utf-8")
    (own / "film.json").write_text(json.dumps({"nodes": [{"type": "FILM VFI"}]}), encoding="utf-8")
    core = {
        "1": {"class_type": "FrameInterpolate"},
        "2": {"class_type": "FrameInterpolationModelLoader", "inputs": {"model_name": "rife_v4.26.safetensors"}},
    }
    (own / "core.json").write_text(json.dumps(core), encoding="utf-8")
    (own / "broken.json").write_bytes(b"\xff\xfe\x00")
    found = {one.path.name: one for one in workflows_in(shipped, (own,), NEVER)}
    assert set(found) == {"plain.json", "film.json", "core.json"}
    assert {name: set(one.interpolators) for name, one in found.items()} == {
        "plain.json": set(),
        "film.json": {"film"},
        "core.json": {"rife"},
    }
    assert not found["plain.json"].is_own


def test_an_engine_is_looked_for_on_the_search_path(tmp_path: Path):
    assert container_engine(str(tmp_path)) is None
    name = "podman.exe" if os.name == "nt" else "podman"
    program = tmp_path / name
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    assert container_engine(str(tmp_path)) == "podman"


def test_notes_are_kept_and_a_broken_file_is_not_overwritten(tmp_path: Path):
    path = tmp_path / "data" / "checklist.json"
    assert read_checklist_notes(path).unwanted == {}
    mark_unwanted(path, "containers", "  no\nDocker  ", 5.0)
    remember_scripts(path, tmp_path / "a")
    remember_scripts(path, tmp_path / "b")
    notes = remember_scripts(path, tmp_path / "a")
    assert notes.script_folders == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert notes.unwanted["containers"].note == "no Docker"
    assert mark_wanted(path, "containers").unwanted == {}
    for text, word in (("[", "not as they were"), ('{"format": 99}', "format 99")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AppError, match=word) as caught:
            mark_unwanted(path, "containers", "", 5.0)
        assert caught.value.problem.code == "checklist_invalid"
        assert path.read_text(encoding="utf-8") == text


def test_everything_of_this_machine_at_once(tmp_path: Path):
    parts = wiring.parts()
    chosen = wiring.settings({"comfyui": tmp_path / "gone"})
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("rtx5090", "rtx4090", "a100"):
        (scripts / f"launch_wan22_{name}.bat").write_text(f"@rem {MARK}\r\n", encoding="utf-8")
    keep_script_folder(scripts)
    set_unwanted("containers", "later", parts)
    found = checklist(chosen, parts, ("bench",), NEVER)
    launchers, containers = found.item("launchers"), found.item("containers")
    assert launchers is not None
    assert launchers.state.value == "done"
    assert launchers.evidence[0].target.startswith(str(scripts))
    assert containers is not None
    assert (containers.state.value, containers.note) == ("unwanted", "later")
    set_wanted("containers", parts)
    with pytest.raises(AppError, match="no to-do 'docker'"):
        set_unwanted("docker", "", parts)
    assert found.problems == ()


def test_broken_notes_are_told_and_hide_nothing(tmp_path: Path):
    parts = wiring.parts()
    parts.folders.data.mkdir(parents=True)
    (parts.folders.data / "checklist.json").write_text("[", encoding="utf-8")
    found = checklist(wiring.settings({}), parts, (), NEVER, url="http://127.0.0.1:9")
    assert len(found.items) == 13
    assert [one.code for one in found.problems] == ["checklist_invalid"]
