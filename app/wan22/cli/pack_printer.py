"""Shows how a node pack is installed: steps and the lines of git and pip as text, or everything as JSON lines."""

import dataclasses
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel

from wan22.cli.console import Console
from wan22.comfy.pack_status_text import names
from wan22.launch.pack_import_error import pack_name
from wan22.schema.node_pack import PackEnded, PackOutcome, PackSaid, PackStepStarted
from wan22.system.bus import Bus, Fact

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = {PackStepStarted: "pack_step_started", PackSaid: "pack_said", PackEnded: "pack_ended"}


class PackPrinter:
    """Prints facts as they come, in the thread that publishes them; use as a context."""

    def __init__(self, console: Console, bus: Bus) -> None:
        self._console = console
        self._bus = bus
        self._unsubscribe: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._unsubscribe = self._bus.subscribe(self._show)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _show(self, fact: Fact) -> None:
        if self._console.as_json:
            if isinstance(fact, PackStepStarted | PackSaid | PackEnded):
                self._console.json(_document(fact))
            return
        match fact:
            case PackStepStarted():
                self._console.text(f"▸ {fact.text}")
            case PackSaid():
                self._console.text(f"    {fact.line}", "dim")
            case PackEnded():
                for line in ended_lines(fact):
                    self._console.text(line)


def ended_lines(fact: PackEnded) -> list[str]:
    """How it ended, in words."""
    lines: list[str] = []
    if fact.outcome is PackOutcome.proved and fact.proof is not None:
        lines.append(f"✓ {fact.pack} is installed, and the server has its nodes: {names(fact.proof.present)}")
    elif fact.outcome is PackOutcome.placed:
        lines.append(f"✓ {fact.pack} is installed in {fact.folder}")
        lines.append("  A running ComfyUI has it only after its restart.")
    else:
        lines.append(f"✕ {fact.pack} is not installed")
    if fact.proof is not None:
        if fact.proof.missing:
            lines.append(f"  Not there: {names(fact.proof.missing)}")
        others = [name for name in fact.proof.newly_loaded if fact.folder is None or name != fact.folder.name]
        if others:
            lines.append(f"  Now loaded as well: {', '.join(others)}")
        if fact.proof.newly_failed:
            lines.append(f"  Not loaded any more: {', '.join(pack_name(path) for path in fact.proof.newly_failed)}")
        if fact.proof.lost:
            lines.append(f"  Nodes that are gone: {names(fact.proof.lost)}")
    if fact.changes:
        lines.append("  Python packages: " + ", ".join(change.text for change in fact.changes))
    if fact.undone:
        lines.append("  Put back: " + ", ".join(fact.undone))
    if fact.left:
        lines.append("  Could not be put back: " + ", ".join(fact.left))
    return lines


def _document(fact: PackStepStarted | PackSaid | PackEnded) -> dict[str, object]:
    values = {field.name: _plain(getattr(fact, field.name)) for field in dataclasses.fields(fact)}
    return {"kind": _KINDS[type(fact)], **values}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
