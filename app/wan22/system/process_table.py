"""What runs on this machine: who holds a port, who is whose child, whether a process is still the same."""

import errno
import socket
import sys
from dataclasses import dataclass

import psutil

from wan22.schema.problem import app_error

_SAME_START_S = 1.0  # boot time is read with a precision of about a second on some systems
_TAKEN = {errno.EADDRINUSE, errno.EACCES}
_WILDCARDS = {"0.0.0.0", "::", ""}


@dataclass(frozen=True, slots=True)
class PortOwner:
    """Who listens on a port; None = the system does not tell us (another user's process)."""

    pid: int | None
    name: str | None = None
    command_line: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same id. `created_s`: epoch seconds."""

    pid: int
    created_s: float


def is_port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now, found out by binding. `host` may be a list with commas.

    A port that the system keeps for itself counts as taken. AppError `bad_argument` for a host that is not ours.
    """
    # Windows may bind one address of a port that another program holds on all of them.
    return _is_bindable(host, port) and (sys.platform != "win32" or port_owner(host, port) is None)


def port_owner(host: str, port: int) -> PortOwner | None:
    """The process that listens on `port` for `host`; None when nobody does."""
    wanted = {address[0] for _, address in _addresses(host, port)}
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None if _is_bindable(host, port) else PortOwner(None)
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or connection.laddr.port != port:
            continue
        address = connection.laddr.ip
        if address in wanted or address in _WILDCARDS or wanted & _WILDCARDS:
            return _owner(connection.pid)
    return None


def process_name(pid: int) -> str | None:
    """Name of the program; None when it has ended or the system does not tell."""
    try:
        return psutil.Process(pid).name()
    except (psutil.Error, OSError):
        return None


def process_tree(pid: int) -> list[int]:
    """`pid` and all its descendants, parents first; empty when it does not run."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return []
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
    except psutil.AccessDenied:
        return [pid]


def identity_of(pid: int) -> ProcessIdentity | None:
    """What to remember of a process to find it again; None when it does not run or the system does not tell."""
    try:
        return ProcessIdentity(pid, psutil.Process(pid).create_time())
    except (psutil.Error, OSError):
        return None


def is_same_process(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs. A process that has ended but was not collected does not."""
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.created_s) <= _SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _owner(pid: int | None) -> PortOwner:
    if not pid:  # 0 is nobody's either
        return PortOwner(None)
    try:
        command_line = tuple(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):
        return PortOwner(pid, process_name(pid))
    return PortOwner(pid, process_name(pid), command_line)


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Socket addresses of a host name, an address, or several with commas between them."""
    found: dict[tuple[str, int], socket.AddressFamily] = {}
    for part in host.split(","):
        name = part.strip().strip("[]")
        try:
            infos = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (socket.gaierror, UnicodeError, OverflowError) as error:
            message = f"{name!r} with port {port} is no address of a server."
            raise app_error("bad_argument", message, detail=str(error), host=host, port=port) from error
        for family, _, _, _, address in infos:
            found[(str(address[0]), int(address[1]))] = family
    return [(family, address) for address, family in found.items()]


def _is_bindable(host: str, port: int) -> bool:
    return all(_can_bind(address, family) for family, address in _addresses(host, port))


def _can_bind(address: tuple[str, int], family: socket.AddressFamily) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform == "win32":
            # Without it Windows lets two programs share a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # As servers do: a connection that is still being forgotten does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno in _TAKEN or getattr(error, "winerror", None) in (10013, 10048):
                return False
            raise app_error(
                "bad_argument",
                f"This machine cannot listen on {address[0]}:{address[1]}: {error.strerror or error}.",
                detail=repr(error),
                host=address[0],
                port=address[1],
            ) from error
    return True
