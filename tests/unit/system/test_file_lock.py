import errno
import subprocess
import sys
from pathlib import Path

import pytest

from wan22.system import file_lock as module
from wan22.system.file_lock import file_lock

HOLD = """
import sys
from pathlib import Path
from wan22.system.file_lock import file_lock
with file_lock(Path(sys.argv[1])) as got:
    print(got, flush=True)
    sys.stdin.read()
"""


def test_one_holder_at_a_time_and_no_file_left(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with file_lock(path) as first:
        with file_lock(path) as second:
            assert (first, second) == (True, False)
        assert path.exists()
    assert not path.exists()
    with file_lock(path) as again:
        assert again


def test_another_program_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "ünter test.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "True"
        with file_lock(path) as got:
            assert not got
        child.kill()
        child.wait()
    with file_lock(path) as got:
        assert got


def test_a_file_system_without_locks_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("flock is not of Windows")
    import fcntl

    def flock(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with module.file_lock(tmp_path / "a.lock") as got:
        assert got


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), file_lock(tmp_path / "gone" / "a.lock"):
        pass
