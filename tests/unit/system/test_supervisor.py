"""The supervisor as a process of its own, spoken to over its pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")

MODULE = "import sys; from wan22.system import supervisor; sys.exit(supervisor.main(sys.argv[1:]))"


class Talk:
    """A started supervisor; `close` hangs up on it as a dying parent does."""

    def __init__(self, argv: list[str], *, module: str = MODULE, **order: Any) -> None:
        status, theirs = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", module, str(theirs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs],
            start_new_session=True,
        )
        os.close(theirs)
        self._status = os.fdopen(status, "rb")
        spec = {"argv": argv, "cwd": "/", "environment": dict(os.environ), "stdin_fd": None, "orphan_grace_s": 0.5}
        self.write(json.dumps(spec | order))

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any] | None:
        line = self._status.readline()
        return json.loads(line) if line else None

    def close(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(10)
        self._status.close()
        return code


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_imports_only_the_standard_library():
    script = "import sys; import wan22.system.supervisor; print({'pydantic', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr


def test_tells_pid_and_exit_code():
    talk = Talk(python("raise SystemExit(7)"))
    started = talk.hear()
    assert started is not None
    assert started["pid"] != talk.process.pid
    assert talk.hear() == {"exit": 7}
    assert talk.hear() is None
    assert talk.close() == 0


def test_tells_a_signal_as_a_negative_code():
    talk = Talk(python("import os; os.kill(os.getpid(), 11)"))
    assert "pid" in (talk.hear() or {})
    assert talk.hear() == {"exit": -signal.SIGSEGV}
    talk.close()


@pytest.mark.parametrize(
    ("argv", "cwd", "named"),
    [(["/no/such/program"], "/", "/no/such/program"), ([sys.executable], "/no/such/folder", "/no/such/folder")],
)
def test_tells_why_nothing_was_started(argv: list[str], cwd: str, named: str):
    talk = Talk(argv, cwd=cwd)
    answer = talk.hear()
    assert answer == {"error": f"No such file or directory: {named}"}
    assert talk.close() == 1


def test_a_program_that_may_not_be_run(tmp_path: Path):
    plain = tmp_path / "plain text"
    plain.write_text("no program", encoding="utf-8")
    talk = Talk([str(plain)])
    assert talk.hear() == {"error": f"Permission denied: {plain}"}
    talk.close()


def test_hang_up_before_the_order_starts_nothing():
    status, theirs = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", MODULE, str(theirs)], stdin=subprocess.DEVNULL, pass_fds=[theirs])
    os.close(theirs)
    assert process.wait(10) == 0
    assert os.read(status, 100) == b""
    os.close(status)


def test_an_ignored_signal_is_not_inherited():
    """A shell starts background jobs with SIGINT ignored; Python would then never see Ctrl-C."""
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    script = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) is not signal.default_int_handler)"
    talk = Talk(python(script), module=ignore + MODULE)
    talk.hear()
    assert talk.hear() == {"exit": 0}
    talk.close()


def test_kill_needs_no_grace():
    talk = Talk(python("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"))
    talk.hear()
    before = time.monotonic()
    talk.write("kill")
    assert talk.hear() == {"exit": -signal.SIGKILL}
    assert time.monotonic() - before < 2
    talk.close()


def test_a_request_to_end_ends_the_child():
    """As a system that shuts down sends it to every process."""
    talk = Talk(python("import time; time.sleep(60)"))
    talk.hear()
    talk.process.terminate()
    ended = talk.hear()
    assert ended is not None
    assert ended["exit"] in (1, -signal.SIGINT)
    assert talk.close() == 0


def test_after_a_release_only_a_request_to_end_ends_the_child():
    talk = Talk(python("import time; time.sleep(60)"))
    started = talk.hear()
    assert started is not None
    talk.write("release 5.000")
    assert talk.process.stdin is not None
    talk.process.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        talk.process.wait(0.7)
    os.kill(started["pid"], 0)
    talk.process.terminate()
    assert "exit" in (talk.hear() or {})
    assert talk.close() == 0


def test_a_stop_after_a_release_is_still_obeyed():
    talk = Talk(python("import time; time.sleep(60)"))
    talk.hear()
    talk.write("release 5.000")
    talk.write("stop 5.000")
    assert "exit" in (talk.hear() or {})
    assert talk.close() == 0
