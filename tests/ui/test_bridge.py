import threading

from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from tests.fakes.clock import FakeClock
from wan22.schema.events import ServerSaid
from wan22.system.bus import Bus, Fact
from wan22.system.threads import Worker
from wan22.ui.bridge import BATCH, Bridge


def publisher(bus: Bus, name: str, count: int) -> Worker:
    def work(_cancel: object) -> None:
        for number in range(count):
            bus.publish(ServerSaid(time_s=float(number), line=f"{name} {number}"))

    return Worker(f"test-{name}", work)


def test_facts_of_two_threads_arrive_in_the_gui_thread_and_none_is_lost(qtbot: QtBot):
    bus = Bus(FakeClock())
    bridge = Bridge(bus)
    lines: list[str] = []
    threads: set[int] = set()
    batches: list[int] = []

    def take(facts: tuple[Fact, ...]) -> None:
        threads.add(threading.get_ident())
        batches.append(len(facts))
        lines.extend(fact.line for fact in facts if isinstance(fact, ServerSaid))

    bridge.drained.connect(take)
    workers = [publisher(bus, name, 2500).start() for name in ("first", "second")]
    qtbot.waitUntil(lambda: len(lines) == 5000, timeout=10_000)
    for worker in workers:
        assert worker.stop()
    assert threads == {threading.get_ident()}
    for name in ("first", "second"):
        assert [line for line in lines if line.startswith(name)] == [f"{name} {number}" for number in range(2500)]
    assert max(batches) <= BATCH
    bridge.close()


def test_closing_hands_over_what_had_come_and_then_listens_no_more(qtbot: QtBot):
    bus = Bus(FakeClock())
    bridge = Bridge(bus)
    seen: list[Fact] = []
    bridge.drained.connect(seen.extend)
    bus.publish(ServerSaid(time_s=1.0, line="before"))
    assert seen == []
    bridge.close()
    bus.publish(ServerSaid(time_s=2.0, line="after"))
    qtbot.wait(20)
    assert [fact.line for fact in seen if isinstance(fact, ServerSaid)] == ["before"]


def test_one_signal_stands_for_a_burst(qtbot: QtBot):
    bus = Bus(FakeClock())
    bridge = Bridge(bus)
    batches: list[int] = []
    bridge.drained.connect(lambda facts: batches.append(len(facts)))
    for number in range(3 * BATCH // 2):
        bus.publish(ServerSaid(time_s=float(number), line="x"))
    qtbot.waitUntil(lambda: sum(batches) == 3 * BATCH // 2, timeout=5000)
    assert batches == [BATCH, BATCH // 2]
    bridge.close()
    assert QThread.currentThread().isMainThread()
