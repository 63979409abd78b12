"""The queue on disk: one SQLite file that survives a crash of the panel, the server and the machine.

Several panels may use the same file: a job is claimed by one of them, under its process id and creation time, and
what a dead one had claimed is marked as interrupted.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.queue import FORMAT, OVER, JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.system.process_table import ProcessIdentity, is_same_process

_BUSY_S = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS job (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    position REAL NOT NULL,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    profile TEXT,
    run_id TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    created_s REAL NOT NULL,
    started_s REAL,
    finished_s REAL,
    problem TEXT,
    owner_pid INTEGER,
    owner_created_s REAL
)
"""
_SETTING_TABLE = "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_COLUMNS = "job_id, position, state, request, profile, run_id, attempt, created_s, started_s, finished_s, problem"
_PAUSED = "paused"


class QueueStore:
    """All calls are short, may come from any thread, and raise AppError `queue_unusable` or `disk_full`.

    `us` is the process that claims jobs; `is_alive` tells whether another claimant still lives.
    """

    def __init__(
        self,
        path: Path,
        us: ProcessIdentity,
        now_s: Callable[[], float],
        *,
        is_alive: Callable[[ProcessIdentity], bool] = is_same_process,
    ) -> None:
        self._path = path
        self._us = us
        self._now_s = now_s
        self._is_alive = is_alive
        self._lock = threading.RLock()
        self.notice: str | None = None
        """What had to be done when the file was opened: a broken one was put aside."""
        self._connection = self._opened()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def jobs(self, *states: JobState) -> tuple[QueuedJob, ...]:
        """Jobs in these states (all without any), those at work first, then the waiting in order, then the newest."""
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM job").fetchall()
        found = [job for row in rows if (job := _job_of(row)) is not None and (not states or job.state in states)]
        return tuple(sorted(found, key=_order))

    def job(self, job_id: int) -> QueuedJob:
        """One job. Raises AppError `job_not_found`."""
        found = next((job for job in self.jobs() if job.job_id == job_id), None)
        if found is None:
            raise app_error("job_not_found", f"There is no job {job_id} in the queue.", job=job_id)
        return found

    def add(self, requests: Sequence[GenerationRequest], profile: str | None = None) -> tuple[QueuedJob, ...]:
        """Put jobs at the end, all or none of them."""
        with self._writing() as connection:
            last = connection.execute("SELECT COALESCE(MAX(position), 0) FROM job").fetchone()[0]
            ids = []
            for number, request in enumerate(requests, start=1):
                values = (last + number, JobState.waiting.value, request.model_dump_json(), profile, self._now_s())
                cursor = connection.execute(
                    "INSERT INTO job (position, state, request, profile, created_s) VALUES (?, ?, ?, ?, ?)", values
                )
                ids.append(cursor.lastrowid)
        added = {job.job_id: job for job in self.jobs()}
        return tuple(added[job_id] for job_id in ids if job_id is not None)

    def claim(self, held_back: Collection[int] = ()) -> QueuedJob | None:
        """Take the next waiting job for us, none of `held_back`; None when there is none or the queue is paused."""
        while True:
            with self._writing() as connection:
                job_id = self._next(connection, held_back)
                if job_id is None:
                    return None
                connection.execute(
                    "UPDATE job SET state = ?, started_s = ?, finished_s = NULL, problem = NULL, run_id = NULL, "
                    "attempt = attempt + 1, owner_pid = ?, owner_created_s = ? WHERE job_id = ?",
                    (JobState.running.value, self._now_s(), self._us.pid, self._us.created_s, job_id),
                )
            found = next((job for job in self.jobs(JobState.running) if job.job_id == job_id), None)
            if found is not None:
                return found
            self.finish(job_id, JobState.failed)  # what it asks for cannot be understood

    def note_run(self, job_id: int, run_id: str) -> None:
        """Remember in which run folder a job is made."""
        self._update(job_id, run_id=run_id)

    def finish(self, job_id: int, state: JobState, problem: Problem | None = None) -> None:
        """A job of ours has ended."""
        text = problem.model_dump_json() if problem is not None else None
        self._update(job_id, state=state.value, finished_s=self._now_s(), problem=text)

    def recover(self) -> tuple[QueuedJob, ...]:
        """Mark what a dead panel had claimed as interrupted, and tell which jobs these are."""
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT job_id, owner_pid, owner_created_s FROM job WHERE state = ?", (JobState.running.value,)
            ).fetchall()
            lost = []
            for job_id, pid, created_s in rows:
                if self._is_lost(pid, created_s):
                    lost.append(job_id)
                    connection.execute(
                        "UPDATE job SET state = ?, finished_s = ? WHERE job_id = ?",
                        (JobState.interrupted.value, self._now_s(), job_id),
                    )
        return tuple(job for job in self.jobs(JobState.interrupted) if job.job_id in lost)

    def edit(self, job_id: int, request: GenerationRequest, profile: str | None) -> None:
        """Change a waiting job. Raises AppError `job_not_waiting`."""
        self._only_waiting(job_id, "UPDATE job SET request = ?, profile = ?", (request.model_dump_json(), profile))

    def order(self, job_ids: Sequence[int]) -> None:
        """Put these waiting jobs first, in this order; the others follow in theirs."""
        waiting = [job.job_id for job in self.jobs(JobState.waiting)]
        known = frozenset(waiting)
        first = {job_id: None for job_id in job_ids if job_id in known}
        rest = [job_id for job_id in waiting if job_id not in first]
        with self._writing() as connection:
            for position, job_id in enumerate([*first, *rest], start=1):
                connection.execute("UPDATE job SET position = ? WHERE job_id = ?", (float(position), job_id))

    def again(self, job_ids: Sequence[int]) -> None:
        """Let jobs that are over wait once more, at the end."""
        with self._writing() as connection:
            last = connection.execute("SELECT COALESCE(MAX(position), 0) FROM job").fetchone()[0]
            for number, job_id in enumerate(job_ids, start=1):
                marks = ", ".join("?" for _ in OVER)
                connection.execute(
                    f"UPDATE job SET state = ?, position = ? WHERE job_id = ? AND state IN ({marks})",
                    (JobState.waiting.value, last + number, job_id, *(state.value for state in OVER)),
                )

    def remove(self, job_ids: Sequence[int]) -> None:
        """Forget jobs, except one that runs; their runs stay."""
        with self._writing() as connection:
            for job_id in job_ids:
                connection.execute("DELETE FROM job WHERE job_id = ? AND state != ?", (job_id, JobState.running.value))

    def put_back(self, jobs: Sequence[QueuedJob]) -> None:
        """Undo `remove`: the same jobs at their places, as they were."""
        with self._writing() as connection:
            for job in jobs:
                problem = job.problem.model_dump_json() if job.problem is not None else None
                state = JobState.interrupted if job.state is JobState.running else job.state
                values = (job.job_id, job.position, state.value, job.request.model_dump_json(), job.profile)
                times = (job.run_id, job.attempt, job.created_s, job.started_s, job.finished_s, problem)
                marks = ", ".join("?" for _ in (*values, *times))
                connection.execute(f"INSERT OR IGNORE INTO job ({_COLUMNS}) VALUES ({marks})", (*values, *times))

    def lost(self) -> frozenset[int]:
        """Jobs that count as running although whoever claimed them is dead; nothing is changed. See `recover`."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT job_id, owner_pid, owner_created_s FROM job WHERE state = ?", (JobState.running.value,)
            ).fetchall()
        return frozenset(job_id for job_id, pid, created_s in rows if self._is_lost(pid, created_s))

    @property
    def changes(self) -> int:
        """A number that is another one after somebody else has changed the file."""
        with self._reading() as connection:
            return int(connection.execute("PRAGMA data_version").fetchone()[0])

    @property
    def is_paused(self) -> bool:
        """Whether nothing new is begun."""
        with self._reading() as connection:
            return self._paused(connection)

    def pause(self, is_paused: bool) -> None:
        """Begin nothing new, or go on; kept on disk."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (_PAUSED, str(int(is_paused)))
            )

    def _is_lost(self, pid: int | None, created_s: float | None) -> bool:
        if pid is None or created_s is None:
            return True
        owner = ProcessIdentity(int(pid), float(created_s))
        return owner != self._us and not self._is_alive(owner)

    def _next(self, connection: sqlite3.Connection, held_back: Collection[int]) -> int | None:
        if self._paused(connection):
            return None
        rows = connection.execute(
            "SELECT job_id FROM job WHERE state = ? ORDER BY position, job_id", (JobState.waiting.value,)
        )
        return next((int(row[0]) for row in rows if row[0] not in held_back), None)

    def _paused(self, connection: sqlite3.Connection) -> bool:
        row = connection.execute("SELECT value FROM setting WHERE name = ?", (_PAUSED,)).fetchone()
        return row is not None and row[0] == "1"

    def _update(self, job_id: int, **values: Any) -> None:
        with self._writing() as connection:
            names = ", ".join(f"{name} = ?" for name in values)
            connection.execute(f"UPDATE job SET {names} WHERE job_id = ?", (*values.values(), job_id))

    def _only_waiting(self, job_id: int, statement: str, values: tuple[Any, ...]) -> None:
        with self._writing() as connection:
            done = connection.execute(
                f"{statement} WHERE job_id = ? AND state = ?", (*values, job_id, JobState.waiting.value)
            ).rowcount
        if not done:
            raise app_error(
                "job_not_waiting", f"Job {job_id} does not wait any more, so it cannot be changed.", job=job_id
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise _unusable(self._path, error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing, and nobody else writes in between."""
        with self._reading() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _unusable(self._path, error) from error
            aside = self._path.with_name(f"{self._path.name}.broken-{int(time.time())}")
            self._put_aside(aside)
            self.notice = f"The queue's file was damaged and put aside as {aside.name}; the queue begins empty."
        try:
            return self._connect()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def _put_aside(self, aside: Path) -> None:
        try:
            self._path.rename(aside)
            for ending in ("-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _refuse_newer(self, found: int) -> None:
        if found > FORMAT:
            raise app_error(
                "queue_unusable",
                f"The queue in {self._path} has format {found}; this version reads format {FORMAT}.",
                hint="Upgrade this program, or move the file away to begin with an empty queue.",
            )

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self._path, error) from error
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        with ExitStack() as unless_done:
            unless_done.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._refuse_newer(connection.execute("PRAGMA user_version").fetchone()[0])
            connection.execute(_TABLE)
            connection.execute(_SETTING_TABLE)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            unless_done.pop_all()
        return connection


def _job_of(row: tuple[Any, ...]) -> QueuedJob | None:
    """A row as a job; None for one that cannot be understood (edited by hand, or from a newer version)."""
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    problem = values.pop("problem")
    try:
        request = GenerationRequest.model_validate_json(values.pop("request"))
        found = Problem.model_validate_json(problem) if problem is not None else None
        return QueuedJob.model_validate({**values, "request": request, "problem": found})
    except ValidationError:
        return None


def _order(job: QueuedJob) -> tuple[int, float]:
    if job.state is JobState.running:
        return 0, job.started_s or 0.0
    if job.state is JobState.waiting:
        return 1, job.position
    return 2, -(job.finished_s or job.created_s)


def _unusable(path: Path, error: Exception) -> AppError:
    if "full" in str(error):
        return app_error("disk_full", f"The disk is full: the queue in {path} cannot be written.", detail=str(error))
    return app_error("queue_unusable", f"The queue in {path} cannot be used: {error}.", detail=repr(error), path=path)
