"""Shows how files are fetched: rewritten lines on a terminal, lasting lines elsewhere, JSON lines for programs."""

import dataclasses
import queue
from enum import Enum
from pathlib import Path

from pydantic import BaseModel

from wan22.cli.console import Console, LiveBlock
from wan22.job.model_job import ModelFetch
from wan22.schema.duration_text import duration
from wan22.schema.model_file import (
    FetchOutcome,
    FetchPhase,
    ModelFetchAdvanced,
    ModelFetchEnded,
    ModelFetchStarted,
    ModelFileEnded,
)
from wan22.schema.panel_fact import PanelFact
from wan22.schema.problem import AppError, Problem
from wan22.system.bus import Bus, Fact
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker

_KINDS = {
    ModelFetchStarted: "model_fetch_started",
    ModelFetchAdvanced: "model_fetch_advanced",
    ModelFileEnded: "model_file_ended",
    ModelFetchEnded: "model_fetch_ended",
}
_LINE_EVERY_S = 15.0
_BAR = 24


class FetchPrinter:
    """Runs a fetch in a thread of its own and shows its facts in the caller's."""

    def __init__(self, console: Console, bus: Bus) -> None:
        self._console = console
        self._bus = bus
        self._inbox: queue.SimpleQueue[Fact | Problem] = queue.SimpleQueue()
        self._line_s = float("-inf")

    def run(self, fetch: ModelFetch, cancel: CancelToken) -> ModelFetchEnded:
        """Returns how the fetch ended. AppError when it broke down."""
        unsubscribe = self._bus.subscribe(self._inbox.put)
        worker = Worker("model-fetch", lambda token: _discard(fetch.run(token)), self._inbox.put, cancel).start()
        try:
            with self._console.live() as live:
                while True:
                    fact = self._next(worker)
                    if isinstance(fact, Problem):
                        raise AppError(fact)
                    if isinstance(fact, PanelFact):
                        self._show(fact, live)
                    if isinstance(fact, ModelFetchEnded):
                        return fact
        finally:
            unsubscribe()
            worker.join(5.0)

    def _next(self, worker: Worker) -> Fact | Problem:
        while True:
            try:
                return self._inbox.get(timeout=0.2)  # a wait without an end would hold back Ctrl-C on Windows
            except queue.Empty:
                if not worker.is_alive and self._inbox.empty():
                    raise RuntimeError("the fetch ended without saying so") from None

    def _show(self, fact: PanelFact, live: LiveBlock) -> None:
        if self._console.as_json:
            if type(fact) in _KINDS:
                self._console.json(fact_document(fact))
            return
        match fact:
            case ModelFetchAdvanced():
                live.show(progress_lines(fact))
                self._lasting(fact, live)
            case ModelFileEnded():
                live.show([])
                self._say_ended(fact)

    def _lasting(self, fact: ModelFetchAdvanced, live: LiveBlock) -> None:
        """Without a terminal: a line now and then, and whenever it has to wait."""
        if live.is_live:
            return
        if fact.phase is FetchPhase.waiting or fact.time_s - self._line_s >= _LINE_EVERY_S:
            self._line_s = fact.time_s
            self._console.text(" · ".join(line.strip() for line in progress_lines(fact)))

    def _say_ended(self, fact: ModelFileEnded) -> None:
        if fact.outcome is FetchOutcome.fetched:
            proof = "its content is verified" if fact.verified else "no digest is published to verify it with"
            self._console.text(f"✓ {fact.file} · {size_text(fact.byte_count)} · {proof}")
            if fact.replaced is not None:
                self._console.text(f"    the wrong file that lay there is now {fact.replaced}")
        elif fact.problem is not None:
            self._console.text(f"✕ {fact.file}")
            if fact.outcome is FetchOutcome.failed:
                self._console.problem(fact.problem)


def progress_lines(fact: ModelFetchAdvanced) -> list[str]:
    """Two lines: the file, and everything together."""
    head = f"{fact.index}/{fact.count}  {fact.file}"
    word = {FetchPhase.checking: "reading what is here", FetchPhase.receiving: "", FetchPhase.waiting: fact.note}
    done = f"{size_text(fact.done_bytes)} of {size_text(fact.total_bytes)}"
    rate = f"{fact.rate_bytes_s / 1e6:.1f} MB/s" if fact.rate_bytes_s is not None else ""
    left = f"{duration(fact.eta_s)} left" if fact.eta_s is not None else ""
    everything = f"all {size_text(fact.all_done_bytes)} of {size_text(fact.all_total_bytes)}" if fact.count > 1 else ""
    parts = [_bar(fact.done_bytes, fact.total_bytes), done, rate, everything, left, word[fact.phase]]
    return [head, "     " + " · ".join(part for part in parts if part)]


def size_text(byte_count: int | None) -> str:
    """`14.29 GB`, `21.3 MB`, `512 bytes`; unknown is said."""
    if byte_count is None:
        return "unknown size"
    if byte_count >= 1e9:
        return f"{byte_count / 1e9:.2f} GB"
    return f"{byte_count / 1e6:.1f} MB" if byte_count >= 1e5 else f"{byte_count} bytes"


def fact_document(fact: PanelFact) -> dict[str, object]:
    """A fact as one JSON document."""
    assert dataclasses.is_dataclass(fact)
    values = {field.name: _plain(getattr(fact, field.name)) for field in dataclasses.fields(fact)}
    return {"kind": _KINDS[type(fact)], **values}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value) if isinstance(value, Path) else value


def _bar(done: int, total: int | None) -> str:
    if not total:
        return ""
    filled = min(int(_BAR * done / total), _BAR)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}] {min(done / total, 1):.0%}"


def _discard(_result: object) -> None:
    """The end of the fetch is told on the bus."""
