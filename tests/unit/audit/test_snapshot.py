import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.audit.machines import TORCH, make_environment, sources
from wan22.audit.snapshot import COLLECTORS, take_snapshot
from wan22.audit.source import AuditSources, Found
from wan22.schema.audit import AuditPart, AuditSnapshot
from wan22.schema.gpu import GpuInfo, GpuInventory
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker


def test_a_machine_without_a_gpu_is_a_snapshot_all_the_same(tmp_path: Path):
    python = make_environment(tmp_path / "home" / "anna" / "venv", {"torch": "2.9.1"}, {"torch": TORCH})
    told: list[tuple[AuditPart, int, int]] = []
    made = sources(tmp_path, python=python)
    found = take_snapshot(made, CancelToken(), on_part=lambda *words: told.append(words))
    assert found.parts == tuple(AuditPart)
    assert [one.problem.code for one in found.problems if one.part is AuditPart.gpu] in ([], ["driver_missing"])
    for part in AuditPart:
        if part is not AuditPart.gpu:
            assert getattr(found, part.value) is not None, part
    assert sorted(done for _, done, _ in told) == list(range(1, 10))
    assert AuditSnapshot.model_validate_json(found.model_dump_json()) == found


def test_nothing_personal_is_in_it(tmp_path: Path):
    made = sources(tmp_path)
    text = take_snapshot(replace(made, quick=True), CancelToken()).model_dump_json()
    assert "anna" not in text
    assert "hf_verysecret" not in text
    assert "annas-tower" not in text
    document = json.loads(text)
    assert document["comfyui"]["folder"].replace("\\", "/") == "~/ComfyUI"
    assert document["profile"]["environment"] == {"HF_TOKEN": "(left out)", "CUDA_MODULE_LOADING": "LAZY"}
    assert document["profile"]["flags"] == {"--use-sage-attention": ""}


def test_quick_is_quick(tmp_path: Path):
    python = make_environment(tmp_path / "venv", {f"package-{n}": "1.0" for n in range(200)})
    made = sources(tmp_path, python=python, quick=True)
    take_snapshot(made, CancelToken())
    started_s = time.perf_counter()
    found = take_snapshot(made, CancelToken())
    assert time.perf_counter() - started_s < 0.5
    assert found.quick
    assert AuditPart.results not in found.parts
    assert found.python is not None
    assert len(found.python.packages or {}) == 200


def crashing(_sources: AuditSources, _cancel: CancelToken) -> Found:
    raise ZeroDivisionError("nobody thought of this")


def test_a_collector_that_crashes_leaves_a_problem(tmp_path: Path):
    collectors = {**COLLECTORS, AuditPart.machine: (crashing, 5.0)}
    parts = (AuditPart.machine, AuditPart.profile)
    found = take_snapshot(sources(tmp_path), CancelToken(), parts=parts, collectors=collectors)
    assert found.machine is None
    assert found.profile is not None
    assert [(one.part, one.problem.code) for one in found.problems] == [(AuditPart.machine, "internal_error")]


def test_a_driver_that_hangs_is_left_behind(tmp_path: Path):
    free = threading.Event()

    def hanging(_sources: AuditSources, _cancel: CancelToken) -> Found:
        free.wait(30.0)
        return Found(None)

    collectors = {**COLLECTORS, AuditPart.gpu: (hanging, 0.3)}
    parts = (AuditPart.gpu, AuditPart.profile)
    found = take_snapshot(sources(tmp_path), CancelToken(), parts=parts, collectors=collectors)
    free.set()
    assert found.gpu is None
    (problem,) = found.problems
    assert problem.problem.code == "audit_part_late"
    assert problem.problem.message.startswith("The part 'gpu' did not answer within 0.3 s")


def test_it_stops_on_request(tmp_path: Path):
    python = make_environment(tmp_path / "venv", {"torch": "1"}, {"torch": "import time; time.sleep(60)"})
    cancel = CancelToken()
    later = Worker("later", lambda own: None if own.wait(0.4) else cancel.set()).start()
    started_s = time.monotonic()
    with pytest.raises(AppError) as caught:
        take_snapshot(sources(tmp_path, python=python), cancel)
    assert caught.value.problem.code == "cancelled"
    assert time.monotonic() - started_s < 10.0
    later.stop()


def test_one_reason_for_all_parts_is_told_once(tmp_path: Path):
    made = replace(sources(tmp_path), comfyui=None)
    found = take_snapshot(made, CancelToken(), parts=(AuditPart.python, AuditPart.comfyui, AuditPart.models))
    assert [(one.part, one.problem.code) for one in found.problems] == [(AuditPart.python, "comfyui_not_found")]
    assert (found.python, found.comfyui, found.models) == (None, None, None)


def test_a_simulated_board_marks_the_snapshot(tmp_path: Path):
    inventory = GpuInventory(source="simulated", simulated=True, gpus=(GpuInfo(gpu=0),))
    found = take_snapshot(replace(sources(tmp_path), inventory=inventory), CancelToken(), parts=(AuditPart.gpu,))
    assert found.simulated


def test_values_that_are_not_known_say_why(tmp_path: Path):
    found = take_snapshot(sources(tmp_path), CancelToken(), parts=(AuditPart.comfyui,))
    assert found.comfyui is not None
    assert found.comfyui.commit is None
    assert found.reasons["comfyui.commit"] == "The folder is no git checkout."
