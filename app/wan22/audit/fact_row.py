"""One line of an audit: what it is called, how it reads, and what it means when it changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from wan22.schema.audit import AuditPart, ChangeWeight

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FactRow:
    """`key` names the same fact in every snapshot. `value` is what is compared, None when it is not known.

    `group`: heading that it stands under. `subject`: how a sentence names it. `parent`: key of the row without which
    this one has no meaning (a limit of a board that is gone). `comes_and_goes`: its absence in one of two snapshots is
    itself a difference. `is_drift`: whether another value makes it another machine. `is_detail`: too much for a first
    look.
    """

    part: AuditPart
    key: str
    label: str
    text: str
    value: object
    group: str = ""
    subject: str = ""
    reason: str = ""
    parent: str = ""
    weight: ChangeWeight = ChangeWeight.minor
    comes_and_goes: bool = False
    is_drift: bool = True
    is_detail: bool = False

    @property
    def is_known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


class RowList:
    """Rows of one part, with the reasons for what is not known."""

    def __init__(self, part: AuditPart, reasons: dict[str, str]) -> None:
        self.rows: list[FactRow] = []
        self._part = part
        self._reasons = reasons

    def add(
        self,
        key: str,
        label: str,
        value: object,
        text: str | None = None,
        *,
        path: str | None = None,
        group: str = "",
        subject: str = "",
        parent: str = "",
        weight: ChangeWeight = ChangeWeight.minor,
        comes_and_goes: bool = False,
        is_drift: bool = True,
        is_detail: bool = False,
    ) -> None:
        """`key` and `path` (of the value in the snapshot; default: the key) are given below the part."""
        known = UNKNOWN if value is None else text if text is not None else plain(value)
        self.rows.append(
            FactRow(
                part=self._part,
                key=f"{self._part.value}.{key}",
                label=label,
                text=known,
                value=value,
                group=group,
                subject=subject or label,
                reason=self._reasons.get(f"{self._part.value}.{path or key}", "") if value is None else "",
                parent=f"{self._part.value}.{parent}" if parent else "",
                weight=weight,
                comes_and_goes=comes_and_goes,
                is_drift=is_drift and weight is not ChangeWeight.passing,
                is_detail=is_detail,
            )
        )


def plain(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)


def gibibytes(count: int | None) -> str | None:
    """`31.8 GiB`; large sizes without decimals or in TiB, small ones in MiB."""
    if count is None:
        return None
    if count >= 2**40:
        return f"{count / 2**40:.2f} TiB"
    if count >= 2**30:
        return f"{count / 2**30:.{0 if count >= 100 * 2**30 else 1}f} GiB"
    return f"{count / 2**20:.0f} MiB"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def with_unit(value: float | None, unit: str) -> str | None:
    """`575 W`."""
    return None if value is None else f"{value:g} {unit}"
