"""Installing one node pack: planned, agreed to, done as a whole or put back, proved in the running server."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from wan22.job.pack_check import ServerView, prove_pack
from wan22.job.pack_plan import Consent, PackAction, PackPlan
from wan22.job.pack_prepare import PackPreparation, PackTarget
from wan22.job.pack_refusal import require_proof, unagreed_build, unagreed_lines
from wan22.job.pack_voice import PackVoice
from wan22.launch.git_run import Git, find_git
from wan22.launch.pack_place import install_lock, move_folder, place_folder, remove_tree
from wan22.launch.pip_run import Pip, package_changes
from wan22.launch.script_run import run_script
from wan22.launch.torch_guard import PackagePlan, plan_packages, require_untouched
from wan22.schema.node_pack import PackageChange, PackEnded, PackOutcome, PackProof, PackSource, PackStep
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, Problem, app_error
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.process import child_environment

Restart = Callable[[CancelToken], ServerView]
"""Restarts ComfyUI and returns what it shows then. Raises AppError when it does not come back."""

_SCRIPT_LIMIT_S = 1800.0
_SCRIPT = "install.py"
_PACKAGES = "the Python packages"


class PackInstall:
    """One installation: `plan`, then `run` with what was agreed to, then `close` in any case.

    `publish` gets the facts in the caller's thread. While it is open nobody else installs into the same folder.
    `files_allowed`: repositories on this disk may be fetched too. `environment`: whose PATH git is looked for on.
    """

    def __init__(
        self,
        source: PackSource,
        target: PackTarget,
        publish: Callable[[PanelFact], None],
        clock: Clock,
        *,
        files_allowed: bool = False,
        environment: Callable[[], Mapping[str, str]] = lambda: os.environ,
    ) -> None:
        self._source = source
        self._target = target
        self._publish = publish
        self._clock = clock
        self._voice = PackVoice(source.id, publish, clock)
        self._files_allowed = files_allowed
        self._environment = environment
        self._open = ExitStack()
        self._plan: PackPlan | None = None
        self._undo: list[tuple[str, Callable[[], bool]]] = []
        self._packages_before: Mapping[str, str] = {}
        installation = target.installation
        self._pip = Pip(installation.python, installation.python_flags, installation.working_folder, self._voice.say)

    def plan(self, cancel: CancelToken) -> PackPlan:
        """Fetch the pack into a folder that ComfyUI passes over, and find out what would be done with it.

        Raises AppError `pack_folder_taken`, `pack_changed_here`, `pack_fetch_failed`, `git_missing`,
        `pack_requirements_refused`, `pack_changes_torch`, `pack_packages_failed`, `pip_unusable`, `pack_busy`,
        `cancelled`. Then nothing was changed and it is closed.
        """
        with ExitStack() as unless_planned:
            unless_planned.callback(self.close)
            self._open.enter_context(install_lock(self._target.packs))
            made = PackPreparation(self._source, self._target, self._pip, self._voice, self._find_git, self._open)
            plan = self._plan = made.plan(cancel)
            self._packages_before = plan.packages_before
            unless_planned.pop_all()
        return plan

    def run(
        self,
        consent: Consent,
        cancel: CancelToken,
        *,
        restart: Restart | None = None,
        before: ServerView | None = None,
        needed: tuple[str, ...] = (),
    ) -> PackEnded:
        """Do what was planned. Never raises for an installation that fails: everything is put back and told.

        `restart` brings the proof; without it the pack is only in its place. `needed`: classes that have to be there
        then. `before`: what the server showed before, to see what else has changed.
        """
        plan = self._plan
        assert plan is not None, "plan comes first"
        proof: PackProof | None = None
        try:
            self._do(plan, consent, cancel)
            if restart is not None:
                proof = self._prove(plan, restart, before, needed, cancel)
                require_proof(plan, proof, needed)
        except AppError as error:
            keeps = consent.keep and self._voice.step is PackStep.proof and error.problem.code != "cancelled"
            ended = self._failed(plan, error.problem, proof, undo=not keeps)
        else:
            outcome = PackOutcome.placed if proof is None else PackOutcome.proved
            ended = self._ended(plan, outcome, proof, self._changes())
        finally:
            self.close()
        self._publish(ended)
        return ended

    def close(self) -> None:
        """Remove what was only fetched, and let others install."""
        self._open.close()

    def _find_git(self) -> Git:
        return find_git(self._environment(), self._voice.say, files_allowed=self._files_allowed)

    # doing

    def _do(self, plan: PackPlan, consent: Consent, cancel: CancelToken) -> None:
        cancel.raise_if_set()
        packages = self._agreed_packages(plan, consent, cancel)
        self._voice.begin(PackStep.snapshot, f"{len(self._packages_before)} packages noted")
        if packages.lines and packages.changes != ():
            self._voice.begin(PackStep.packages, f"Installing Python packages into {plan.python}")
            self._undo.append((_PACKAGES, self._packages_back))
            self._pip.install(packages.lines, packages.limits, cancel, build=packages.needs_build)
            require_untouched(self._packages_before, self._pip.installed(cancel))
        cancel.raise_if_set()
        self._place(plan, cancel)
        if consent.script and plan.has_script and not plan.source.script_note:
            self._script(plan, cancel)
        cancel.raise_if_set()

    def _agreed_packages(self, plan: PackPlan, consent: Consent, cancel: CancelToken) -> PackagePlan:
        """The packages with what was agreed to beyond the plan; what was not agreed to is an error if needed."""
        odd = plan.requirements.askable
        if odd and not consent.odd_lines:
            raise unagreed_lines(plan.requirements)
        packages = plan.packages
        if not odd and packages.changes is not None:
            return packages
        if not consent.build and packages.changes is None:
            raise unagreed_build(packages)
        lines = (*plan.requirements.plain, *(line.line for line in odd))
        self._voice.begin(PackStep.packages, "Asking pip what would change, now with what was agreed to")
        return plan_packages(self._pip, lines, self._packages_before, cancel, may_build=True)

    def _place(self, plan: PackPlan, cancel: CancelToken) -> None:
        if plan.action is PackAction.repair:
            return
        self._voice.begin(PackStep.place, f"Into {plan.target}")
        if plan.action is PackAction.enable:
            installed = self._target.installed
            assert installed is not None
            move_folder(installed.path, plan.target)
            self._undo.append(("switched off again", lambda: _moved(plan.target, installed.path)))
        elif plan.action is PackAction.update:
            staged, commit, old = plan.staged, plan.commit, plan.before_commit
            assert staged is not None
            assert commit is not None
            if old is None:
                raise app_error("pack_folder_taken", f"The commit of {plan.target} cannot be told.", folder=plan.target)
            git, before = self._find_git(), old
            self._undo.append((f"the commit {before[:12]}", lambda: self._checked_out(plan.target, before)))
            git.take_from(plan.target, staged, commit, cancel)
        else:
            assert plan.staged is not None
            place_folder(plan.staged, plan.target)
            self._undo.append((f"the folder {plan.target.name} removed", lambda: remove_tree(plan.target)))

    def _script(self, plan: PackPlan, cancel: CancelToken) -> None:
        """The pack's own install.py, as it expects to be run; PyTorch is compared afterwards."""
        self._voice.begin(PackStep.script, f"Running {_SCRIPT} of {plan.source.name}")
        if not any(name == _PACKAGES for name, _ in self._undo):
            self._undo.insert(0, (_PACKAGES, self._packages_back))
        installation = self._target.installation
        words = (str(installation.python), *installation.python_flags, str(plan.target / _SCRIPT))
        result = run_script(
            words, plan.target, child_environment(), limit_s=_SCRIPT_LIMIT_S, cancel=cancel, on_line=self._voice.say
        )
        if result.exit_code != 0:
            how = "was not done in time" if result.exit_code is None else f"ended with {result.exit_code}"
            message = f"The {_SCRIPT} of {plan.source.name} {how}."
            raise app_error("pack_script_failed", message, detail="\n".join(result.lines[-30:]))
        require_untouched(self._packages_before, self._pip.installed(cancel))

    def _prove(
        self,
        plan: PackPlan,
        restart: Restart,
        before: ServerView | None,
        needed: tuple[str, ...],
        cancel: CancelToken,
    ) -> PackProof:
        self._voice.begin(PackStep.restart, "Restarting ComfyUI")
        after = restart(cancel)
        self._voice.begin(PackStep.proof, "Looking for its nodes in the running server")
        return prove_pack(plan.target, needed or plan.source.classes, before, after)

    # putting back

    def _failed(self, plan: PackPlan, found: Problem, proof: PackProof | None, *, undo: bool) -> PackEnded:
        undone: list[str] = []
        left: list[str] = []
        if undo and self._undo:
            self._voice.begin(PackStep.undo, "Putting everything back")
            for words, action in reversed(self._undo):
                (undone if action() else left).append(words)
        changes = self._changes()
        left += [f"{change.text} could not be put back" for change in changes] if undo else []
        outcome = PackOutcome.cancelled if found.code == "cancelled" else PackOutcome.failed
        return self._ended(plan, outcome, proof, changes, found, tuple(undone), tuple(left))

    def _packages_back(self) -> bool:
        token = CancelToken()
        try:
            changes = package_changes(self._packages_before, self._pip.installed(token))
            return not self._pip.put_back(changes, token)
        except AppError as error:
            self._voice.say(str(error))
            return False

    def _checked_out(self, folder: Path, commit: str) -> bool:
        try:
            self._find_git().check_out(folder, commit, CancelToken())
        except AppError as error:
            self._voice.say(str(error))
            return False
        return True

    def _changes(self) -> tuple[PackageChange, ...]:
        """What is different in the Python now; nothing when it cannot be asked any more."""
        try:
            return package_changes(self._packages_before, self._pip.installed(CancelToken()))
        except AppError as error:
            self._voice.say(str(error))
            return ()

    def _ended(
        self,
        plan: PackPlan,
        outcome: PackOutcome,
        proof: PackProof | None,
        changes: tuple[PackageChange, ...],
        found: Problem | None = None,
        undone: tuple[str, ...] = (),
        left: tuple[str, ...] = (),
    ) -> PackEnded:
        is_there = outcome in (PackOutcome.proved, PackOutcome.placed) or (not undone and plan.target.exists())
        return PackEnded(
            time_s=self._clock.now(),
            pack=self._source.id,
            outcome=outcome,
            folder=plan.target if is_there else None,
            commit=plan.commit if is_there else None,
            changes=changes,
            proof=proof,
            undone=undone,
            left=left,
            problem=found,
        )


def _moved(source: Path, target: Path) -> bool:
    try:
        move_folder(source, target)
    except AppError:
        return False
    return True
