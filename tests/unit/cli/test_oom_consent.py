import io

import pytest

from wan22.cli.console import Console
from wan22.cli.oom_consent import OnOom, consent_of, offer_lines
from wan22.job.ladder_job import Offer
from wan22.schema.ladder import Effect, OomPolicy, Rung
from wan22.schema.problem import problem

SAME = Rung(name="a", title="Clean", cost="Loading.", changes="The same video.", effect=Effect.same_picture)
OTHER = Rung(
    name="b", title="49 frames", cost="None.", changes="Another video.", effect=Effect.other_picture, vram_bytes=2**34
)
OFFER = Offer(problem("out_of_memory", "The GPU ran out of memory."), (SAME, OTHER), 2)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("chosen", "policy"),
    [(OnOom.never, OomPolicy.never), (OnOom.same, OomPolicy.same_picture), (OnOom.any, OomPolicy.any)],
)
def test_a_choice_is_not_asked_about(chosen: OnOom, policy: OomPolicy, capsys: pytest.CaptureFixture[str]):
    assert consent_of(chosen, Console(), OFFER) is policy
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("answer", "policy"),
    [("s\n", OomPolicy.same_picture), ("A\n", OomPolicy.any), ("\n", OomPolicy.never), ("", OomPolicy.never)],
)
def test_a_person_is_asked_once_and_told_what_it_costs(
    answer: str, policy: OomPolicy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert consent_of(OnOom.ask, Console(), OFFER) is policy
    out = capsys.readouterr().out
    assert "Clean: Loading." in out
    assert "Another video." in out


def test_where_nobody_can_answer_it_is_no_and_the_way_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n"))
    assert consent_of(OnOom.ask, Console(), OFFER) is OomPolicy.never
    assert "--on-oom same" in capsys.readouterr().out
    assert consent_of(OnOom.ask, Console(as_json=True), OFFER) is OomPolicy.never


def test_each_rung_says_what_it_does():
    assert offer_lines(OFFER.rungs) == [
        "  The same video:",
        "    - Clean: Loading.",
        "  Another video:",
        "    - 49 frames: Another video. Needs about 16.0 GiB.",
    ]
