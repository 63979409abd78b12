"""Values of Windows' registry, below HKEY_LOCAL_MACHINE."""

import sys
from collections.abc import Callable

ReadRegistry = Callable[[str, str], str | int | None]
"""Key below HKEY_LOCAL_MACHINE, name of the value → the value; None when there is none."""


def read_machine_registry(key: str, name: str) -> str | int | None:
    """A text or a number of the registry; None when it is not there, is something else, or this is no Windows."""
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - only Windows has it

        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, access) as opened:
                value, _ = winreg.QueryValueEx(opened, name)
        except OSError:
            return None
        return value if isinstance(value, str | int) else None
    return None
