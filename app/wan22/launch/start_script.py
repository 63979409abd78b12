"""What a start script does, whichever shell runs it: folder, Python, environment and flags, each with its reason."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from wan22.schema.problem import app_error

MARK = "Written by wan22 export scripts"
"""In the first lines of every file of ours: a file without it is somebody else's."""
_PLAIN_LETTERS = {
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "'",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "'",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MIDDLE DOT}": "-",
}


@dataclass(frozen=True, slots=True)
class ScriptVariable:
    """One environment variable; `comment` says what it does."""

    name: str
    value: str
    comment: str


@dataclass(frozen=True, slots=True)
class ScriptFlag:
    """One flag with its values; `comment` says what it does."""

    words: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class ScriptPlace:
    """`folder`: where ComfyUI is started, as a path from the script's own folder when `is_beside`, "" = not known.

    `python`: seen from `folder` or whole; "" = looked for when the script runs. `main_file`: seen from `folder`.
    """

    folder: str
    is_beside: bool
    python: str
    main_file: str
    python_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartScript:
    """`head`: what is said at the top."""

    place: ScriptPlace
    head: tuple[str, ...] = ()
    variables: tuple[ScriptVariable, ...] = ()
    flags: tuple[ScriptFlag, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What Python is given."""
        flags = (word for flag in self.flags for word in flag.words)
        return (*self.place.python_flags, self.place.main_file, *flags)

    def named_values(self) -> Iterable[tuple[str, str]]:
        """Every value that must arrive unchanged, with what a person calls it."""
        yield "the folder of ComfyUI", self.place.folder
        yield "the Python of ComfyUI", self.place.python
        yield "ComfyUI's main.py", self.place.main_file
        for variable in self.variables:
            yield f"environment variable {variable.name}", variable.value
        for flag in self.flags:
            for word in flag.words:
                yield f"flag {flag.words[0]}", word


def check_values(script: StartScript) -> None:
    """Refuse what no batch file can hold: quotes, line breaks, other control characters.

    Errors: AppError `script_value_refused`, naming the setting and what is in it.
    """
    for name, value in script.named_values():
        for letter in value:
            what = _unfit(letter)
            if what:
                shown = value if len(value) <= 80 else f"{value[:77]}..."
                raise app_error(
                    "script_value_refused",
                    f"The value of {name} is {shown!r}: it holds {what}, which a start script cannot carry.",
                    setting=name,
                )


def plain_comment(text: str) -> str:
    """A text as one line of pure ASCII: comments must mean nothing to any shell in any code page."""
    single = " ".join(text.split())
    replaced = "".join(_PLAIN_LETTERS.get(letter, letter) for letter in single)
    decomposed = unicodedata.normalize("NFKD", replaced)
    ascii_only = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in ascii_only)


def _unfit(letter: str) -> str:
    if letter == '"':
        return "a double quote"
    if letter in "\r\n\x85\u2028\u2029\v\f":
        return "a line break"
    if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\t":
        return f"the control character U+{ord(letter):04X}"
    return ""
