"""Finding out what an installation of a node pack would do: its content is fetched aside, and pip is asked."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.pack_archive import fetch_archive, unpack_archive
from wan22.comfy.pack_catalog import archive_url
from wan22.job.pack_plan import PackAction, PackPlan
from wan22.job.pack_refusal import refused_lines
from wan22.job.pack_voice import PackVoice
from wan22.launch.discovery import Installation
from wan22.launch.git_run import Git
from wan22.launch.pack_folder import InstalledPack, write_mark
from wan22.launch.pack_place import remove_tree, staging_folder
from wan22.launch.pip_run import Pip
from wan22.launch.requirement_lines import read_requirements
from wan22.launch.torch_guard import PackagePlan, is_measured, plan_packages
from wan22.schema.node_pack import PackSource, PackStep
from wan22.schema.pack_address import is_commit, same_repository
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

_SCRIPT = "install.py"
_DISABLED = ".disabled"


@dataclass(frozen=True, slots=True)
class PackTarget:
    """Where a pack goes: the installation, its custom_nodes folder, and what lies there already."""

    installation: Installation
    packs: Path
    installed: InstalledPack | None = None


class PackPreparation:
    """Makes a `PackPlan`. `scope` takes what has to be cleaned up."""

    def __init__(
        self,
        source: PackSource,
        target: PackTarget,
        pip: Pip,
        voice: PackVoice,
        git: Callable[[], Git],
        scope: ExitStack,
    ) -> None:
        self._source = source
        self._target = target
        self._pip = pip
        self._voice = voice
        self._find_git = git
        self._scope = scope

    def plan(self, cancel: CancelToken) -> PackPlan:
        """The plan; what it fetched is gone when `scope` is closed, unless it was put into its place."""
        source, installed = self._source, self._target.installed
        target = installed.path if installed is not None else self._target.packs / source.folder
        if installed is None and (target.exists() or target.is_symlink()):
            raise app_error("pack_folder_taken", f"{target} is there already, but it is no node pack.", folder=target)
        action, staged, commit, notes = self._content(installed, cancel)
        content = staged or target
        requirements = read_requirements(content, source.requirements)
        if requirements.never:
            raise refused_lines(requirements)
        self._voice.begin(PackStep.packages, "Asking pip what would change")
        packages_before = self._pip.installed(cancel)
        packages = plan_packages(self._pip, requirements.plain, packages_before, cancel)
        return PackPlan(
            source=source,
            action=action,
            target=_enabled(target) if action is PackAction.enable else target,
            python=self._target.installation.python,
            staged=staged,
            commit=commit,
            before_commit=installed.commit if installed is not None else None,
            requirements=requirements,
            packages=packages,
            packages_before=packages_before,
            has_script=(content / _SCRIPT).is_file(),
            by_archive=staged is not None and not (staged / ".git").exists(),
            file_count=sum(path.is_file() and ".git" not in path.parts for path in content.rglob("*")),
            notes=(*notes, *_notes(content, packages)),
        )

    def _content(
        self, installed: InstalledPack | None, cancel: CancelToken
    ) -> tuple[PackAction, Path | None, str | None, tuple[str, ...]]:
        """What is done with the folder, where new content waits, its commit, and what is to be said to it."""
        source = self._source
        if installed is None:
            staged, commit = self._fetched(cancel)
            return PackAction.install, staged, commit, ()
        if not installed.is_enabled:
            return PackAction.enable, None, installed.commit, ()
        if not installed.is_git:
            return PackAction.repair, None, installed.commit, ("it was not installed by git and is not updated",)
        if installed.url is not None and not same_repository(installed.url, source.url):
            message = f"{installed.path} comes from {installed.url} and not from {source.url}."
            raise app_error("pack_folder_taken", message, folder=installed.path)
        if source.revision is not None and installed.commit == source.revision:
            return PackAction.repair, None, installed.commit, ()
        git = self._find_git()
        changed = git.changes_in(installed.path, cancel)
        if changed:
            message = f"{installed.path} was changed here: {', '.join(changed[:4])}."
            raise app_error("pack_changed_here", message, folder=installed.path)
        staged, commit = self._fetched(cancel)
        if commit == installed.commit:
            return PackAction.repair, None, installed.commit, ()
        return PackAction.update, staged, commit, ()

    def _fetched(self, cancel: CancelToken) -> tuple[Path, str]:
        """The content in a folder of its own, gone again at `close` unless it was put into its place."""
        source = self._source
        self._voice.begin(PackStep.fetch, f"Fetching {source.url}")
        staged = staging_folder(self._target.packs)
        self._scope.callback(remove_tree, staged)
        try:
            git = self._find_git()
        except AppError:
            address = archive_url(source)
            if address is None or source.revision is None:
                raise
            self._voice.say("There is no git on this machine; the archive of the commit is fetched instead.")
            self._unpack(address, staged, cancel)
            write_mark(staged, source.url, source.revision)
            return staged, source.revision
        commit = git.fetch_into(staged, source.url, source.revision, cancel)
        if source.revision is not None and is_commit(source.revision) and commit != source.revision:
            raise app_error("pack_fetch_failed", f"{source.url} gave the commit {commit} for {source.revision}.")
        return staged, commit

    def _unpack(self, address: str, staged: Path, cancel: CancelToken) -> None:
        archive = staged.with_name(staged.name.replace(".disabled", ".zip"))
        try:
            fetch_archive(address, archive, cancel)
            unpack_archive(archive, staged, cancel)
        finally:
            archive.unlink(missing_ok=True)


def _enabled(path: Path) -> Path:
    """Where a pack that is switched off belongs: beside the others, without the mark."""
    name = path.name.removesuffix(_DISABLED).partition("@")[0]
    parent = path.parent.parent if path.parent.name == _DISABLED else path.parent
    return parent / name


def _notes(content: Path, packages: PackagePlan) -> tuple[str, ...]:
    notes: list[str] = []
    if (content / ".gitmodules").is_file():
        notes.append("it names further repositories inside of it, which are not fetched")
    if (content / "prestartup_script.py").is_file():
        notes.append("it runs a script of its own whenever ComfyUI starts")
    risky = [change.text for change in packages.delicate if is_measured(change.name)]
    if risky:
        notes.append(f"other packs may rely on what changes: {', '.join(risky)}")
    if packages.delicate:
        notes.append("packages that are in use change: stop ComfyUI first (Windows cannot replace what is loaded)")
    return tuple(notes)
