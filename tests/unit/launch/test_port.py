import os
import socket
from collections.abc import Iterator

import pytest

from wan22.launch.port import check_port, describe_owner, free_port, usable_port
from wan22.schema.problem import AppError
from wan22.system.process_table import PortOwner


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_names_its_owner_and_a_free_one(taken: int):
    with pytest.raises(AppError) as caught:
        check_port("127.0.0.1", taken)
    found = caught.value.problem
    assert found.code == "port_in_use"
    assert f"Port {taken}" in found.message
    assert f"process {os.getpid()}" in found.message
    assert "--port" in found.hint
    assert "--url" in found.hint
    assert found.where["pid"] == str(os.getpid())


def test_a_free_port_is_found_and_passes(taken: int):
    free = free_port("127.0.0.1", taken)
    assert free is not None
    assert free > taken
    check_port("127.0.0.1", free)
    assert free_port("127.0.0.1", 65536) is None


def test_owners_in_words():
    assert "does not name" in describe_owner(None)
    assert "does not name" in describe_owner(PortOwner(None))
    assert describe_owner(PortOwner(7)) == "a program (process 7)"
    long = describe_owner(PortOwner(7, "python", ("python", "main.py", "x" * 300)))
    assert long.startswith("python (process 7): python main.py xxx")
    assert long.endswith("…")
    assert len(long) < 200


def test_another_port_is_taken_when_the_wanted_one_is_not_free(taken: int):
    other = usable_port("127.0.0.1", taken)
    assert other > taken
    assert usable_port("127.0.0.1", other) == other
