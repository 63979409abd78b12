"""Is the port free, who holds it if not, and which one is free instead."""

import shlex

from wan22.schema.problem import app_error
from wan22.system.process_table import PortOwner, is_port_free, port_owner

_TRIES = 100
_COMMAND_LETTERS = 160


def check_port(host: str, port: int) -> None:
    """Return when a server can listen there. AppError `port_in_use` names the owner and a port that is free."""
    if is_port_free(host, port):
        return
    owner = port_owner(host, port)
    other = free_port(host, port + 1)
    choose = f"choose another --port ({other} is free)" if other is not None else "choose another --port"
    raise app_error(
        "port_in_use",
        f"Port {port} on {host} is already taken by {describe_owner(owner)}.",
        hint=f"Stop that program, {choose}, or attach to it with --url.",
        port=port,
        host=host,
        pid=None if owner is None else owner.pid,
    )


def free_port(host: str, start: int) -> int | None:
    """The first free port from `start` on, None when a hundred in a row are taken or the numbers run out."""
    for port in range(start, min(start + _TRIES, 65536)):
        if is_port_free(host, port):
            return port
    return None


def usable_port(host: str, wanted: int) -> int:
    """`wanted` when it is free, else the next free one; `wanted` again when there is none (the start then says why)."""
    return wanted if is_port_free(host, wanted) else free_port(host, wanted + 1) or wanted


def describe_owner(owner: PortOwner | None) -> str:
    """Name, process id and shortened command of who listens, as far as the system tells."""
    if owner is None or owner.pid is None:
        return "a program that the system does not name to us"
    named = f"{owner.name or 'a program'} (process {owner.pid})"
    if not owner.command_line:
        return named
    command = shlex.join(owner.command_line)
    if len(command) > _COMMAND_LETTERS:
        command = command[: _COMMAND_LETTERS - 1] + "…"
    return f"{named}: {command}"
