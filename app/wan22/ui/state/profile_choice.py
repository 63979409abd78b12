"""The launch profiles there are, and which one is taken by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from wan22.launch.profile_store import profile_for_gpu
from wan22.schema.problem import AppError
from wan22.wiring import profile_store


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile; its title names the board it is made for."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class ProfileChoices:
    """`automatic`: the one chosen by the boards; None while these are not known. `broken`: files that are refused."""

    rows: tuple[ProfileRow, ...] = ()
    automatic: str | None = None
    broken: str = ""


def read_profiles(boards: Sequence[str] | None) -> ProfileChoices:
    """Read all profiles. `boards`: names of the machine's boards; empty = there are none, None = not known yet."""
    store = profile_store()
    rows, broken = [], ""
    for name in store.names():
        try:
            rows.append(ProfileRow(name, store.load(name).profile.title))
        except AppError as error:
            broken = error.problem.message
    automatic = None
    if boards is not None and not broken:
        automatic = profile_for_gpu(store, boards)
    return ProfileChoices(tuple(rows), automatic, broken)
