import os
from collections.abc import Sequence

import pytest

from tests.unit.job.scripted_client import ScriptedClient
from wan22.job.provider import AttachedProvider
from wan22.schema.events import ServerReady
from wan22.schema.problem import AppError
from wan22.schema.server import SystemInfo, SystemStats
from wan22.system.bus import Bus
from wan22.system.cancel import CancelToken
from wan22.system.process_table import PortOwner


class Server(ScriptedClient):
    argv: tuple[str, ...] = ("main.py", "--port", "8188")

    def stats(self, timeout_s: float = 10.0) -> SystemStats:
        self._answer()
        return SystemStats(system=SystemInfo(comfyui_version="0.25.0", argv=self.argv))


def provider(client: Server, facts: list, *, is_loopback: bool = True) -> AttachedProvider:
    bus = Bus(client.clock)
    bus.subscribe(facts.append)
    return AttachedProvider(client, "127.0.0.1", 8188, is_loopback, bus, client.clock)


@pytest.mark.parametrize(
    ("owner", "local"),
    [
        (("python", "C:\\ComfyUI\\main.py", "--port", "8188"), True),
        (("/venv/bin/python", "main.py"), True),
        (("ssh", "-L", "8188:gpu:8188", "gpu"), False),
        (("docker-proxy", "-host-port", "8188"), False),
        (None, False),
    ],
)
def test_only_the_process_itself_makes_a_loopback_server_local(
    monkeypatch: pytest.MonkeyPatch, owner: Sequence[str] | None, local: bool
):
    found = PortOwner(pid=os.getpid(), name="x", command_line=tuple(owner)) if owner is not None else None
    monkeypatch.setattr("wan22.job.provider.port_owner", lambda _host, _port: found)
    facts: list = []
    handle = provider(Server(), facts).acquire(CancelToken())
    assert handle.local is local
    assert handle.pid == (os.getpid() if local else None)
    (ready,) = [fact for fact in facts if isinstance(fact, ServerReady)]
    assert not ready.owned
    assert ready.version == "0.25.0"
    assert ready.simulated is False


def test_a_server_on_another_host_is_never_local(monkeypatch: pytest.MonkeyPatch):
    found = PortOwner(pid=os.getpid(), name="python", command_line=("python", "main.py"))
    monkeypatch.setattr("wan22.job.provider.port_owner", lambda _host, _port: found)
    assert provider(Server(), [], is_loopback=False).acquire(CancelToken()).local is False


def test_nobody_there_is_the_clients_own_problem_and_a_stop_comes_first():
    client = Server()
    client.unreachable = True
    with pytest.raises(AppError) as caught:
        provider(client, []).acquire(CancelToken())
    assert caught.value.problem.code == "server_unreachable"
    cancel = CancelToken()
    cancel.set()
    with pytest.raises(AppError) as caught:
        provider(client, []).acquire(cancel)
    assert caught.value.problem.code == "cancelled"
