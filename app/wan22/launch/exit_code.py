"""What an exit code says about the way a process ended."""

from dataclasses import dataclass
from enum import Enum


class Ending(Enum):
    """How a process ended: by itself, by an error of its own, from outside, or inside native code."""

    clean = "clean"
    error = "error"
    killed = "killed"
    interrupted = "interrupted"
    native_crash = "native_crash"
    out_of_memory = "out_of_memory"


@dataclass(frozen=True, slots=True)
class ExitMeaning:
    """The kind of ending and the code in words."""

    ending: Ending
    words: str


_SIGNALS: dict[int, tuple[Ending, str]] = {
    1: (Ending.interrupted, "its terminal was closed"),
    2: (Ending.interrupted, "Ctrl-C"),
    4: (Ending.native_crash, "illegal instruction"),
    6: (Ending.native_crash, "aborted itself"),
    7: (Ending.native_crash, "bus error"),
    8: (Ending.native_crash, "arithmetic fault"),
    9: (Ending.killed, "killed"),
    11: (Ending.native_crash, "segmentation fault"),
    15: (Ending.killed, "asked to end"),
}
_NT_STATUS: dict[int, tuple[Ending, str]] = {
    0xC0000005: (Ending.native_crash, "access violation"),
    0xC0000017: (Ending.out_of_memory, "no memory left"),
    0xC000001D: (Ending.native_crash, "illegal instruction"),
    0xC00000FD: (Ending.native_crash, "stack overflow"),
    0xC000012D: (Ending.out_of_memory, "no memory and no page file left"),
    0xC0000135: (Ending.native_crash, "a DLL was not found"),
    0xC000013A: (Ending.interrupted, "Ctrl-C or its console was closed"),
    0xC0000142: (Ending.native_crash, "a DLL could not be started"),
    0xC0000374: (Ending.native_crash, "damaged heap"),
    0xC0000409: (Ending.native_crash, "aborted itself"),
    0x40010004: (Ending.killed, "ended from outside"),
}
_MINUS_ONE = (-1, 255, 0xFFFFFFFF)


def is_minus_one(exit_code: int | None) -> bool:
    """Whether the process called `exit(-1)`: 255 on POSIX, 4294967295 on Windows."""
    return exit_code in _MINUS_ONE


def meaning_of(exit_code: int | None) -> ExitMeaning:
    """Meaning of an exit code of either system. None (never learnt) counts as an error."""
    if exit_code is None:
        return ExitMeaning(Ending.error, "an unknown exit code")
    if exit_code == 0:
        return ExitMeaning(Ending.clean, "exit code 0")
    status = _NT_STATUS.get(exit_code & 0xFFFFFFFF)
    if status is not None:
        return ExitMeaning(status[0], f"exit code 0x{exit_code & 0xFFFFFFFF:08X} ({status[1]})")
    # A shell between us and the process turns signal n into 128 + n.
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in _SIGNALS and not is_minus_one(exit_code):
        ending, words = _SIGNALS[number]
        return ExitMeaning(ending, f"signal {number} ({words})")
    return ExitMeaning(Ending.error, f"exit code {exit_code}")
