"""The two commands of the README on a Debian that has nothing but `python3`: no pip, no venv, no Qt, no display.

`WAN22_FRESH_MACHINE=1 python3 test.py tests/fresh_machine -rP` as root also shows the times.
"""

import sys

import pytest

from tests.fresh_machine.bare_root import PLACE, USER, BareRoot, Said
from wan22 import __version__

START, TEST = f"{PLACE}/start.py", f"{PLACE}/test.py"
SOME_TESTS = "tests/unit/schema"
pytestmark = [pytest.mark.fresh_machine, pytest.mark.timeout(1800)]


def show(what: str, said: Said) -> None:
    """For `pytest -rP`."""
    sys.stdout.write(f"{what}: {said}\n")


def line_to_copy(said: Said) -> str:
    """The last line, which is the one to copy."""
    assert "Copy this line, then start again:" in said.err, said
    return said.err.rstrip().splitlines()[-1].strip()


def is_unpacking(machine: BareRoot) -> bool:
    """Whether pip has begun to fill the environment."""
    return any((machine.panel / ".venv").glob("lib/python3*/site-packages/numpy/*"))


def test_root_needs_one_command_and_a_second_start_is_fast(machine: BareRoot):
    first = machine.run("root", "python3", START, "--version")
    show("first start", first)
    assert first.code == 0, first
    assert first.out == f"wan22 {__version__}\n"
    assert "installing with apt: " in first.err
    assert "libegl1" in first.err

    second = machine.run("root", "python3", START, "--version")
    bare = machine.run("root", f"{PLACE}/.venv/bin/wan22", "--version")
    show("second start", second)
    show("the panel alone", bare)
    assert (second.code, second.out, second.err) == (0, first.out, "")
    assert second.elapsed_s - bare.elapsed_s < 2.0

    alone = machine.run("root", "python3", START)
    show("the main job, simulated", alone)
    assert alone.code == 0, alone
    assert "SIMULATED demo" in alone.out
    assert "Done in" in alone.out

    tests = machine.run("root", "python3", TEST, SOME_TESTS)
    show("tests", tests)
    assert tests.code == 0, tests
    assert " passed in " in tests.out.splitlines()[-1]


def test_a_user_without_root_copies_one_line(machine: BareRoot):
    machine.give_to(USER)
    stopped = machine.run(USER, "python3", TEST, SOME_TESTS)
    show("without root", stopped)
    assert stopped.code == 3
    assert "installing pip from pip-" in stopped.err
    assert stopped.err.count("sudo apt-get install") == 1
    line = line_to_copy(stopped)
    assert line.startswith("sudo apt-get update && sudo apt-get install -y --no-install-recommends ")
    if "ca-certificates" not in line:  # Debian 13's pip does not even start without them
        headless = machine.run(USER, "python3", START, "--version")
        assert (headless.code, headless.out) == (0, f"wan22 {__version__}\n"), headless

    done = machine.run("root", "sh", "-c", line.replace("sudo ", ""))
    assert done.code == 0, done

    tests = machine.run(USER, "python3", TEST, SOME_TESTS)
    show("after the line", tests)
    assert tests.code == 0, tests
    assert " passed in " in tests.out.splitlines()[-1]


def test_a_set_up_that_was_killed_and_a_folder_that_was_moved_are_made_good(machine: BareRoot):
    said = machine.killed("root", "python3", START, "--version", when=lambda: is_unpacking(machine))
    assert "Ready" not in said

    again = machine.run("root", "python3", START, "--version")
    assert (again.code, again.out) == (0, f"wan22 {__version__}\n"), again
    assert "interrupted" in again.err

    machine.panel.rename(machine.panel.with_name("moved"))
    moved = machine.run("root", "python3", "/opt/moved/start.py", "--version")
    assert (moved.code, moved.out) == (0, f"wan22 {__version__}\n"), moved
    assert "the folder was moved" in moved.err
    command = machine.run("root", "/opt/moved/.venv/bin/wan22", "--version")
    assert (command.code, command.out) == (0, f"wan22 {__version__}\n"), command


def test_without_a_network_a_sentence_says_so(machine: BareRoot):
    machine.give_to(USER)
    user = machine.run(USER, "python3", START, "--version", offline=True)
    assert user.code == 3
    assert "There is no connection" in user.err
    assert "python3" in line_to_copy(user)
    root = machine.run("root", "python3", START, "--version", offline=True)
    assert root.code == 3
    assert "There is no connection" in root.err
    assert "sudo" not in line_to_copy(root)


def test_a_folder_that_may_not_be_written_is_named(machine: BareRoot):
    stopped = machine.run(USER, "python3", START, "--version")
    assert stopped.code == 3
    assert PLACE in stopped.err
    assert "WAN22_VENV=FOLDER" in stopped.err
