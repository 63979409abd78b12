"""The queue's file, with real SQLite and real processes that die."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wan22.runs.queue_store import QueueStore
from wan22.schema.problem import AppError, problem
from wan22.schema.queue import JobState
from wan22.schema.request import GenerationRequest
from wan22.system.process_table import ProcessIdentity, identity_of

US = ProcessIdentity(1234, 50.0)
OTHER = ProcessIdentity(1234, 60.0)


def request(prompt: str) -> GenerationRequest:
    return GenerationRequest(image=Path("Bild ü.png"), prompt=prompt, seed=2**64 - 1)


def requests(text: str) -> list[GenerationRequest]:
    return [request(letter) for letter in text]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Ünï code" / "queue.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[QueueStore]:
    made = QueueStore(path, US, lambda: 100.0, is_alive=lambda _: False)
    yield made
    made.close()


def reopened(path: Path, us: ProcessIdentity = OTHER, *, alive: bool = False) -> QueueStore:
    return QueueStore(path, us, lambda: 200.0, is_alive=lambda _: alive)


def prompts(store: QueueStore, *states: JobState) -> str:
    return "".join(job.request.prompt or "?" for job in store.jobs(*states))


def test_jobs_come_in_order_and_what_is_asked_for_is_kept(store: QueueStore):
    added = store.add(requests("abc"), "rtx5090")
    assert [job.job_id for job in added] == [1, 2, 3]
    assert added[0].request == request("a")
    assert added[0].profile == "rtx5090"
    first = store.claim()
    assert first is not None
    assert (first.job_id, first.state, first.attempt, first.started_s) == (1, JobState.running, 1, 100.0)
    store.note_run(1, "2026-11-25_x")
    store.finish(1, JobState.done)
    assert store.job(1).run_id == "2026-11-25_x"
    assert store.job(1).finished_s == 100.0
    assert prompts(store, JobState.waiting) == "bc"
    second = store.claim()
    assert second is not None
    assert second.request.prompt == "b"
    assert prompts(store) == "bca"


def test_an_empty_queue_gives_nothing(store: QueueStore):
    assert store.claim() is None
    assert store.jobs() == ()
    assert store.add([]) == ()


def test_it_is_all_there_after_a_restart(path: Path, store: QueueStore):
    store.add(requests("ab"))
    store.pause(True)
    store.close()
    again = reopened(path)
    assert prompts(again) == "ab"
    assert again.is_paused
    assert again.claim() is None
    again.pause(False)
    assert again.claim() is not None
    again.close()


def test_reordering_editing_and_removing(store: QueueStore):
    store.add(requests("abcd"))
    store.claim()
    store.order([4, 2, 99, 4])
    assert prompts(store, JobState.waiting) == "dbc"
    store.edit(3, request("z"), "h100")
    assert store.job(3).request.prompt == "z"
    assert store.job(3).profile == "h100"
    store.remove([1, 2])
    assert prompts(store) == "adz"
    with pytest.raises(AppError) as caught:
        store.edit(1, request("no"), None)
    assert caught.value.problem.code == "job_not_waiting"
    with pytest.raises(AppError) as caught:
        store.job(2)
    assert caught.value.problem.code == "job_not_found"


def test_numbers_are_never_used_again(store: QueueStore):
    store.add(requests("ab"))
    store.remove([1, 2])
    assert [job.job_id for job in store.add(requests("c"))] == [3]


def test_what_failed_can_be_tried_again(store: QueueStore):
    store.add(requests("ab"))
    store.claim()
    store.finish(1, JobState.failed, problem("out_of_memory", "Too big."))
    failed = store.job(1)
    assert failed.problem is not None
    assert failed.problem.code == "out_of_memory"
    store.again([1, 2])
    assert prompts(store, JobState.waiting) == "ba"
    store.claim()
    second = store.claim()
    assert second is not None
    assert (second.job_id, second.attempt, second.problem) == (1, 2, None)


def test_a_dead_panels_job_is_interrupted_and_a_living_ones_is_not(path: Path, store: QueueStore):
    store.add(requests("ab"))
    store.claim()
    living = reopened(path, alive=True)
    assert living.recover() == ()
    assert living.claim() is not None
    assert living.claim() is None
    living.close()
    store.close()
    third = QueueStore(path, ProcessIdentity(9, 9.0), lambda: 300.0, is_alive=lambda identity: identity == OTHER)
    lost = third.recover()
    assert [(job.request.prompt, job.state, job.finished_s) for job in lost] == [("a", JobState.interrupted, 300.0)]
    assert prompts(third, JobState.running) == "b"
    third.close()


def test_kill_9_loses_nothing(path: Path):
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom wan22.runs.queue_store import QueueStore\n"
        "from wan22.schema.request import GenerationRequest\nfrom wan22.system.process_table import identity_of\n"
        "store = QueueStore(Path(sys.argv[1]), identity_of(os.getpid()), lambda: 5.0)\n"
        "store.add([GenerationRequest(image=Path('a'), prompt=name) for name in 'abc'])\n"
        "store.claim()\nprint('ready', flush=True)\nsys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "ready\n"
    us = identity_of(os.getpid())
    assert us is not None
    store = QueueStore(path, us, lambda: 6.0)
    assert store.recover() == ()
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert prompts(store) == "abc"
    assert [job.request.prompt for job in store.recover()] == ["a"]
    assert prompts(store, JobState.waiting) == "bc"
    store.close()


def test_no_job_is_claimed_twice(path: Path):
    stores = [QueueStore(path, ProcessIdentity(number, 1.0), lambda: 1.0) for number in range(4)]
    stores[0].add(requests("abcdefghijklmnopqrstuvwxyz"))
    claimed: list[int] = []

    def work(store: QueueStore) -> None:
        while (job := store.claim()) is not None:
            claimed.append(job.job_id)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(1, 27))
    for store in stores:
        store.close()


def test_a_damaged_file_is_put_aside(path: Path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, but somebody may want to look at it " * 100)
    store = QueueStore(path, US, lambda: 1.0)
    assert store.jobs() == ()
    assert store.notice is not None
    (aside,) = path.parent.glob("queue.sqlite3.broken-*")
    assert aside.name in store.notice
    assert aside.read_bytes().startswith(b"this is no database")
    store.close()


def test_a_newer_file_is_refused_and_left_alone(path: Path, store: QueueStore):
    store.add(requests("a"))
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(AppError) as caught:
        QueueStore(path, US, lambda: 1.0)
    assert caught.value.problem.code == "queue_unusable"
    assert "format 99" in caught.value.problem.message
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM job").fetchone() == (1,)
    connection.close()


def test_a_row_that_nobody_understands_holds_nobody_up(path: Path, store: QueueStore):
    store.add(requests("ab"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE job SET request = '{\"image\": 5}' WHERE job_id = 1")
    connection.close()
    assert prompts(store) == "b"
    job = store.claim()
    assert job is not None
    assert job.request.prompt == "b"
    assert store.claim() is None


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(AppError) as caught:
        QueueStore(tmp_path / "file" / "queue.sqlite3", US, lambda: 1.0)
    assert caught.value.problem.code == "queue_unusable"


def test_a_full_disk_is_said_and_leaves_the_queue_as_it_was(path: Path, store: QueueStore):
    store.add(requests("a"))
    store._connection.execute("PRAGMA max_page_count = 1")
    big = GenerationRequest(image=Path("a.png"), prompt="x" * 200_000)
    with pytest.raises(AppError) as caught:
        store.add([big])
    assert caught.value.problem.code == "disk_full"
    assert prompts(store) == "a"


def test_what_was_removed_comes_back_as_it_was(store: QueueStore):
    store.add(requests("abc"))
    assert store.claim() is not None
    store.note_run(1, "run-1")
    store.finish(1, JobState.failed, problem("out_of_memory", "Too big."))
    before = store.jobs()
    store.remove([1, 2])
    assert prompts(store) == "c"
    store.put_back([job for job in before if job.job_id in (1, 2)])
    assert store.jobs() == before
    store.put_back(before)
    assert store.jobs() == before
    assert store.add(requests("d"))[0].job_id == 4


def test_a_job_of_the_dead_is_told_without_touching_it(path: Path, store: QueueStore):
    store.add(requests("ab"))
    assert store.claim() is not None
    assert store.lost() == frozenset()
    other = QueueStore(path, ProcessIdentity(77, 7.0), lambda: 1.0, is_alive=lambda _: False)
    assert other.lost() == {1}
    assert [job.state for job in other.jobs()] == [JobState.running, JobState.waiting]
    other.close()


def test_a_change_by_another_program_is_noticed(path: Path, store: QueueStore):
    before = store.changes
    store.add(requests("a"))
    assert store.changes == before
    other = QueueStore(path, ProcessIdentity(77, 7.0), lambda: 1.0)
    other.add(requests("b"))
    other.close()
    assert store.changes != before
