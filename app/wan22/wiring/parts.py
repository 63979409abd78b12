"""What every command shares: clock, bus, folders, settings, profiles."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wan22.launch.profile_store import ProfileStore
from wan22.schema.settings import Settings
from wan22.system.bus import Bus
from wan22.system.clock import Clock, SystemClock
from wan22.system.paths import UserFolders, data_folder, user_folders
from wan22.system.settings_file import load_settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What every long command shares."""

    clock: Clock
    bus: Bus
    folders: UserFolders


def parts() -> Parts:
    """The machine's clock, a bus, and the user's folders."""
    clock = SystemClock()
    return Parts(clock, Bus(clock), user_folders(os.environ))


def settings(overrides: Mapping[str, Any], *, choice: Sequence[str] = ()) -> Settings:
    """Settings in force: defaults < file < environment < `overrides`.

    `choice` names options that exclude each other: one of them in `overrides` clears the others from below.
    """
    folders = user_folders(os.environ)
    found = load_settings(folders.config / "settings.toml", os.environ, overrides)
    given = [name for name in choice if overrides.get(name) is not None]
    cleared = {name: None for name in choice if given and name not in given}
    return found.model_copy(update=cleared)


def runs_folder(chosen: Settings | None = None) -> Path:
    """Where run folders are."""
    chosen = chosen or settings({})
    return (chosen.output or user_folders(os.environ).data / "runs").absolute()


def sample_image() -> Path:
    """The start image that comes with the program."""
    return data_folder() / "resources" / "start_image.png"


def profile_store() -> ProfileStore:
    """Shipped profiles under the user's overlays."""
    return ProfileStore(data_folder() / "profiles", user_folders(os.environ).config / "profiles")
