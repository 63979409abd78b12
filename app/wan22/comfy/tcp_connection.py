"""Opening a TCP connection that a cancel token can cut short at any moment."""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar
from urllib.parse import urlsplit

from wan22.system.cancel import CancelToken

_T = TypeVar("_T")

_SLICE_S = 0.1
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


def open_connection(url: str, limit_s: float, cancel: CancelToken) -> socket.socket:
    """A connected socket for an http or https address, TLS included; its timeout is short, see `FirstAnswer`.

    Raises OSError (also for TLS faults); TimeoutError after `limit_s`; InterruptedError when `cancel` is set.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    with ExitStack() as on_failure:
        connected = _connect(host, parts.port or (443 if secure else 80), limit_s, cancel)
        on_failure.callback(connected.close)
        connected.settimeout(_SLICE_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if secure:
            context = ssl.create_default_context()
            wrapped = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
            on_failure.callback(wrapped.close)
            _in_slices(wrapped.do_handshake, time.monotonic() + limit_s, cancel)
            connected = wrapped
        on_failure.pop_all()
    return connected


class FirstAnswer:
    """A socket of `open_connection` as long as the server has not answered: what a websocket's opening needs of one.

    A read ends with InterruptedError when `cancel` is set, with TimeoutError when `limit_s` have passed since the
    beginning. It waits in slices: on Windows no other thread can wake a read by shutting the socket down.
    """

    def __init__(self, connection: socket.socket, limit_s: float, cancel: CancelToken) -> None:
        self._connection = connection
        self._limit_s = limit_s
        self._deadline_s = time.monotonic() + limit_s
        self._cancel = cancel

    def recv(self, byte_count: int) -> bytes:
        """As a socket's, in slices."""
        return _in_slices(lambda: self._connection.recv(byte_count), self._deadline_s, self._cancel)

    def send(self, data: bytes) -> int:
        """As a socket's."""
        return self._connection.send(data)

    def gettimeout(self) -> float:
        """Seconds; never 0, which would mean that nothing waits."""
        return self._limit_s

    def close(self) -> None:
        """As a socket's."""
        self._connection.close()


def _in_slices(attempt: Callable[[], _T], deadline_s: float, cancel: CancelToken) -> _T:
    """Repeat what waits for a slice at a time. TimeoutError after the deadline; InterruptedError on `cancel`."""
    while True:
        if cancel.is_set:
            raise InterruptedError("stopped on request")
        try:
            return attempt()
        except TimeoutError:
            if time.monotonic() > deadline_s:
                raise


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
        raise _fault(code)
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, selectors.EVENT_WRITE)
        while not selector.select(_SLICE_S):
            if cancel.is_set:
                raise InterruptedError("stopped on request")
            if time.monotonic() > deadline_s:
                raise TimeoutError("no answer to the connection")
    code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise _fault(code)


def _fault(code: int) -> OSError:
    """The exception for an error number of the network; Windows keeps the words for its own ones elsewhere."""
    words = getattr(socket, "errorTab", {}).get(code)
    return OSError(code, words or os.strerror(code))
