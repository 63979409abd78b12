"""One model file from its host to its place: goes on after every interruption, and is never half there."""

import contextlib
import http.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from wan22.comfy.fetch_source import Answer, DroppedError, as_app_error, dropped, host_of, open_file
from wan22.comfy.part_file import PartFile, PartNote
from wan22.schema.model_file import FetchPhase, ModelFile
from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.file_lock import file_lock
from wan22.system.files import file_error, free_bytes

DISK_MARGIN_BYTES = 512 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_NEWS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How patient a fetch is. `tries` in a row without a new MiB end it; `retry_after_s` is the longest wait that a
    host may ask for.
    """

    connect_s: float = 10.0
    read_s: float = 15.0
    tries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    retry_after_s: float = 300.0
    rename_s: float = 15.0
    margin_bytes: int = DISK_MARGIN_BYTES


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """`done_bytes` of the file are here; `total_bytes` None = not known; `note` says why it waits."""

    phase: FetchPhase
    done_bytes: int
    total_bytes: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file in its place. `verified` False: there was no digest to compare with."""

    path: Path
    byte_count: int
    sha256: str
    verified: bool
    replaced: Path | None


class FileFetch:
    """Brings `file` from `url` (its own address or a mirror's) to `target`.

    Use once. Progress is told in the caller's thread, often: the listener decides how much of it to show.
    """

    def __init__(
        self,
        file: ModelFile,
        url: str,
        target: Path,
        clock: Clock,
        on_progress: Callable[[FetchProgress], None],
        *,
        token: str | None = None,
        limits: FetchLimits | None = None,
    ) -> None:
        self._file = file
        self._url = url
        self._clock = clock
        self._tell = on_progress
        self._token = token
        self._limits = limits or FetchLimits()
        self._part = PartFile(target)
        self._sha256 = file.sha256
        self._total_bytes = file.bytes
        self._use_ranges = True
        self._current: requests.Response | None = None

    def run(self, cancel: CancelToken) -> Fetched:
        """Fetch; returns when the file is in its place under its name.

        AppError `cancelled`, `disk_full`, `file_unwritable`, `download_busy`, `download_failed`, `download_refused`:
        what has arrived is kept and the next fetch goes on from there. `download_corrupt`: it was thrown away.
        """
        cancel.raise_if_set()
        cancel.on_set(self._hang_up)
        try:
            self._part.target.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(self._part.lock_path) as got:
                if not got:
                    message = f"Another program is fetching {self._part.target} right now."
                    raise app_error("download_busy", message, file=self._file.file)
                return self._locked(cancel)
        except OSError as error:
            raise file_error(error, self._part.target, writing=True) from error

    def _locked(self, cancel: CancelToken) -> Fetched:
        try:
            self._take_up(cancel)
            with requests.Session() as session:
                self._receive_all(session, cancel)
            return self._finished(cancel)
        finally:
            self._part.close()

    def _take_up(self, cancel: CancelToken) -> None:
        """Go on with what an earlier try left, if it is of the same file."""
        note, there = self._part.load_note(), self._part.byte_count() or 0
        keep = there
        if note is None:
            keep = there if self._sha256 is not None else 0
        elif note.sha256 != self._sha256 or (self._sha256 is None and (note.url != self._url or note.etag is None)):
            keep = 0
        elif note.synced_bytes is not None:
            keep = min(there, note.synced_bytes)
        if self._total_bytes is not None and keep > self._total_bytes:
            keep = 0
        if note is not None and keep:
            self._part.note = note
            self._total_bytes = self._total_bytes or note.total_bytes
        self._part.open(keep, cancel, lambda done: self._progress(FetchPhase.checking, done))
        self._check_disk()

    def _receive_all(self, session: requests.Session, cancel: CancelToken) -> None:
        """Try until everything is here. Tries that bring something new do not count."""
        tries, best = 0, self._part.have_bytes
        while self._total_bytes is None or self._part.have_bytes < self._total_bytes:
            try:
                self._receive(session, cancel)
            except DroppedError as drop:
                cancel.raise_if_set()
                if self._part.have_bytes >= best + _NEWS_BYTES:
                    tries, best = 0, self._part.have_bytes
                tries += 1
                if tries >= self._limits.tries:
                    raise as_app_error(drop, self._file.file, self._part.have_bytes, tries) from drop
                self._wait(drop, tries, cancel)
            else:
                return

    def _wait(self, drop: DroppedError, tries: int, cancel: CancelToken) -> None:
        wait_s = min(self._limits.first_wait_s * 2 ** (tries - 1), self._limits.longest_wait_s)
        if drop.wait_s is not None:
            if drop.wait_s > self._limits.retry_after_s:
                message = (
                    f"{self._file.file} cannot be fetched now: {drop.reason} and asks to wait {drop.wait_s:.0f} s."
                )
                raise app_error("download_failed", message, hint="Fetch again later; what has arrived is kept.")
            wait_s = max(wait_s, drop.wait_s)
        self._progress(FetchPhase.waiting, self._part.have_bytes, f"{drop.reason}; trying again in {wait_s:.0f} s")
        if self._clock.sleep(wait_s, cancel):
            cancel.raise_if_set()

    def _receive(self, session: requests.Session, cancel: CancelToken) -> None:
        """One request, and whatever of it arrives."""
        # A compressed body would have other bytes than the file.
        headers = {"Accept-Encoding": "identity", "Connection": "close"}
        start = self._part.have_bytes if self._use_ranges else 0
        if start:
            headers["Range"] = f"bytes={start}-"
            etag = self._etag_to_hold()
            if etag is not None:
                headers["If-Range"] = etag
        limits_s = (self._limits.connect_s, self._limits.read_s)
        origin = self._file.url or self._url
        answer = open_file(session, self._url, origin, headers, self._token, limits_s)
        with answer.response as response:
            self._current = response
            cancel.raise_if_set()
            try:
                if self._prepare(answer, start):
                    self._copy(response, cancel)
            finally:
                self._current = None

    def _prepare(self, answer: Answer, start: int) -> bool:
        """Make the part file fit the answer; False when nothing has to be received any more."""
        self._refuse_other_file(answer)
        if answer.status == 416:
            _, total = answer.content_range
            if start and total == start and self._total_bytes in (None, total):
                return False
            self._start_again(f"{host_of(self._url)} has no bytes from {start} on")
        total = answer.length
        if answer.status == 206:
            first, total = answer.content_range
            held = self._etag_to_hold()
            changed = None not in (held, answer.etag) and held != answer.etag
            if first != start or not start or changed:
                self._start_again(f"{host_of(self._url)} has another file now, or sends another part of it")
        elif self._part.have_bytes:
            self._part.start_again()
        if total is not None and self._file.bytes is not None and total != self._file.bytes:
            message = f"{host_of(self._url)} offers {self._file.file} with {total} bytes; {self._file.bytes} are right."
            raise app_error("download_corrupt", message, hint="Use another mirror, or none.", file=self._file.file)
        self._total_bytes = self._file.bytes or total
        self._check_disk()
        note = PartNote(
            url=self._url,
            sha256=self._file.sha256,
            total_bytes=self._total_bytes,
            etag=answer.etag,
            pinned=answer.linked_sha256 is not None,
        )
        self._part.remember(note)
        return True

    def _etag_to_hold(self) -> str | None:
        """The ETag that must not have changed. Where the host tells the digest, that says it better: the ETags of
        delivery networks differ from machine to machine.
        """
        note = self._part.note
        return note.etag if note.url == self._url and not note.pinned else None

    def _refuse_other_file(self, answer: Answer) -> None:
        """A web page, compressed bytes, or a file that the host itself calls another one."""
        headers, host = answer.response.headers, host_of(self._url)
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if answer.status != 416 and kind in ("text/html", "application/xhtml+xml"):
            message = f"{host} sent a web page instead of {self._file.file}."
            hint = "A log-in page of the network, a licence page, or a mirror without this file: open it in a browser."
            raise app_error("download_corrupt", message, hint=hint, file=self._file.file)
        if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise app_error("download_failed", f"{host} sends {self._file.file} compressed although asked not to.")
        if answer.linked_sha256 is None:
            return
        if self._sha256 is None:
            self._sha256 = answer.linked_sha256
        elif self._sha256 != answer.linked_sha256:
            message = f"{host} offers another file under the name {self._file.file} now; nothing was fetched."
            detail = f"SHA-256 wanted   {self._sha256}\nSHA-256 offered  {answer.linked_sha256}"
            hint = "The host has replaced it: look at its page, and for a newer version of this program."
            raise app_error("download_corrupt", message, hint=hint, detail=detail, file=self._file.file)

    def _start_again(self, reason: str) -> None:
        """Throw away what is here, and ask without a range the next time."""
        self._use_ranges = False
        self._part.start_again()
        raise DroppedError(reason)

    def _copy(self, response: requests.Response, cancel: CancelToken) -> None:
        host = host_of(self._url)
        try:
            # `iter_content` would wait for whole pieces and lose the last one when a transfer breaks.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                cancel.raise_if_set()
                self._part.write(chunk)
                self._progress(FetchPhase.receiving, self._part.have_bytes)
                if self._total_bytes is not None and self._part.have_bytes > self._total_bytes:
                    self._throw_away(f"{host} sent more than the {self._total_bytes} bytes of {self._file.file}.")
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            cancel.raise_if_set()
            self._use_ranges = True
            raise dropped(error, host) from error
        cancel.raise_if_set()
        if self._total_bytes is not None and self._part.have_bytes < self._total_bytes:
            self._use_ranges = True
            raise DroppedError(f"{host} broke off")

    def _finished(self, cancel: CancelToken) -> Fetched:
        """Compare the digest and give the file its name."""
        part, digest = self._part, self._part.sha256
        byte_count = part.have_bytes
        if self._sha256 is not None and digest != self._sha256:
            self._throw_away(
                f"{self._file.file} arrived, but its bytes are not those of the published file.",
                f"SHA-256 published  {self._sha256}\nSHA-256 arrived    {digest}",
            )
        if byte_count == 0:
            self._throw_away(f"{host_of(self._url)} sent nothing for {self._file.file}.")
        part.sync()
        replaced = part.finish(self._clock, cancel, self._limits.rename_s)
        return Fetched(part.target, byte_count, digest, self._sha256 is not None, replaced)

    def _throw_away(self, message: str, detail: str = "") -> None:
        """Wrong bytes are of no use to anybody: without digests of parts nobody can tell which of them are wrong."""
        self._part.discard()
        raise app_error("download_corrupt", message, detail=detail, file=self._file.file)

    def _check_disk(self) -> None:
        if self._total_bytes is None:
            return
        need = self._total_bytes - self._part.have_bytes + self._limits.margin_bytes
        free = free_bytes(self._part.target.parent)
        if self._part.have_bytes < self._total_bytes and free < need:
            message = (
                f"{self._part.target.parent} has {free / 1e9:.1f} GB free; "
                f"{self._file.file} needs {need / 1e9:.1f} GB more, some of it in reserve."
            )
            raise app_error("disk_full", message, hint="Free some space, then fetch again.", path=self._part.target)

    def _progress(self, phase: FetchPhase, done_bytes: int, note: str = "") -> None:
        self._tell(FetchProgress(phase, done_bytes, self._total_bytes, note))

    def _hang_up(self) -> None:
        """Wake a read that waits for a silent host; on Windows it only ends with its own limit."""
        response = self._current
        shutdown = getattr(response.raw, "shutdown", None) if response is not None else None
        if shutdown is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                shutdown()
