from pathlib import Path

import pytest

from tests.unit.launch.installs import touch
from wan22.launch.git_commit import commit_of

HASH = "0a92ed1600000000000000000000000000000001"
OTHER = "a125cd8400000000000000000000000000000002"


def test_a_detached_head(tmp_path: Path):
    touch(tmp_path / ".git" / "HEAD", f"{HASH}\n")
    assert commit_of(tmp_path) == HASH


def test_a_branch_in_its_own_file_or_packed(tmp_path: Path):
    touch(tmp_path / ".git" / "HEAD", "ref: refs/heads/master\n")
    touch(
        tmp_path / ".git" / "packed-refs",
        f"# pack-refs with: peeled\n{OTHER} refs/heads/old\n{HASH} refs/heads/master\n^{OTHER}\n",
    )
    assert commit_of(tmp_path) == HASH
    touch(tmp_path / ".git" / "refs" / "heads" / "master", f"{OTHER}\n")
    assert commit_of(tmp_path) == OTHER


def test_a_worktree(tmp_path: Path):
    touch(tmp_path / "main" / ".git" / "packed-refs", f"{HASH} refs/heads/trial\n")
    touch(tmp_path / "main" / ".git" / "worktrees" / "w" / "HEAD", "ref: refs/heads/trial\n")
    touch(tmp_path / "main" / ".git" / "worktrees" / "w" / "commondir", "../..\n")
    touch(tmp_path / "w" / ".git", "gitdir: ../main/.git/worktrees/w\n")
    assert commit_of(tmp_path / "w") == HASH


@pytest.mark.parametrize("head", [None, "", "not a hash", "ref: refs/heads/nowhere"])
def test_no_commit_is_none(tmp_path: Path, head: str | None):
    if head is not None:
        touch(tmp_path / ".git" / "HEAD", head)
    assert commit_of(tmp_path) is None
