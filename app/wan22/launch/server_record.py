"""The note about a server that was left running: written, found again, and turned back into its launch plan."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from wan22.launch.launch_args import LaunchPlan
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import ProcessRecord, ServerRecord, SystemStats
from wan22.system.files import file_error, read_text, write_json_atomic
from wan22.system.process_spec import Process
from wan22.system.process_table import (
    ProcessIdentity,
    identity_of,
    is_port_free,
    is_same_process,
    port_owner,
    process_tree,
)

FORMAT = 1
_GPU_VARIABLES = ("CUDA_", "PYTORCH_", "TORCH", "NVIDIA_", "HIP_", "HSA_", "ROCR_")
"""What of the environment says which board is used and how; the rest may hold secrets and is not written."""


def record_file(data_folder: Path) -> Path:
    """Where the record lies."""
    return data_folder / "server.json"


def log_file(data_folder: Path) -> Path:
    """Where the output of a server goes that was left running."""
    return data_folder / "server.log"


def record_of(plan: LaunchPlan, process: Process, stats: SystemStats, started_s: float, log: Path) -> ServerRecord:
    """What to note of a server that lives. Raises AppError `server_not_left` when the system does not tell its age."""
    child = _process_record(process.pid)
    supervisor = None if process.supervisor_pid is None else _process_record(process.supervisor_pid)
    return ServerRecord(
        format=FORMAT,
        process=child,
        supervisor=supervisor,
        url=plan.url,
        host=plan.host,
        port=plan.port,
        argv=plan.argv,
        folder=str(plan.main_file.parent),
        working_folder=str(plan.cwd),
        python=plan.argv[0],
        environment=_telling(plan.environment, plan.added_environment),
        added_environment=dict(plan.added_environment),
        notices=plan.notices,
        profile=plan.profile_name,
        version=stats.system.comfyui_version,
        simulated=stats.is_simulated,
        started_s=started_s,
        log=str(log.absolute()),
    )


def plan_of(record: ServerRecord) -> LaunchPlan:
    """The plan that the server was started with; of its environment only what the record holds."""
    return LaunchPlan(
        argv=record.argv,
        cwd=Path(record.working_folder),
        environment=record.environment,
        added_environment=record.added_environment,
        url=record.url,
        host=record.host,
        port=record.port,
        main_file=Path(record.folder) / "main.py",
        notices=record.notices,
        profile_name=record.profile,
    )


def identity_in(record: ProcessRecord) -> ProcessIdentity:
    """The process that is meant."""
    return ProcessIdentity(record.pid, record.created_s)


def find_left_server(data_folder: Path) -> ServerRecord | None:
    """The server that was left running, if it still lives, holds its port, and no other panel works with it.

    The record of a process that is gone is removed; that of one which lives without its port (it restarts, or ends
    just now) stays for the next look. Raises AppError `file_unreadable`, `file_unwritable`.
    """
    record = _read(record_file(data_folder))
    if record is None or record.format > FORMAT:
        return None
    if not is_same_process(identity_in(record.process)):
        forget_server(data_folder, record)
        return None
    holder = record.holder
    if holder is not None and holder.pid != os.getpid() and is_same_process(identity_in(holder)):
        return None
    return record.model_copy(update={"holder": None}) if holds_port(record) else None


def hold_server(data_folder: Path, record: ServerRecord) -> None:
    """Note that this process works with it now: nobody else finds it until it is left again, or this process ends.

    Raises AppError `disk_full`, `file_unreadable`, `file_unwritable`.
    """
    path = record_file(data_folder)
    found = _read(path)
    if found is not None and found.process == record.process:
        held = record.model_copy(update={"holder": _process_record(os.getpid())})
        write_json_atomic(path, held.model_dump(mode="json"))


def holds_port(record: ServerRecord) -> bool:
    """Whether it is the server itself that listens on its port; believed where the system does not tell who does."""
    try:
        owner = port_owner(record.host, record.port)
        if owner is None or owner.pid is None:
            return not is_port_free(record.host, record.port)
    except AppError:  # the address is none of this machine's any more
        return False
    return owner.pid in process_tree(record.process.pid)


def keep_record(data_folder: Path, record: ServerRecord) -> None:
    """Write the record. Raises AppError `disk_full`, `file_unwritable`, and `server_not_left` beside another one.

    There is one record: a second server that is left running would make the panel forget the first.
    """
    path = record_file(data_folder)
    other = _read(path)
    if other is not None and other.process != record.process and is_same_process(identity_in(other.process)):
        raise app_error(
            "server_not_left",
            f"Another ComfyUI (process {other.process.pid}, {other.url}) was left running before.",
            hint="Stop that one first: only one can be found again.",
            pid=other.process.pid,
            url=other.url,
        )
    write_json_atomic(path, record.model_dump(mode="json"))


def forget_server(data_folder: Path, record: ServerRecord) -> None:
    """Remove the record if it is still the one of this server. Raises AppError `file_unwritable`."""
    path = record_file(data_folder)
    found = _read(path)
    if found is None or found.process != record.process:
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise file_error(error, path, writing=True) from error


def _read(path: Path) -> ServerRecord | None:
    """The record; None when there is none. One that is damaged tells nothing and counts as none."""
    if not path.is_file():
        return None
    with contextlib.suppress(ValidationError):
        return ServerRecord.model_validate_json(read_text(path))
    return None


def _process_record(pid: int | None) -> ProcessRecord:
    found = None if pid is None else identity_of(pid)
    if found is None:
        raise app_error(
            "server_not_left", f"The system does not tell when process {pid} began, so it could not be found again."
        )
    return ProcessRecord(pid=found.pid, created_s=found.created_s)


def _telling(environment: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    names = {name.upper() for name in added}
    return {
        name: value
        for name, value in environment.items()
        if name.upper() in names or name.upper().startswith(_GPU_VARIABLES)
    }
