import pytest

from tests.fakes.clock import FakeClock
from wan22.gpu.clock_link import ClockLink
from wan22.gpu.sampler_protocol import ClockRequest, decode

SHIFT_S = -250.0


class Far:
    """A far clock that answers after the given delays (there, back)."""

    def __init__(self, clock: FakeClock, delays: list[tuple[float, float]]) -> None:
        self._clock = clock
        self._delays = delays
        self.questions: list[str] = []

    def answer(self, link: ClockLink, question: str) -> None:
        request = decode(question)
        assert isinstance(request, ClockRequest)
        there_s, back_s = self._delays.pop(0)
        self._clock.advance(there_s)
        clock_s = self._clock.now() + SHIFT_S
        self._clock.advance(back_s)
        link.heard(request.echo, clock_s)


def settled(clock: FakeClock, delays: list[tuple[float, float]]) -> ClockLink:
    far = Far(clock, delays)
    questions: list[str] = []
    link = ClockLink(clock, questions.append, clock.now() + SHIFT_S - 0.5)
    link.ask()
    while questions:
        far.answer(link, questions.pop())
    return link


def test_the_middle_of_five_answers_counts():
    clock = FakeClock(start_s=1000.0)
    even = (0.001, 0.001)
    link = settled(clock, [(0.5, 0.001), even, even, (0.002, 0.003), (0.001, 0.4)])
    assert link.is_settled
    assert link.offset.offset_s == pytest.approx(SHIFT_S, abs=1e-6)
    assert link.offset.uncertainty_s == pytest.approx(0.001, abs=1e-6)
    assert link.ours(750.0) == pytest.approx(1000.0, abs=1e-6)


def test_the_truth_lies_within_the_uncertainty():
    link = settled(FakeClock(), [(0.03, 0.0)] * 5)
    assert link.offset.uncertainty_s == pytest.approx(0.015)
    assert abs(link.offset.offset_s - SHIFT_S) <= 0.015 + 1e-6


def test_until_then_the_greeting_is_the_guess():
    clock = FakeClock(start_s=1000.0)
    sent: list[str] = []
    link = ClockLink(clock, sent.append, 745.0)
    assert not link.is_settled
    assert (link.offset.offset_s, link.offset.uncertainty_s) == (-255.0, None)
    link.ask()
    assert [decode(text) for text in sent] == [ClockRequest(echo=1)]


def test_answers_to_nothing_are_passed_over():
    clock = FakeClock(start_s=1000.0)
    link = ClockLink(clock, lambda _text: None, 1000.0)
    link.heard(99, 5.0)
    link.ask()
    for _ in range(10):
        link.heard(1, 1000.0)
    assert not link.is_settled


def test_answers_after_the_last_change_nothing():
    clock = FakeClock()
    link = settled(clock, [(0.001, 0.001)] * 5)
    before = link.offset
    link.ask()
    link.heard(6, 0.0)
    assert link.offset == before
