"""How long a server usually takes to start, from the starts that this window has seen."""

import hashlib
from statistics import median

from PySide6.QtCore import QSettings

from wan22.wiring.desk import ServerChoice

KEPT = 5
_GROUP = "run/startup"


class StartupTimes:
    """Kept in the window's memory, apart for each ComfyUI and profile."""

    def __init__(self, memory: QSettings) -> None:
        self._memory = memory

    def add(self, choice: ServerChoice, seconds: float) -> None:
        """Keep one more; the oldest goes."""
        kept = [*self._seconds(choice), seconds][-KEPT:]
        self._memory.setValue(_key(choice), " ".join(f"{one:.2f}" for one in kept))

    def usual_s(self, choice: ServerChoice) -> float | None:
        """The median; None when no start was seen yet."""
        found = self._seconds(choice)
        return median(found) if found else None

    def _seconds(self, choice: ServerChoice) -> list[float]:
        try:
            return [float(word) for word in str(self._memory.value(_key(choice), "")).split()]
        except ValueError:  # the file can be edited by hand
            return []


def _key(choice: ServerChoice) -> str:
    settings = choice.settings
    who = repr((choice.demo, settings.comfyui, settings.python, settings.profile))
    return f"{_GROUP}/{hashlib.sha256(who.encode()).hexdigest()[:12]}"
