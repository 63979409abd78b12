"""Exported runs for tests: proper ones, and ones made by hand to do harm."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.unit.runs.facts import cold_job, stored_run
from wan22.runs.archive_format import LIST_NAME
from wan22.runs.layout import RunFolder
from wan22.runs.run_notes import set_note
from wan22.runs.writer import event_line
from wan22.schema.events import OutputSaved
from wan22.schema.run import JobParameters, ServerIdentity

PROMPT = "Grandmother waves from the garden"
HOME = "/home/jürgen"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 400


def whole_run(root: Path, run_id: str = "2026-01-01_01-02-03_lake") -> RunFolder:
    """A run with everything that a run can have."""
    job = JobParameters(
        workflow="two pass", workflow_sha256="0", image="oma.png", prompt=PROMPT, negative="blur", seed=7
    )
    server = ServerIdentity(url="http://10.0.0.7:8188", owned=True, folder=f"{HOME}/ComfyUI", python=f"{HOME}/v/python")
    folder = stored_run(root, run_id, cold_job(100.0), title="two pass · oma.png", parameters=job, server=server)
    (folder.outputs / "wan.mp4").write_bytes(VIDEO)
    folder.input.mkdir()
    (folder.input / "oma.png").write_bytes(b"\x89PNG picture")
    digest = hashlib.sha256(VIDEO).hexdigest()
    saved = OutputSaved(time_s=127.0, path="outputs/wan.mp4", byte_count=len(VIDEO), sha256=digest)
    with folder.events.open("ab") as file:
        file.write(event_line(saved))
    graph = {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT}}}
    folder.workflow.write_text(json.dumps(graph), encoding="utf-8")
    folder.processes.write_text('{"time_s": 1, "gpu": 0, "processes": [{"name": "secret.exe"}]}\n', encoding="utf-8")
    folder.server_log.write_text(f"loading {HOME}/ComfyUI/models/x.safetensors\n", encoding="utf-8")
    folder.summary.write_text("{}", encoding="utf-8")
    (folder.path / "unknown.bin").write_bytes(b"who knows")
    set_note(folder, "bester Lauf")
    return folder


def entries_of(path: Path) -> dict[str, bytes]:
    """Everything in an archive, by name."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def parts_of(root: Path) -> dict[str, bytes]:
    """The parts of a small proper run, to be packed by hand."""
    folder = stored_run(root, "2026-01-01_forged", cold_job(100.0))
    names = ("run.json", "events.jsonl", "telemetry.csv")
    return {name: (folder.path / name).read_bytes() for name in names}


def pack(
    path: Path,
    parts: Mapping[str, bytes],
    *,
    listed: Mapping[str, Any] | None = None,
    infos: Sequence[tuple[zipfile.ZipInfo, bytes]] = (),
    compression: int = zipfile.ZIP_DEFLATED,
    named: Mapping[str, bytes] | None = None,
) -> Path:
    """A ZIP with a list of `parts` (or of `named`), those parts, and `infos` as they are. `listed` changes the list."""
    named = parts if named is None else named
    rows = [
        {"path": name, "byte_count": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in named.items()
    ]
    rows += [
        {"path": info.filename, "byte_count": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for info, data in infos
    ]
    document = {"kind": "wan22run", "format": 1, "run_id": "2026-01-01_forged", "parts": rows, **(listed or {})}
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(LIST_NAME, json.dumps(document))
        for name, data in parts.items():
            archive.writestr(name, data)
        for info, data in infos:
            archive.writestr(info, data)
    return path
