"""A real ComfyUI server over HTTP."""

import hashlib
import ipaddress
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from wan22.comfy.client import Graph, HistoryEntry, Message, QueuedPrompt, QueueState, UploadedImage
from wan22.comfy.download import save_stream
from wan22.comfy.http_problem import problem_from_request_error, problem_from_response
from wan22.comfy.reply import HistoryReply, LogReply, PromptReply, QueueReply, parsed, shortened
from wan22.comfy.server_errors import problems_from_prompt_reply
from wan22.comfy.socket import ComfySocket
from wan22.schema.events import OutputFile
from wan22.schema.problem import AppError, app_error
from wan22.schema.server import SystemStats
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.files import file_error
from wan22.system.line_text import clean_line, strip_level_tag

_SLOW_READ_S = 120.0
_FILE_READ_S = 30.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


def parse_server_url(text: str) -> str:
    """Address of a server as `scheme://host[:port]`: no path, no trailing slash; http unless https is written.

    `localhost` becomes 127.0.0.1, where ComfyUI listens: Windows tries ::1 first and waits seconds for it. So
    do 0.0.0.0 and ::, which a server may listen on but nobody can connect to. AppError `server_url_invalid`.
    """
    given = text.strip()
    if re.match(r"https?:(?!//)", given, re.IGNORECASE):
        raise _bad_url(text, "after the colon come two slashes")
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad_url(text, str(error)) from error
    if parts.scheme not in ("http", "https"):
        raise _bad_url(text, f"'{parts.scheme}' is not http or https")
    if parts.username is not None or parts.password is not None:
        raise _bad_url("(with a password)", "a user name and a password in the address are not supported")
    if port == 0:
        raise _bad_url(text, "there is no port 0")
    host = _host(text, host)
    return f"{parts.scheme}://{host}" if port is None else f"{parts.scheme}://{host}:{port}"


def is_local_host(url: str) -> bool:
    """Whether the address is this machine's own loopback (127.x.x.x, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpComfyClient:
    """`ComfyClient` for a real server.

    May be used from several threads at once: every request opens and closes a connection of its own, so nothing
    is shared and no stale connection of a restarted server is ever used again. Redirects are not followed.
    Proxies of the environment are used for remote servers only.
    """

    def __init__(self, url: str, *, clock: Clock, connect_timeout_s: float = 5.0, read_timeout_s: float = 10.0) -> None:
        self._url = parse_server_url(url)
        self._clock = clock
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._trust_environment = not is_local_host(self._url)

    @property
    def url(self) -> str:
        """Base address without a trailing slash."""
        return self._url

    def stats(self, timeout_s: float = 10.0) -> SystemStats:
        """GET /system_stats."""
        return parsed(SystemStats, self._get("/system_stats", timeout_s), "/system_stats")

    def object_info(self) -> Mapping[str, Any]:
        """GET /object_info: all node definitions. Slow on big installations: it looks into every model folder."""
        return self._get_mapping("/object_info", _SLOW_READ_S)

    def features(self) -> Mapping[str, Any]:
        """GET /features; empty for a server that is too old to have it."""
        with self._exchange("GET", "/features") as response:
            if response.status_code in _NOT_FOUND:
                return {}
            return _mapping(self._body(response, "/features"), "/features")

    def submit(
        self, graph: Graph, prompt_id: str, client_id: str, extra: Mapping[str, Any] | None = None
    ) -> QueuedPrompt:
        """POST /prompt. On any failure the prompt is not left in the server's queue."""
        request = {
            "prompt": graph,
            "client_id": client_id,
            "prompt_id": prompt_id,
            "extra_data": dict(extra or {}),
        }
        try:
            content = json.dumps(request, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError) as error:
            message = f"The workflow holds a value that cannot be sent: {error}."
            raise app_error("workflow_invalid", message, hint="Only numbers, texts, lists and switches can.") from error
        try:
            with self._exchange(
                "POST", "/prompt", _SLOW_READ_S, data=content, headers={"Content-Type": "application/json"}
            ) as response:
                return self._queued(response, graph)
        except AppError:
            # A 200 with node_errors, or an answer that never came: the server may have queued it all the same.
            with suppress(AppError):
                self.interrupt(prompt_id)
            raise

    def queue(self) -> QueueState:
        """GET /queue."""
        return parsed(QueueReply, self._get("/queue"), "/queue").state()

    def history(self, prompt_id: str) -> HistoryEntry | None:
        """GET /history/{id}; None when the server does not know the id (yet, or any more)."""
        path = f"/history/{quote(prompt_id, safe='')}"
        entry = self._get_mapping(path).get(prompt_id)
        return None if entry is None else parsed(HistoryReply, entry, path).entry(prompt_id)

    def interrupt(self, prompt_id: str) -> None:
        """Stop this prompt only: running or still waiting; harmless when it has ended or was never there.

        Newer servers (0.25) cancel in one step. Older ones: taken out of the queue, then interrupted if the queue
        shows it running; the id goes along because servers since 0.3.56 check it once more themselves.
        """
        job = f"/api/jobs/{quote(prompt_id, safe='')}/cancel"
        with self._exchange("POST", job) as response:
            if response.status_code not in _NOT_FOUND:
                self._require_ok(response, job)
                return
        self._post("/queue", {"delete": [prompt_id]})
        if prompt_id in self.queue().running:
            self._post("/interrupt", {"prompt_id": prompt_id})

    def free(self, *, unload_models: bool = True, free_memory: bool = True) -> None:
        """POST /free: acts at once when idle, else after the running prompt."""
        self._post("/free", {"unload_models": unload_models, "free_memory": free_memory})

    def upload_image(self, path: Path, name: str, *, subfolder: str = "") -> UploadedImage:
        """POST /upload/image under a name made of plain letters and the content's digest (`upload_name`).

        The same picture is therefore stored once, another one never replaces it, and no server has to understand
        `name`. Use the returned reference: the server has the last word.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise file_error(error, path, writing=False) from error
        sent = upload_name(name, content)
        fields = {"type": "input", "subfolder": subfolder}
        try:
            with self._exchange(
                "POST", "/upload/image", _SLOW_READ_S, files={"image": (sent, content)}, data=fields
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise self._upload_refused(response, name, len(content))
                return parsed(UploadedImage, self._body(response, "/upload/image"), "/upload/image")
        except AppError as error:
            # A server may hang up on an upload that is too big instead of saying so.
            limit = self._upload_limit() if error.problem.code == "server_unreachable" else None
            if limit is not None and len(content) > limit:
                raise _too_big(name, len(content), limit) from error
            raise

    def fetch_output(self, file: OutputFile, destination: Path, cancel: CancelToken | None = None) -> int:
        """GET /view streamed into `destination` (written beside it and renamed); returns the bytes written."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        name = f"{file.subfolder}/{file.filename}" if file.subfolder else file.filename
        # A compressed body would not have the announced length.
        headers = {"Accept-Encoding": "identity"}
        with self._exchange("GET", "/view", _FILE_READ_S, params=query, headers=headers, stream=True) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                message = f"The server has no file '{name}' in its {file.type} folder any more."
                raise app_error("output_missing", message, hint="It was moved or deleted there.", file=name)
            self._require_ok(response, f"/view of '{name}'")
            return save_stream(response, name, destination, cancel)

    def logs(self) -> str | None:
        """GET /internal/logs/raw: the server's last lines, clean; None when this version has no such route."""
        with self._exchange("GET", "/internal/logs/raw") as response:
            if response.status_code in _NOT_FOUND:
                return None
            reply = parsed(LogReply, self._body(response, "/internal/logs/raw"), "/internal/logs/raw")
        lines = "".join(entry.m for entry in reply.entries).splitlines()
        return "\n".join(strip_level_tag(line) for raw in lines if (line := clean_line(raw)))

    def messages(self, client_id: str, cancel: CancelToken) -> Iterator[Message]:
        """Live messages, see `ComfySocket.messages`."""
        live = ComfySocket(self._url, self._clock, connect_timeout_s=self._connect_timeout_s)
        return live.messages(client_id, cancel)

    def _queued(self, response: requests.Response, graph: Graph) -> QueuedPrompt:
        if response.status_code != HTTPStatus.OK:
            raise AppError(problems_from_prompt_reply(response.status_code, _json_or_text(response), graph)[0])
        body = self._body(response, "/prompt")
        reply = parsed(PromptReply, body, "/prompt")
        if reply.node_errors:
            raise AppError(problems_from_prompt_reply(response.status_code, body, graph)[0])
        return QueuedPrompt(prompt_id=reply.prompt_id, number=reply.number)

    def _upload_refused(self, response: requests.Response, name: str, byte_count: int) -> AppError:
        if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return _too_big(name, byte_count, None)
        reason = shortened(response.text.strip(), 200) or "it gave no reason"
        message = f"ComfyUI did not take the start image '{name}' (HTTP {response.status_code}): {reason}."
        return app_error("upload_failed", message, file=name, status=response.status_code)

    def _upload_limit(self) -> int | None:
        """Most bytes that the server takes, as far as it tells."""
        try:
            limit = self.features().get("max_upload_size")
        except AppError:
            return None
        return limit if isinstance(limit, int) else None

    def _get(self, path: str, read_timeout_s: float | None = None) -> Any:
        with self._exchange("GET", path, read_timeout_s) as response:
            return self._body(response, path)

    def _get_mapping(self, path: str, read_timeout_s: float | None = None) -> Mapping[str, Any]:
        return _mapping(self._get(path, read_timeout_s), path)

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        with self._exchange("POST", path, json=body) as response:
            self._require_ok(response, path)

    def _body(self, response: requests.Response, request: str) -> Any:
        self._require_ok(response, request)
        try:
            return response.json()
        except requests.JSONDecodeError as error:
            kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
            message = f"The answer of {self._url} to {request} is not JSON but {kind}."
            raise app_error("server_reply_invalid", message, detail=shortened(response.text, 2000)) from error

    def _require_ok(self, response: requests.Response, request: str) -> None:
        if response.status_code != HTTPStatus.OK:
            raise AppError(problem_from_response(response, self._url, request))

    @contextmanager
    def _exchange(
        self, method: str, path: str, read_timeout_s: float | None = None, **options: Any
    ) -> Iterator[requests.Response]:
        """One request on a connection of its own; the body is read before this returns unless `stream` is set."""
        limits_s = (self._connect_timeout_s, self._read_timeout_s if read_timeout_s is None else read_timeout_s)
        with requests.Session() as session:
            session.trust_env = self._trust_environment
            # urllib3 closes idle connections only when its pool is collected, however long that takes.
            session.headers["Connection"] = "close"
            try:
                response = session.request(method, self._url + path, timeout=limits_s, allow_redirects=False, **options)
            except requests.RequestException as error:
                raise AppError(problem_from_request_error(error, self._url, path, limits_s)) from error
            with response:
                yield response


def upload_name(name: str, content: bytes) -> str:
    """Name for an upload that every server and file system takes: readable stem, digest of the content, ending."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    stem, dot, ending = plain.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,5}", ending):
        stem, ending = plain, ""
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")[:40] or "image"
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f"{stem}-{digest}.{ending.lower()}" if ending else f"{stem}-{digest}"


def _host(text: str, host: str) -> str:
    """The machine part of an address, checked; IPv6 in brackets."""
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        try:
            address = ipaddress.ip_address(host)
        except ValueError as error:
            raise _bad_url(text, f"'{host}' is not an IP address") from error
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"
        return f"[{host}]" if address.version == 6 else host
    if not _NAME.fullmatch(host):
        raise _bad_url(text, f"'{host}' is not the name of a machine" if host else "it names no machine")
    return "127.0.0.1" if host == "localhost" else host


def _bad_url(text: str, reason: str) -> AppError:
    return app_error("server_url_invalid", f"'{text}' is not the address of a server: {reason}.")


def _too_big(name: str, byte_count: int, limit: int | None) -> AppError:
    allowed = "more than the server takes" if limit is None else f"the server takes at most {limit / 2**20:.0f} MiB"
    message = f"The start image '{name}' is too big to upload: it has {byte_count / 2**20:.1f} MiB, {allowed}."
    hint = "Use a smaller picture, or start ComfyUI with a higher --max-upload-size (in MB)."
    return app_error("upload_failed", message, hint=hint, file=name)


def _mapping(body: Any, request: str) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        message = (
            f"The answer to {request} is not what ComfyUI sends: an object is expected, it is {type(body).__name__}."
        )
        raise app_error("server_reply_invalid", message, detail=shortened(str(body), 2000))
    return body


def _json_or_text(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return response.text
