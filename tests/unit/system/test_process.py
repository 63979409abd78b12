"""The fake keeps the promises of the real one; the real one is tried in tests/end_to_end/test_process_tree.py."""

import threading
from pathlib import Path

import pytest

from tests.fakes.process import ScriptedProcess, ScriptedStarter
from wan22.system.process import Process, ProcessSpec

SPEC = ProcessSpec(("python", "main.py"), Path("somewhere"), {})


def test_a_spec_is_a_plain_child_unless_told():
    assert (SPEC.name, SPEC.close_stdin) == ("child", True)
    with pytest.raises(AttributeError):
        SPEC.name = "other"  # type: ignore[misc]


def test_a_scripted_process_says_and_ends_as_told():
    lines: list[str] = []
    exits: list[int] = []
    process: Process = (scripted := ScriptedProcess(SPEC, lines.append, exits.append))
    scripted.say("one", "two")
    assert process.exit_code is None
    assert process.wait(0.0) is None
    scripted.end(3)
    scripted.end(4)
    assert (process.wait(), lines, exits) == (3, ["one", "two"], [3])
    assert process.argv == SPEC.argv


def test_a_scripted_process_ends_by_stop_unless_stubborn():
    polite = ScriptedProcess(SPEC, print)
    assert polite.stop(5.0) == 0
    stubborn = ScriptedProcess(SPEC, print, stubborn=True)
    assert stubborn.stop(5.0) is None
    stubborn.kill()
    assert stubborn.wait() == -9
    assert stubborn.asked == ["stop 5", "kill"]


def test_a_scripted_starter_plays_its_script_in_another_thread():
    threads: set[str] = set()
    lines: list[str] = []
    exits: list[int] = []

    def on_line(line: str) -> None:
        threads.add(threading.current_thread().name)
        lines.append(line)

    starter = ScriptedStarter(["a", "b"], exit_code=1)
    process = starter(SPEC, on_line, exits.append)
    assert process.wait(5.0) == 1
    starter.join()
    assert (lines, exits, threads) == (["a", "b"], [1], {"scripted-process"})
    assert starter.started == [process]


def test_a_scripted_process_without_an_end_lives_until_it_is_stopped():
    starter = ScriptedStarter(["up"])
    process = starter(SPEC, lambda _line: None)
    starter.join()
    assert process.wait(0.0) is None
    assert process.stop(1.0) == 0
