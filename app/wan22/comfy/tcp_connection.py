"""Opening a TCP connection that a cancel token can cut short at any moment."""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

from wan22.system.cancel import CancelToken

_SLICE_S = 0.1
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


def open_connection(
    url: str, limit_s: float, cancel: CancelToken, on_open: Callable[[socket.socket], None]
) -> socket.socket:
    """A connected socket for an http or https address, TLS included; its timeout is `limit_s`.

    `on_open` gets each socket as soon as somebody else could have to shut it down. Raises OSError (also for TLS
    faults); TimeoutError after `limit_s`; InterruptedError when `cancel` is set.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    with ExitStack() as on_failure:
        connected = _connect(host, parts.port or (443 if secure else 80), limit_s, cancel)
        on_failure.callback(connected.close)
        connected.settimeout(limit_s)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if secure:
            context = ssl.create_default_context()
            connected = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
            on_failure.callback(connected.close)
        on_open(connected)
        if isinstance(connected, ssl.SSLSocket):
            connected.do_handshake()
        on_failure.pop_all()
    return connected


def _connect(host: str, port: int, limit_s: float, cancel: CancelToken) -> socket.socket:
    """Try the host's addresses one after the other."""
    deadline_s = time.monotonic() + limit_s
    last: OSError = TimeoutError(f"{host}:{port} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with ExitStack() as on_failure:
            attempt = socket.socket(family, kind, protocol)
            on_failure.callback(attempt.close)
            try:
                _connect_one(attempt, address, deadline_s, cancel)
            except OSError as error:
                last = error
            else:
                on_failure.pop_all()
                return attempt
        if cancel.is_set or time.monotonic() > deadline_s:
            break
    raise last


def _connect_one(attempt: socket.socket, address: object, deadline_s: float, cancel: CancelToken) -> None:
    attempt.setblocking(False)
    code = attempt.connect_ex(address)  # type: ignore[arg-type]
    if code not in _UNDER_WAY:
        raise OSError(code, os.strerror(code))
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, selectors.EVENT_WRITE)
        while not selector.select(_SLICE_S):
            if cancel.is_set:
                raise InterruptedError("stopped on request")
            if time.monotonic() > deadline_s:
                raise TimeoutError("no answer to the connection")
    code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
