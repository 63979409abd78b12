"""Changing profiles: the shipped ones below, the user's own folder to write into."""

import os

from wan22.launch.profile_edit import ProfileEditor
from wan22.system.paths import data_folder, user_folders


def profile_editor() -> ProfileEditor:
    """The editor of the user's own profiles."""
    return ProfileEditor(data_folder() / "profiles", user_folders(os.environ).config / "profiles")
