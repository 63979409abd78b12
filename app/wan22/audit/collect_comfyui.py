"""The ComfyUI that is started: version, commit, and whether somebody changed its files."""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from wan22.audit.source import AuditSources, Found, no_comfyui
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.script_run import run_script
from wan22.schema.audit import ComfyFacts
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment

_GIT_LIMIT_S = 15.0
_CHANGED = re.compile(r'^\s*[MADRCUT]{1,2}\s+"?(.+?)"?$')
_FILES_SHOWN = 20


def collect_comfyui(sources: AuditSources, cancel: CancelToken) -> Found:
    """`ComfyFacts`. AppError `comfyui_not_found`, `cancelled`."""
    if sources.comfyui is None:
        if sources.stats is None:
            raise no_comfyui()
        is_simulated = sources.stats.is_simulated
        reason = "It is simulated." if is_simulated else "The server was only attached to; where it lies is not known."
        facts = ComfyFacts(version=sources.stats.system.comfyui_version)
        return Found(facts, dict.fromkeys(("folder", "commit", "is_dirty"), reason))
    installation = installation_of(sources)
    reasons: dict[str, str] = {}
    if installation.commit is None:
        reasons["commit"] = "The folder is no git checkout."
    changed, reason = (None, "Only a full audit asks git.") if sources.quick else _changed(installation.folder, cancel)
    if reason:
        reasons["is_dirty"] = reason
    facts = ComfyFacts(
        folder=str(installation.folder),
        layout=installation.layout,
        version=installation.version,
        commit=installation.commit,
        is_dirty=None if changed is None else bool(changed),
        changed_files=None if changed is None else changed[:_FILES_SHOWN],
    )
    return Found(facts, reasons)


def installation_of(sources: AuditSources) -> Installation:
    """The installation, also one whose Python is not found: its files can be looked at all the same."""
    if sources.comfyui is None:
        raise no_comfyui()
    try:
        return find_installation(sources.comfyui, sources.python)
    except AppError as error:
        if error.problem.code != "comfyui_python_not_found":
            raise
    return find_installation(sources.comfyui, Path(sys.executable))


def _changed(folder: Path, cancel: CancelToken) -> tuple[tuple[str, ...] | None, str]:
    """Files that differ from the commit, or None and why that is not known."""
    if not (folder / ".git").exists():
        return None, "The folder is no git checkout."
    git = shutil.which("git")
    if git is None:
        return None, "git is not installed, so changes to the files cannot be seen."
    # No lock is taken, and nothing that the checkout's own configuration names is started.
    words = (git, "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
    try:
        result = run_script(
            (*words, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules"),
            folder,
            _without_git(child_environment()),
            limit_s=_GIT_LIMIT_S,
            cancel=cancel,
        )
    except AppError as error:
        if error.problem.code == "cancelled":
            raise
        return None, f"git could not be started: {error.problem.message}"
    if result.exit_code != 0:
        how = "took too long" if result.exit_code is None else f"refused: {' '.join(result.lines)[:200]}"
        return None, f"git {how}"
    return tuple(found[1] for line in result.lines if (found := _CHANGED.match(line))), ""


def _without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that would lead git to another repository."""
    return {name: value for name, value in environment.items() if not name.upper().startswith("GIT_")}
