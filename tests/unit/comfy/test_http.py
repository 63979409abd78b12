"""The HTTP client against a server on a real loopback port."""

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.comfy_server import FakeComfy, closed_port
from tests.unit.comfy.transcripts import H100, exchanges, transcript
from wan22.comfy.client import Graph
from wan22.comfy.http import HttpComfyClient, is_local_host, parse_server_url, upload_name
from wan22.comfy.messages import is_end_mark
from wan22.schema.events import OutputFile
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.clock import SystemClock

GRAPH: Graph = {"1": {"class_type": "SaveVideo", "inputs": {}}}
PROMPT = "0c7b72a2-07ad-454e-88d7-df74e889caeb"
OTHER = "11111111-07ad-454e-88d7-df74e889caeb"


def client_of(server: FakeComfy, read_timeout_s: float = 5.0) -> HttpComfyClient:
    return HttpComfyClient(server.url, clock=SystemClock(), connect_timeout_s=2.0, read_timeout_s=read_timeout_s)


def code_of(caught: pytest.ExceptionInfo[AppError]) -> str:
    return caught.value.problem.code


# addresses


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:8188", "http://127.0.0.1:8188"),
        (" http://127.0.0.1:8188/ ", "http://127.0.0.1:8188"),
        ("localhost:8000", "http://127.0.0.1:8000"),
        ("HTTP://LocalHost", "http://127.0.0.1"),
        ("0.0.0.0:8188", "http://127.0.0.1:8188"),
        ("http://[::]:8188", "http://[::1]:8188"),
        ("https://Example.com/comfy/?a=b#c", "https://example.com"),
        ("gpu-box_1.lan:8188/queue", "http://gpu-box_1.lan:8188"),
        ("http://[::1]:8188", "http://[::1]:8188"),
        ("[fe80::1]:8188", "http://[fe80::1]:8188"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert parse_server_url(text) == url
    assert parse_server_url(url) == url


@pytest.mark.parametrize(
    "text",
    ["", "   ", "http://", "ftp://a", "http:/127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "127.0.0.1:0", "8188",
     "300.1.1.1", "a b", "C:\\ComfyUI", "::1", "[::1", "https://user:secret@host", "ws://host"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AppError) as caught:
        parse_server_url(text)
    assert code_of(caught) == "server_url_invalid"
    assert "secret" not in str(caught.value.problem)


def test_local_hosts() -> None:
    assert [
        url for url in ("http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:8188") if not is_local_host(url)
    ] == []
    assert [url for url in ("http://10.0.0.1", "https://localhost.example.com", "http://a") if is_local_host(url)] == []


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeComfy() as server:
        assert client_of(server).stats().system.comfyui_version == "0.3.64"


def test_a_proxy_of_the_environment_is_used_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeComfy() as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        monkeypatch.setenv("http_proxy", server.url)
        HttpComfyClient("http://gpu-box.invalid:8188", clock=SystemClock()).queue()
        assert server.requests[0][1] == "http://gpu-box.invalid:8188/queue"


# replies that are right


def test_plain_questions() -> None:
    with FakeComfy() as server:
        client = client_of(server)
        assert client.url == server.url
        assert client.stats().system.argv == ("main.py",)
        assert client.object_info() == {"LoadImage": {"input": {}}}
        assert client.features()["max_upload_size"] == 104857600
        server.running, server.pending = [PROMPT], [OTHER]
        queue = client.queue()
        assert (queue.running, queue.pending) == ((PROMPT,), (OTHER,))
        client.free(free_memory=False)
        assert server.requests[-1] == ("POST", "/free", {"unload_models": True, "free_memory": False})


def test_the_waiting_jobs_are_in_the_order_in_which_they_run() -> None:
    with FakeComfy() as server:
        body = {"queue_running": [], "queue_pending": [[7, "late", {}], [-1, "first", {}], [3.5, "second", {}]]}
        server.overrides["GET /queue"] = lambda handler: handler.reply(200, body)
        assert client_of(server).queue().pending == ("first", "second", "late")


def test_a_server_without_features_has_none() -> None:
    with FakeComfy() as server:
        server.overrides["GET /features"] = lambda handler: handler.reply(404)
        assert client_of(server).features() == {}


def test_history_of_a_finished_and_of_an_unknown_job() -> None:
    with FakeComfy() as server:
        server.history[PROMPT] = {
            "prompt": [],
            "outputs": {"61": {"images": [{"filename": "a.mp4", "subfolder": "video", "type": "output"}]}, "62": None},
            "status": {
                "status_str": "success",
                "completed": True,
                "messages": [["execution_start", {"timestamp": 1}], 5],
            },
        }
        client = client_of(server)
        entry = client.history(PROMPT)
        assert entry is not None
        assert entry.status == "success"
        assert entry.completed
        assert entry.messages == (("execution_start", {"timestamp": 1}),)
        assert entry.files == (("61", OutputFile(filename="a.mp4", subfolder="video", type="output")),)
        assert client.history(OTHER) is None
        server.history[OTHER] = {"prompt": [], "outputs": {}, "status": None}
        entry = client.history(OTHER)
        assert entry is not None
        assert (entry.status, entry.files) == (None, ())


def test_the_log_comes_without_colours_and_tags() -> None:
    with FakeComfy() as server:
        server.log = ["\x1b[32m[INFO]\x1b[0m got prompt\n", "\r 50%|", "\r100%|\n", "\n", "Prompt executed\n"]
        assert client_of(server).logs() == "got prompt\n 50%|\n100%|\nPrompt executed"
        server.log = None
        assert client_of(server).logs() is None


# submit


def test_submit_sends_everything_once() -> None:
    with FakeComfy() as server:
        queued = client_of(server).submit(GRAPH, PROMPT, "me", {"preview_method": "none"})
        assert (queued.prompt_id, queued.number) == (PROMPT, 1)
        (sent,) = [body for method, path, body in server.requests if path == "/prompt"]
        assert sent == {
            "prompt": GRAPH,
            "client_id": "me",
            "prompt_id": PROMPT,
            "extra_data": {"preview_method": "none"},
        }


def test_an_empty_list_of_node_errors_is_none() -> None:
    with FakeComfy() as server:
        server.node_errors = []
        assert client_of(server).submit(GRAPH, PROMPT, "me").prompt_id == PROMPT


@pytest.mark.parametrize("jobs_api", [False, True])
@pytest.mark.parametrize("already_running", [False, True])
def test_a_200_with_node_errors_is_taken_back_and_raised(jobs_api: bool, already_running: bool) -> None:
    with FakeComfy(jobs_api=jobs_api) as server:
        if already_running:
            server.accept = lambda prompt_id, client_id: server.running.append(prompt_id)  # type: ignore[method-assign]
        server.pending = [OTHER]
        server.node_errors = {
            "1": {
                "class_type": "SaveVideo",
                "errors": [
                    {"type": "required_input_missing", "details": "video", "extra_info": {"input_name": "video"}}
                ],
            }
        }
        with pytest.raises(AppError) as caught:
            client_of(server).submit(GRAPH, PROMPT, "me")
        assert code_of(caught) == "input_missing"
        assert "SaveVideo (node 1) lacks its input 'video'." in caught.value.problem.message
        assert (server.running, server.pending) == ([], [OTHER])


def test_a_job_whose_answer_is_lost_is_not_left_in_the_queue() -> None:
    with FakeComfy() as server:

        def hang_up(handler: Any) -> None:
            server.pending.append(PROMPT)
            handler.cut()

        server.overrides["POST /prompt"] = hang_up
        with pytest.raises(AppError) as caught:
            client_of(server).submit(GRAPH, PROMPT, "me")
        assert code_of(caught) == "server_unreachable"
        assert server.pending == []
        assert [path for _, path, _ in server.requests].count("/prompt") == 1


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_graph_that_is_no_json_is_not_sent(value: object) -> None:
    with FakeComfy() as server:
        with pytest.raises(AppError) as caught:
            client_of(server).submit({"1": {"class_type": "A", "inputs": {"x": value}}}, PROMPT, "me")
        assert code_of(caught) == "workflow_invalid"
        assert server.requests == []


# every recorded exchange

REPLY_CALLS: dict[str, Any] = {
    "queue": lambda client: client.queue().running == (),
    "history_unknown": lambda client: client.history("nope") is None,
    "system_stats": lambda client: client.stats().devices[0].name == "cpu",
    "features": lambda client: client.features()["supports_preview_metadata"] is True,
    "interrupt_idle": lambda client: client.interrupt(PROMPT) is None,
    "free": lambda client: client.free() is None,
    "queue_clear": lambda client: client.interrupt(PROMPT) is None,
    "history_max": lambda client: client.history("ec248b43-5186-42aa-a2b6-1d69d62db13f").status == "success",
    "upload_image": lambda client: client.upload_image(Path(__file__), "start.png").reference == "start.png",
    # no call of ours: shapes that other parts read from /object_info and /models are the server's own business
    "models": None,
    "models_unet": None,
    "object_info_one": lambda client: "KSamplerAdvanced" in client.object_info(),
    "object_info_unknown": lambda client: client.object_info() == {},
    "prompt_get": None,
}
FAILING_CALLS: dict[str, tuple[Any, str]] = {
    "view_missing": (lambda client, path: client.fetch_output(OutputFile(filename="x.mp4"), path), "output_missing"),
    "view_traversal": (
        lambda client, path: client.fetch_output(OutputFile(filename="../../etc/passwd"), path),
        "server_request_failed",
    ),
}
ROUTES = {
    "history_unknown": "/history/nope",
    "history_max": "/history/ec248b43-5186-42aa-a2b6-1d69d62db13f",
    "object_info_one": "/object_info",
    "object_info_unknown": "/object_info",
}


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda item: item["case"])
def test_every_recorded_exchange_is_a_reply_or_a_readable_problem(exchange: dict[str, Any], tmp_path: Path) -> None:
    case, path = exchange["case"], exchange["path"].partition("?")[0]
    body = exchange["body"]
    data = b"" if body in ("", None) else body.encode() if isinstance(body, str) else body
    kind = exchange.get("content_type") or "application/octet-stream"
    with FakeComfy() as server:
        route = f"{exchange['method']} {ROUTES.get(case, path)}"
        server.overrides[route] = lambda handler: handler.reply(exchange["status"], data, kind)
        client = client_of(server)
        if path == "/prompt" and exchange["method"] == "POST":
            with pytest.raises(AppError) as caught:
                client.submit({}, PROMPT, "me")
            assert code_of(caught) not in ("server_reply_invalid", "internal_error", "server_unreachable")
            assert len(caught.value.problem.message) > 20
        elif case in FAILING_CALLS:
            call, code = FAILING_CALLS[case]
            with pytest.raises(AppError) as caught:
                call(client, tmp_path / "x")
            assert code_of(caught) == code
            assert list(tmp_path.iterdir()) == []
        else:
            call = REPLY_CALLS[case]
            assert call is None or call(client)


def test_there_are_27_exchanges() -> None:
    assert len(exchanges()) == 27


# replies that are wrong


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"detail": "hello"}, "application/json", "'system' is missing"),
        ({"system": 5}, "application/json", "'system' is 5"),
        ({"system": {}, "devices": [{}]}, "application/json", "'devices.0.name' is missing"),
        ([], "application/json", "'the answer' is []"),
        (b"<html>It works!</html>", "text/html", "is not JSON but text/html"),
        (b"", "text/plain", "is not JSON but text/plain"),
        (b"{", "application/json", "is not JSON"),
    ],
)
def test_a_wrong_shape_says_what_is_missing(body: Any, kind: str, words: str) -> None:
    with FakeComfy() as server:
        server.overrides["GET /system_stats"] = lambda handler: handler.reply(200, body, kind)
        with pytest.raises(AppError) as caught:
            client_of(server).stats()
        assert code_of(caught) == "server_reply_invalid"
        assert words in caught.value.problem.message


@pytest.mark.parametrize(
    ("status", "headers", "code", "words"),
    [
        (302, {"Location": "https://elsewhere/"}, "server_request_failed", "on to https://elsewhere/"),
        (401, {}, "server_request_failed", "refuses /queue (HTTP 401: words)"),
        (403, {}, "server_request_failed", "refuses /queue"),
        (404, {}, "server_reply_invalid", "does not know /queue"),
        (500, {}, "server_request_failed", "with an error (HTTP 500: words)"),
        (502, {}, "server_unreachable", "the ComfyUI behind it does not"),
    ],
)
def test_each_status_has_its_sentence(status: int, headers: dict[str, str], code: str, words: str) -> None:
    with FakeComfy() as server:
        server.overrides["GET /queue"] = lambda handler: handler.reply(status, b"words", "text/plain", **headers)
        with pytest.raises(AppError) as caught:
            client_of(server).queue()
        assert code_of(caught) == code
        assert words in caught.value.problem.message
        assert len(server.requests) == 1


def test_nothing_listens() -> None:
    client = HttpComfyClient(f"http://127.0.0.1:{closed_port()}", clock=SystemClock())
    with pytest.raises(AppError) as caught:
        client.stats()
    assert code_of(caught) == "server_unreachable"
    assert caught.value.problem.message == f"Nothing listens at {client.url}."


def test_an_unknown_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AppError) as caught:
        HttpComfyClient("http://no-such-machine.invalid:8188", clock=SystemClock()).stats()
    assert code_of(caught) == "server_unreachable"
    assert "is not known on this network" in caught.value.problem.message


def test_a_server_that_accepts_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = HttpComfyClient(f"127.0.0.1:{silent.getsockname()[1]}", clock=SystemClock())
        with pytest.raises(AppError) as caught:
            client.stats(timeout_s=0.2)
    assert code_of(caught) == "server_unreachable"
    assert "did not answer /system_stats within 0.2 s" in caught.value.problem.message


def test_a_server_that_hangs_up() -> None:
    with FakeComfy() as server:
        server.overrides["GET /queue"] = lambda handler: handler.cut()
        with pytest.raises(AppError) as caught:
            client_of(server).queue()
        assert code_of(caught) == "server_unreachable"
        assert "closed the connection before it answered /queue" in caught.value.problem.message


def test_an_answer_that_breaks_off() -> None:
    with FakeComfy() as server:

        def half(handler: Any) -> None:
            handler.reply(200, b'{"queue_running": [', "application/json", Content_Length="500")
            handler.wfile.flush()
            handler.cut()

        server.overrides["GET /queue"] = half
        with pytest.raises(AppError) as caught:
            client_of(server).queue()
        assert code_of(caught) == "server_unreachable"
        assert "broke off" in caught.value.problem.message


# interrupt


def test_interrupt_of_a_waiting_job_leaves_the_running_one_alone() -> None:
    with FakeComfy() as server:
        server.running, server.pending = [OTHER], [PROMPT]
        client_of(server).interrupt(PROMPT)
        assert (server.running, server.pending) == ([OTHER], [])
        assert [path for _, path, _ in server.requests if path == "/interrupt"] == []


def test_interrupt_of_the_running_job_names_it() -> None:
    with FakeComfy() as server:
        server.running, server.pending = [PROMPT], [OTHER]
        client_of(server).interrupt(PROMPT)
        assert server.requests[-1] == ("POST", "/interrupt", {"prompt_id": PROMPT})
        assert (server.running, server.pending) == ([], [OTHER])


@pytest.mark.parametrize("where", ["running", "pending", "nowhere"])
def test_interrupt_on_a_newer_server_is_one_request(where: str) -> None:
    with FakeComfy(jobs_api=True) as server:
        server.running = [PROMPT] if where == "running" else [OTHER]
        server.pending = [PROMPT] if where == "pending" else []
        client_of(server).interrupt(PROMPT)
        assert [(method, path) for method, path, _ in server.requests] == [("POST", f"/api/jobs/{PROMPT}/cancel")]
        assert (server.running, server.pending) == ([] if where == "running" else [OTHER], [])


# uploads


@pytest.mark.parametrize(
    "name",
    ["测试.png", "ü b.png", 'qu"ote.png', "a/b\\c.png", "new\nline.png", "CON.png", "x" * 300 + ".PNG", ".png",
     "no-ending", "perc%41ent;semi.png", "weird.p n g", "😀"],
)  # fmt: skip
def test_any_name_can_be_uploaded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "start bild ü.png"
    path.write_bytes(b"picture of " + name.encode())
    with FakeComfy() as server:
        stored = client_of(server).upload_image(path, name)
        assert server.uploads == {stored.name: path.read_bytes()}
        assert stored.name.isascii()
        assert len(stored.name) < 80
        again = client_of(server).upload_image(path, name)
        assert again == stored
        assert len(server.uploads) == 1


def test_names_for_uploads() -> None:
    assert upload_name("Große Katze 1.JPG", b"a") == "Groe-Katze-1-ca978112ca1bbdca.jpg"
    assert upload_name("测试.png", b"a") == "image-ca978112ca1bbdca.png"
    assert upload_name("a.png", b"a") != upload_name("a.png", b"b")


def test_the_servers_name_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"new")
    with FakeComfy() as server:
        server.uploads[upload_name("a.png", b"new")] = b"a torn old upload"
        stored = client_of(server).upload_image(path, "a.png", subfolder="w/ü b")
        assert stored.name.endswith(" (1).png")
        assert stored.reference == f"w/ü b/{stored.name}"


def test_an_upload_that_is_too_big(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x" * 3_000_000)
    with FakeComfy() as server:
        server.overrides["POST /upload/image"] = lambda handler: handler.reply(413, b"too big", "text/plain")
        with pytest.raises(AppError) as caught:
            client_of(server).upload_image(path, "a.png")
        assert code_of(caught) == "upload_failed"
        assert "2.9 MiB" in caught.value.problem.message
        assert "--max-upload-size" in caught.value.problem.hint

        server.overrides["POST /upload/image"] = lambda handler: handler.cut()
        server.overrides["GET /features"] = lambda handler: handler.reply(200, {"max_upload_size": 1048576})
        with pytest.raises(AppError) as caught:
            client_of(server).upload_image(path, "a.png")
        assert code_of(caught) == "upload_failed"
        assert "at most 1 MiB" in caught.value.problem.message

        server.overrides["GET /features"] = lambda handler: handler.reply(404)
        with pytest.raises(AppError) as caught:
            client_of(server).upload_image(path, "a.png")
        assert code_of(caught) == "server_unreachable"


@pytest.mark.parametrize(("status", "code"), [(400, "upload_failed"), (500, "upload_failed")])
def test_an_upload_that_is_refused(status: int, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with FakeComfy() as server:
        server.overrides["POST /upload/image"] = lambda handler: handler.reply(status)
        with pytest.raises(AppError) as caught:
            client_of(server).upload_image(path, "a.png")
        assert code_of(caught) == code
        assert f"HTTP {status}" in caught.value.problem.message


def test_a_picture_that_is_gone(tmp_path: Path) -> None:
    with FakeComfy() as server, pytest.raises(AppError) as caught:
        client_of(server).upload_image(tmp_path / "none.png", "none.png")
    assert code_of(caught) == "file_unreadable"


# downloads

FILE = OutputFile(filename="wan ü 1.mp4", subfolder="video/测试", type="output")


def test_a_file_is_fetched_whole(tmp_path: Path) -> None:
    content = os.urandom(700_000)
    with FakeComfy() as server:
        server.files["video/测试", "wan ü 1.mp4", "output"] = content
        target = tmp_path / "wan ü 1.mp4"
        target.write_bytes(b"old")
        assert client_of(server).fetch_output(FILE, target) == 700_000
        assert target.read_bytes() == content
        assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with FakeComfy() as server, pytest.raises(AppError) as caught:
        client_of(server).fetch_output(FILE, tmp_path / "x.mp4")
    assert code_of(caught) == "output_missing"
    assert "'video/测试/wan ü 1.mp4'" in caught.value.problem.message


def test_a_file_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with FakeComfy() as server:

        def half(handler: Any) -> None:
            handler.reply(200, b"x" * 300_000, "video/mp4", Content_Length="900000")
            handler.wfile.flush()
            handler.cut()

        server.overrides["GET /view"] = half
        with pytest.raises(AppError) as caught:
            client_of(server).fetch_output(FILE, tmp_path / "x.mp4")
        assert code_of(caught) == "server_unreachable"
        assert "broke" in caught.value.problem.message
        assert list(tmp_path.iterdir()) == []


def test_a_file_without_an_announced_size(tmp_path: Path) -> None:
    with FakeComfy() as server:

        def chunked(handler: Any) -> None:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")

        server.overrides["GET /view"] = chunked
        assert client_of(server).fetch_output(FILE, tmp_path / "x.mp4") == 5
        assert (tmp_path / "x.mp4").read_bytes() == b"hello"


def test_a_download_can_be_stopped(tmp_path: Path) -> None:
    cancel = CancelToken()
    with FakeComfy() as server:
        arrived = threading.Event()

        def slow(handler: Any) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(50 * 300_000))
            handler.end_headers()
            for number in range(50):
                handler.raw_write(b"x" * 300_000)
                if number == 1:
                    cancel.set()
                    arrived.set()

        server.overrides["GET /view"] = slow
        with pytest.raises(AppError) as caught:
            client_of(server).fetch_output(FILE, tmp_path / "x.mp4", cancel)
        assert arrived.is_set()
        assert code_of(caught) == "cancelled"
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a device that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "x.mp4.part").symlink_to("/dev/full")
    with FakeComfy() as server:
        server.files["video/测试", "wan ü 1.mp4", "output"] = b"x" * 100_000
        with pytest.raises(AppError) as caught:
            client_of(server).fetch_output(FILE, tmp_path / "x.mp4")
    assert code_of(caught) == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with FakeComfy() as server:
        server.files["video/测试", "wan ü 1.mp4", "output"] = b"x"
        with pytest.raises(AppError) as caught:
            client_of(server).fetch_output(FILE, tmp_path / "none" / "x.mp4")
    assert code_of(caught) == "file_unwritable"


# the whole way


@pytest.mark.parametrize("jobs_api", [False, True])
def test_submit_follow_and_read_history_after_the_end_mark(jobs_api: bool) -> None:
    """At `execution_success` the history entry is not there yet; at the end mark it is."""
    with FakeComfy(jobs_api=jobs_api) as server:
        server.transcript = transcript(H100, "640x640x81-warm-1")
        client, cancel = client_of(server), CancelToken()
        at_success, at_end = "not asked", None
        server.history_gate.clear()
        for message in client.messages("me", cancel):
            if message.type == "connected":
                client.submit(GRAPH, PROMPT, str(message.data["client_id"]))
            if message.type == "execution_success":
                at_success = "missing" if client.history(PROMPT) is None else "there"
                server.history_gate.set()
            if is_end_mark(message, PROMPT):
                at_end = client.history(PROMPT)
                cancel.set()
        assert at_success == "missing"
        assert at_end is not None
        assert [file.filename for _, file in at_end.files] == ["wan22_00002_.mp4"]
        assert json.loads(server.heard[0][1]) == {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
