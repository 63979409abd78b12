"""pip in ComfyUI's own Python: what is installed, what an installation would change, and changing it."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.launch.requirement_lines import canonical
from wan22.launch.script_run import ScriptResult, run_script
from wan22.schema.node_pack import PackageChange
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.process import child_environment

_LIST_LIMIT_S = 120.0
_INSTALL_LIMIT_S = 3600.0
_DROPPED = ("PIP_REQUIRE_VIRTUALENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT")
_DROPPED_TOO = ("PIP_REQUIREMENT", "PIP_DRY_RUN", "PIP_REPORT", "PIP_UPGRADE", "PIP_FORCE_REINSTALL", "PIP_NO_DEPS")


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of one Python. `flags`: what that Python is started with (the portable one: -s)."""

    python: Path
    flags: tuple[str, ...]
    working_folder: Path
    on_line: Callable[[str], None]

    def installed(self, cancel: CancelToken) -> dict[str, str]:
        """Version by canonical name of everything that this Python finds. AppError `pip_unusable`, `cancelled`."""
        result = self._pip(("list", "--format=json"), cancel, limit_s=_LIST_LIMIT_S, quiet=True)
        found = _json_line(result.lines)
        if result.exit_code != 0 or not isinstance(found, list):
            raise _unusable(self.python, result)
        return {
            canonical(str(item["name"])): str(item.get("version", ""))
            for item in found
            if isinstance(item, dict) and item.get("name")
        }

    def dry_run(
        self,
        lines: Sequence[str],
        limits: Sequence[str],
        cancel: CancelToken,
        *,
        ready_made_only: bool,
    ) -> tuple[tuple[PackageChange, ...] | None, ScriptResult, Mapping[str, tuple[str, ...]]]:
        """What installing `lines` under the constraints `limits` would bring; None when pip finds no way.

        The third value: what each package that would come needs itself. `before` of the changes is not set.
        With `ready_made_only` nothing of a package is run. AppError `pip_unusable`, `cancelled`.
        """
        with tempfile.TemporaryDirectory(prefix="wan22-pip-") as folder:
            report = Path(folder) / "report.json"
            words = (*_lists(Path(folder), lines, limits), "--dry-run", "--report", str(report))
            binary = ("--only-binary", ":all:") if ready_made_only else ()
            result = self._pip(("install", *words, *binary), cancel, limit_s=_INSTALL_LIMIT_S)
            if any("no such option" in line for line in result.lines):
                raise _unusable(self.python, result)
            if result.exit_code != 0:
                return None, result, {}
            try:
                entries = json.loads(report.read_text(encoding="utf-8")).get("install", [])
            except (OSError, ValueError) as error:
                raise _unusable(self.python, result) from error
        return tuple(_change(entry) for entry in entries), result, {_name(e): _needs(e) for e in entries}

    def install(self, lines: Sequence[str], limits: Sequence[str], cancel: CancelToken, *, build: bool) -> None:
        """Install `lines` under the constraints `limits`. AppError `pack_packages_failed`, `cancelled`."""
        with tempfile.TemporaryDirectory(prefix="wan22-pip-") as folder:
            words = _lists(Path(folder), lines, limits)
            binary = () if build else ("--only-binary", ":all:")
            result = self._pip(("install", *words, *binary), cancel, limit_s=_INSTALL_LIMIT_S)
        if result.exit_code != 0:
            raise _install_failed(result)

    def put_back(self, changes: Iterable[PackageChange], cancel: CancelToken) -> tuple[str, ...]:
        """Undo `changes` as far as possible; one sentence for each that could not be undone."""
        left: list[str] = []
        told = tuple(changes)
        new = [change.name for change in told if change.before is None]
        old = [f"{change.name}=={change.before}" for change in told if change.before is not None]
        if new:
            result = self._pip(("uninstall", "--yes", *new), cancel, limit_s=_INSTALL_LIMIT_S)
            if result.exit_code != 0:
                left.append(f"{', '.join(new)} could not be removed again.")
        for wanted in old:
            result = self._pip(("install", "--no-deps", wanted), cancel, limit_s=_INSTALL_LIMIT_S)
            if result.exit_code != 0:
                left.append(f"{wanted} could not be put back.")
        return tuple(left)

    def _pip(self, words: tuple[str, ...], cancel: CancelToken, *, limit_s: float, quiet: bool = False) -> ScriptResult:
        return run_script(
            (str(self.python), *self.flags, "-m", "pip", "--disable-pip-version-check", "--no-input", *words),
            self.working_folder,
            pip_environment(os.environ),
            limit_s=limit_s,
            cancel=cancel,
            on_line=None if quiet else self.on_line,
        )


def pip_environment(base: Mapping[str, str]) -> dict[str, str]:
    """An environment in which pip installs into its own Python and nowhere else; index and proxy stay the user's."""
    kept = {name: value for name, value in base.items() if name.upper() not in (*_DROPPED, *_DROPPED_TOO)}
    extra = {"PIP_NO_COLOR": "1", "PIP_PROGRESS_BAR": "off", "PIP_ROOT_USER_ACTION": "ignore", "PIP_USER": "0"}
    return child_environment(extra, kept)


def package_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[PackageChange, ...]:
    """Every package that is not the same in both."""
    names = sorted(before.keys() | after.keys())
    return tuple(
        PackageChange(name=name, before=before.get(name), after=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _lists(folder: Path, lines: Sequence[str], limits: Sequence[str]) -> tuple[str, ...]:
    wanted, limited = folder / "wanted.txt", folder / "limits.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    limited.write_text("\n".join(limits) + "\n", encoding="utf-8")
    return ("--requirement", str(wanted), "--constraint", str(limited), "--prefer-binary")


def _change(entry: Mapping[str, Any]) -> PackageChange:
    info = entry.get("download_info")
    source = str(info.get("url", "")) if isinstance(info, Mapping) else ""
    return PackageChange(
        name=_name(entry), before=None, after=str(entry.get("metadata", {}).get("version", "?")), source=source
    )


def _name(entry: Mapping[str, Any]) -> str:
    return canonical(str(entry.get("metadata", {}).get("name", "?")))


def _needs(entry: Mapping[str, Any]) -> tuple[str, ...]:
    needs = entry.get("metadata", {}).get("requires_dist") or ()
    return tuple(str(need) for need in needs)


def _json_line(lines: Sequence[str]) -> object:
    """The one line of JSON among warnings."""
    for line in lines:
        if line.startswith("["):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None


def _unusable(python: Path, result: ScriptResult) -> AppError:
    text = "\n".join(result.lines[-20:])
    if "No module named pip" in text:
        message = f"{python} has no pip."
    elif "no such option" in text:
        message = f"The pip of {python} is too old: it cannot say beforehand what it would change."
    else:
        message = f"The pip of {python} does not answer as pip does."
    return app_error("pip_unusable", message, detail=text, python=python)


_SIGNS = (
    (
        "externally-managed-environment",
        "This Python belongs to the system, which lets nobody install into it: use a venv.",
    ),
    ("Permission denied", "A file could not be written: stop ComfyUI, or install as the user that owns its Python."),
    ("WinError 5", "A file is in use: stop ComfyUI and try again."),
    ("WinError 32", "A file is in use: stop ComfyUI and try again."),
    ("No space left", "The disk is full."),
    ("NewConnectionError", "The package index could not be reached: check the connection."),
    ("Failed building wheel", "A package has to be built here and could not be: a compiler or a library is missing."),
)


def _install_failed(result: ScriptResult) -> AppError:
    text = "\n".join(result.lines[-30:])
    hint = next((hint for sign, hint in _SIGNS if sign in text), None)
    how = "was not done in time" if result.exit_code is None else f"ended with {result.exit_code}"
    return app_error("pack_packages_failed", f"pip install {how}.", hint=hint, detail=text)
