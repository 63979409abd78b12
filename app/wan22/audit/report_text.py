"""A snapshot and a difference as text for people: lines for a terminal, and Markdown for a file."""

import re
from collections.abc import Iterator
from itertools import groupby

from wan22.audit.difference import change_line
from wan22.audit.fact_row import FactRow
from wan22.audit.fact_rows import PART_TITLES, fact_rows
from wan22.schema.audit import AuditDifference, AuditPart, AuditSnapshot
from wan22.schema.problem import Problem

_LABEL_WIDTH = 32
_PRIVATE = (
    "No personal data: the home folder reads ~, and names of users and of the machine, serial numbers and secrets are "
    "left out. The uuid of a GPU stays: it tells whose results are whose."
)


def snapshot_lines(snapshot: AuditSnapshot, *, with_details: bool = False) -> Iterator[str]:
    """Every part under its title; `with_details` also the long lists. No line is empty at the end."""
    yield headline(snapshot)
    for part in AuditPart:
        rows = fact_rows(snapshot, part)
        problems = _problems(snapshot, part)
        if not rows and not problems:
            continue
        yield ""
        yield PART_TITLES[part]
        shown = [row for row in rows if with_details or not row.is_detail]
        for group, members in groupby(shown, key=lambda row: row.group):
            indent = "  "
            if group:
                yield f"  {group}"
                indent = "    "
            for row in members:
                yield f"{indent}{row.label:<{_LABEL_WIDTH - len(indent)}} {value_text(row)}"
        hidden = [row for row in rows if row.is_detail and row.group and not with_details]
        for group, members in groupby(hidden, key=lambda row: row.group):
            yield f"  {group} (--markdown and --json list them)" if list(members) else ""
        for found in problems:
            yield f"  ! {found.message}"
            yield from (f"    {line}" for line in found.hint.splitlines())


def snapshot_markdown(snapshot: AuditSnapshot) -> str:
    """The text of SYSTEM_AUDIT.md."""
    lines = ["# System audit", "", f"{_cell(headline(snapshot))}.", "", _PRIVATE, ""]
    for part in AuditPart:
        rows = fact_rows(snapshot, part)
        problems = _problems(snapshot, part)
        if not rows and not problems:
            continue
        lines += [f"## {PART_TITLES[part]}", ""]
        for found in problems:
            lines += [f"> **{_cell(found.message)}** {_cell(found.hint)} `{found.code}`", ""]
        for group, members in groupby(rows, key=lambda row: row.group):
            if group:
                lines += [f"### {_cell(group)}", ""]
            lines += ["| | |", "|---|---|"]
            lines += [f"| {_cell(row.label)} | {_cell(value_text(row))} |" for row in members]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def difference_lines(found: AuditDifference) -> Iterator[str]:
    """The differences, the heaviest first; those that are no drift are marked."""
    if not found.changes:
        yield "Nothing has changed."
    for change in found.changes:
        yield f"{'●' if change.is_drift else '·'} {change_line(change)}"
    yield from found.not_compared


def headline(snapshot: AuditSnapshot) -> str:
    """When and by what it was taken."""
    moment = re.sub(r"[+]00:00$", " UTC", snapshot.taken_at.replace("T", " "))
    kind = "Quick audit" if snapshot.quick else "Audit"
    mark = "SIMULATED: " if snapshot.simulated else ""
    return f"{mark}{kind} of {moment} by wan22 {snapshot.app_version}"


def value_text(row: FactRow) -> str:
    """The value, or that it is not known, and why."""
    return f"{row.text}: {row.reason.rstrip('.')}" if row.reason else row.text


def _problems(snapshot: AuditSnapshot, part: AuditPart) -> list[Problem]:
    return [one.problem for one in snapshot.problems if one.part is part]


def _cell(text: str) -> str:
    """Text that means nothing to Markdown."""
    return re.sub(r"([\\|`*_\[\]])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;")).replace("\n", " ")
