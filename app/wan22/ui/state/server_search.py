"""Finding a ComfyUI for somebody who starts the first time: on this machine, in a folder, at an address."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from wan22.comfy.http import parse_server_url
from wan22.launch.discovery import candidate_folders, find_installation, version_of
from wan22.schema.problem import Problem
from wan22.system.clock import Clock
from wan22.ui.state.asking import Asking, Work
from wan22.ui.state.window_hint import window_hint
from wan22.wiring.server import client_of

ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class FoundFolder:
    """A folder that holds a ComfyUI; `version` None when it does not say."""

    folder: Path
    version: str | None


class ServerSearch(QObject):
    """`found` tells the folders there are. `chosen_folder` and `chosen_url` tell what was checked and works."""

    found = Signal(object)
    chosen_folder = Signal(object)
    chosen_url = Signal(object)
    refused = Signal(str)

    def __init__(self, work: Work, clock: Clock, parent: QObject) -> None:
        super().__init__(parent)
        self._clock = clock
        self._search = Asking(work, "comfyui-search", self)
        self._search.answered.connect(self.found)
        self._folder = Asking(work, "comfyui-folder", self)
        self._folder.answered.connect(self.chosen_folder)
        self._address = Asking(work, "comfyui-address", self)
        self._address.answered.connect(self.chosen_url)
        for asking in (self._search, self._folder, self._address):
            asking.refused.connect(self._refused)

    def search(self) -> None:
        """Look in the usual places of this machine."""
        self._search.ask(lambda _cancel: found_folders())

    def check_folder(self, folder: Path) -> None:
        """See whether a ComfyUI can be started from there."""
        self._address.forget()
        self._folder.ask(lambda _cancel: _startable(folder))

    def check_url(self, text: str) -> None:
        """See whether a ComfyUI answers there."""
        self._folder.forget()
        clock = self._clock
        self._address.ask(lambda _cancel: _answering(text, clock))

    def _refused(self, problem: Problem) -> None:
        self.refused.emit(f"{problem.message} {window_hint(problem.hint)}".strip())


def found_folders() -> tuple[FoundFolder, ...]:
    """The ComfyUI folders in the usual places, the likeliest first."""
    folders = candidate_folders(Path.home(), os.environ, sys.platform)
    return tuple(FoundFolder(folder, version_of(folder) or version_of(folder / "ComfyUI")) for folder in folders)


def _startable(folder: Path) -> Path:
    find_installation(folder)
    return folder


def _answering(text: str, clock: Clock) -> str:
    url = parse_server_url(text)
    client_of(url, clock).stats(timeout_s=ANSWER_LIMIT_S)
    return url
