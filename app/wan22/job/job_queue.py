"""The queue at work: the file on disk, what of it is begun now, and what the faces are told of it."""

import queue
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial

from wan22.runs.queue_store import QueueStore
from wan22.schema.events import ProblemFound
from wan22.schema.panel_fact import QueueChanged
from wan22.schema.problem import AppError, Problem, problem
from wan22.schema.queue import JobState, QueuedJob
from wan22.schema.request import GenerationRequest
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

_Work = Callable[[], object]


class JobQueue:
    """Methods that change the queue return at once: the disk is written in a thread of its own, in their order.

    Jobs that wait from an earlier session are held back until `resume`: nobody is surprised by a machine that begins
    to work. `claim` and what follows it are called by whoever does the jobs, in his thread.
    """

    def __init__(self, open_store: Callable[[], QueueStore], bus: Bus, clock: Clock) -> None:
        """`open_store` is called in the queue's own thread; if it fails, there is a problem and an empty queue."""
        self._open_store = open_store
        self._bus = bus
        self._clock = clock
        self._asked: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._store: QueueStore | None = None
        self._held_back: frozenset[int] = frozenset()
        self._at_work: set[int] = set()
        self._holds = 0
        self._changes: int | None = None
        self._turn = threading.RLock()
        """What is held back, what is told, and what is claimed change one after the other."""
        self.ready: tuple[QueuedJob, ...] = ()
        """Jobs that wait and will be begun by themselves, in order, as last seen."""
        self.wake: Callable[[], None] = lambda: None
        """Called when there may be something to do."""
        self._worker = Worker("job-queue", self._work, on_problem=self._tell)

    def start(self) -> None:
        """Open the file, find what an earlier panel left behind, and begin."""
        self._worker.start()

    def close(self) -> None:
        """Write what was asked for, and close the file."""
        self._asked.put(None)
        self._worker.stop()

    def add(self, requests: Sequence[GenerationRequest], profile: str | None = None) -> None:
        """Put jobs at the end."""
        self._ask(lambda store: store.add(requests, profile))

    def edit(self, job_id: int, request: GenerationRequest, profile: str | None = None) -> None:
        """Change a waiting job."""
        self._ask(lambda store: store.edit(job_id, request, profile))

    def order(self, job_ids: Sequence[int]) -> None:
        """Put these waiting jobs first, in this order."""
        self._ask(lambda store: store.order(job_ids))

    def duplicate(self, job_ids: Sequence[int]) -> None:
        """Ask for the same once more, whatever became of it; a job that had a seed keeps it."""

        def work(store: QueueStore) -> None:
            for job in (store.job(job_id) for job_id in job_ids):
                store.add([job.request], job.profile)

        self._ask(work)

    def retry(self, job_ids: Sequence[int]) -> None:
        """Let jobs that are over wait once more."""
        self._ask(lambda store: store.again(job_ids))

    def remove(self, job_ids: Sequence[int]) -> None:
        """Forget jobs; their runs stay."""
        self._ask(lambda store: store.remove(job_ids))

    def put_back(self, jobs: Sequence[QueuedJob], held_back: Collection[int] = ()) -> None:
        """Undo `remove`. `held_back`: those of them that go on waiting for a word of the user."""

        def work(store: QueueStore) -> None:
            with self._turn:
                self._held_back |= frozenset(held_back)
                store.put_back(jobs)

        self._ask(work)

    def clear(self, *states: JobState) -> None:
        """Forget all jobs in these states."""
        self._ask(lambda store: store.remove([job.job_id for job in store.jobs(*states)]))

    def pause(self, is_paused: bool) -> None:
        """Begin nothing new, or go on."""
        self._ask(lambda store: store.pause(is_paused))

    def hold(self) -> None:
        """Begin nothing of what waits now until `resume`; unlike a pause it is forgotten at the end."""

        def work(store: QueueStore) -> None:
            with self._turn:
                self._holds -= 1
                self._held_back |= {job.job_id for job in store.jobs(JobState.waiting)}

        with self._turn:
            self._holds += 1  # from now on, not only once the other thread comes to it
        self._ask(work)

    def flush(self) -> None:
        """Wait until everything that was asked for is done."""
        done = threading.Event()
        self._asked.put(done.set)
        while self._worker.is_alive and not done.wait(0.05):
            pass

    def resume(self) -> None:
        """Begin with what waits from an earlier session, and let what was interrupted wait again."""

        def work(store: QueueStore) -> None:
            with self._turn:
                store.again([job.job_id for job in store.jobs(JobState.interrupted) if job.job_id in self._held_back])
                self._held_back = frozenset()

        self._ask(work)

    def claim(self) -> QueuedJob | None:
        """The next job, now ours to do. A queue that cannot be read has none, and says why."""
        with self._turn:
            store = self._store
            if store is None or self._holds:
                return None
            try:
                job = store.claim(self._held_back)
                if job is None:
                    self._look_at_others(store)
            except AppError as error:
                self._tell(error.problem)
                return None
            if job is not None:
                self._at_work.add(job.job_id)
                self._tell_jobs()
            return job

    @property
    def is_idle(self) -> bool:
        """Whether no job of ours is at work and none will be begun by itself."""
        with self._turn:
            return not self.ready and not self._at_work

    def note_run(self, job_id: int, run_id: str) -> None:
        """Remember in which run folder a job is made."""
        self._ask(lambda store: store.note_run(job_id, run_id), wakes=False)

    def finish(self, job_id: int, state: JobState, found: Problem | None = None) -> None:
        """A claimed job has ended."""

        def work(store: QueueStore) -> None:
            try:
                store.finish(job_id, state, found)
            finally:
                with self._turn:  # by now the next one may be at work already
                    self._at_work.discard(job_id)

        self._ask(work, wakes=False)

    def _ask(self, work: Callable[[QueueStore], object], *, wakes: bool = True) -> None:
        self._asked.put(partial(self._do, work, wakes=wakes))

    def _do(self, work: Callable[[QueueStore], object], *, wakes: bool) -> None:
        assert self._store is not None
        try:
            work(self._store)
        except AppError as error:
            self._tell(error.problem)
        self._tell_jobs()
        if wakes:
            self.wake()

    def _work(self, _: CancelToken) -> None:
        store = self._store = self._opened()
        if store is None:
            return
        try:
            self._find_left(store)
            self.wake()
            while (work := self._asked.get()) is not None:
                work()
        finally:
            self._store = None
            store.close()

    def _opened(self) -> QueueStore | None:
        try:
            store = self._open_store()
        except AppError as error:
            self._tell(error.problem)
            return None
        if store.notice is not None:
            self._tell(
                problem("queue_unusable", store.notice, hint="Nothing else is lost: runs have their own folders.")
            )
        return store

    def _find_left(self, store: QueueStore) -> None:
        """Hold back what waits since an earlier session, and what a dead panel was doing."""
        try:
            lost = store.recover()
            waiting = store.jobs(JobState.waiting)
        except AppError as error:
            self._tell(error.problem)
            return
        with self._turn:
            self._held_back = frozenset(job.job_id for job in (*lost, *waiting))
            self._tell_jobs()

    def _look_at_others(self, store: QueueStore) -> None:
        """Several programs may work on one file: tell what another one changed, or died over."""
        if store.lost():
            self._held_back |= frozenset(job.job_id for job in store.recover())
        elif store.changes == self._changes:
            return
        self._tell_jobs()

    def _tell_jobs(self) -> None:
        with self._turn:
            self._tell_jobs_now()

    def _tell_jobs_now(self) -> None:
        store = self._store
        if store is None:
            return
        try:
            self._changes = store.changes
            jobs, is_paused = store.jobs(), store.is_paused
        except AppError as error:
            self._tell(error.problem)
            return
        known = {job.job_id for job in jobs if job.state is JobState.waiting or job.state is JobState.interrupted}
        self._held_back &= known
        waiting = (job for job in jobs if job.state is JobState.waiting and job.job_id not in self._held_back)
        self.ready = () if is_paused else tuple(waiting)
        self._bus.publish(
            QueueChanged(time_s=self._clock.now(), jobs=jobs, is_paused=is_paused, held_back=self._held_back)
        )

    def _tell(self, found: Problem) -> None:
        self._bus.publish(ProblemFound(time_s=self._clock.now(), problem=found))
