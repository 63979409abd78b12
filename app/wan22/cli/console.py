"""All writing to the terminal: text for people or one JSON document a line for programs."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rich.box
import rich.console
import rich.live
import rich.table
import rich.text
from pydantic import BaseModel

from wan22.schema.problem import Problem, Severity

_GLYPHS = {"✓": "+", "✕": "x", "●": "*", "–": "-", "×": "x", "·": "-", "…": "...", "°": " deg "}  # noqa: RUF001
_DETAIL_HEAD, _DETAIL_TAIL = 3, 8


def _plain(text: str, encoding: str | None) -> str:
    """Replace what the stream cannot show (old Windows code pages) instead of failing on it."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        for glyph, stand_in in _GLYPHS.items():
            text = text.replace(glyph, stand_in)
        text = text.encode("ascii", "replace").decode("ascii")
    return text


_OWN_COMMAND = re.compile(
    r"(?<![\w.-])wan22 (?=(?:start|window|run|launch|profiles|queue|runs|monitor|workflow|models|nodes|audit|export)\b)"
)


def as_started(text: str) -> str:
    """Lines to copy name the command that the person used: start.py says so in PANEL_COMMAND."""
    return _OWN_COMMAND.sub(lambda _match: os.environ.get("PANEL_COMMAND", "wan22") + " ", text)


def _cut(rows: list[str]) -> list[str]:
    """Details short enough to leave the message above them on the screen; `--json` and the run hold all of them."""
    left_out = len(rows) - _DETAIL_HEAD - _DETAIL_TAIL
    if left_out <= 1:
        return rows
    return [*rows[:_DETAIL_HEAD], f"… {left_out} more lines …", *rows[-_DETAIL_TAIL:]]


def json_line(document: Any) -> str:
    """One JSON document on one line; models by their own rules, NaN never."""
    if isinstance(document, BaseModel):
        return document.model_dump_json()
    return json.dumps(document, ensure_ascii=False, allow_nan=False, default=_jsonable)


def _jsonable(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value)


class Console:
    """Text goes to stdout, problems to stderr; with `as_json` stdout carries JSON lines only."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = rich.console.Console(file=sys.stdout, highlight=False, soft_wrap=False)
        self._err = rich.console.Console(file=sys.stderr, highlight=False)

    @property
    def is_terminal(self) -> bool:
        """Whether stdout is a screen that lines can be rewritten on."""
        return self._out.is_terminal

    @property
    def width(self) -> int:
        """Columns of the screen (80 when there is none)."""
        return self._out.width

    def text(self, line: str = "", style: str = "") -> None:
        """One line for a person; nothing when the output is JSON."""
        if not self.as_json:
            self._out.print(rich.text.Text(_plain(line, self._out.encoding), style=style), soft_wrap=True)

    def json(self, document: object) -> None:
        """One JSON document on a line of its own."""
        sys.stdout.write(_plain_json(json_line(document)) + "\n")
        sys.stdout.flush()

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table for a person; a column whose name ends with ">" is right-aligned."""
        if self.as_json:
            return
        table = rich.table.Table(title=title or None, title_justify="left", box=rich.box.SIMPLE, pad_edge=False)
        for column in columns:
            right = column.endswith(">")
            table.add_column(column.removesuffix(">"), justify="right" if right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(rich.text.Text(_plain(cell, self._out.encoding)) for cell in row))
        self._out.print(table)

    def problem(self, found: Problem) -> None:
        """A problem in words: what happened, what to do, details on demand of the reader's eye."""
        if self.as_json:
            self.json({"kind": "problem", "problem": found.model_dump(mode="json")})
        word, style = ("Error", "bold red") if found.severity is Severity.error else ("Note", "bold yellow")
        line = rich.text.Text.assemble((f"{word}: ", style), _plain(found.message, self._err.encoding))
        self._err.print(line, soft_wrap=True)
        if found.hint:
            hint = _plain(f"  {as_started(found.hint)}", self._err.encoding)
            self._err.print(rich.text.Text(hint), soft_wrap=True)
        if found.detail:
            detail = "\n".join(f"  | {row}" for row in _cut(found.detail.splitlines()))
            self._err.print(rich.text.Text(_plain(detail, self._err.encoding), style="dim"), soft_wrap=True)
        self._err.print(rich.text.Text(f"  [{found.code}]", style="dim"))

    @contextmanager
    def live(self) -> Iterator["LiveBlock"]:
        """A block of lines that is rewritten in place on a terminal and only grows elsewhere."""
        if self.as_json or not self.is_terminal:
            yield LiveBlock(None, self)
            return
        with rich.live.Live(console=self._out, auto_refresh=False, transient=False) as live:
            yield LiveBlock(live, self)


def _plain_json(text: str) -> str:
    return _plain(text, sys.stdout.encoding) if (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8") else text


class LiveBlock:
    """Lines that change; see `Console.live`."""

    def __init__(self, live: rich.live.Live | None, console: Console) -> None:
        self._live = live
        self._console = console

    @property
    def is_live(self) -> bool:
        """Whether lines are rewritten in place."""
        return self._live is not None

    def show(self, lines: Sequence[str]) -> None:
        """Replace the block; without a terminal nothing is shown (use `Console.text` for lasting lines)."""
        if self._live is not None:
            width = self._console.width
            cut = [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
            self._live.update(rich.text.Text("\n".join(cut)), refresh=True)


def console_from_flag(as_json: bool) -> Console:
    """Console for a command's `--json` flag."""
    return Console(as_json=as_json)
