"""A snapshot without personal data: it is made to be shown to strangers.

The home folder reads ~, other people's home folders lose their names, secrets of the profile's environment and of
addresses go, and so does the name of the machine. The uuid of a board stays: results belong to a board.
"""

import os
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

LEFT_OUT = "(left out)"
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE|PRIVATE|SIGNATURE|(?:^|[_-])KEYS?(?:$|[_-])|API_?KEY", re.IGNORECASE
)
_OTHER_HOMES = (
    re.compile(r"(?P<top>/(?:home|Users|media)/)[^/\s:\"'<>|]+"),
    re.compile(r"(?P<top>\b[A-Za-z]:[\\/]+Users[\\/]+)(?!Public\b)[^\\/\":'<>|]+", re.IGNORECASE),
)
_ADDRESS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_QUERY = re.compile(r"(?P<address>\b[a-z][a-z0-9+.-]*://[^\s?]+)\?\S+", re.IGNORECASE)
_SHORTEST_HOME = 4
_PLAIN_HOSTS = frozenset({"localhost", "comfyui", "windows", "linux", "ubuntu", "debian"})


class Privacy:
    """`home`: the home folder whose name is personal; `host_name`: the machine's name in its network."""

    def __init__(self, home: PurePath, host_name: str) -> None:
        homes = {str(home), os.path.realpath(home)}
        spelled = {one for path in homes for one in (path, path.replace("\\", "/"))}
        long = sorted((one for one in spelled if len(one) >= _SHORTEST_HOME), key=len, reverse=True)
        ends = r"(?=$|[\\/\s:;,\"'<>|)\]])"
        words = "|".join(re.escape(one).replace(r"\\", r"\\{1,2}") for one in long)
        is_windows = any("\\" in one for one in long)
        self._home = re.compile(rf"(?<![\w.~-])(?:{words}){ends}", re.IGNORECASE if is_windows else 0) if long else None
        self._host = None
        if len(host_name) > 2 and host_name.lower() not in _PLAIN_HOSTS:
            self._host = re.compile(rf"(?<![\w.-]){re.escape(host_name)}(?![\w-])", re.IGNORECASE)

    def text(self, text: str) -> str:
        """`text` without names of people and without passwords in addresses."""
        if self._home is not None:
            text = self._home.sub("~", text)
        for pattern in _OTHER_HOMES:
            text = pattern.sub(lambda found: f"{found['top']}…", text)
        text = _ADDRESS.sub(lambda found: f"{found['scheme']}…@", text)
        return _QUERY.sub(lambda found: f"{found['address']}?…", text)

    def setting(self, name: str, value: str) -> str:
        """The value of a flag or variable, or that it was left out because its name speaks of a secret."""
        return LEFT_OUT if _SECRET_NAME.search(name) else self.text(value)

    def message(self, text: str) -> str:
        """As `text`, for words of other programs, which may name the machine."""
        text = self.text(text)
        return self._host.sub("(this machine)", text) if self._host is not None else text

    def document(self, value: Any, *, is_message: bool = False) -> Any:
        """A whole document of JSON, every text in it treated; what stands under `problems` as messages."""
        if isinstance(value, str):
            return self.message(value) if is_message else self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(key): self.document(one, is_message=is_message or key in ("problems", "reasons", "error"))
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.document(one, is_message=is_message) for one in value]
        return value
