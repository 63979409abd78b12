import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.manager_server import ManagerServer
from wan22.comfy.manager_api import ManagerClient
from wan22.schema.node_pack import PackSource
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

RELEASE = PackSource(
    id="comfyui-x", name="X", folder="X", url="https://example.com/a/x", revision="a" * 40, version="1.2.3"
)
COMMIT = RELEASE.model_copy(update={"version": None})


def client(server: ManagerServer, **more: float) -> ManagerClient:
    return ManagerClient(server.url, clock=FakeClock(auto=True), poll_s=1.0, **more)


def installed(server: ManagerServer, source: PackSource = RELEASE) -> str:
    return client(server).install(source, CancelToken(), lambda _line: None)


def refusal(server: ManagerServer, source: PackSource = RELEASE) -> AppError:
    with pytest.raises(AppError) as caught:
        installed(server, source)
    return caught.value


def test_generation_4_takes_a_task_and_is_started() -> None:
    said: list[str] = []
    with ManagerServer("v4", result={"wan22-comfyui-x": {"result": "success"}}) as server:
        words = client(server).install(RELEASE, CancelToken(), said.append)

    assert words == "success"
    assert server.paths()[-3:] == [
        "POST /v2/manager/queue/task",
        "POST /v2/manager/queue/start",
        "GET /v2/manager/queue/history",
    ]
    task = next(body for _, path, body in server.asked if path.endswith("/task"))
    assert task["kind"] == "install"
    assert task["params"]["id"] == "comfyui-x"
    assert task["params"]["selected_version"] == "1.2.3"
    assert said[-2:] == ["0 of 1 done", "1 of 1 done"]


def test_generation_4_with_the_old_page_takes_a_batch() -> None:
    with ManagerServer("v4-legacy", result={"wan22-comfyui-x": "success"}) as server:
        assert installed(server) == "success"

    assert "POST /v2/manager/queue/batch" in server.paths()


def test_generation_3_is_reset_filled_and_started() -> None:
    with ManagerServer("v3", result={"wan22-comfyui-x": "success"}) as server:
        assert installed(server, COMMIT) == "success"

    assert server.paths()[-3:] == [
        "POST /manager/queue/reset",
        "POST /manager/queue/install",
        "POST /manager/queue/start",
    ]
    wish = next(body for _, path, body in server.asked if path.endswith("/install"))
    assert wish["files"] == ["https://example.com/a/x"]
    assert wish["version"] == "unknown"


def test_older_generation_3_is_asked_with_get() -> None:
    with ManagerServer("v3-old", result={"wan22-comfyui-x": "skip"}) as server:
        assert installed(server) == "skip"

    assert "GET /manager/queue/start" in server.paths()


@pytest.mark.parametrize("kind", ["v4", "v4-legacy", "v3"])
def test_security_level_is_said_in_words(kind: str) -> None:
    with ManagerServer(kind, refusal=403) as server:
        found = refusal(server).problem

    assert found.code == "pack_manager_refused"
    assert "security_level" in found.hint
    assert "by git" in found.hint


def test_refusal_that_only_the_history_tells() -> None:
    told = {"status": {"status_str": "error", "messages": ["This action is not allowed with this security level"]}}
    with ManagerServer("v4", result={"wan22-comfyui-x": told}) as server:
        assert refusal(server).problem.code == "pack_manager_refused"


def test_failure_that_only_the_history_tells() -> None:
    told = {"status": {"status_str": "error", "messages": ["Cannot resolve install target"]}}
    with ManagerServer("v4", result={"wan22-comfyui-x": told}) as server:
        found = refusal(server).problem

    assert found.code == "pack_fetch_failed"
    assert "Cannot resolve" in found.detail


def test_failure_that_generation_3_tells() -> None:
    with ManagerServer("v3", result={"wan22-comfyui-x": "Installation failed: x"}) as server:
        assert refusal(server).problem.code == "pack_fetch_failed"


def test_server_without_a_manager() -> None:
    with ManagerServer("none") as server:
        assert client(server).manager() is None
        assert refusal(server).problem.code == "pack_manager_missing"


def test_manager_that_never_gets_done() -> None:
    with ManagerServer("v3", polls=10_000) as server, pytest.raises(AppError) as caught:
        client(server, limit_s=5.0).install(RELEASE, CancelToken(), lambda _line: None)

    assert "minutes" in caught.value.problem.message


def test_stop_while_it_works() -> None:
    cancel = CancelToken()
    with ManagerServer("v3", polls=10_000) as server, pytest.raises(AppError) as caught:
        client(server).install(RELEASE, cancel, lambda line: cancel.set() if "done" in line else None)

    assert caught.value.problem.code == "cancelled"
