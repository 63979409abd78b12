"""Slow questions while the window closes."""

import threading
from pathlib import Path

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.ui.stage import Stage
from wan22.schema.problem import app_error
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker
from wan22.ui.state.asking import Asking
from wan22.ui.theme import Theme


def test_a_question_that_was_stopped_says_nothing(qtbot: QtBot):
    owner, workers, told = QObject(), [], []

    def work(name: str, question) -> Worker:  # type: ignore[no-untyped-def]
        workers.append(Worker(name, question).start())
        return workers[-1]

    asking = Asking(work, "slow", owner)
    asking._arrived.connect(told.append)
    asking.answered.connect(told.append)
    go_on = threading.Event()

    def slow(_: CancelToken) -> str:
        go_on.wait(5)
        return "late"

    asking.ask(slow)
    workers[0].cancel.set()
    go_on.set()
    assert workers[0].join(5)
    qtbot.wait(20)
    assert told == []


def test_answers_and_refusals_arrive(qtbot: QtBot):
    owner, told = QObject(), []
    asking = Asking(lambda name, question: Worker(name, question).start(), "quick", owner)
    asking.answered.connect(told.append)
    asking.refused.connect(lambda problem: told.append(problem.code))

    def refuse(_: CancelToken) -> None:
        raise app_error("disk_full", "The disk is full.")

    asking.ask(lambda _: "found")
    qtbot.waitUntil(lambda: told == ["found"])
    asking.ask(refuse)
    qtbot.waitUntil(lambda: told == ["found", "disk_full"])


def test_nothing_is_begun_once_the_context_is_closed(qtbot: QtBot, theme: Theme, tmp_path: Path):
    stage = Stage(theme, tmp_path)
    stage.close()
    done: list[int] = []
    worker = stage.context.work("late", lambda _: done.append(1))
    assert worker.cancel.is_set
    assert worker.join(1)
    assert done == []
