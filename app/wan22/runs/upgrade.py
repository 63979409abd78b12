"""Runs of older formats, one step at a time up to the newest.

A step works on plain documents before they are validated. With `schema.run.FORMAT` raised to N + 1 there has to be
a step N here, a frozen sample `tests/data/runs/format_N/` and its golden summary; a test holds that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wan22.schema.problem import app_error
from wan22.schema.run import FORMAT

Document = dict[str, Any]


def _same(document: Document) -> Document:
    return document


@dataclass(frozen=True, slots=True)
class UpgradeStep:
    """From one format to the next: the manifest, each event, and telemetry columns by their new names."""

    manifest: Callable[[Document], Document] = _same
    event: Callable[[Document], Document] = _same
    columns: Mapping[str, str] = field(default_factory=dict)


UPGRADES: Mapping[int, UpgradeStep] = {}


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The chain of steps that a run of one format needs; none for the newest."""

    steps: tuple[UpgradeStep, ...]

    def manifest(self, document: Document) -> Document:
        """The manifest in the newest format."""
        for step in self.steps:
            document = step.manifest(document)
        return document

    def event(self, document: Document) -> Document:
        """One event in the newest format."""
        for step in self.steps:
            document = step.event(document)
        return document

    def column(self, name: str) -> str:
        """The newest name of a telemetry column."""
        for step in self.steps:
            name = step.columns.get(name, name)
        return name


def upgrade_for(document: Document, *, newest: int = FORMAT, steps: Mapping[int, UpgradeStep] = UPGRADES) -> Upgrade:
    """Find the chain for a manifest as read from disk.

    Errors: AppError `run_too_new` (format above `newest`), `run_invalid` (no usable format number).
    """
    number = document.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise app_error("run_invalid", f"The manifest's format is {number!r}; expected a number from 1 to {newest}.")
    if number > newest:
        raise app_error(
            "run_too_new", f"The run has format {number}; this version reads formats up to {newest}.", format=number
        )
    chain: list[UpgradeStep] = []
    for old in range(number, newest):
        if old not in steps:
            raise app_error("run_invalid", f"There is no way from format {old} to {old + 1}.", format=number)
        chain.append(_with_number(steps[old], old + 1))
    return Upgrade(tuple(chain))


def _with_number(step: UpgradeStep, number: int) -> UpgradeStep:
    """The step, made to write the number of the format that it leads to."""
    return UpgradeStep(
        manifest=lambda document: {**step.manifest(document), "format": number}, event=step.event, columns=step.columns
    )
