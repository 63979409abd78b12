"""`wan22 queue` on a real file, without a server."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run
from wan22.runs.queue_store import QueueStore
from wan22.schema.problem import problem
from wan22.schema.queue import JobState
from wan22.system.process_table import ProcessIdentity, identity_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "Jürgen Müller"
    monkeypatch.setenv("WAN22_HOME", str(made))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("a.png", "b.png"):
        (made / "pictures").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), "teal").save(made / "pictures" / name)
    return made


def output_of(capsys: pytest.CaptureFixture[str], *words: object, code: int = ExitCode.ok) -> str:
    assert run(["queue", *map(str, words)]) == code
    caught = capsys.readouterr()
    return caught.out + caught.err


def jobs(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line)["job"] for line in output_of(capsys, "list", "--json").splitlines()]


def store(home: Path, us: ProcessIdentity) -> QueueStore:
    return QueueStore(home / "data" / "queue.sqlite3", us, lambda: 100.0)


def living() -> ProcessIdentity:
    found = identity_of(os.getppid())
    assert found is not None
    return found


def test_an_empty_queue_says_how_to_fill_it(home: Path, capsys: pytest.CaptureFixture[str]):
    assert "The queue is empty. `wan22 queue add" in output_of(capsys, "list")
    assert output_of(capsys, "list", "--json") == ""
    assert "nothing to remove" in output_of(capsys, "clear")


def test_products_are_added_in_the_order_asked_for(home: Path, capsys: pytest.CaptureFixture[str]):
    words = ("--image", home / "pictures", "--prompt", "boat", "--prompt", "house", "--seed", 7, "--seed", 2**64 - 1)
    text = output_of(capsys, "add", *words, "--size", "832x480", "--by", "prompt", "--profile", "rtx4090")
    assert "Added 8 jobs, 1 to 8." in text
    found = jobs(capsys)
    made = [(Path(one["request"]["image"]).name, one["request"]["prompt"], one["request"]["seed"]) for one in found]
    assert made == [
        (image, prompt, seed) for prompt in ("boat", "house") for image in ("a.png", "b.png") for seed in (7, 2**64 - 1)
    ]
    assert {(one["request"]["width"], one["request"]["height"], one["profile"]) for one in found} == {
        (832, 480, "rtx4090")
    }
    assert "8 jobs wait." in output_of(capsys, "list")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--seed", "x"), ExitCode.usage, "not a whole number"),
        (("--seed", "1", "--seeds", "3"), ExitCode.usage, "exclude each other"),
        (("--image", "nowhere.png"), ExitCode.machine, "nowhere.png"),
        (("--workflow", "none_such"), ExitCode.workflow, "none_such"),
        (("--profile", "none_such"), ExitCode.profile, "none_such"),
        (("--seeds", "3000"), ExitCode.usage, "This makes 3000 jobs; 2000 can be added at once."),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_added(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
):
    caught = output_of(capsys, "add", *words, code=code)
    assert said in caught
    assert jobs(capsys) == []


def test_moving_pausing_and_removing(home: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("one", "two", "three"):
        output_of(capsys, "add", "--prompt", name)

    def order() -> list[str]:
        return [one["request"]["prompt"] for one in jobs(capsys)]

    assert "number 1 of 3" in output_of(capsys, "move", 3, "first")
    assert order() == ["three", "one", "two"]
    output_of(capsys, "move", 3, "down")
    assert order() == ["one", "three", "two"]
    output_of(capsys, "move", 1, "up")
    output_of(capsys, "move", 1, "last")
    assert order() == ["three", "two", "one"]
    assert output_of(capsys, "pause").startswith("Paused")
    assert "Paused. 3 jobs wait." in output_of(capsys, "list")
    assert "The queue goes on." in output_of(capsys, "resume")
    assert "was not paused" in output_of(capsys, "resume")
    assert "Removed 2 jobs." in output_of(capsys, "remove", 1, 3, 1)
    assert "There is no job 9" in output_of(capsys, "remove", 2, 9, code=ExitCode.run)
    assert order() == ["two"]
    assert "Removed 1 job." in output_of(capsys, "clear", "waiting")
    assert order() == []


def test_another_programs_job_is_left_alone_and_a_dead_ones_is_interrupted(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    output_of(capsys, "add", "--prompt", "living")
    output_of(capsys, "add", "--prompt", "dead")
    output_of(capsys, "add", "--prompt", "failed")
    for us in (living(), ProcessIdentity(2**22 + 17, 1.0)):
        claimed = store(home, us)
        assert claimed.claim() is not None
        claimed.close()
    third = store(home, living())
    last = third.claim()
    assert last is not None
    third.finish(last.job_id, JobState.failed, problem("out_of_memory", "It needed 2.6 GB more."))
    third.close()
    assert [one["state"] for one in jobs(capsys)] == ["running", "interrupted", "failed"]
    text = output_of(capsys, "list")
    assert "✕ failed" in text
    assert "It needed 2.6 GB more." in text
    assert "1 interrupted" in text
    assert "is at work" in output_of(capsys, "remove", 1, code=ExitCode.run)
    assert "not over" in output_of(capsys, "retry", 1, code=ExitCode.usage)
    assert "does not wait" in output_of(capsys, "move", 1, "first", code=ExitCode.run)
    assert "2 jobs wait again." in output_of(capsys, "retry", 2, 3)
    assert [one["state"] for one in jobs(capsys)] == ["running", "waiting", "waiting"]


def test_a_queue_of_a_newer_program_is_refused(home: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "add")
    opened = store(home, living())
    opened._connection.execute("PRAGMA user_version = 99")
    opened.close()
    for words in (("list",), ("run", "--demo")):
        assert "has format 99" in output_of(capsys, *words, code=ExitCode.machine)


def test_without_a_server_the_queue_says_how_to_name_one(home: Path, capsys: pytest.CaptureFixture[str]):
    output_of(capsys, "add")
    assert "No ComfyUI is configured yet." in output_of(capsys, "run", code=ExitCode.installation)
    assert "exclude each other" in output_of(capsys, "run", "--url", "http://h:1", "--comfyui", home, code=2)
    assert [one["state"] for one in jobs(capsys)] == ["waiting"]
