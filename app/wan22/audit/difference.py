"""Two snapshots compared, in words, the heaviest difference first.

What counts as drift: every fact whose change makes it another machine or another installation (driver, board, limits,
slot, system, packages, ComfyUI, packs, models, profile). What does not: free memory and disk, the link speed of the
moment, plugged-in disks, the version of this panel, and results. A value that one of the two does not know is no
drift; a part that could be read before and cannot be read now is.
"""

from collections.abc import Iterator, Mapping

from wan22.audit.change_note import change_note
from wan22.audit.fact_row import UNKNOWN, FactRow
from wan22.audit.fact_rows import PART_TITLES, all_rows
from wan22.schema.audit import AuditChange, AuditDifference, AuditPart, AuditSnapshot, ChangeWeight

_ABSENT = "not there"
_COMPARED = tuple(part for part in AuditPart if part is not AuditPart.results)


def difference(before: AuditSnapshot, after: AuditSnapshot) -> AuditDifference:
    """What is another in `after` than in `before`."""
    old, new = _by_key(before), _by_key(after)
    order = {key: number for number, key in enumerate(dict.fromkeys((*new, *old)))}
    found = [change for key in order for change in _changes(key, old, new, before, after)]
    found += _lost_parts(before, after)
    found += _panel(before, after)
    if any(change.key == "comfyui.version" for change in found):  # another version is another commit
        found = [change for change in found if change.key != "comfyui.commit"]
    rank = {part: number for number, part in enumerate(AuditPart)}
    found.sort(key=lambda change: (change.weight.value, rank[change.part], order.get(change.key, -1)))
    return AuditDifference(
        before_at=before.taken_at,
        after_at=after.taken_at,
        changes=tuple(found),
        not_compared=tuple(_not_compared(before, after)),
    )


def change_line(change: AuditChange) -> str:
    """The sentence and what follows from it: `torch 2.8.0 → 2.9.1: known slow VAE`."""
    if not change.note:
        return change.sentence
    return f"{change.sentence}{';' if ':' in change.sentence else ':'} {change.note}"


def _by_key(snapshot: AuditSnapshot) -> dict[str, FactRow]:
    return {row.key: row for row in all_rows(snapshot) if row.part in _COMPARED}


def _changes(
    key: str,
    old: Mapping[str, FactRow],
    new: Mapping[str, FactRow],
    before: AuditSnapshot,
    after: AuditSnapshot,
) -> Iterator[AuditChange]:
    first, last = old.get(key), new.get(key)
    row = last or first
    if row is None or row.weight is ChangeWeight.passing or not _can_compare(row, before, after):
        return
    if row.parent and not (row.parent in old and row.parent in new):
        return
    if first is None or last is None:
        if row.comes_and_goes:
            yield _came_or_went(row, after, has_come=first is None)
        return
    if first.value == last.value or not first.is_known:
        return
    if not last.is_known:
        if before.quick == after.quick:
            sentence = f"{row.subject} cannot be told any more; it was {first.text}"
            yield _change(row, sentence, first.text, UNKNOWN, "", is_drift=False)
        return
    gap = " " if " " not in row.subject else ": "
    sentence = f"{row.subject}{gap}{first.text} → {last.text}"
    yield _change(row, sentence, first.text, last.text, change_note(key, first.value, last.value, after))


def _came_or_went(row: FactRow, after: AuditSnapshot, *, has_come: bool) -> AuditChange:
    if has_come:
        text = "" if row.text == "given" else f": {row.text}"
        note = change_note(row.key, None, row.value, after)
        return _change(row, f"{row.subject} is new{text}", _ABSENT, row.text, note)
    return _change(row, f"{row.subject} is gone; it was {row.text}", row.text, _ABSENT, "")


def _change(
    row: FactRow, sentence: str, before: str, after: str, note: str, *, is_drift: bool | None = None
) -> AuditChange:
    return AuditChange(
        part=row.part,
        key=row.key,
        subject=row.subject,
        sentence=sentence,
        before=before,
        after=after,
        weight=row.weight,
        is_drift=row.is_drift if is_drift is None else is_drift,
        note=note,
    )


def _can_compare(row: FactRow, before: AuditSnapshot, after: AuditSnapshot) -> bool:
    """Whether both snapshots know the part, and for packages whether both have a list of them."""
    if getattr(before, row.part.value) is None or getattr(after, row.part.value) is None:
        return False
    if row.key.startswith("python.package."):
        return all(one.python is not None and one.python.packages is not None for one in (before, after))
    return True


def _lost_parts(before: AuditSnapshot, after: AuditSnapshot) -> Iterator[AuditChange]:
    """Parts that were asked for, as before, and could not be read any more."""
    for part in _COMPARED:
        is_lost = getattr(before, part.value) is not None and getattr(after, part.value) is None
        if not is_lost or part not in after.parts or _is_hurried(after, part):
            continue
        why = next((one.problem.message for one in after.problems if one.part is part), "")
        # The same problem is kept once only, with the first part that met it.
        why = why or next((one.problem.message for one in after.problems), "")
        yield AuditChange(
            part=part,
            key=part.value,
            subject=PART_TITLES[part],
            sentence=f"{PART_TITLES[part]} could be read before and cannot be read now",
            before="read",
            after="not readable",
            weight=ChangeWeight.decisive,
            is_drift=True,
            note=why.rstrip("."),
        )


def _is_hurried(after: AuditSnapshot, part: AuditPart) -> bool:
    """Whether a quick audit gave the part up: a slow disk is no change."""
    return after.quick and any(one.part is part and one.problem.code == "audit_part_late" for one in after.problems)


def _panel(before: AuditSnapshot, after: AuditSnapshot) -> Iterator[AuditChange]:
    if before.app_version != after.app_version:
        yield AuditChange(
            part=AuditPart.profile,
            key="app_version",
            subject="This panel",
            sentence=f"This panel: {before.app_version} → {after.app_version}",
            before=before.app_version,
            after=after.app_version,
            weight=ChangeWeight.passing,
            is_drift=False,
        )


def _not_compared(before: AuditSnapshot, after: AuditSnapshot) -> Iterator[str]:
    for part in _COMPARED:
        has = [getattr(one, part.value) is not None for one in (before, after)]
        title = PART_TITLES[part]
        if has == [False, True]:
            yield f"{title} was not compared: the earlier snapshot does not hold it."
        elif has == [True, False] and _is_hurried(after, part):
            yield f"{title} was not compared: the quick audit did not wait for it."
        elif has == [True, False] and part not in after.parts:
            yield f"{title} was not compared: the later snapshot does not hold it."
    listed = [one.python.packages is not None for one in (before, after) if one.python is not None]
    if len(listed) == 2 and listed[0] != listed[1]:
        yield "Packages were not compared: one of the two snapshots has no list of them."
    if before.simulated != after.simulated:
        yield "One of the two snapshots is SIMULATED: its GPU is not real."
