import errno
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.fakes.file_server import Act, FileServer, file_server
from wan22.comfy import fetch_source, part_file
from wan22.comfy.file_fetch import Fetched, FetchLimits, FetchProgress, FileFetch
from wan22.comfy.part_file import PartFile
from wan22.schema.model_file import FetchPhase, ModelFile
from wan22.schema.problem import AppError, Problem
from wan22.system.cancel import CancelToken
from wan22.system.file_lock import file_lock

CONTENT = hashlib.shake_256(b"model").digest(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "wän model.safetensors"
LIMITS = FetchLimits(connect_s=5, read_s=5, tries=4, margin_bytes=0, rename_s=1.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def wanted(server: FileServer, *, known: bool = True, size: bool = True) -> ModelFile:
    return ModelFile(
        file=NAME,
        folder="models/loras",
        url=f"{server.url}/repo/file.safetensors",
        bytes=len(CONTENT) if size else None,
        sha256=SHA256 if known else None,
    )


class Fetching:
    """One try of a fetch and what it told."""

    def __init__(self, file: ModelFile, target: Path, url: str | None = None, token: str | None = None) -> None:
        self.told: list[FetchProgress] = []
        self.clock = FakeClock(auto=True)
        self.cancel = CancelToken()
        self.on_progress = self.told.append
        self._fetch = FileFetch(
            file,
            url or file.url or "",
            target,
            self.clock,
            self._on_progress,
            token=token,
            limits=LIMITS,
        )

    def _on_progress(self, progress: FetchProgress) -> None:
        self.on_progress(progress)  # which a test may replace

    def run(self) -> Fetched:
        return self._fetch.run(self.cancel)

    def fails(self) -> Problem:
        with pytest.raises(AppError) as caught:
            self.run()
        return caught.value.problem


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "Comfy UI" / "models" / "loras" / NAME


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()}


def test_a_file_arrives_whole_and_leaves_nothing_else(target: Path) -> None:
    with file_server(CONTENT) as server:
        trial = Fetching(wanted(server), target)
        fetched = trial.run()
    assert target.read_bytes() == CONTENT
    assert fetched == Fetched(target, len(CONTENT), SHA256, True, None)
    assert left(target) == {NAME}
    assert trial.told[-1] == FetchProgress(FetchPhase.receiving, len(CONTENT), len(CONTENT))
    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert "range" not in server.asked[0].headers


def test_a_broken_transfer_goes_on_where_it_stopped(target: Path) -> None:
    with file_server(CONTENT, Act(drop_after=100_000), Act(status=503), Act(drop_after=70_000)) as server:
        trial = Fetching(wanted(server), target)
        trial.run()
    assert target.read_bytes() == CONTENT
    assert [one.headers.get("range") for one in server.asked] == [
        None,
        "bytes=100000-",
        "bytes=100000-",
        "bytes=170000-",
    ]
    assert server.asked[1].headers["if-range"] == '"one"'
    assert trial.clock.slept == [1.0, 2.0, 4.0]
    waits = [one for one in trial.told if one.phase is FetchPhase.waiting]
    assert "trying again in 1 s" in waits[0].note
    assert "busy (HTTP 503)" in waits[1].note


def test_tries_in_a_row_without_news_end_it_and_the_next_fetch_resumes(target: Path) -> None:
    with file_server(CONTENT, *[Act(drop_after=50_000)] * 4) as server:
        found = Fetching(wanted(server), target).fails()
        assert found.code == "download_failed"
        assert "4 times in a row; 200000 bytes are here" in found.message
        assert left(target) == {f"{NAME}.part", f"{NAME}.part.json"}
        trial = Fetching(wanted(server), target)
        trial.run()
        assert server.asked[-1].headers["range"] == "bytes=200000-"
    assert target.read_bytes() == CONTENT
    assert trial.told[0].phase is FetchPhase.checking
    assert left(target) == {NAME}


def test_no_connection_at_all(target: Path) -> None:
    with file_server(CONTENT) as server:
        file = wanted(server)
    found = Fetching(file, target).fails()
    assert found.code == "download_failed"
    assert "the connection to 127.0.0.1" in found.message
    assert left(target) == set()


def test_a_file_that_changed_at_the_host_is_started_again(target: Path) -> None:
    with file_server(CONTENT, Act(body=bytes(300_000), drop_after=120_000, etag='"old"')) as server:
        Fetching(wanted(server), target).run()
        assert server.asked[1].headers["if-range"] == '"old"'
    assert target.read_bytes() == CONTENT


def test_another_etag_on_a_part_is_not_trusted_either(target: Path) -> None:
    """A host that ignores If-Range."""
    with file_server(CONTENT, Act(drop_after=1000), Act(headers={"ETag": '"two"'})) as server:
        Fetching(wanted(server), target).run()
        assert [one.headers.get("range") for one in server.asked] == [None, "bytes=1000-", None]
    assert target.read_bytes() == CONTENT


def test_where_the_host_tells_the_digest_its_etags_do_not_matter(target: Path) -> None:
    """Delivery networks have other ETags on every machine."""
    linked = {"X-Linked-Etag": f'"{SHA256}"'}
    acts = (Act(headers=linked, drop_after=1000), Act(headers={**linked, "ETag": '"two"'}))
    with file_server(CONTENT, *acts) as server:
        Fetching(wanted(server), target).run()
        assert len(server.asked) == 2
        assert "if-range" not in server.asked[1].headers
    assert target.read_bytes() == CONTENT


def test_a_host_without_ranges_starts_from_the_first_byte(target: Path) -> None:
    with file_server(CONTENT, Act(drop_after=100_000), Act(ranges=False)) as server:
        Fetching(wanted(server), target).run()
        assert len(server.asked) == 2
    assert target.read_bytes() == CONTENT


def test_a_part_that_begins_elsewhere_is_not_glued_on(target: Path) -> None:
    with file_server(CONTENT, Act(drop_after=100_000), Act(first=90_000)) as server:
        Fetching(wanted(server), target).run()
        assert server.asked[2].headers.get("range") is None
    assert target.read_bytes() == CONTENT


def test_wrong_bytes_never_get_the_name(target: Path) -> None:
    with file_server(CONTENT, Act(corrupt_at=250_000)) as server:
        found = Fetching(wanted(server), target).fails()
        assert found.code == "download_corrupt"
        assert SHA256 in found.detail
        assert left(target) == set()
        Fetching(wanted(server), target).run()
    assert target.read_bytes() == CONTENT


def test_a_wrong_length_is_refused_before_a_byte_is_written(target: Path) -> None:
    with file_server(CONTENT, Act(body=CONTENT[:-1])) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_corrupt"
    assert "299999 bytes; 300000 are right" in found.message
    assert left(target) == set()


def test_more_bytes_than_there_should_be(target: Path) -> None:
    with file_server(CONTENT, Act(length=-1, extra=b"x" * 200_000)) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_corrupt"
    assert "more than the 300000 bytes" in found.message
    assert left(target) == set()


def test_fewer_bytes_without_a_length_count_as_broken_off(target: Path) -> None:
    with file_server(CONTENT, Act(length=-1, drop_after=1000)) as server:
        Fetching(wanted(server), target).run()
        assert server.asked[1].headers["range"] == "bytes=1000-"
    assert target.read_bytes() == CONTENT


def test_size_and_digest_unknown(target: Path) -> None:
    with file_server(CONTENT, Act(drop_after=1000)) as server:
        fetched = Fetching(wanted(server, known=False, size=False), target).run()
    assert target.read_bytes() == CONTENT
    assert not fetched.verified
    assert fetched.sha256 == SHA256


def test_the_digest_that_the_host_tells_stands_in_for_an_unknown_one(target: Path) -> None:
    act = Act(headers={"X-Linked-Etag": f'"{SHA256}"'})
    with file_server(CONTENT, act, Act(headers=act.headers, corrupt_at=0)) as server:
        assert Fetching(wanted(server, known=False, size=False), target).run().verified
        target.unlink()
        assert Fetching(wanted(server, known=False, size=False), target).fails().code == "download_corrupt"


def test_a_host_that_names_another_digest_is_refused_at_once(target: Path) -> None:
    with file_server(CONTENT, Act(headers={"X-Linked-Etag": f'"{"0" * 64}"'})) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_corrupt"
    assert "another file under the name" in found.message
    assert left(target) == set()


def test_redirects_are_followed_with_the_range(target: Path) -> None:
    with file_server(CONTENT) as server:
        go_on = Act(status=302, headers={"Location": "/cdn/file?X-Amz-Signature=secret"}, body=b"")
        server.acts = [go_on, Act(drop_after=1000), go_on]
        Fetching(wanted(server), target).run()
        assert [one.path.partition("?")[0] for one in server.asked] == ["/repo/file.safetensors", "/cdn/file"] * 2
        assert server.asked[3].headers["range"] == "bytes=1000-"
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("location", "words"), [("/again", "without end"), ("ftp://host/x", "an address that is none"), (None, "is none")]
)
def test_redirects_that_lead_nowhere(target: Path, location: str | None, words: str) -> None:
    act = Act(status=302, headers={"Location": location} if location else {}, body=b"")
    with file_server(CONTENT, *[act] * 20) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_failed"
    assert words in found.message


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "download_refused", "refuses file.safetensors (HTTP 401)"),
        (403, "download_refused", "refuses file.safetensors (HTTP 403)"),
        (404, "download_failed", "does not have file.safetensors (HTTP 404)"),
        (418, "download_failed", "answered HTTP 418"),
    ],
)
def test_refusals_are_not_tried_again(target: Path, status: int, code: str, words: str) -> None:
    with file_server(CONTENT, Act(status=status, body=b"Access to it is restricted. https://h/x?token=1")) as server:
        found = Fetching(wanted(server), target).fails()
        assert len(server.asked) == 1
    assert (found.code, words in found.message) == (code, True)
    assert "Access to it is restricted" in found.detail
    assert "token=1" not in found.detail


def test_a_busy_host_is_given_the_time_it_asks_for(target: Path) -> None:
    with file_server(CONTENT, Act(status=429, headers={"Retry-After": "17"}, body=b"")) as server:
        trial = Fetching(wanted(server), target)
        trial.run()
    assert trial.clock.slept == [17.0]


def test_a_host_that_asks_for_an_hour_is_left_alone(target: Path) -> None:
    with file_server(CONTENT, Act(status=429, headers={"Retry-After": "3600"}, body=b"")) as server:
        trial = Fetching(wanted(server), target)
        found = trial.fails()
    assert found.code == "download_failed"
    assert "3600 s" in found.message
    assert trial.clock.slept == []


def test_a_web_page_is_no_model(target: Path) -> None:
    page = Act(headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<html>log in</html>")
    with file_server(CONTENT, page) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_corrupt"
    assert "a web page instead of" in found.message
    assert left(target) == set()


def test_compressed_bytes_are_refused(target: Path) -> None:
    with file_server(CONTENT, Act(headers={"Content-Encoding": "gzip"})) as server:
        found = Fetching(wanted(server), target).fails()
    assert found.code == "download_failed"
    assert "compressed" in found.message


def test_a_whole_part_file_needs_no_request(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(f"{NAME}.part").write_bytes(CONTENT)
    with file_server(CONTENT) as server:
        Fetching(wanted(server), target).run()
        assert server.asked == []
    assert target.read_bytes() == CONTENT


def test_a_whole_part_file_of_unknown_size_ends_with_416(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(f"{NAME}.part").write_bytes(CONTENT)
    with file_server(CONTENT) as server:
        Fetching(wanted(server, size=False), target).run()
        assert [one.headers.get("range") for one in server.asked] == ["bytes=300000-"]
    assert target.read_bytes() == CONTENT


def test_a_part_file_that_is_too_long_is_started_again(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(f"{NAME}.part").write_bytes(bytes(400_000))
    with file_server(CONTENT) as server:
        Fetching(wanted(server, size=False), target).run()
        assert [one.headers.get("range") for one in server.asked] == ["bytes=400000-", None]
    assert target.read_bytes() == CONTENT


def test_bytes_behind_the_last_sync_are_not_believed(target: Path) -> None:
    """After a power cut the end of a file may be zeros."""
    with file_server(CONTENT, *[Act(drop_after=25_000)] * 4) as server:
        Fetching(wanted(server), target).fails()
        with target.with_name(f"{NAME}.part").open("ab") as file:
            file.write(bytes(50_000))
        Fetching(wanted(server), target).run()
        assert server.asked[-1].headers["range"] == "bytes=100000-"
    assert target.read_bytes() == CONTENT


def test_the_part_of_another_file_is_not_used(target: Path) -> None:
    with file_server(CONTENT, *[Act(drop_after=25_000)] * 4) as server:
        Fetching(wanted(server), target).fails()
        other = wanted(server).model_copy(update={"sha256": hashlib.sha256(CONTENT[::-1]).hexdigest()})
        server.content = CONTENT[::-1]
        Fetching(other, target).run()
        assert "range" not in server.asked[-1].headers
    assert target.read_bytes() == CONTENT[::-1]


def test_a_wrong_file_in_its_place_is_kept_under_another_name(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    target.with_name(f"{NAME}.replaced").write_bytes(b"older")
    with file_server(CONTENT) as server:
        fetched = Fetching(wanted(server), target).run()
    assert target.read_bytes() == CONTENT
    assert fetched.replaced == target.with_name(f"{NAME}.replaced-2")
    assert fetched.replaced.read_bytes() == b"old"


def test_cancel_in_the_middle_keeps_what_is_here(target: Path) -> None:
    with file_server(CONTENT) as server:
        trial = Fetching(wanted(server), target)
        trial.on_progress = lambda one: trial.cancel.set() if one.done_bytes >= 100_000 else None
        assert trial.fails().code == "cancelled"
        there = target.with_name(f"{NAME}.part").stat().st_size
        assert 100_000 <= there < len(CONTENT)
        Fetching(wanted(server), target).run()
        assert server.asked[-1].headers["range"] == f"bytes={there}-"
    assert target.read_bytes() == CONTENT


def test_cancel_wakes_a_transfer_that_has_gone_silent(target: Path) -> None:
    hold = threading.Event()
    with file_server(CONTENT, Act(drop_after=100_000, hold=hold)) as server:
        trial = Fetching(wanted(server), target)
        timer = threading.Timer(0.3, trial.cancel.set)
        timer.start()
        began = time.monotonic()
        try:
            assert trial.fails().code == "cancelled"
            took_s = time.monotonic() - began
        finally:
            hold.set()
            timer.join()
    # Windows does not wake a waiting read: there the limit for reading ends it.
    assert took_s < (3.0 if sys.platform != "win32" else LIMITS.read_s + 3.0)


def test_cancel_while_waiting_for_the_next_try(target: Path) -> None:
    with file_server(CONTENT, *[Act(drop_after=1000)] * 3) as server:
        trial = Fetching(wanted(server), target)
        trial.on_progress = lambda one: trial.cancel.set() if one.phase is FetchPhase.waiting else None
        assert trial.fails().code == "cancelled"
        assert len(server.asked) == 1


def test_too_little_room_is_said_before_anything_is_asked(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wan22.comfy.file_fetch.free_bytes", lambda _path: 1000)
    with file_server(CONTENT) as server:
        found = Fetching(wanted(server), target).fails()
        assert server.asked == []
    assert found.code == "disk_full"
    assert left(target) == set()


def test_a_disk_that_fills_up_keeps_what_has_arrived(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        if written[0] >= 150_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(descriptor, data[: 150_000 - written[0]])
        written[0] += count
        return count

    with file_server(CONTENT) as server:
        monkeypatch.setattr(part_file.os, "write", write)
        found = Fetching(wanted(server), target).fails()
        monkeypatch.undo()
        assert found.code == "disk_full"
        assert "kept" in found.hint
        Fetching(wanted(server), target).run()
        assert server.asked[-1].headers["range"] == "bytes=150000-"
    assert target.read_bytes() == CONTENT


def test_a_disk_that_takes_no_file_so_big(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.EFBIG, "File too large")

    with file_server(CONTENT) as server:
        monkeypatch.setattr(part_file.os, "write", write)
        found = Fetching(wanted(server), target).fails()
    assert found.code == "file_unwritable"
    assert "FAT32" in found.hint


def test_a_target_held_open_is_tried_again(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = Path.replace, [0]

    def replace(self: Path, to: Path) -> Path:
        if to == target and refused[0] < 3:
            refused[0] += 1
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return real(self, to)

    monkeypatch.setattr(Path, "replace", replace)
    with file_server(CONTENT) as server:
        Fetching(wanted(server), target).run()
    assert refused == [3]
    assert target.read_bytes() == CONTENT


def test_a_target_held_open_for_good_keeps_the_part(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if to == target:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return real(self, to)

    with file_server(CONTENT) as server:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            found = Fetching(wanted(server), target).fails()
        assert found.code == "file_unwritable"
        assert "is kept" in found.hint
        assert not target.exists()
        Fetching(wanted(server), target).run()
        assert len(server.asked) == 1
    assert target.read_bytes() == CONTENT


def test_two_programs_do_not_write_one_file(target: Path) -> None:
    target.parent.mkdir(parents=True)
    with file_server(CONTENT) as server:
        with file_lock(PartFile(target).lock_path) as got:
            assert got
            found = Fetching(wanted(server), target).fails()
            assert found.code == "download_busy"
            assert server.asked == []
        Fetching(wanted(server), target).run()
    assert left(target) == {NAME}


def _fetch_in_child(file: ModelFile, target: Path) -> None:
    FileFetch(file, file.url or "", target, FakeClock(auto=True), lambda _one: None, limits=LIMITS).run(CancelToken())


@pytest.mark.skipif(os.name == "nt", reason="a child that is killed like this")
def test_a_killed_program_leaves_a_part_that_the_next_one_uses(target: Path) -> None:
    hold = threading.Event()
    with file_server(CONTENT, Act(drop_after=200_000, hold=hold)) as server:
        file = wanted(server)
        child = multiprocessing.get_context("spawn").Process(target=_fetch_in_child, args=(file, target))
        child.start()
        deadline = time.monotonic() + 30
        part = target.with_name(f"{NAME}.part")
        while not (part.exists() and part.stat().st_size >= 190_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        hold.set()
        Fetching(file, target).run()
    assert target.read_bytes() == CONTENT
    assert left(target) == {NAME}


def test_a_proxy_of_the_environment_is_used(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with file_server(CONTENT) as server:
        file = wanted(server).model_copy(update={"url": "http://models.invalid/x.safetensors"})
        monkeypatch.setenv("http_proxy", server.url)
        Fetching(file, target).run()
        assert server.asked[0].path == "http://models.invalid/x.safetensors"
    assert target.read_bytes() == CONTENT


def test_a_dead_proxy_is_named(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with file_server(CONTENT) as server:
        file, dead = wanted(server).model_copy(update={"url": "http://models.invalid/x"}), server.url
    monkeypatch.setenv("http_proxy", dead)
    assert "the proxy of the environment could not reach models.invalid" in Fetching(file, target).fails().message


def test_no_token_and_no_password_goes_to_a_host_without_encryption(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with file_server(CONTENT) as server:
        Fetching(wanted(server), target, token="hf_secret").run()
        assert "authorization" not in server.asked[0].headers


def test_the_token_is_sent_where_it_may_go_and_no_password_takes_its_place(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(fetch_source, "token_for", lambda url, _origin, token: token if "/repo/" in url else None)
    with file_server(CONTENT, Act(status=302, headers={"Location": "/cdn/file"}, body=b"")) as server:
        Fetching(wanted(server), target, token="hf_secret").run()
        assert [one.headers.get("authorization") for one in server.asked] == ["Bearer hf_secret", None]
        server.acts = [Act(status=403, body=b"")]
        found = Fetching(wanted(server), target.with_name("other"), token="hf_secret").fails()
    assert "HF_TOKEN does not reach it" in found.hint
    assert "hf_secret" not in str(found.model_dump())


def outcome(trial: Fetching) -> str | None:
    """Code of the problem; None when the file came."""
    try:
        trial.run()
    except AppError as error:
        return error.problem.code
    return None


ACTS = st.one_of(
    st.builds(Act, drop_after=st.integers(0, 300_000)),
    st.builds(Act, drop_after=st.integers(0, 300_000), ranges=st.just(False)),
    st.builds(Act, corrupt_at=st.integers(0, 299_999)),
    st.builds(Act, corrupt_at=st.integers(0, 299_999), drop_after=st.integers(0, 300_000)),
    st.builds(Act, first=st.integers(0, 300_000)),
    st.builds(Act, length=st.sampled_from([-1, 10, 299_999, 400_000])),
    st.builds(Act, length=st.just(-1), drop_after=st.integers(0, 300_000)),
    st.builds(Act, status=st.sampled_from([206, 401, 403, 404, 416, 429, 500, 503])),
    st.builds(
        Act, etag=st.sampled_from(['"two"', 'W/"one"']), body=st.just(CONTENT[::-1]), drop_after=st.integers(0, 9**6)
    ),
    st.builds(Act, headers=st.just({"Content-Type": "text/html"}), body=st.just(b"<html>")),
    st.builds(Act, extra=st.binary(min_size=1, max_size=50)),
    st.just(Act()),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(ACTS, max_size=12), fetches=st.integers(1, 5), size=st.booleans(), cut=st.integers(0, 300_000))
def test_after_any_failures_the_file_is_absent_or_right(
    tmp_path_factory: pytest.TempPathFactory, acts: list[Act], fetches: int, size: bool, cut: int
) -> None:
    target = tmp_path_factory.mktemp("any") / NAME
    with file_server(CONTENT, *acts) as server:
        for number in range(fetches):
            trial = Fetching(wanted(server, size=size), target)
            if number == 1:
                trial.on_progress = lambda one, trial=trial: trial.cancel.set() if one.done_bytes > cut else None
            found = outcome(trial)
            if found is None:
                break
            assert found != "internal_error"
            assert not target.exists()
        server.acts.clear()
        if not target.exists():
            found = outcome(Fetching(wanted(server, size=size), target))
            if found is not None:  # wrong bytes of earlier tries are found out, and gone then
                assert found == "download_corrupt"
                assert left(target) == set()
                Fetching(wanted(server, size=size), target).run()
    assert hashlib.sha256(target.read_bytes()).hexdigest() == SHA256
    assert left(target) == {NAME}
