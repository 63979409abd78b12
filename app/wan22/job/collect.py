"""The files a job made, copied from the server into the run folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.client import ComfyClient, HistoryEntry
from wan22.schema.events import OutputFile, OutputSaved
from wan22.schema.problem import AppError, Problem, problem
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import safe_file_name, sha256_of


@dataclass(frozen=True, slots=True)
class Collected:
    """What arrived and what did not."""

    saved: tuple[Path, ...]
    problems: tuple[Problem, ...]


def collect_outputs(
    client: ComfyClient, entry: HistoryEntry | None, folder: Path, bus: Bus, clock: Clock, cancel: CancelToken
) -> Collected:
    """Fetch every file of the history entry through `/view` into `folder`; publishes `OutputSaved` for each.

    Temporary files (previews) are fetched only when the job saved nothing else. Names come from a server that may
    not be ours, so they are made safe and never decide about folders.
    """
    files = _wanted(entry.files if entry is not None else ())
    if not files:
        text = "The job ended, but the server names no file that it saved."
        return Collected((), (problem("output_missing", text),))
    saved: list[Path] = []
    problems: list[Problem] = []
    for node, file in files:
        target = _free_name(folder, safe_file_name(file.filename))
        try:
            byte_count = client.fetch_output(file, target, cancel)
        except AppError as error:
            if error.problem.code == "cancelled":
                raise
            problems.append(error.problem)
            continue
        digest = sha256_of(target)
        bus.publish(
            OutputSaved(
                time_s=clock.now(), path=f"{folder.name}/{target.name}", byte_count=byte_count, node=node, sha256=digest
            )
        )
        saved.append(target)
    return Collected(tuple(saved), tuple(problems))


def _wanted(files: Sequence[tuple[str, OutputFile]]) -> list[tuple[str, OutputFile]]:
    kept = [(node, file) for node, file in files if file.type == "output"]
    return kept or [(node, file) for node, file in files if file.type == "temp"]


def _free_name(folder: Path, name: str) -> Path:
    target = folder / name
    number = 1
    while target.exists():
        target = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        number += 1
    return target
