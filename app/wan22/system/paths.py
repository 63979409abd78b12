"""Where things are: the data that comes with the program, and the user's own folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import platformdirs

import wan22

HOME_VARIABLE = "WAN22_HOME"
"""Environment variable that moves all of the user's folders under one (portable use, tests)."""
_APP_NAME = "wan22-panel"


class UserFolders(NamedTuple):
    """The user's folders. None is made by asking for its path."""

    config: Path
    data: Path
    state: Path
    cache: Path
    log: Path


def data_folder() -> Path:
    """The folder that holds profiles/ and workflows/: inside the package, else the source checkout's top.

    Raises AppError `file_unreadable` when the program was installed without them.
    """
    return data_folder_of(Path(wan22.__file__).parent)


def data_folder_of(package: Path) -> Path:
    """As `data_folder`, for a given package folder."""
    packaged = package / "_data"
    if packaged.is_dir():
        return packaged
    checkout = package.parent.parent
    if (checkout / "profiles").is_dir() and (checkout / "workflows").is_dir():
        return checkout
    from wan22.schema.problem import app_error  # noqa: PLC0415 - the window looks for its fonts before it loads shapes

    raise app_error(
        "file_unreadable",
        f"The profiles and workflows that belong to this program are missing: {packaged} does not exist.",
        hint="Install the program again.",
        path=packaged,
    )


def user_folders(environment: Mapping[str, str]) -> UserFolders:
    """The system's usual folders, or those under WAN22_HOME if `environment` names one."""
    home = environment.get(HOME_VARIABLE, "").strip()
    if home:
        top = Path(home).expanduser().absolute()
        return UserFolders(top / "config", top / "data", top / "state", top / "cache", top / "log")
    usual = platformdirs.PlatformDirs(_APP_NAME, appauthor=False)
    return UserFolders(
        config=usual.user_config_path,
        data=usual.user_data_path,
        state=usual.user_state_path,
        cache=usual.user_cache_path,
        log=usual.user_log_path,
    )
