"""The Manager of a running ComfyUI, both generations: what it is, and installing a pack through it.

Generation 4 is a Python package that ComfyUI itself switches on (`/v2/manager/…`), generation 3 a node pack
(`/manager/…`). Both only queue a task when they are asked to install, and say in words how it went only later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from wan22.comfy.http import HttpComfyClient
from wan22.comfy.http_problem import problem_from_response
from wan22.schema.node_pack import PackSource
from wan22.schema.pack_address import is_commit
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

_POLL_S = 1.0
_LIMIT_S = 1800.0
_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_OTHER = {"GET": "POST", "POST": "GET"}


@dataclass(frozen=True, slots=True)
class ManagerFacts:
    """Which Manager a server has. `generation`: 3 or 4. `is_legacy`: generation 4 with the old page switched on."""

    generation: int
    version: str
    is_legacy: bool = False

    @property
    def name(self) -> str:
        """`Manager 4.3`."""
        return f"Manager {self.version}"


class ManagerClient(HttpComfyClient):
    """A server whose Manager is spoken to."""

    def __init__(self, url: str, *, clock: Clock, poll_s: float = _POLL_S, limit_s: float = _LIMIT_S) -> None:
        super().__init__(url, clock=clock)
        self._time = clock
        self._poll_s = poll_s
        self._limit_s = limit_s

    def manager(self) -> ManagerFacts | None:
        """The Manager of this server; None when it has none. AppError `server_unreachable` and the like."""
        for generation, path in ((4, "/v2/manager/version"), (3, "/manager/version")):
            status, text = self._text("GET", path)
            if status == HTTPStatus.OK and text:
                legacy = generation == 4 and self._text("GET", "/v2/manager/is_legacy_manager_ui")[1]
                return ManagerFacts(generation, text.strip().strip('"')[:40], is_legacy="true" in str(legacy).lower())
        return None

    def install(self, source: PackSource, cancel: CancelToken, say: Callable[[str], None]) -> str:
        """Install `source`; returns what the Manager says of it. The server has it after a restart.

        Raises AppError `pack_manager_missing`, `pack_manager_refused` (its security level), `pack_fetch_failed`,
        `cancelled` (the Manager may go on with what it has begun).
        """
        found = self.manager()
        if found is None:
            raise app_error("pack_manager_missing", f"The ComfyUI at {self.url} has no Manager that answers.")
        say(f"{found.name} at {self.url} is asked for {source.id}")
        if found.generation == 4 and found.is_legacy:
            return self._install_queue(source, cancel, say, prefix="/v2")
        if found.generation == 4:
            return self._install_task(source, cancel, say)
        return self._install_queue(source, cancel, say, prefix="")

    def import_failure(self, source: PackSource) -> str | None:
        """Why the pack did not load, as generation 4 knows it; None when it does not say."""
        status, body = self._value("POST", "/v2/customnode/import_fail_info", {"cnr_id": source.id})
        if status != HTTPStatus.OK or not isinstance(body, Mapping):
            return None
        text = body.get("msg") or body.get("traceback")
        return str(text)[:4000] if text else None

    def _install_task(self, source: PackSource, cancel: CancelToken, say: Callable[[str], None]) -> str:
        """Generation 4: one task; refusals stand in its history only."""
        name = f"wan22-{source.id}"
        task = {"ui_id": name, "client_id": "wan22", "kind": "install", "params": _wish(source)}
        self._must("POST", "/v2/manager/queue/task", task)
        self._must("POST", "/v2/manager/queue/start", None)
        self._wait("/v2/manager/queue/status", cancel, say)
        status, body = self._value("GET", f"/v2/manager/queue/history?ui_id={name}")
        return _outcome(source, body, name) if status == HTTPStatus.OK else "The Manager has ended its work."

    def _install_queue(
        self, source: PackSource, cancel: CancelToken, say: Callable[[str], None], *, prefix: str
    ) -> str:
        """Generation 3: reset, put in, start, wait. Older ones want GET for what newer ones want POST."""
        start = f"{prefix}/manager/queue"
        self._must("POST", f"{start}/reset", None)
        wish = {**_wish(source), "ui_id": f"wan22-{source.id}"}
        if prefix:
            self._must("POST", f"{start}/batch", {"install": [wish]})
        else:
            self._must("POST", f"{start}/install", wish)
            self._must("POST", f"{start}/start", None)
        last = self._wait(f"{start}/status", cancel, say)
        results = last.get("nodepack_result")
        words = results.get(f"wan22-{source.id}") if isinstance(results, Mapping) else None
        return _judged(source, str(words)) if words else "The Manager has ended its work."

    def _wait(self, path: str, cancel: CancelToken, say: Callable[[str], None]) -> Mapping[str, Any]:
        give_up_s = self._time.monotonic() + self._limit_s
        told = ""
        while True:
            status, body = self._value("GET", path)
            if status != HTTPStatus.OK or not isinstance(body, Mapping):
                message = f"The Manager does not say how far it is (HTTP {status})."
                raise app_error("pack_manager_missing", message, detail=str(body)[:2000])
            words = f"{body.get('done_count', '?')} of {body.get('total_count', '?')} done"
            if words != told:
                told = words
                say(words)
            if not body.get("is_processing") and not body.get("pending_count"):
                return body
            if self._time.monotonic() > give_up_s:
                message = f"The Manager was not done within {self._limit_s / 60:.0f} minutes."
                raise app_error("pack_fetch_failed", message, hint="Look at the log of the server; it may go on.")
            if self._time.sleep(self._poll_s, cancel):
                cancel.raise_if_set()

    def _must(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        """A request that has to be taken; its refusal in words. A method of another age is tried as well."""
        for one in (method, _OTHER[method]):
            with self._send(one, path, body) as response:
                if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and one == method and body is None:
                    continue
                if response.status_code == HTTPStatus.FORBIDDEN:
                    raise _refused(response.text)
                if response.status_code in _ABSENT:
                    raise app_error("pack_manager_missing", f"The Manager at {self.url} does not know {path}.")
                if response.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED):
                    raise AppError(problem_from_response(response, self.url, path))
                return

    def _value(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        with self._send(method, path, body) as response:
            try:
                return response.status_code, response.json()
            except requests.JSONDecodeError:
                return response.status_code, response.text

    def _text(self, method: str, path: str) -> tuple[int, str]:
        with self._send(method, path, None) as response:
            kind = response.headers.get("Content-Type", "")
            return response.status_code, "" if kind.startswith("text/html") else response.text

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """A body goes as JSON; without one nothing is sent, because the Manager refuses the content types of forms."""
        return self._exchange(method, path, None, json=body) if body is not None else self._exchange(method, path)


def _wish(source: PackSource) -> dict[str, Any]:
    """What both generations call a pack. A release of the registry needs less trust than a commit."""
    common = {"id": source.id, "channel": "default", "mode": "cache", "skip_post_install": False}
    if source.version is not None:
        return {**common, "version": source.version, "selected_version": source.version}
    if source.revision is not None and is_commit(source.revision):
        return {**common, "version": "unknown", "selected_version": "unknown", "files": [source.url]}
    return {**common, "version": "latest", "selected_version": "latest", "repository": source.url}


def _outcome(source: PackSource, body: object, name: str) -> str:
    """What generation 4's history says of our task; refusals and errors are raised."""
    history = body.get("history", body) if isinstance(body, Mapping) else {}
    entry = history.get(name, history) if isinstance(history, Mapping) else {}
    if not isinstance(entry, Mapping):
        return "The Manager has ended its work."
    status = entry.get("status")
    words = str(entry.get("result") or "")
    if isinstance(status, Mapping):
        messages = status.get("messages")
        told = " ".join(str(one) for one in messages) if isinstance(messages, list) else ""
        words = f"{status.get('status_str', '')}: {told or words}".strip(": ")
        if status.get("status_str") == "error":
            raise _failed(source, told or words)
    return _judged(source, words) if words else "The Manager has ended its work."


def _judged(source: PackSource, words: str) -> str:
    low = words.casefold()
    if low.startswith(("success", "skip")):
        return words
    if "security" in low or "not allowed" in low or "fail" in low or "error" in low:
        raise _failed(source, words)
    return words


def _failed(source: PackSource, words: str) -> AppError:
    if "security" in words.casefold() or "not allowed" in words.casefold():
        return _refused(words)
    return app_error("pack_fetch_failed", f"The Manager could not install {source.id}.", detail=words[:2000])


def _refused(words: str) -> AppError:
    hint = (
        "Its file config.ini decides: `security_level` must not be strong, and what is no release of the registry "
        "needs a weaker level, or allow_git_url_install and a server that only this machine reaches. "
        "Installing by git from here does not need it."
    )
    message = "The Manager refuses to install: its security level does not allow it."
    return app_error("pack_manager_refused", message, hint=hint, detail=words[:2000])
