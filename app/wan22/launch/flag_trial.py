"""ComfyUI itself is asked whether it would take the flags: `main.py FLAGS --help` judges them and starts nothing."""

import re
from collections.abc import Sequence

from wan22.launch.discovery import Installation
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.flag_use import FlagUse, Origin, known_flags
from wan22.launch.launch_args import flag_values
from wan22.launch.profile_check import SettingComplaint
from wan22.launch.script_run import run_script
from wan22.schema.profile import Profile
from wan22.system.cancel import CancelToken
from wan22.system.process import child_environment

_LIMIT_S = 30.0
_REFUSED = 2
_ERROR = re.compile(r"error: (?:argument (?P<flags>--\S+): )?(?P<words>.+)")


def profile_flags(profile: Profile) -> tuple[FlagUse, ...]:
    """The flags that a profile gives, in its order."""
    given = ((name, flag_values(setting.value)) for name, setting in profile.flags.items())
    return tuple(FlagUse(name, values, Origin.profile) for name, values in given if values is not None)


def try_profile(
    profile: Profile, installation: Installation, schema: FlagSchema, cancel: CancelToken | None = None
) -> SettingComplaint | None:
    """The first thing that ComfyUI's own reader of flags says against the profile; None when it takes all.

    Values of the wrong type are only known to it. Flags that it does not know are left out, as at a real start.
    Raises AppError `process_start_failed`, `cancelled`.
    """
    flags, _ = known_flags(profile_flags(profile), schema)
    words = [word for flag in flags for word in flag.words]
    return try_words(words, installation, cancel)


def try_words(
    words: Sequence[str], installation: Installation, cancel: CancelToken | None = None
) -> SettingComplaint | None:
    """As `try_profile`, for flags as words."""
    argv = (str(installation.python), *installation.python_flags, str(installation.main_file), *words, "--help")
    plain = {"COLUMNS": "10000", "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    result = run_script(argv, installation.working_folder, child_environment(plain), limit_s=_LIMIT_S, cancel=cancel)
    if result.exit_code != _REFUSED:
        return None
    said = next((match for line in reversed(result.lines) if (match := _ERROR.search(line))), None)
    if said is None:
        return SettingComplaint("flags", "ComfyUI refuses these flags.")
    flag = (said["flags"] or "").partition("/")[0]
    return SettingComplaint(flag or "flags", f"ComfyUI itself says: {said['words'].rstrip('.')}.")
