"""HTTP requests that failed, in words for a person."""

import socket
from collections.abc import Iterator
from http import HTTPStatus

import requests
from urllib3.exceptions import NameResolutionError

from wan22.comfy.reply import shortened
from wan22.schema.problem import Problem, problem

_GATEWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


def problem_from_request_error(
    error: requests.RequestException, url: str, path: str, limits_s: tuple[float, float]
) -> Problem:
    """`server_unreachable` with the reason why no answer came; `limits_s` = (connect, read) that applied."""
    hint = None
    match error:
        case requests.exceptions.ConnectTimeout():
            message = f"{url} did not accept a connection within {limits_s[0]:g} s."
        case requests.exceptions.ReadTimeout():
            message = f"{url} did not answer {path} within {limits_s[1]:g} s."
            hint = "It may be busy or stuck: look at its log, try again, and restart it if it stays silent."
        case requests.exceptions.ProxyError():
            message = f"The proxy of this machine's environment could not reach {url}."
            hint = "Check HTTP_PROXY and HTTPS_PROXY, or put the server into NO_PROXY."
        case requests.exceptions.SSLError():
            message = f"No secure connection to {url} could be made."
            hint = "Check the certificate, or write http:// instead of https:// if the server has none."
        case requests.exceptions.ChunkedEncodingError():
            message = f"The answer of {url} to {path} broke off on its way."
        case _:
            message = _broken_connection(error, url, path)
    return problem("server_unreachable", message, hint=hint, detail=repr(error), url=url)


def problem_from_response(response: requests.Response, url: str, request: str) -> Problem:
    """What a status other than 200 means."""
    status = response.status_code
    words = (
        shortened(response.text.strip(), 2000)
        if not response.headers.get("Content-Type", "").startswith("text/html")
        else ""
    )
    said = f"HTTP {status}" + (f": {shortened(' '.join(words.split()), 200)}" if words else "")
    hint = None
    code = "server_request_failed"
    if status in _GATEWAY:
        code = "server_unreachable"
        message = f"Something answers at {url}, but the ComfyUI behind it does not ({said})."
    elif 300 <= status < 400:
        message = f"{url} sends {request} on to {response.headers.get('Location', 'another address')}."
        hint = "Use that address instead."
    elif status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        message = f"{url} refuses {request} ({said})."
        hint = "The server or a proxy before it lets in only known users, or only requests from its own machine."
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        code = "server_reply_invalid"
        message = f"{url} does not know {request} ({said}): it is not ComfyUI, or a much older one."
    else:
        message = f"ComfyUI answered {request} with an error ({said})."
    return problem(code, message, hint=hint, detail=words, url=url, status=status)


def _broken_connection(error: requests.RequestException, url: str, path: str) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"Nothing listens at {url}."
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in causes):
        return f"The machine named in {url} is not known on this network."
    if any(isinstance(cause, ConnectionError) for cause in causes):
        return f"{url} closed the connection before it answered {path}."
    return f"{url} could not be reached."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything behind it: requests and urllib3 wrap each other's errors in their arguments too."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None)]
        waiting += [argument for argument in current.args if isinstance(argument, BaseException)]
