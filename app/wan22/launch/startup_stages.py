"""How far a start has come, read from the log. Only for show: the server is ready when it answers, not when it says so.

Lines come cleaned: no colours, no level tag, no empty lines.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class StartupStage(Enum):
    """Stages in their usual order; a start need not show all of them."""

    process = "process"
    torch = "torch"
    device = "device"
    attention = "attention"
    version = "version"
    custom_nodes = "custom_nodes"
    database = "database"
    listening = "listening"


@dataclass(frozen=True, slots=True)
class StageReached:
    """A stage and what the log says about it."""

    stage: StartupStage
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FailedPack:
    """A custom node that could not be imported; `reason` is its own error, empty when the log does not show it."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CustomNodeImports:
    """All custom nodes of a start. `seconds` is the sum of their import times."""

    count: int
    seconds: float
    failed: tuple[FailedPack, ...] = ()

    def __str__(self) -> str:
        text = f"{self.count} custom node{'' if self.count == 1 else 's'} in {self.seconds:.1f} s"
        if not self.failed:
            return text
        names = (f"{pack.name} ({pack.reason})" if pack.reason else pack.name for pack in self.failed)
        return f"{text}; failed: {', '.join(names)}"


_IMPORT_HEAD = re.compile(r"^Import times for custom nodes:")
_IMPORT_ENTRY = re.compile(r"^\s*(\d+(?:\.\d+)?) seconds( \(IMPORT FAILED\))?: (.+)$")
_IMPORT_ERROR = re.compile(r"^Cannot import (.+?) module for custom nodes: ?(.*)$")
_CORE_FAILED = re.compile(r"^IMPORT FAILED: (\S+)$")
_NO_IMPORTS = re.compile(r"^Skipping loading of custom nodes")
_MEMORY = re.compile(r"^Total VRAM (\d+) MB, total RAM (\d+) MB")
_VRAM_STATE = re.compile(r"^Set vram state to: (\w+)")
_DEVICE = re.compile(r"^Device: (.+)$")
_SIMPLE: tuple[tuple[StartupStage, re.Pattern[str]], ...] = (
    (StartupStage.torch, re.compile(r"^pytorch version: (?P<detail>\S+)", re.IGNORECASE)),
    (
        StartupStage.attention,
        re.compile(
            r"^Using (?P<detail>(?:sage|flash|pytorch|xformers|Comfy Kitchen) attention"
            r"|(?:split|sub quadratic) optimization for attention)(?! in VAE)",
            re.IGNORECASE,
        ),
    ),
    (StartupStage.version, re.compile(r"^ComfyUI version: (?P<detail>\S+)")),
    (StartupStage.database, re.compile(r"^Context impl (?P<detail>\w+)Impl\.")),
    (StartupStage.listening, re.compile(r"^To see the GUI go to: (?P<detail>\S+)")),
)


class StartupStages:
    """Feed it line by line; each stage is told once."""

    def __init__(self) -> None:
        self.core_failures: tuple[str, ...] = ()
        """Files of ComfyUI's own extra nodes that could not be imported."""
        self._reached: set[StartupStage] = set()
        self._memory = ""
        self._vram_state = ""
        self._entries: list[tuple[float, bool, str]] | None = None
        self._reasons: dict[str, str] = {}
        self._imports: CustomNodeImports | None = None

    @property
    def custom_nodes(self) -> CustomNodeImports | None:
        """What was imported; None until the list is complete."""
        return self._imports

    def process_started(self, pid: int | None) -> tuple[StageReached, ...]:
        """The first stage, which no line shows."""
        return self._reach(StartupStage.process, "" if pid is None else f"process {pid}")

    def feed(self, line: str) -> tuple[StageReached, ...]:
        """Stages that this line completes, usually none."""
        if self._entries is not None:
            entry = _IMPORT_ENTRY.match(line)
            if entry:
                self._entries.append((float(entry.group(1)), entry.group(2) is not None, entry.group(3)))
                return ()
            return (*self._imports_complete(self._entries), *self._line(line))
        return self._line(line)

    def _line(self, line: str) -> tuple[StageReached, ...]:
        for pattern, take in self._takers():
            match = pattern.match(line)
            if match:
                return take(match)
        for stage, pattern in _SIMPLE:
            match = pattern.match(line)
            if match:
                return self._reach(stage, match["detail"])
        return ()

    def _takers(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[StageReached, ...]]], ...]:
        return (
            (_IMPORT_HEAD, self._take_import_head),
            (_IMPORT_ERROR, self._take_import_error),
            (_CORE_FAILED, self._take_core_failure),
            (_NO_IMPORTS, lambda _match: self._reach(StartupStage.custom_nodes, "switched off")),
            (_MEMORY, self._take_memory),
            (_VRAM_STATE, self._take_vram_state),
            (_DEVICE, self._take_device),
        )

    def _take_import_head(self, _match: re.Match[str]) -> tuple[StageReached, ...]:
        if self._imports is None:
            self._entries = []
        return ()

    def _take_import_error(self, match: re.Match[str]) -> tuple[StageReached, ...]:
        self._reasons[_pack_name(match.group(1))] = match.group(2).strip()
        return ()

    def _take_core_failure(self, match: re.Match[str]) -> tuple[StageReached, ...]:
        self.core_failures = (*self.core_failures, match.group(1))
        return ()

    def _take_memory(self, match: re.Match[str]) -> tuple[StageReached, ...]:
        self._memory = f"{match.group(1)} MB"
        return ()

    def _take_vram_state(self, match: re.Match[str]) -> tuple[StageReached, ...]:
        self._vram_state = match.group(1)
        return ()

    def _take_device(self, match: re.Match[str]) -> tuple[StageReached, ...]:
        known = [match.group(1).strip(), self._memory, self._vram_state]
        return self._reach(StartupStage.device, ", ".join(filter(None, known)))

    def _imports_complete(self, entries: list[tuple[float, bool, str]]) -> tuple[StageReached, ...]:
        self._entries = None
        names = (_pack_name(path) for _, failed, path in entries if failed)
        self._imports = CustomNodeImports(
            count=len(entries),
            seconds=sum(seconds for seconds, _, _ in entries),
            failed=tuple(FailedPack(name, self._reasons.get(name, "")) for name in names),
        )
        return self._reach(StartupStage.custom_nodes, str(self._imports))

    def _reach(self, stage: StartupStage, detail: str) -> tuple[StageReached, ...]:
        if stage in self._reached:
            return ()
        self._reached.add(stage)
        return (StageReached(stage, detail),)


def _pack_name(path: str) -> str:
    """Last part of a path of either system."""
    return re.split(r"[\\/]", path.strip().rstrip("\\/"))[-1]
