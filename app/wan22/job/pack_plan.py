"""What an installation of a node pack would do, before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from wan22.launch.requirement_lines import Requirements
from wan22.launch.torch_guard import PackagePlan
from wan22.schema.node_pack import PackSource


class PackAction(Enum):
    """What is done with the folder. `repair`: it stays as it is, only its packages are seen to."""

    install = "install"
    update = "update"
    enable = "enable"
    repair = "repair"


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person agrees to beyond the plan. All are off unless said.

    `script`: the pack's own install.py is run. `odd_lines`: packages from other places than the index are taken.
    `build`: packages without a ready-made build are built here. `keep`: a pack that then does not load stays.
    """

    script: bool = False
    odd_lines: bool = False
    build: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class PackPlan:
    """An installation, ready to be agreed to. `staged`: where the new content waits; None when there is none.

    `commit`: what is checked out afterwards. `before_commit`: what is now. `has_script`: the pack has an install.py.
    `packages_before`: versions of everything that the Python has now. `by_archive`: fetched as a ZIP file, because
    there is no git. `file_count`: files of the pack.
    """

    source: PackSource
    action: PackAction
    target: Path
    python: Path
    staged: Path | None
    commit: str | None
    before_commit: str | None
    requirements: Requirements
    packages: PackagePlan
    packages_before: Mapping[str, str]
    has_script: bool = False
    by_archive: bool = False
    file_count: int = 0
    notes: tuple[str, ...] = ()

    @property
    def does_nothing(self) -> bool:
        """Whether everything is as it should be already."""
        no_change = self.packages.changes is not None and not self.packages.changes
        return self.action is PackAction.repair and no_change and not self.requirements.askable


_VERBS = {
    PackAction.install: "Install",
    PackAction.update: "Update",
    PackAction.enable: "Switch on",
    PackAction.repair: "See to the packages",
}


def plan_rows(plan: PackPlan) -> list[tuple[str, str]]:
    """Exactly what will happen: what it is about, and what is done."""
    rows = [(_VERBS[plan.action], plan.source.url)]
    if plan.commit is not None and plan.action in (PackAction.install, PackAction.update):
        before = f" (now {plan.before_commit[:12]})" if plan.before_commit else ""
        version = f", version {plan.source.version}" if plan.source.version else ""
        rows.append(("Commit", f"{plan.commit}{version}{before}"))
    rows.append(("Folder", str(plan.target)))
    rows.append(("Licence", f"{plan.source.licence or 'unknown: see its repository'} · {plan.file_count:,} files"))
    rows.append(("Into the Python", str(plan.python)))
    rows += _package_rows(plan.packages)
    rows += [("Other source", f"{line.line}: {line.reason}") for line in plan.requirements.askable]
    if plan.has_script:
        note = plan.source.script_note or "Runs code of the pack, which can do anything; not run unless agreed to."
        rows.append(("Its install.py", f"Not run. {note}" if plan.source.script_note else note))
    rows += [("Note", note) for note in plan.notes]
    return rows


def plan_lines(plan: PackPlan) -> list[str]:
    """As `plan_rows`, one thing a line; a name that repeats is told once."""
    rows = plan_rows(plan)
    width = max(len(name) for name, _ in rows)
    return [
        f"{'' if number and rows[number - 1][0] == name else name:<{width}}  {value}"
        for number, (name, value) in enumerate(rows)
    ]


def _package_rows(packages: PackagePlan) -> list[tuple[str, str]]:
    if packages.changes is None:
        return [("Packages", f"Not known beforehand. {packages.reason}: it has to be built, which runs code of it.")]
    if not packages.changes:
        return [("Packages", "None: everything that it needs is there.")]
    return [("Packages", change.text) for change in packages.changes]
