import threading

import pytest

from tests.fakes.clock import FakeClock
from wan22.schema.events import ProblemFound
from wan22.schema.problem import problem
from wan22.system.bus import Bus, Fact
from wan22.system.threads import Worker


def fact(number: int) -> ProblemFound:
    return ProblemFound(time_s=float(number), problem=problem("cancelled", f"Number {number}."))


def test_everybody_gets_everything_in_order():
    bus = Bus(FakeClock())
    first: list[Fact] = []
    second: list[Fact] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)
    facts = [fact(number) for number in range(3)]
    for item in facts:
        bus.publish(item)
    assert first == facts
    assert second == facts


def test_unsubscribing_twice_is_harmless():
    bus = Bus(FakeClock())
    heard: list[Fact] = []
    unsubscribe = bus.subscribe(heard.append)
    bus.publish(fact(1))
    unsubscribe()
    unsubscribe()
    bus.publish(fact(2))
    assert heard == [fact(1)]


def test_a_subscriber_may_leave_while_it_is_called():
    bus = Bus(FakeClock())
    heard: list[Fact] = []
    leave = bus.subscribe(lambda item: (heard.append(item), leave())[0])
    bus.publish(fact(1))
    bus.publish(fact(2))
    assert heard == [fact(1)]


def test_a_faulty_subscriber_is_told_once_and_never_reaches_the_publisher(caplog: pytest.LogCaptureFixture):
    clock = FakeClock(start_s=5.0)
    bus = Bus(clock)
    heard: list[Fact] = []

    def faulty(_fact: Fact) -> None:
        raise RuntimeError("broken pipe")

    bus.subscribe(faulty)
    bus.subscribe(heard.append)
    bus.publish(fact(1))
    bus.publish(fact(2))
    problems = [item for item in heard if isinstance(item, ProblemFound) and item.problem.code == "internal_error"]
    assert [(item.time_s, item.problem.message) for item in problems] == [(5.0, "A listener failed: broken pipe")]
    assert [item for item in heard if item not in problems] == [fact(1), fact(2)]
    assert caplog.text.count("a subscriber of the bus failed") == 1


def test_calls_come_in_the_publishing_thread_one_at_a_time():
    bus = Bus(FakeClock())
    inside = 0
    worst = 0
    names: set[str] = set()

    def count(_fact: Fact) -> None:
        nonlocal inside, worst
        inside += 1
        worst = max(worst, inside)
        names.add(threading.current_thread().name)
        inside -= 1

    bus.subscribe(count)
    heard: list[Fact] = []
    bus.subscribe(heard.append)
    workers = [
        Worker(f"publisher-{index}", lambda _cancel: [bus.publish(fact(number)) for number in range(200)] and None)
        for index in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        assert worker.join(10.0)
    assert len(heard) == 400
    assert worst == 1
    assert names == {"publisher-0", "publisher-1"}
