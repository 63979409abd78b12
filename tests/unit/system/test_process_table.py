import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from wan22.schema.problem import AppError
from wan22.system.process_table import (
    PortOwner,
    ProcessIdentity,
    identity_of,
    is_port_free,
    is_same_process,
    port_owner,
    process_name,
    process_tree,
)

NOBODY = 2**22 + 12345  # above the largest pid of Linux


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def sleeping() -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_listening_port_is_taken_and_a_closed_one_is_free(server: socket.socket):
    port = port_of(server)
    assert not is_port_free("127.0.0.1", port)
    assert not is_port_free("localhost", port)
    assert not is_port_free("0.0.0.0", port)
    assert not is_port_free("127.0.0.1,::1", port)
    server.close()
    assert is_port_free("127.0.0.1", port)


def test_a_port_on_all_addresses_is_taken_on_each():
    with socket.create_server(("0.0.0.0", 0)) as listening:
        port = port_of(listening)
        assert not is_port_free("127.0.0.1", port)
        owner = port_owner("127.0.0.1", port)
        assert owner is not None
        assert owner.pid == os.getpid()


def test_a_connection_that_is_being_forgotten_does_not_hold_the_port(server: socket.socket):
    port = port_of(server)
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = server.accept()
        server.close()
        accepted.close()  # the server closes first: its side stays in TIME_WAIT
    assert is_port_free("127.0.0.1", port)


def test_a_port_that_needs_rights_counts_as_taken(monkeypatch: pytest.MonkeyPatch):
    """As the ranges that Windows keeps for itself."""

    def refuse(_self: socket.socket, _address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert not is_port_free("127.0.0.1", 8188)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host.invalid"])
def test_a_host_that_is_not_ours_is_said(host: str):
    with pytest.raises(AppError) as caught:
        is_port_free(host, 8188)
    assert caught.value.problem.code == "bad_argument"
    assert host in caught.value.problem.message


def test_the_owner_of_a_port_is_named(server: socket.socket):
    owner = port_owner("127.0.0.1", port_of(server))
    assert owner is not None
    assert owner.pid == os.getpid()
    assert owner.name == psutil.Process().name()
    assert owner.command_line == tuple(psutil.Process().cmdline())


def test_nobody_owns_a_free_port(server: socket.socket):
    port = port_of(server)
    server.close()
    assert port_owner("127.0.0.1", port) is None


def test_an_owner_that_the_system_hides_has_no_fields(server: socket.socket, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    port = port_of(server)
    assert port_owner("127.0.0.1", port) == PortOwner(None, None, None)
    server.close()
    assert port_owner("127.0.0.1", port) is None


@pytest.mark.parametrize("pid", [None, 0])
def test_another_users_process_has_no_pid(server: socket.socket, monkeypatch: pytest.MonkeyPatch, pid: int | None):
    ours = [connection._replace(pid=pid) for connection in psutil.net_connections("tcp")]
    monkeypatch.setattr(psutil, "net_connections", lambda _kind: ours)
    assert port_owner("127.0.0.1", port_of(server)) == PortOwner(None, None, None)


def test_details_that_the_system_hides_are_none(server: socket.socket, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: psutil.Process) -> str:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "name", refuse)
    monkeypatch.setattr(psutil.Process, "cmdline", refuse)
    assert port_owner("127.0.0.1", port_of(server)) == PortOwner(os.getpid(), None, None)


def test_the_same_process_is_known_again(sleeping: "subprocess.Popen[bytes]"):
    identity = identity_of(sleeping.pid)
    assert identity is not None
    assert is_same_process(identity)
    assert not is_same_process(ProcessIdentity(sleeping.pid, identity.created_s - 100))
    sleeping.kill()
    sleeping.wait()
    assert not is_same_process(identity)
    assert identity_of(sleeping.pid) is None


@pytest.mark.skipif(sys.platform == "win32", reason="no zombies there")
def test_a_process_that_was_not_collected_does_not_run(sleeping: "subprocess.Popen[bytes]"):
    identity = identity_of(sleeping.pid)
    assert identity is not None
    sleeping.kill()
    while psutil.Process(sleeping.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not is_same_process(identity)
    assert process_tree(sleeping.pid) == []


def test_a_tree_starts_with_its_root(sleeping: "subprocess.Popen[bytes]"):
    tree = process_tree(os.getpid())
    assert tree[0] == os.getpid()
    assert sleeping.pid in tree
    assert process_tree(sleeping.pid) == [sleeping.pid]


def test_a_process_that_does_not_run_has_nothing():
    assert process_tree(NOBODY) == []
    assert identity_of(NOBODY) is None
    assert process_name(NOBODY) is None


def test_a_name_is_that_of_the_program():
    assert process_name(os.getpid()) == psutil.Process().name()
