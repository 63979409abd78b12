import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.process import ScriptedProcess
from tests.unit.launch.installs import SCHEMA, installation
from wan22.launch.launch_args import LaunchPlan, launch_plan
from wan22.launch.server_record import (
    find_left_server,
    forget_server,
    hold_server,
    holds_port,
    keep_record,
    log_file,
    plan_of,
    record_file,
    record_of,
)
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile
from wan22.schema.server import ServerRecord, SystemInfo, SystemStats
from wan22.system.process import ProcessSpec
from wan22.system.process_table import identity_of


@pytest.fixture
def port() -> Iterator[int]:
    """A port that this very process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def plan_on(port: int) -> LaunchPlan:
    setting = {"value": "1", "note": "a note", "read_by": "the server"}
    profile = Profile.model_validate({"name": "trial", "title": "Trial", "environment": {"OWN_SWITCH": setting}})
    base = {"CUDA_VISIBLE_DEVICES": "1", "HF_TOKEN": "a secret", "PATH": "somewhere"}
    return launch_plan(profile, installation(), SCHEMA, "127.0.0.1", port, ("--odd",), base)


def record_on(port: int, data: Path, pid: int | None = None) -> ServerRecord:
    plan = plan_on(port)
    process = ScriptedProcess(ProcessSpec(plan.argv, plan.cwd, {}), print, pid=os.getpid() if pid is None else pid)
    process.supervisor_pid = os.getppid() if sys.platform != "win32" else None
    stats = SystemStats(system=SystemInfo(comfyui_version="0.25.0", deploy_environment="simulated"))
    return record_of(plan, process, stats, 1_700_000_000.0, log_file(data))


def test_a_record_is_found_again_and_gives_back_the_plan(tmp_path: Path, port: int):
    data = tmp_path / "Größe 画"
    record = record_on(port, data)
    keep_record(data, record)
    assert find_left_server(data) == record
    assert (record.version, record.simulated, record.profile) == ("0.25.0", True, "trial")
    assert (record.supervisor is None) == (sys.platform == "win32")
    plan = plan_on(port)
    kept = {"CUDA_VISIBLE_DEVICES": "1", "OWN_SWITCH": "1"}
    assert plan_of(record) == replace(plan, environment=kept)
    assert plan_of(record).server_argv == plan.server_argv
    text = record_file(data).read_text(encoding="utf-8")
    assert "secret" not in text
    assert json.loads(text)["format"] == 1


def test_a_server_that_another_panel_works_with_is_not_found(tmp_path: Path, port: int):
    record = record_on(port, tmp_path)
    keep_record(tmp_path, record)
    hold_server(tmp_path, record)
    assert find_left_server(tmp_path) == record  # this very process may take it up again
    text = json.loads(record_file(tmp_path).read_text(encoding="utf-8"))
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        found = identity_of(other.pid)
        assert found is not None
        text["holder"] = {"pid": found.pid, "created_s": found.created_s}
        record_file(tmp_path).write_text(json.dumps(text), encoding="utf-8")
        assert find_left_server(tmp_path) is None
        assert record_file(tmp_path).is_file()
    finally:
        other.communicate(b"\n")
    assert find_left_server(tmp_path) == record  # the other panel is gone, however it went


def test_only_the_noted_server_can_be_held(tmp_path: Path, port: int):
    record = record_on(port, tmp_path)
    hold_server(tmp_path, record)
    assert not record_file(tmp_path).exists()
    keep_record(tmp_path, record)
    hold_server(tmp_path, record)
    keep_record(tmp_path, record)  # left again
    assert '"holder": null' in record_file(tmp_path).read_text(encoding="utf-8")


def test_a_server_without_its_port_is_not_found_but_remembered(tmp_path: Path, port: int):
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = int(other.getsockname()[1])
    record = record_on(free, tmp_path)
    keep_record(tmp_path, record)
    assert find_left_server(tmp_path) is None
    assert record_file(tmp_path).exists()
    assert holds_port(record.model_copy(update={"port": port}))


@pytest.mark.skipif(sys.platform == "win32", reason="Wine does not tell who listens")
def test_a_port_of_somebody_else_is_not_its_own(tmp_path: Path, port: int):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not holds_port(record_on(port, tmp_path, child.pid))
    finally:
        child.kill()
        child.wait()


def test_a_process_that_began_at_another_time_is_another_one(tmp_path: Path, port: int):
    record = record_on(port, tmp_path)
    earlier = record.process.model_copy(update={"created_s": record.process.created_s - 5.0})
    keep_record(tmp_path, record.model_copy(update={"process": earlier}))
    assert find_left_server(tmp_path) is None
    assert not record_file(tmp_path).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_record_is_none(tmp_path: Path, text: str):
    assert find_left_server(tmp_path) is None
    record_file(tmp_path).write_text(text, encoding="utf-8")
    assert find_left_server(tmp_path) is None


def test_a_record_of_a_newer_program_is_left_alone(tmp_path: Path, port: int):
    record = record_on(port, tmp_path).model_copy(update={"format": 2})
    keep_record(tmp_path, record)
    assert find_left_server(tmp_path) is None
    assert record_file(tmp_path).exists()


def test_one_record_does_not_hide_another(tmp_path: Path, port: int):
    record = record_on(port, tmp_path)
    keep_record(tmp_path, record)
    keep_record(tmp_path, record)
    other = record.model_copy(update={"process": record.process.model_copy(update={"pid": record.process.pid + 1})})
    with pytest.raises(AppError) as caught:
        keep_record(tmp_path, other)
    assert caught.value.problem.code == "server_not_left"
    forget_server(tmp_path, other)
    assert find_left_server(tmp_path) == record
    forget_server(tmp_path, record)
    forget_server(tmp_path, record)
    keep_record(tmp_path, other)
    assert json.loads(record_file(tmp_path).read_text(encoding="utf-8"))["process"]["pid"] == other.process.pid


def test_a_process_that_is_gone_cannot_be_noted(tmp_path: Path, port: int):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    with pytest.raises(AppError) as caught:
        record_on(port, tmp_path, child.pid)
    assert caught.value.problem.code == "server_not_left"
