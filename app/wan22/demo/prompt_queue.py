"""Prompts of the look-alike: waiting, running, done."""

import heapq
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from wan22.demo.prompt_check import Graph


@dataclass(slots=True)
class Job:
    """One prompt. `interrupted` is set to stop it while it runs."""

    number: float
    prompt_id: str
    graph: Graph
    extra: Mapping[str, Any]
    outputs: tuple[str, ...]
    client_id: str | None
    created_ms: int
    interrupted: threading.Event = field(default_factory=threading.Event)

    def document(self) -> list[Any]:
        """The five parts that `/queue` and `/history` show."""
        told = dict(self.extra) | {"create_time": self.created_ms}
        if self.client_id is not None:
            told["client_id"] = self.client_id
        return [self.number, self.prompt_id, self.graph, told, list(self.outputs)]


class PromptQueue:
    """Waiting jobs by number, the one that runs, and the history. `on_change` is called after every change."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._waiting: list[tuple[float, int, Job]] = []
        self._running: Job | None = None
        self._history: dict[str, dict[str, Any]] = {}
        self._counter = 0
        self._changed = threading.Condition()

    @property
    def remaining(self) -> int:
        """Jobs that run or wait."""
        with self._changed:
            return len(self._waiting) + (self._running is not None)

    def next_number(self, *, front: bool = False) -> float:
        """The number of a prompt that brings none."""
        with self._changed:
            number = self._counter
            self._counter += 1
        return float(-number) if front else float(number)

    def put(self, job: Job) -> None:
        """Let a job wait for its turn."""
        with self._changed:
            heapq.heappush(self._waiting, (job.number, self._counter, job))
            self._counter += 1
            self._changed.notify_all()
        self._on_change()

    def take(self, wait_s: float) -> Job | None:
        """The next job, which then runs; None when there was none for `wait_s`."""
        with self._changed:
            if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), wait_s):
                return None
            self._running = heapq.heappop(self._waiting)[2]
            job = self._running
        self._on_change()
        return job

    def done(self, job: Job, entry: dict[str, Any]) -> None:
        """The job has ended; its entry is in the history before anybody hears of it."""
        with self._changed:
            self._history[job.prompt_id] = entry
            self._running = None
        self._on_change()

    def drop(self, prompt_ids: Collection[str] | None) -> int:
        """Take jobs that wait out of the queue (None: all of them); returns how many."""
        with self._changed:
            kept = [] if prompt_ids is None else [one for one in self._waiting if one[2].prompt_id not in prompt_ids]
            dropped = len(self._waiting) - len(kept)
            self._waiting = kept
            heapq.heapify(self._waiting)
        if dropped:
            self._on_change()
        return dropped

    def interrupt(self, prompt_id: str | None) -> bool:
        """Stop the job that runs, if it is that one (None: whichever)."""
        with self._changed:
            job = self._running
        if job is None or prompt_id not in (None, job.prompt_id):
            return False
        job.interrupted.set()
        return True

    def forget(self, prompt_ids: Collection[str] | None) -> None:
        """Take entries out of the history; None: all."""
        with self._changed:
            for prompt_id in list(self._history) if prompt_ids is None else prompt_ids:
                self._history.pop(prompt_id, None)

    def history(self, prompt_id: str | None = None, most: int | None = None) -> dict[str, Any]:
        """Entries by prompt id: all, the last `most`, or the one asked for."""
        with self._changed:
            if prompt_id is not None:
                return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
            items = list(self._history.items())
        return dict(items if most is None else items[-most:])

    def document(self) -> dict[str, Any]:
        """What `GET /queue` answers."""
        with self._changed:
            running = [self._running.document()] if self._running is not None else []
            waiting = [job.document() for _, _, job in self._waiting]
        return {"queue_running": running, "queue_pending": waiting}
