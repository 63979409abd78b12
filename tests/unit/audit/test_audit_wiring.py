import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.audit.machines import PROFILE, make_environment, snapshot, with_part
from tests.unit.launch.installs import make_comfyui
from wan22 import wiring
from wan22.audit.difference import difference
from wan22.audit.snapshot_file import read_run_audit, read_snapshot, write_run_audit
from wan22.comfy.http import HttpComfyClient
from wan22.job.server import ServerHandle
from wan22.launch.discovery import find_installation
from wan22.runs.layout import RunFolder
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import SystemInfo, SystemStats
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock

SAMPLE = next((Path(__file__).parents[2] / "data" / "runs" / "format_1").glob("*_sample"))
INVENTORY = GpuInventory(source="simulated", simulated=True, gpus=(GpuInfo(gpu=0, name="SIMULATED board"),))


def handle(folder: Path | None, *, local: bool = True, simulated: bool = False) -> ServerHandle:
    installation = find_installation(folder, make_environment(folder / ".venv")) if folder is not None else None
    system = SystemInfo(
        comfyui_version="0.25.0",
        python_version="3.12.7 (main)",
        pytorch_version="2.10.0",
        deploy_environment="simulated" if simulated else None,
    )
    client = HttpComfyClient("http://127.0.0.1:1", clock=SystemClock())
    return ServerHandle(
        client=client, stats=SystemStats(system=system), owned=True, local=local, installation=installation
    )


def audit_run(work: Path, server: ServerHandle, folder: Path | None = None) -> RunFolder:
    run = RunFolder(work / "run")
    run.path.mkdir()
    settings = Settings(comfyui=folder, output=work)
    found = wiring.audit_run(
        run, server, INVENTORY, CancelToken(), profile=PROFILE, chosen=settings, shared=wiring.parts()
    )
    assert found is None
    return run


def test_beside_a_run_of_our_own_server(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    found = read_run_audit(audit_run(tmp_path, handle(folder), folder))
    assert found is not None
    assert found.quick
    assert not found.simulated
    assert found.comfyui is not None
    assert found.comfyui.version == "0.25.0"
    assert found.python is not None
    assert found.python.version == "{}.{}.{}".format(*sys.version_info[:3])
    assert found.models is not None
    assert found.profile is not None
    assert found.profile.name == "rtx5090"


def test_beside_a_run_of_a_server_that_was_attached_to(tmp_path: Path):
    found = read_run_audit(audit_run(tmp_path, handle(None)))
    assert found is not None
    assert found.comfyui is not None
    assert (found.comfyui.version, found.comfyui.folder) == ("0.25.0", None)
    assert found.python is not None
    assert found.python.version == "3.12.7"
    assert (found.models, found.packs) == (None, None)
    assert not [one for one in found.problems if one.problem.code == "comfyui_not_found"]


def test_beside_a_simulated_run(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    found = read_run_audit(audit_run(tmp_path, handle(folder, simulated=True), folder))
    assert found is not None
    assert found.simulated
    assert found.gpu is not None
    assert found.gpu.boards[0].info.name == "SIMULATED board"
    assert found.models is None


def test_nothing_of_this_machine_for_a_server_elsewhere(tmp_path: Path):
    assert read_run_audit(audit_run(tmp_path, handle(None, local=False))) is None


def test_a_disk_that_refuses_is_said_and_does_not_break_the_run(tmp_path: Path):
    run = RunFolder(tmp_path / "file" / "run")
    (tmp_path / "file").touch()
    found = wiring.audit_run(
        run, handle(None), None, CancelToken(), profile=PROFILE, chosen=Settings(), shared=wiring.parts()
    )
    assert found is not None
    assert found.code == "file_unwritable"
    cancel = CancelToken()
    cancel.set()
    assert (
        wiring.audit_run(run, handle(None), None, cancel, profile=PROFILE, chosen=Settings(), shared=wiring.parts())
        is None
    )


def test_what_a_new_snapshot_is_compared_with(tmp_path: Path):
    settings, parts = Settings(output=tmp_path / "runs"), wiring.parts()
    assert wiring.reference(settings, parts) is None
    assert wiring.references(settings, parts) == ()
    wiring.keep_audit(snapshot(), parts)
    found = wiring.reference(settings, parts)
    assert found is not None
    assert found.name == "the last audit"
    run = RunFolder(tmp_path / "runs" / SAMPLE.name)
    shutil.copytree(SAMPLE, run.path)
    write_run_audit(run, with_part(snapshot(), "gpu", driver_version="1.2"))
    found = wiring.reference(settings, parts)
    assert found is not None
    assert found.name in ("the last run", "the last fast run")
    assert found.snapshot.gpu is not None
    assert found.snapshot.gpu.driver_version == "1.2"
    kinds = [(kind, title) for _, title, kind in wiring.references(settings, parts)]
    assert ("run", SAMPLE.name) in kinds
    assert "audit" in [kind for kind, _ in kinds]
    for name, _, _ in wiring.references(settings, parts):
        assert wiring.reference_named(name, settings).snapshot.app_version == "0.1.0"


def test_a_run_without_a_snapshot(tmp_path: Path):
    shutil.copytree(SAMPLE, tmp_path / SAMPLE.name)
    with pytest.raises(AppError, match="made without a snapshot"):
        wiring.snapshot_named("last", Settings(output=tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(AppError, match="holds no snapshot"):
        wiring.snapshot_named(str(tmp_path / "empty"), Settings())


def test_around_a_change(tmp_path: Path):
    folder = make_comfyui(tmp_path / "ComfyUI")
    python = make_environment(tmp_path / "venv", {"numpy": "2.1.0"})
    settings = Settings(comfyui=folder, python=python, profile="cpu", output=tmp_path / "runs")
    parts = wiring.parts()
    with wiring.audited_change(settings, parts):
        make_environment(tmp_path / "venv", {"sageattention": "2.2.0"})
    after, before = (read_snapshot(one.path) for one in wiring.audit_shelf(parts).kept())
    assert [change.sentence for change in difference(before, after).changes] == ["sageattention not installed → 2.2.0"]
    with pytest.raises(AppError), wiring.audited_change(settings, parts):
        raise app_error("cancelled", "The change failed.")
    assert len(wiring.audit_shelf(parts).kept()) == 2
