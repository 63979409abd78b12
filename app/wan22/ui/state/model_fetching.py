"""A fetch of model files as it goes on, told by the facts on the bus: it outlives a change of the page."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from wan22.schema.duration_text import duration
from wan22.schema.model_file import (
    FetchOutcome,
    FetchPhase,
    ModelFetchAdvanced,
    ModelFetchEnded,
    ModelFetchStarted,
    ModelFileEnded,
)
from wan22.ui.state.byte_text import byte_text, rate_text
from wan22.ui.verdict_word import Tone


class ModelFetching(QObject):
    """`changed` once a batch; `ended` when the whole fetch is over."""

    changed = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.files: tuple[str, ...] = ()
        self.total_bytes: int | None = None
        self.now: ModelFetchAdvanced | None = None
        self.done: dict[str, ModelFileEnded] = {}
        self.result: ModelFetchEnded | None = None

    @property
    def is_active(self) -> bool:
        """Whether it goes on."""
        return bool(self.files) and self.result is None

    def apply(self, facts: Iterable[object]) -> None:
        """Take what concerns a fetch out of a batch."""
        taken = [fact for fact in facts if self._take(fact)]
        if taken:
            self.changed.emit()
        if any(isinstance(fact, ModelFetchEnded) for fact in taken):
            self.ended.emit()

    def forget(self) -> None:
        """The result was seen."""
        if not self.is_active:
            self.files, self.done, self.now, self.result = (), {}, None, None
            self.changed.emit()

    @property
    def failed(self) -> tuple[str, ...]:
        """Files that did not come, those that were never begun among them."""
        if self.result is None:
            return ()
        came = [name for name, one in self.done.items() if one.outcome is FetchOutcome.fetched]
        return tuple(name for name in self.files if name not in came)

    def title(self) -> str:
        """`Fetching file 1 of 2`, or how it ended."""
        if self.result is None:
            index = self.now.index if self.now is not None else 1
            return f"Fetching file {index} of {len(self.files)}" if len(self.files) > 1 else "Fetching 1 file"
        if not self.failed:
            return _files(len(self.files), "was fetched", "were fetched")
        stopped = any(one.outcome is FetchOutcome.cancelled for one in self.done.values())
        if stopped:
            return "Stopped; what has arrived is kept"
        return _files(len(self.failed), "did not come", "did not come")

    def share(self) -> float | None:
        """How much of all is here, 0 to 1; None as long as a size is not known."""
        now = self.now
        if now is None or not now.all_total_bytes:
            return 0.0 if self.total_bytes else None
        return min(now.all_done_bytes / now.all_total_bytes, 1.0)

    def progress_text(self) -> str:
        """`3.2 GB of 14.3 GB · 84.2 MB/s · 2 min 10 s left`."""
        now = self.now
        if now is None:
            return "Asking the host …"
        parts = [f"{byte_text(now.all_done_bytes)} of {byte_text(now.all_total_bytes)}"]
        if now.phase is FetchPhase.checking:
            parts.append("reading what an earlier try left")
        elif now.phase is FetchPhase.waiting:
            parts.append(now.note or "waiting for the host")
        if now.rate_bytes_s is not None:
            parts.append(rate_text(now.rate_bytes_s))
        if now.eta_s is not None:
            parts.append(f"{duration(now.eta_s)} left")
        elif now.phase is FetchPhase.receiving:
            parts.append("time left unknown")
        return " · ".join(parts)

    def mark(self, file: str) -> tuple[Tone, str]:
        """How one file stands."""
        ended = self.done.get(file)
        if ended is not None:
            word = "verified" if ended.verified else "fetched"
            return {
                FetchOutcome.fetched: (Tone.good, word),
                FetchOutcome.failed: (Tone.bad, "failed"),
                FetchOutcome.cancelled: (Tone.slow, "stopped"),
            }[ended.outcome]
        if self.now is not None and self.now.file == file and self.is_active:
            words = {FetchPhase.receiving: "receiving", FetchPhase.checking: "checking", FetchPhase.waiting: "waiting"}
            return Tone.running, words[self.now.phase]
        return Tone.unknown, "not begun"

    def note(self, file: str) -> str:
        """Why it did not come, or what else is to be known; how far it is while it comes."""
        ended = self.done.get(file)
        if ended is None:
            now = self.now
            if now is None or now.file != file or not self.is_active:
                return ""
            return f"{byte_text(now.done_bytes)} of {byte_text(now.total_bytes)}"
        if ended.problem is not None:
            return f"{ended.problem.message} {ended.problem.hint}".strip()
        if ended.replaced is not None:
            return f"The wrong file that lay there is now {ended.replaced.name}."
        return "" if ended.verified else "No digest is published for it: only its size could be checked."

    def _take(self, fact: object) -> bool:
        match fact:
            case ModelFetchStarted():
                self.files, self.total_bytes = fact.files, fact.total_bytes
                self.now, self.result, self.done = None, None, {}
            case ModelFetchAdvanced():
                self.now = fact
            case ModelFileEnded():
                self.done[fact.file] = fact
            case ModelFetchEnded():
                self.result = fact
            case _:
                return False
        return True


def _files(count: int, one: str, many: str) -> str:
    return f"1 file {one}" if count == 1 else f"{count} files {many}"
