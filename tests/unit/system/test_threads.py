import logging
import threading

import pytest

from wan22.schema.problem import Problem, app_error
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker


def test_runs_the_work_in_a_named_daemon_thread():
    seen: list[tuple[str, bool]] = []

    def work(_cancel: CancelToken) -> None:
        thread = threading.current_thread()
        seen.append((thread.name, thread.daemon))

    worker = Worker("gpu-sampler", work).start()
    assert worker.join(5.0)
    assert seen == [("gpu-sampler", True)]
    assert not worker.is_alive


def test_stop_sets_the_token_and_waits():
    worker = Worker("test-loop", lambda cancel: cancel.raise_if_set() if cancel.wait(30.0) else None).start()
    assert worker.is_alive
    assert worker.stop(5.0)
    assert not worker.is_alive


def test_takes_a_token_shared_with_others():
    token = CancelToken()
    token.set()
    seen: list[bool] = []
    Worker("test-shared", lambda cancel: seen.append(cancel is token), cancel=token).start().join(5.0)
    assert seen == [True]


def test_a_thread_that_does_not_end_is_told(caplog: pytest.LogCaptureFixture):
    release = threading.Event()
    worker = Worker("test-stuck", lambda _cancel: release.wait(30.0) and None).start()
    with caplog.at_level(logging.WARNING):
        assert worker.stop(0.01) is False
    assert "test-stuck" in caplog.text
    release.set()
    assert worker.join(5.0)


def test_a_crash_becomes_a_problem(caplog: pytest.LogCaptureFixture):
    problems: list[Problem] = []

    def work(_cancel: CancelToken) -> None:
        raise ZeroDivisionError("by zero")

    Worker("test-crash", work, on_problem=problems.append).start().join(5.0)
    assert [(found.code, found.message) for found in problems] == [
        ("internal_error", "The part 'test-crash' failed: by zero")
    ]
    assert "ZeroDivisionError" in caplog.text


def test_an_expected_failure_keeps_its_code():
    problems: list[Problem] = []

    def work(_cancel: CancelToken) -> None:
        raise app_error("driver_lost", "The driver does not answer.")

    Worker("test-failure", work, on_problem=problems.append).start().join(5.0)
    assert [found.code for found in problems] == ["driver_lost"]


def test_without_a_listener_the_problem_goes_to_the_log(caplog: pytest.LogCaptureFixture):
    def work(_cancel: CancelToken) -> None:
        raise app_error("driver_lost", "The driver does not answer.")

    Worker("test-failure", work).start().join(5.0)
    assert "driver_lost: The driver does not answer." in caplog.text


def test_joining_oneself_or_an_unstarted_thread_does_not_hang():
    answers: list[bool] = []
    holder: list[Worker] = []
    started = threading.Event()

    def work(_cancel: CancelToken) -> None:
        started.wait(5.0)
        answers.append(holder[0].join(0.0))

    worker = Worker("test-self", work)
    assert worker.join(0.0) is True
    holder.append(worker)
    worker.start()
    started.set()
    assert worker.join(5.0)
    assert answers == [True]
