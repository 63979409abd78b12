import faulthandler
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wan22.schema.problem import AppError, Problem, app_error
from wan22.system.log_setup import FAULT_NAME, LOG_NAME, install_hooks, start_fault_log, start_log


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Problem]]:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)  # pytest-qt puts one of its own there
    found: list[Problem] = []
    undo = install_hooks(found.append)
    yield found
    undo()


def test_the_log_gets_what_is_said_until_it_is_undone(tmp_path: Path):
    folder = tmp_path / "log ü"
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    undo = start_log(folder)
    logging.getLogger("wan22.test").info("Größe %d", 5)
    logging.getLogger("wan22.test").debug("not this")
    undo()
    logging.getLogger("wan22.test").warning("nor this")
    text = (folder / LOG_NAME).read_text(encoding="utf-8")
    assert "INFO" in text
    assert "wan22.test: Größe 5" in text
    assert "this" not in text
    assert (root.level, list(root.handlers)) == before


def test_the_log_is_kept_small(tmp_path: Path):
    undo = start_log(tmp_path)
    for _ in range(110):
        logging.getLogger("wan22.test").info("x" * 99_000)
    undo()
    sizes = {file.name: file.stat().st_size for file in tmp_path.glob("wan22.log*")}
    assert set(sizes) == {LOG_NAME, *(f"{LOG_NAME}.{number}" for number in (1, 2, 3))}
    assert max(sizes.values()) <= 2_000_000


def test_a_log_that_cannot_be_renamed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As on Windows while another of our programs has it open."""

    def refuse(_source: str, _dest: str) -> None:
        raise PermissionError(13, "in use")

    undo = start_log(tmp_path)
    monkeypatch.setattr("os.rename", refuse)
    for number in range(25):
        logging.getLogger("wan22.test").info("%d %s", number, "x" * 99_000)
    undo()
    text = (tmp_path / LOG_NAME).read_text(encoding="utf-8")
    assert all(f"wan22.test: {number} x" in text for number in range(25))


@pytest.mark.parametrize("start", [start_log, start_fault_log])
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, start):
    (tmp_path / "file").touch()
    with pytest.raises(AppError) as caught:
        start(tmp_path / "file")
    assert caught.value.problem.code == "file_unwritable"


def test_a_crash_in_a_thread_is_a_problem_and_a_log_entry(problems: list[Problem], caplog: pytest.LogCaptureFixture):
    def work() -> None:
        raise ZeroDivisionError("by zero")

    thread = threading.Thread(target=work, name="lonely")
    thread.start()
    thread.join(5.0)
    assert [(found.code, found.detail) for found in problems] == [("internal_error", "ZeroDivisionError('by zero')")]
    assert "uncaught in thread lonely" in caplog.text
    assert "Traceback" in caplog.text


def test_a_crash_in_the_main_thread_is_a_problem(problems: list[Problem]):
    error = KeyError("x")
    sys.excepthook(KeyError, error, None)
    assert [found.code for found in problems] == ["internal_error"]


def test_an_expected_failure_keeps_its_code(problems: list[Problem]):
    error = app_error("disk_full", "The disk is full.")
    sys.excepthook(AppError, error, None)
    assert [found.code for found in problems] == ["disk_full"]


def test_stopping_is_no_crash(problems: list[Problem], capsys: pytest.CaptureFixture[str]):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert problems == []
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_listener_that_fails_does_not_hide_the_crash(caplog: pytest.LogCaptureFixture):
    def fail(_problem: Problem) -> None:
        raise RuntimeError("the window is gone")

    undo = install_hooks(fail)
    sys.excepthook(ValueError, ValueError("first"), None)
    undo()
    assert "first" in caplog.text
    assert "the window is gone" in caplog.text


def test_undo_restores_the_hooks():
    before = (sys.excepthook, threading.excepthook)
    undo = install_hooks(lambda _problem: None)
    assert sys.excepthook is not before[0]
    undo()
    assert (sys.excepthook, threading.excepthook) == before


def test_a_crash_of_the_interpreter_leaves_its_stacks(tmp_path: Path):
    script = (
        "import sys, faulthandler; from pathlib import Path; from wan22.system.log_setup import start_fault_log\n"
        "start_fault_log(Path(sys.argv[1]))\n"
        "def deep():\n    faulthandler._sigabrt()\n"
        "deep()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, timeout=60)
    assert done.returncode != 0
    text = (tmp_path / FAULT_NAME).read_text(encoding="utf-8")
    assert "Fatal Python error: Aborted" in text
    assert "in deep" in text


def test_undo_gives_the_fault_handler_back(tmp_path: Path):
    was_enabled = faulthandler.is_enabled()
    start_fault_log(tmp_path)()
    assert faulthandler.is_enabled() is was_enabled
