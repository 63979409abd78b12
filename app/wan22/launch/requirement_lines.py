"""The list of Python packages of a node pack, read before pip reads it: what is a package, what is something else."""

import re
from dataclasses import dataclass
from pathlib import Path

from wan22.schema.problem import app_error
from wan22.system.files import read_text

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PLAIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[A-Za-z0-9._,\s-]*\])?\s*"
    r"(?P<version>\(?(?:\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*,?)*\)?)\s*(?:;(?P<marker>[^#]*))?"
)
_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[= ]\S+")
_SOURCES = (
    "--index-url",
    "-i",
    "--extra-index-url",
    "--find-links",
    "-f",
    "--trusted-host",
    "--no-index",
    "--pypi-url",
)
_HARMLESS = ("--prefer-binary", "--pre", "--only-binary", "--no-binary", "--require-hashes")
_MAX_LINES = 500
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that is no plain package. `can_be_agreed`: it is followed when the person agrees to it, else never."""

    line: str
    reason: str
    can_be_agreed: bool


@dataclass(frozen=True, slots=True)
class Requirements:
    """`plain`: packages by name, as pip takes them. `odd`: everything else, with the reason."""

    plain: tuple[str, ...] = ()
    odd: tuple[OddLine, ...] = ()

    @property
    def never(self) -> tuple[OddLine, ...]:
        """Lines that are followed in no case."""
        return tuple(line for line in self.odd if not line.can_be_agreed)

    @property
    def askable(self) -> tuple[OddLine, ...]:
        """Lines that need to be agreed to by themselves."""
        return tuple(line for line in self.odd if line.can_be_agreed)


def read_requirements(pack: Path, name: str) -> Requirements:
    """The list `name` of the pack in the folder `pack`, with the lists that it includes; empty when it has none.

    Raises AppError `file_unreadable`, `pack_requirements_refused` for a list that is far too long.
    """
    if not (pack / name).is_file():
        return Requirements()
    plain: list[str] = []
    odd: list[OddLine] = []
    _read(pack, pack / name, plain, odd, 0)
    return Requirements(tuple(dict.fromkeys(plain)), tuple(dict.fromkeys(odd)))


def _read(pack: Path, path: Path, plain: list[str], odd: list[OddLine], depth: int) -> None:
    text = read_text(path).replace("\\\n", " ").replace("\\\r\n", " ")
    lines = text.splitlines()
    if len(lines) > _MAX_LINES:
        message = f"The list of packages {path.name} has {len(lines):,} lines; at most {_MAX_LINES} are read."
        raise app_error("pack_requirements_refused", message)
    for raw in lines:
        line = _HASH.sub("", _COMMENT.sub("", raw)).strip()
        if not line:
            continue
        included = re.fullmatch(r"(?:-r|--requirement)[= ]?\s*(\S+)", line)
        if included is not None:
            _include(pack, path, included[1], plain, odd, depth)
            continue
        found = odd_line(line)
        if found is None:
            plain.append(line)
        elif found.reason:
            odd.append(found)


def _include(pack: Path, path: Path, name: str, plain: list[str], odd: list[OddLine], depth: int) -> None:
    """Another list inside of the pack; one outside of it is refused."""
    target = path.parent / name
    inside = "://" not in name and target.resolve().is_relative_to(pack.resolve())
    if not inside:
        odd.append(OddLine(f"-r {name}", "it reads a file outside of the pack", can_be_agreed=False))
    elif not target.is_file() or depth >= _MAX_DEPTH:
        odd.append(OddLine(f"-r {name}", "there is no such list in the pack", can_be_agreed=False))
    else:
        _read(pack, target, plain, odd, depth + 1)


def odd_line(line: str) -> OddLine | None:
    """Why a line is no plain package; None when it is one. An empty reason: it can be passed over."""
    if "${" in line:
        return OddLine(line, "it asks for a variable of this machine", can_be_agreed=False)
    if any(ord(letter) < 32 for letter in line.replace("\t", " ")):
        return OddLine(repr(line), "it holds control characters", can_be_agreed=False)
    word = re.split(r"[\s=]", line, maxsplit=1)[0]
    if word.startswith("-"):
        return _option(line, word)
    if re.match(r"(?:git|hg|svn|bzr)\+", line) or re.search(r"@\s*(?:git|hg|svn|bzr)\+", line):
        return OddLine(line, "it comes from a repository and is built here, by code of its own", can_be_agreed=True)
    if re.match(r"file:|\.{1,2}[\\/]|[\\/~]|[A-Za-z]:[\\/]", line) or re.search(r"@\s*file:", line):
        return OddLine(line, "it is a path on this machine", can_be_agreed=False)
    if re.match(r"https://", line) or re.search(r"@\s*https://", line):
        return OddLine(line, "it comes from an address of its own and not from the package index", can_be_agreed=True)
    if re.match(r"[a-z+]+://", line) or re.search(r"@\s*[a-z+]+:", line):
        return OddLine(line, "it comes from an address that is not https", can_be_agreed=False)
    if _PLAIN.fullmatch(line) is None:
        return OddLine(line, "it is not the name of a package with a version", can_be_agreed=False)
    return None


def _option(line: str, word: str) -> OddLine:
    if word in ("-e", "--editable"):
        return OddLine(line, "it installs a folder that stays open to change", can_be_agreed=False)
    if word in ("-c", "--constraint"):
        return OddLine(line, "it limits versions by a list of its own", can_be_agreed=False)
    if word in _SOURCES or word.startswith(("-i", "-f")):
        if re.search(r"(?:http|ftp|file)://", line) or word == "--trusted-host":
            return OddLine(line, "it takes packages from a place that cannot be trusted", can_be_agreed=False)
        return OddLine(line, "it takes packages from another place than the package index", can_be_agreed=True)
    if word in _HARMLESS:
        return OddLine(line, "", can_be_agreed=True)
    return OddLine(line, "it is an option that is not followed", can_be_agreed=False)


def requirement_name(line: str) -> str | None:
    """Name of the package of a plain line, as the index spells it; None for anything else."""
    match = _NAME.match(line)
    return canonical(match[0]) if match is not None and odd_line(line) is None else None


def canonical(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
