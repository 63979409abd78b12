"""Asking a host for a file: redirects, mirror, token, and what its answers mean in words."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests
import requests.auth
import urllib3

from wan22.comfy.reply import shortened
from wan22.schema.problem import AppError, app_error

HUGGING_FACE = "huggingface.co"
_REDIRECTS = {301, 302, 303, 307, 308}
_REDIRECT_LIMIT = 8
_TRY_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_PLACEHOLDER = re.compile(r"\{(host|path|file)\}")
_QUERY = re.compile(r"\?[^\s'\")]+")
_DIGEST = re.compile(r'^"?([0-9a-f]{64})"?$')


class DroppedError(Exception):
    """The transfer did not work this time, but may the next. `wait_s`: what the host asked to wait."""

    def __init__(self, reason: str, wait_s: float | None = None, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Answer:
    """A streamed answer with status 200, 206 or 416. `linked_sha256` is the digest that the host tells."""

    response: requests.Response
    linked_sha256: str | None = None

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.response.status_code

    @property
    def etag(self) -> str | None:
        """A strong ETag; a weak one does not tell bytes apart and counts as none."""
        etag = self.response.headers.get("ETag", "").strip()
        return etag if etag and not etag.startswith("W/") else None

    @property
    def length(self) -> int | None:
        """Content-Length; None when there is none or it is no number."""
        text = self.response.headers.get("Content-Length", "").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def content_range(self) -> tuple[int | None, int | None]:
        """(first byte, size of the whole file) of Content-Range, None for what it does not say."""
        text = self.response.headers.get("Content-Range", "").strip()
        match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", text, re.IGNORECASE)
        if match is None:
            return None, None
        first, total = match.groups()
        return (int(first) if first else None), (int(total) if total != "*" else None)


class _Bearer(requests.auth.AuthBase):
    """The token, or nothing. Given to every request so that a ~/.netrc never adds a password of its own."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def token_for(url: str, origin: str, token: str | None) -> str | None:
    """`token` if it may go to `url`: over https, to the host of the published address, and only to Hugging Face."""
    parts, own = urlsplit(url), urlsplit(origin)
    is_safe = parts.scheme == "https" and parts.port in (None, 443) and own.scheme == "https"
    return token if token and is_safe and parts.hostname == own.hostname == HUGGING_FACE else None


def mirror_base(text: str) -> str:
    """A mirror's address, checked. AppError `bad_argument`."""
    given = text.strip().rstrip("/")
    try:
        parts = urlsplit(_PLACEHOLDER.sub("x", given))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if parts.username is not None or parts.password is not None:
        message = "A mirror with a user name or a password in its address is not supported."
        raise app_error("bad_argument", message)
    if not usable or parts.query or parts.fragment or re.search(r"[\s]", given):
        hint = "Write it like https://hf-mirror.com, or like http://nas/models/{file}."
        raise app_error("bad_argument", f"'{text}' is not the address of a mirror.", hint=hint)
    return given


def mirrored(url: str, mirror: str | None) -> str:
    """Where to ask for `url`.

    A plain mirror stands for huggingface.co with the same paths; other hosts are asked as before. With `{host}`,
    `{path}` or `{file}` in it, it stands for every host.
    """
    if mirror is None:
        return url
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    if _PLACEHOLDER.search(mirror):
        values = {"host": parts.hostname or "", "path": path, "file": path.rpartition("/")[2]}
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], mirror)
    return f"{mirror}/{path}" if parts.hostname == HUGGING_FACE else url


def host_of(url: str) -> str:
    """Host and port, for people."""
    return urlsplit(url).netloc.rpartition("@")[2]


def without_secrets(text: str) -> str:
    """`text` without the queries of addresses: signed links hold keys in them."""
    return _QUERY.sub("?...", text)


def open_file(
    session: requests.Session,
    url: str,
    origin: str,
    headers: dict[str, str],
    token: str | None,
    limits_s: tuple[float, float],
) -> Answer:
    """GET `url` and follow where it leads; `origin` is the published address, the only one the token is for.

    Raises `DroppedError` for what another try may mend, else AppError `download_failed`, `download_refused`.
    """
    here, linked = url, None
    for _ in range(_REDIRECT_LIMIT):
        sent = token_for(here, origin, token)
        response = _get(session, here, headers, sent, limits_s)
        found = _DIGEST.match(response.headers.get("X-Linked-Etag", "").strip().lower())
        linked = linked or (found.group(1) if found else None)
        if response.status_code not in _REDIRECTS:
            if response.status_code in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, 416):
                return Answer(response, linked)
            with response:
                raise _refusal(response, here, had_token=sent is not None)
        with response:
            there = urljoin(here, response.headers.get("Location", ""))
        if "Location" not in response.headers or urlsplit(there).scheme not in ("http", "https"):
            raise app_error("download_failed", f"{host_of(here)} sends on to an address that is none.")
        if urlsplit(here).scheme == "https" and urlsplit(there).scheme == "http":
            message = f"{host_of(here)} sends on to {host_of(there)} without encryption; that is not followed."
            raise app_error("download_failed", message)
        here = there
    raise app_error("download_failed", f"{host_of(url)} sends on from one address to the next without end.")


def _get(
    session: requests.Session, url: str, headers: dict[str, str], token: str | None, limits_s: tuple[float, float]
) -> requests.Response:
    host = host_of(url)
    try:
        return session.get(
            url, headers=headers, auth=_Bearer(token), stream=True, allow_redirects=False, timeout=limits_s
        )
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
    ) as error:
        raise app_error("download_failed", f"'{without_secrets(url)}' is no address to fetch from.") from error
    except requests.exceptions.InvalidProxyURL as error:
        hint = "Check HTTP_PROXY and HTTPS_PROXY."
        raise app_error("download_failed", "The proxy of the environment has no usable address.", hint=hint) from error
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in repr(error):
            raise dropped(error, host) from error
        message = f"The certificate of {host} cannot be trusted."
        hint = "A proxy that reads along needs its own certificate: name it in REQUESTS_CA_BUNDLE."
        raise app_error("download_failed", message, hint=hint, detail=without_secrets(repr(error))) from error
    except requests.RequestException as error:
        raise dropped(error, host) from error


def dropped(error: Exception, host: str) -> DroppedError:
    """What a broken connection means, in words."""
    match error:
        case requests.exceptions.ProxyError():
            reason = f"the proxy of the environment could not reach {host}"
        case requests.exceptions.ConnectTimeout():
            reason = f"{host} did not accept a connection"
        case requests.exceptions.ReadTimeout() | urllib3.exceptions.ReadTimeoutError():
            reason = f"{host} went silent"
        case requests.exceptions.ChunkedEncodingError() | urllib3.exceptions.ProtocolError():
            reason = f"{host} broke off"
        case _:
            reason = f"the connection to {host} broke or could not be made"
    return DroppedError(reason, detail=without_secrets(repr(error)))


def _refusal(response: requests.Response, url: str, *, had_token: bool) -> Exception:
    status, host = response.status_code, host_of(url)
    name = urlsplit(url).path.rpartition("/")[2]
    words = _words(response)
    if status in _TRY_AGAIN:
        wait_s = retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
        return DroppedError(f"{host} is busy (HTTP {status})", wait_s, words)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        hint = (
            "The token in HF_TOKEN does not reach it: accept the licence on the file's page with that account."
            if had_token
            else "Accept its licence on its page, then put a token of that account into the variable HF_TOKEN."
            if host == HUGGING_FACE
            else "This host lets in only known users: use another mirror, or fetch the file with a browser."
        )
        return app_error("download_refused", f"{host} refuses {name} (HTTP {status}).", hint=hint, detail=words)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        message = f"{host} does not have {name} (HTTP {status})."
        return app_error("download_failed", message, hint="Try without a mirror, or another one.", detail=words)
    return app_error("download_failed", f"{host} answered HTTP {status} when asked for {name}.", detail=words)


def _words(response: requests.Response) -> str:
    """What the host says of its refusal; nothing of a web page."""
    if "html" in response.headers.get("Content-Type", ""):
        return ""
    try:
        text = response.raw.read(4096, decode_content=True).decode("utf-8", "replace")
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        return type(error).__name__
    return shortened(without_secrets(" ".join(text.split())), 500)


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, written as seconds or as a date; None when it says nothing usable."""
    given = (text or "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        at = parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def as_app_error(drop: DroppedError, name: str, have_bytes: int, tries: int) -> AppError:
    """The end of all tries."""
    message = f"{name} did not arrive: {drop.reason}, {tries} times in a row; {have_bytes} bytes are here."
    return app_error("download_failed", message, detail=drop.detail)
