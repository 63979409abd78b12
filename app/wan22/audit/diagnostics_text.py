"""What a report of a fault needs, as one text: versions, settings, the last run, the ends of the logs. No secrets."""

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import wan22
from wan22.audit.privacy import Privacy
from wan22.runs.layout import RunFolder
from wan22.runs.reader import iter_events, read_manifest
from wan22.schema.duration_text import duration
from wan22.schema.events import ProblemFound, ServerSaid
from wan22.schema.problem import AppError, Problem
from wan22.schema.run_row import RunRow
from wan22.schema.settings import Settings
from wan22.system.log_setup import FAULT_NAME, LOG_NAME

LINES = 50
_TAIL_BYTES = 64 * 1024
_WORD = r"(?:token|secret|passw(?:or)?d|api[_-]?key|authorization|cookie)"
_NAMED = re.compile(
    rf"(?P<name>\b[\w-]*{_WORD}[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"',;]+", re.IGNORECASE
)
_KNOWN = re.compile(r"\b(?:hf_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,})")


@dataclass(frozen=True, slots=True)
class DiagnosticsSources:
    """Where it is read. `origins`: where each setting that is no default comes from, in words; `rows`: the runs."""

    settings: Settings
    origins: Mapping[str, str]
    folders: Mapping[str, Path]
    runs_root: Path
    rows: Sequence[RunRow]
    privacy: Privacy
    problems: Sequence[Problem] = ()


def clean(text: str, privacy: Privacy) -> str:
    """`text` without names of people and machine, passwords and keys."""
    text = _NAMED.sub(lambda found: f"{found['name']}…", privacy.message(text))
    return _KNOWN.sub("…", text)


def version_lines() -> tuple[str, ...]:
    """This program, its Python, and the system below."""
    return (
        f"wan22 {wan22.__version__}",
        f"Python {platform.python_version()} ({platform.machine()})",
        f"System {platform.platform()}",
    )


def diagnostics_text(sources: DiagnosticsSources) -> str:
    """The whole text. What cannot be read is said in its place; never raises for what is in files."""
    parts = [
        ("Versions", version_lines()),
        ("Settings", tuple(_settings(sources))),
        ("Folders", tuple(f"{name} = {path}" for name, path in sources.folders.items())),
        ("Last run", tuple(_last_run(sources))),
        ("Last lines of the server in it", tuple(_server_lines(sources))),
        (f"End of {LOG_NAME}", tail(sources.folders["log"] / LOG_NAME)),
        (f"End of {FAULT_NAME}", tail(sources.folders["log"] / FAULT_NAME)),
        ("Could not be read", tuple(_problem_lines(sources.problems))),
    ]
    lines = ["Diagnostics of wan22. Names of people, passwords and keys are left out; look at it before you send it."]
    for title, found in parts:
        if found or not title.startswith("Could"):
            lines += ["", f"[{title}]", *(found or ("nothing",))]
    return "\n".join(clean(line, sources.privacy) for line in lines) + "\n"


def tail(path: Path, count: int = LINES) -> tuple[str, ...]:
    """The last lines of a log; none when there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            data = file.read(_TAIL_BYTES)
    except OSError:
        return ()
    lines = data.decode("utf-8", "replace").splitlines()
    return tuple(line.rstrip() for line in lines[-count:])


def _settings(sources: DiagnosticsSources) -> Iterable[str]:
    for key in type(sources.settings).model_fields:
        value = getattr(sources.settings, key)
        said = sources.privacy.setting(key, "not set" if value is None else str(value))
        yield f"{key} = {said} ({sources.origins.get(key, 'default')})"


def _last_run(sources: DiagnosticsSources) -> Iterable[str]:
    row = next(iter(sources.rows), None)
    if row is None:
        return
    yield f"{row.run_id}{' SIMULATED' if row.simulated else ''}"
    yield f"outcome: {row.outcome.value if row.outcome is not None else 'not closed'}"
    yield f"profile: {row.profile or 'unknown'}, GPU: {row.board or 'unknown'}"
    size = f"{row.width} x {row.height} x {row.length}" if row.width else "size unknown"
    yield f"job: {row.workflow or 'unknown'}, {size}, interpolation {row.interpolation}"
    if row.total_s is not None:
        yield f"total: {duration(row.total_s)}"
    for stage in row.stages:
        yield f"{stage.role.value}: {'unknown' if stage.seconds is None else duration(stage.seconds)}"
    yield from _server(sources, row)
    yield from _problem_lines(_problems_of(sources, row))


def _server(sources: DiagnosticsSources, row: RunRow) -> Iterable[str]:
    try:
        manifest = read_manifest(RunFolder(sources.runs_root / row.run_id))
    except AppError as error:
        yield from _problem_lines((error.problem,))
        return
    yield f"made by wan22 {manifest.app_version}"
    server = manifest.server
    system = server.stats.system if server is not None and server.stats is not None else None
    if server is None or system is None:
        return
    commit = f", commit {server.commit[:12]}" if server.commit else ""
    yield f"ComfyUI {system.comfyui_version or 'of unknown version'}{commit}"
    yield f"torch {system.pytorch_version or 'unknown'}"
    flags = [sources.privacy.setting(*_split(word)) if "=" in word else word for word in system.argv]
    yield f"flags: {' '.join(flags) or 'unknown'}"


def _split(word: str) -> tuple[str, str]:
    return word.partition("=")[0], word


def _problems_of(sources: DiagnosticsSources, row: RunRow) -> tuple[Problem, ...]:
    if row.unreadable is not None:
        return (row.unreadable,)
    try:
        facts = list(iter_events(RunFolder(sources.runs_root / row.run_id)))
    except AppError as error:
        return (error.problem,)
    return tuple(fact.problem for fact in facts if isinstance(fact, ProblemFound))[-5:]


def _server_lines(sources: DiagnosticsSources) -> Iterable[str]:
    row = next(iter(sources.rows), None)
    if row is None or row.unreadable is not None:
        return ()
    try:
        facts = iter_events(RunFolder(sources.runs_root / row.run_id))
        return tuple(fact.line for fact in facts if isinstance(fact, ServerSaid))[-LINES:]
    except AppError:
        return ()


def _problem_lines(problems: Iterable[Problem]) -> Iterable[str]:
    for problem in problems:
        yield f"[{problem.code}] {problem.message}"
        yield from (line for line in problem.detail.splitlines()[-LINES:] if line.strip())
