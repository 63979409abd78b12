"""What the person at a terminal says to gentler tries after the GPU ran out of memory."""

import sys
from enum import Enum

from wan22.cli.console import Console
from wan22.job.ladder_job import Offer
from wan22.schema.ladder import Effect, OomPolicy, Rung


class OnOom(Enum):
    """Values of `--on-oom`."""

    ask = "ask"
    never = "never"
    same = "same"
    any = "any"


_POLICY = {OnOom.never: OomPolicy.never, OnOom.same: OomPolicy.same_picture, OnOom.any: OomPolicy.any}
_ANSWERS = {"s": OomPolicy.same_picture, "a": OomPolicy.any}


def consent_of(chosen: OnOom, console: Console, offer: Offer) -> OomPolicy:
    """How far to go. `ask` asks where somebody can answer, else it is no, and what could be tried is said."""
    if chosen is not OnOom.ask:
        return _POLICY[chosen]
    if console.as_json:
        return OomPolicy.never
    console.text(f"! {offer.problem.message}")
    if not sys.stdin.isatty():
        for line in offer_lines(offer.rungs):
            console.text(line)
        console.text("  `--on-oom same` tries those with the same video, `--on-oom any` all of them.")
        return OomPolicy.never
    for line in offer_lines(offer.rungs):
        console.text(line)
    console.text("Try them one after the other?  s = those with the same video, a = all, Enter = no")
    try:
        answer = sys.stdin.readline()
    except (OSError, ValueError):
        answer = ""
    return _ANSWERS.get(answer.strip().lower()[:1], OomPolicy.never)


def offer_lines(rungs: tuple[Rung, ...]) -> list[str]:
    """What can be tried, the gentlest first, with what it costs and changes."""
    groups = ((Effect.same_picture, "The same video:"), (Effect.other_picture, "Another video:"))
    lines: list[str] = []
    for effect, title in groups:
        own = [rung for rung in rungs if rung.effect is effect]
        if own:
            lines.append(f"  {title}")
            lines.extend(f"    - {_line(rung)}" for rung in own)
    return lines


def _line(rung: Rung) -> str:
    needs = f" Needs about {rung.vram_bytes / 2**30:.1f} GiB." if rung.vram_bytes is not None else ""
    told = rung.cost if rung.effect is Effect.same_picture else rung.changes
    return f"{rung.title}: {told}{needs}"
