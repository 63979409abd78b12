"""git as it is used on strangers' repositories: no hooks, no submodules, no filters, no questions, only https."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.script_run import ScriptResult, run_script
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.process import child_environment

_FETCH_LIMIT_S = 1800.0
_LOCAL_LIMIT_S = 300.0
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.protectNTFS=true",
    "core.protectHFS=true",
    "core.longpaths=true",
    "core.autocrlf=false",
    "core.sshCommand=",
    "core.askPass=",
    "credential.helper=",
    "credential.interactive=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "transfer.fsckObjects=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
_PERCENT = re.compile(r": +(\d+)% \(")
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_CONFIG_COUNT")


@dataclass(frozen=True, slots=True)
class Git:
    """The git of this machine. `files_allowed`: repositories on this disk may be fetched too."""

    program: Path
    on_line: Callable[[str], None]
    files_allowed: bool = False

    def fetch_into(self, folder: Path, url: str, revision: str | None, cancel: CancelToken) -> str:
        """Make a repository in the empty or absent `folder` with one revision of `url` checked out; its commit.

        `revision`: commit, tag or branch; None = what the repository itself calls its newest.
        Raises AppError `pack_fetch_failed`, `cancelled`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._do(folder, ("init", "--quiet", "--template="), url, cancel)
        self._do(folder, ("config", "core.symlinks", "false"), url, cancel)
        self._do(folder, ("remote", "add", "origin", url), url, cancel)
        wanted = revision or "HEAD"
        words = ("fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--progress", "origin", wanted)
        self._do(folder, words, url, cancel, limit_s=_FETCH_LIMIT_S, revision=revision)
        self._do(folder, ("checkout", "--quiet", "--detach", "FETCH_HEAD"), url, cancel, revision=revision)
        return self.commit_of(folder, cancel)

    def commit_of(self, folder: Path, cancel: CancelToken) -> str:
        """The commit that is checked out in `folder`."""
        result = self._do(folder, ("rev-parse", "--verify", "HEAD^{commit}"), str(folder), cancel)
        return result.lines[-1].strip()

    def changes_in(self, folder: Path, cancel: CancelToken) -> tuple[str, ...]:
        """Tracked files of `folder` that were changed here; files that git does not know are no changes."""
        words = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
        return tuple(line[3:] for line in self._do(folder, words, str(folder), cancel).lines)

    def take_from(self, folder: Path, other: Path, commit: str, cancel: CancelToken) -> None:
        """Bring `commit` of the repository `other` on this disk into `folder` and check it out there."""
        allowed = Git(self.program, self.on_line, files_allowed=True)
        words = ("fetch", "--no-tags", "--no-recurse-submodules", "--update-shallow", other.absolute().as_uri(), commit)
        allowed._do(folder, words, str(other), cancel)
        self.check_out(folder, commit, cancel)

    def check_out(self, folder: Path, commit: str, cancel: CancelToken) -> None:
        """Check out a commit that `folder` has. Refused by git where it would overwrite a file of the user's."""
        self._do(folder, ("checkout", "--quiet", "--detach", commit), str(folder), cancel)

    def _calmly(self, line: str) -> None:
        """Pass a line on; of a count that goes up only every tenth per cent."""
        percent = _PERCENT.search(line)
        if percent is None or int(percent[1]) % 10 == 0:
            self.on_line(line)

    def _do(
        self,
        folder: Path,
        words: tuple[str, ...],
        what: str,
        cancel: CancelToken,
        *,
        limit_s: float = _LOCAL_LIMIT_S,
        revision: str | None = None,
    ) -> ScriptResult:
        settings = [*_SETTINGS, *(("protocol.file.allow=always",) if self.files_allowed else ())]
        given = [part for setting in settings for part in ("-c", setting)]
        result = run_script(
            (str(self.program), *given, *words),
            folder,
            git_environment(os.environ, files_allowed=self.files_allowed),
            limit_s=limit_s,
            cancel=cancel,
            on_line=self._calmly,
        )
        if result.exit_code != 0:
            raise _failed(words[0], what, revision, result, limit_s)
        return result


def find_git(environment: Mapping[str, str], on_line: Callable[[str], None], *, files_allowed: bool = False) -> Git:
    """The git on PATH. AppError `git_missing`."""
    program = shutil.which("git", path=environment.get("PATH", environment.get("Path")))
    if program is None:
        raise app_error("git_missing", "This needs git, and there is none on this machine.")
    return Git(Path(program), on_line, files_allowed)


def git_environment(base: Mapping[str, str], *, files_allowed: bool = False) -> dict[str, str]:
    """An environment in which git asks nobody anything, and takes no repository but the one of its folder."""
    kept = {name: value for name, value in base.items() if name.upper() not in _DROPPED}
    extra = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GCM_INTERACTIVE": "never",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": "https:file" if files_allowed else "https",
        "LC_ALL": "C",
    }
    return child_environment(extra, kept)


_SIGNS = (
    ("could not resolve host", "The machine that it names is not known here: check the connection."),
    ("could not read username", "The repository does not exist, or is not public."),
    ("repository not found", "The repository does not exist, or is not public."),
    ("does not appear to be a git repository", "There is no repository at that address."),
    ("not found", "The repository does not exist, or is not public."),
    ("not our ref", "The repository has no such commit."),
    (
        "couldn't find remote ref",
        "The repository has no such commit, tag or branch. A commit is written with all 40 digits.",
    ),
    ("transport '", "Only https is used."),
    (
        "ssl certificate problem",
        "The certificate of the server is not trusted: look at the proxy and the clock of this machine.",
    ),
    ("no space left", "The disk is full."),
    ("dubious ownership", "The folder belongs to another user."),
    ("would be overwritten by checkout", "A file there was changed or added by hand: save it elsewhere first."),
)


def _failed(command: str, what: str, revision: str | None, result: ScriptResult, limit_s: float) -> AppError:
    text = "\n".join(result.lines[-20:])
    low = text.casefold()
    hint = next((hint for sign, hint in _SIGNS if sign in low), None)
    how = f"was not done within {limit_s:.0f} s" if result.exit_code is None else "failed"
    wanted = f" at '{revision}'" if revision else ""
    return app_error("pack_fetch_failed", f"git {command} of {what}{wanted} {how}.", hint=hint, detail=text, url=what)
