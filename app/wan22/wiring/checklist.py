"""The checklist of this machine: which folders are looked at, what a running server is asked, where notes are kept."""

import contextlib
import os
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import wan22
from wan22.audit import checklist_search as search
from wan22.audit.checklist import TODOS, judge
from wan22.audit.checklist_facts import ChecklistFacts, FoundPack, PackProof
from wan22.audit.checklist_notes import mark_unwanted, mark_wanted, read_checklist_notes, remember_scripts
from wan22.launch.pack_folder import find_pack, installed_packs
from wan22.schema.checklist import Checklist, ChecklistNotes
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.run_row import RunRow
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.paths import user_folders
from wan22.wiring.audit import audit_shelf
from wan22.wiring.packs import pack_catalog, pack_folders, server_view
from wan22.wiring.parts import Parts, runs_folder
from wan22.wiring.run_history import run_history
from wan22.wiring.workflow import installation_workflows, workflow_folders

PACK = "comfyui-frame-interpolation"
_CORE_CLASS = "FrameInterpolate"


@dataclass(frozen=True, slots=True)
class _Places:
    """Folders that are looked at."""

    documents: tuple[Path, ...]
    scripts: tuple[Path, ...]
    shipped: Path
    workflows: tuple[Path, ...]


def checklist(
    chosen: Settings, shared: Parts, features: Collection[str], cancel: CancelToken, *, url: str | None = None
) -> Checklist:
    """All to-dos as they stand now. `features`: names of the commands and pages there are; `url`: a server that runs.

    What cannot be looked at is named in the list's problems. Raises only AppError `cancelled`.
    """
    problems: list[Problem] = []
    notes = ChecklistNotes()
    with _noted(problems):
        notes = read_checklist_notes(notes_path(shared))
    places = _places(chosen, notes)
    root = runs_folder(chosen)
    rows = _rows(root, shared, cancel, problems)
    facts = ChecklistFacts(
        now_s=shared.clock.now(),
        features=frozenset(features),
        has_comfyui=chosen.comfyui is not None,
        is_attached=chosen.url is not None,
        audits=search.kept_audits(audit_shelf(shared)),
        scripts=search.start_scripts_in(places.scripts),
        trials=search.real_trials(root, rows, cancel),
        analyses=search.analyses_in((*places.workflows, *places.documents)),
        workflows=search.workflows_in(places.shipped, places.workflows, cancel),
        shipped=frozenset(path.stem for path in places.shipped.glob("*.json")),
        pack=_pack(chosen),
        proof=_asked(url, shared) or search.pack_proof(root, rows, cancel),
        guides=search.files_named(places.documents, "OPTIMIZATION_GUIDE*.md", "OPTIMIZATION_GUIDE*.html"),
        reports=search.files_named(places.documents, "FINAL_BENCHMARK_REPORT*.md", "FINAL_BENCHMARK_REPORT*.html"),
        containers=search.files_named(places.documents, "Dockerfile.wan22*", "docker-compose.y*ml"),
        engine=search.container_engine(os.environ.get("PATH")),
    )
    return judge(facts, notes, problems)


def command_names() -> frozenset[str]:
    """Names of the command line's modules, for a face that does not know the commands: nothing is imported."""
    folder = Path(wan22.__file__).parent / "cli" / "commands"
    return frozenset(found.name for found in pkgutil.iter_modules([str(folder)]))


def set_unwanted(key: str, note: str, shared: Parts) -> None:
    """Keep that a to-do is not wanted. AppError `bad_argument`, `checklist_invalid`, `file_unwritable` …"""
    mark_unwanted(notes_path(shared), _known(key), note, shared.clock.now())


def set_wanted(key: str, shared: Parts) -> None:
    """Want a to-do again. Errors as `set_unwanted`."""
    mark_wanted(notes_path(shared), _known(key))


def keep_script_folder(folder: Path) -> None:
    """Remember where start scripts were written; that they were written counts more than a note of it."""
    with contextlib.suppress(AppError):
        remember_scripts(user_folders(os.environ).data / "checklist.json", folder)


def notes_path(shared: Parts) -> Path:
    """The file with the user's notes."""
    return shared.folders.data / "checklist.json"


@contextlib.contextmanager
def _noted(problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except AppError as error:
        if error.problem.code == "cancelled":
            raise
        problems.append(error.problem)


def _rows(root: Path, shared: Parts, cancel: CancelToken, problems: list[Problem]) -> Sequence[RunRow]:
    found: list[RunRow] = []
    with _noted(problems):
        found += run_history(root, shared.folders).index.rows(cancel)
    return found


def _known(key: str) -> str:
    keys = [todo.key for todo in TODOS]
    if key not in keys:
        raise app_error("bad_argument", f"There is no to-do '{key}'; there are {', '.join(keys)}.")
    return key


def _places(chosen: Settings, notes: ChecklistNotes) -> _Places:
    remembered = tuple(Path(folder) for folder in notes.script_folders)
    shipped, own = workflow_folders()
    comfyui = chosen.comfyui
    beside = () if comfyui is None else (comfyui, *(comfyui / name for name in ("docs", "scripts", "docker")))
    saved: tuple[Path, ...] = ()
    with contextlib.suppress(AppError):
        saved = (installation_workflows(chosen)[0],)
    inside = tuple(folder / name for folder in remembered for name in ("docs", "docker"))
    return _Places((*remembered, *inside, *beside), (*remembered, *beside), shipped, (own, *saved))


def _pack(chosen: Settings) -> FoundPack | None:
    try:
        folders = pack_folders(chosen)
    except AppError:
        return None
    source = pack_catalog().named(PACK)
    if source is None or not folders:
        return None
    found = find_pack(installed_packs(folders), identity=source.id, url=source.url, names=(source.folder, source.name))
    if found is None:
        return None
    try:
        time_s = found.path.stat().st_mtime
    except OSError:
        return None
    return FoundPack(found.path, time_s, found.is_enabled)


def _asked(url: str | None, shared: Parts) -> PackProof | None:
    """What a running server says of interpolation nodes; None when it has none or does not answer."""
    if url is None:
        return None
    try:
        classes = server_view(url).definitions.class_types
    except AppError:
        return None
    found = sorted(name for name in classes if name.endswith("VFI") or name == _CORE_CLASS)
    if not found:
        return None
    text = f"The server at {url} has {', '.join(found[:3])}{' …' if len(found) > 3 else ''}"
    return PackProof(True, text, shared.clock.now())
