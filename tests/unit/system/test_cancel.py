import pytest

from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker


def test_is_set_once_and_for_all():
    token = CancelToken()
    assert not token.is_set
    token.raise_if_set()
    assert token.wait(0.0) is False
    token.set()
    token.set()
    assert token.is_set
    assert token.wait() is True


def test_raises_the_code_of_a_stop_on_request():
    token = CancelToken()
    token.set()
    with pytest.raises(AppError) as caught:
        token.raise_if_set()
    assert caught.value.problem.code == "cancelled"


def test_callbacks_run_once_in_order():
    token = CancelToken()
    calls: list[str] = []
    token.on_set(lambda: calls.append("first"))
    token.on_set(lambda: calls.append("second"))
    assert calls == []
    token.set()
    token.set()
    assert calls == ["first", "second"]


def test_a_late_callback_runs_at_once():
    token = CancelToken()
    token.set()
    calls: list[str] = []
    token.on_set(lambda: calls.append("late"))
    assert calls == ["late"]


def test_a_callback_may_use_the_token():
    token = CancelToken()
    calls: list[bool] = []
    token.on_set(lambda: token.on_set(lambda: calls.append(token.is_set)))
    token.set()
    assert calls == [True]


def test_wakes_a_waiting_thread():
    token = CancelToken()
    answers: list[bool] = []
    worker = Worker("test-waiter", lambda _cancel: answers.append(token.wait(30.0))).start()
    token.set()
    assert worker.join(5.0)
    assert answers == [True]
