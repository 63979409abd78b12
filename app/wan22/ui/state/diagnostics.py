"""What a report about the panel needs: versions, GPUs, settings; without secrets and without the user's name."""

import platform
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import PySide6
from pydantic import BaseModel
from PySide6.QtCore import qVersion

import wan22
from wan22.system.paths import UserFolders
from wan22.system.settings_file import SettingOrigin
from wan22.ui.state.gpu_history import GIB, GpuHistory
from wan22.ui.state.server_facts import short_path
from wan22.ui.state.setting_field import text_of


def diagnostics(
    settings: BaseModel,
    origins: Mapping[str, SettingOrigin],
    history: GpuHistory,
    folders: UserFolders,
    server: str,
    *,
    home: Path,
) -> str:
    """The text for the clipboard. `server`: the sentence about it."""
    lines = [
        f"Wan 2.2 control panel {wan22.__version__}",
        f"Python {platform.python_version()} ({platform.machine()})",
        f"Qt {qVersion()}, PySide6 {PySide6.__version__}",
        f"System {platform.platform()}",
        f"GPU driver {history.driver_version or 'unknown'}{' (SIMULATED)' if history.simulated else ''}",
    ]
    lines += [f"GPU {gpu}: {_board(history, gpu)}" for gpu in history.gpus] or ["GPU: none is read"]
    lines += [f"Server: {without_secret(server)}", "Settings:"]
    for key in type(settings).model_fields:
        origin = origins.get(key)
        said = "default" if origin is None else origin.variable or origin.kind
        lines.append(f"  {key} = {_plain(getattr(settings, key), home)} ({said})")
    lines += [f"Folder {name}: {short_path(path, home)}" for name, path in folders._asdict().items()]
    return "\n".join(lines) + "\n"


def without_secret(text: str) -> str:
    """Addresses in a text without name, password and whatever follows the `?`."""
    return " ".join(_clean(word) for word in text.split(" "))


def _clean(word: str) -> str:
    if "://" not in word:
        return word
    try:
        parts = urlsplit(word)
    except ValueError:
        return "(an address that is not valid)"
    host = parts.netloc.rpartition("@")[2]
    hidden = f"…@{host}" if "@" in parts.netloc else host
    return urlunsplit((parts.scheme, hidden, parts.path, "…" if parts.query else "", ""))


def _plain(value: object, home: Path) -> str:
    if isinstance(value, Path):
        return short_path(value, home)
    return "not set" if value is None else without_secret(value) if isinstance(value, str) else text_of(value)


def _board(history: GpuHistory, gpu: int) -> str:
    info = history.infos.get(gpu)
    if info is None:
        return "unknown"
    memory = f", {info.memory_total_bytes / GIB:.1f} GiB" if info.memory_total_bytes is not None else ""
    return f"{info.name}{memory}"
