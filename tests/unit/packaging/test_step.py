import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SLOW = "import time\nfor n in range(8):\n    print('Collecting', n, flush=True)\n    time.sleep(0.1)\n"


def run(step: ModuleType, script: str, folder: Path, **more) -> list[str]:
    return step.run([sys.executable, "-c", script], "The step", dict(os.environ), str(folder), **more)


class Terminal:
    """Standard error that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        return

    def isatty(self) -> bool:
        return True


def test_what_a_step_prints_is_returned_and_not_shown(step: ModuleType, tmp_path: Path, capsys):
    assert run(step, "import sys; print('grün'); print('b', file=sys.stderr)", tmp_path) in (
        ["grün", "b"],
        ["b", "grün"],
    )
    assert capsys.readouterr() == ("", "")


def test_a_step_runs_in_its_folder(step: ModuleType, tmp_path: Path):
    assert run(step, "import os; print(os.getcwd())", tmp_path) == [str(tmp_path)]


def test_a_failure_shows_the_last_lines_and_the_code(step: ModuleType, tmp_path: Path):
    with pytest.raises(step.StepFailed) as caught:
        run(step, "import sys\nfor n in range(50): print('line', n)\nsys.exit(4)", tmp_path)
    assert str(caught.value).startswith("The step failed (exit code 4).\n  line 42\n")
    assert str(caught.value).endswith("line 49")
    assert len(caught.value.output) == 50


def test_a_traceback_of_a_step_is_not_shown(step: ModuleType, tmp_path: Path):
    with pytest.raises(step.StepFailed) as caught:
        run(step, "print('first', flush=True); open('/no/file')", tmp_path)
    first, said, last = str(caught.value).splitlines()
    assert (first, said) == ("The step failed (exit code 1).", "  first")
    assert last.startswith("  FileNotFoundError")


def test_plain_lines_tell_that_it_moves(step: ModuleType, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(step, "LINE_EVERY_S", 0.2)
    monkeypatch.setattr(step, "TICK_S", 0.02)
    run(step, SLOW, tmp_path, describe=step.count_packages(8))
    said = capsys.readouterr().err.splitlines()
    assert len(said) >= 2
    assert all(" s, " in line and " of 8" in line for line in said if "starting" not in line)


def test_a_terminal_gets_one_line_that_is_rewritten_and_wiped(step: ModuleType, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    meter = step.Meter(100.0)
    for now_s in (100.4, 101.1, 101.5, 112.2):
        meter.tick(now_s, "3 of 9")
    meter.clear()
    assert terminal.text == "\r    1 s, 3 of 9\r    12 s, 3 of 9\r" + " " * 16 + "\r"


def test_packages_are_counted(step: ModuleType):
    describe = step.count_packages(3)
    assert describe([]) == "starting"
    assert describe(["Collecting a==1", "  Downloading a", "Requirement already satisfied: b==2"]) == "2 of 3"
    assert describe(["Collecting a", "Installing collected packages: a"]) == "unpacking"


def test_a_step_that_is_left_early_is_ended(step: ModuleType, tmp_path: Path, monkeypatch):
    def interrupt(lines: list[str]) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, "STOP_WAIT_S", 0.1)
    monkeypatch.setattr(step, "TICK_S", 0.02)
    started: list[Any] = []
    stop = step.stop
    monkeypatch.setattr(step, "stop", lambda process: (started.append(process), stop(process)))
    before_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(step, "import time; time.sleep(60)", tmp_path, describe=interrupt)
    assert time.monotonic() - before_s < 20
    assert started[0].poll() is not None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/numpy/", "no connection"),
        ("Err:1 bookworm InRelease Temporary failure resolving 'mirror.invalid'", "no connection"),
        ("urllib3.exceptions.ReadTimeoutError: Read timed out.", "no connection"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...'))", "not trusted"),
        ("OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /etc/x", "no root certificates"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that the lock"),
        ("ERROR: No matching distribution found for pyside6-essentials==6.12.0", "no ready-made build"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)", "at this moment"),
        ("E: Unable to locate package python3-pip-whl", "package lists"),
        ("OSError: [Errno 13] Permission denied: '/opt/x'", "may not be written"),
        ("something else", ""),
    ],
)
def test_the_usual_failures_are_put_into_words(step: ModuleType, line: str, words: str):
    said = step.meaning(["first", line])
    assert words in said
    assert bool(said) is bool(words)


def test_a_lost_connection_outranks_what_follows_from_it(step: ModuleType):
    output = ["Temporary failure in name resolution", "ERROR: No matching distribution found for numpy"]
    assert "no connection" in step.meaning(output)


def test_nobody_listening_is_no_failure(step: ModuleType, monkeypatch):
    class Gone:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    step.say("hello")
    monkeypatch.setattr(sys, "stderr", None)
    step.say("hello")
    assert not step.Meter(0.0).rewrites
