import sys
import time
from pathlib import Path

import psutil
import pytest

from wan22.schema.problem import AppError
from wan22.system.detached_start import detached_options, start_detached


def test_what_was_started_lives_in_a_session_of_its_own(tmp_path: Path):
    mark = tmp_path / "läuft noch.txt"
    script = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(30)"
    pid = start_detached([sys.executable, "-c", script])
    end_s = time.monotonic() + 10
    while not (mark.exists() and mark.read_text(encoding="utf-8")):
        assert time.monotonic() < end_s
        time.sleep(0.01)
    child = psutil.Process(pid)
    assert int(mark.read_text(encoding="utf-8")) == pid
    assert child.is_running()
    child.kill()
    child.wait(5)


def test_windows_gets_no_console_and_a_group_of_its_own():
    assert detached_options("win32")["creationflags"] == 0x208
    assert detached_options("linux") == {"start_new_session": True, "close_fds": True}


def test_a_program_that_is_not_there_is_a_problem(tmp_path: Path):
    with pytest.raises(AppError) as caught:
        start_detached([str(tmp_path / "no such program")])
    assert caught.value.problem.code == "process_start_failed"
