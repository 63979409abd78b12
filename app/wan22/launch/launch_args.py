"""From a profile and an installation to the exact command, folder and environment of a ComfyUI."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.discovery import Installation
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.flag_use import FlagUse, Origin, flags_from_words, full_names, known_flags, without_conflicts
from wan22.schema.problem import app_error
from wan22.schema.profile import FlagValue, Profile
from wan22.schema.version import version_tuple
from wan22.system.process import child_environment

LOOPBACK = ("127.0.0.1", "localhost")
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}
OURS = ("--port", "--listen", "--auto-launch", "--disable-auto-launch")
"""Flags that the start itself decides."""
_ALLOCATOR_VARIABLES = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
_TELLING_VARIABLES = (
    *_ALLOCATOR_VARIABLES,
    "CUDA_VISIBLE_DEVICES",
    "CUDA_LAUNCH_BLOCKING",
    "TORCH_COMPILE_DISABLE",
    "PYTORCH_NO_CUDA_MEMORY_CACHING",
)
_FIRST_GPU_ONLY_SINCE = (0, 26)
"""ComfyUI on Windows shows itself only the first GPU in versions after 0.25 unless one is named."""


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A ComfyUI process to be. `environment` is whole, `added_environment` only what the profile adds.

    `url` is where to ask it, also when it listens everywhere. `notices` say what was left out or changed and why.
    `needed_folders` must exist when it starts: ComfyUI refuses a user folder that is not there.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    added_environment: Mapping[str, str]
    url: str
    host: str
    port: int
    main_file: Path
    notices: tuple[str, ...] = ()
    profile_name: str | None = None
    needed_folders: tuple[Path, ...] = ()

    @property
    def server_argv(self) -> tuple[str, ...]:
        """`sys.argv` as the server itself sees and tells it: main.py and what follows."""
        return self.argv[self.argv.index(str(self.main_file)) :]


def launch_plan(
    profile: Profile,
    installation: Installation,
    schema: FlagSchema | None,
    host: str,
    port: int,
    extra_flags: Sequence[str],
    base_environment: Mapping[str, str],
    *,
    output_directory: Path | None = None,
    input_directory: Path | None = None,
    user_directory: Path | None = None,
    platform: str = sys.platform,
) -> LaunchPlan:
    """The command that starts `installation` as `profile` says, with `extra_flags` on top.

    With a `schema`, flags that this ComfyUI does not know are left out with a notice; without one all are given.
    Raises AppError `bad_argument` when the extra flags hold an impossible port.
    """
    folders = {
        "--output-directory": output_directory,
        "--input-directory": input_directory,
        "--user-directory": user_directory,
    }
    person, notices = flags_from_words(extra_flags, Origin.person)
    host, port, person = _address(host, port, full_names(person, schema))
    wanted = [*_program_flags(host, port, folders), *_profile_flags(profile), *person]
    wanted, more = _without_ours(wanted)
    notices += more
    if schema is None:
        notices.append("ComfyUI was not asked which flags it knows: all are given as they are.")
    else:
        wanted, more = known_flags(wanted, schema)
        notices += more
    flags, more = without_conflicts(wanted, schema)
    notices += more

    added = {name: _text(setting.value) for name, setting in profile.environment.items()}
    environment = _environment(added, base_environment, installation, platform)
    notices += _environment_notices(environment, added, flags, installation, platform)
    return LaunchPlan(
        argv=_argv(installation, flags),
        cwd=installation.working_folder,
        environment=environment,
        added_environment=added,
        url=_url(host, port, flags),
        host=host,
        port=port,
        main_file=installation.main_file,
        notices=tuple(dict.fromkeys(notices)),
        profile_name=profile.name,
        needed_folders=tuple(path.absolute() for path in folders.values() if path is not None),
    )


def flag_values(value: FlagValue) -> tuple[str, ...] | None:
    """The words behind a flag whose setting is `value`; None when the flag is not given at all."""
    if value is False:
        return None
    if value is True:
        return ()
    return value if isinstance(value, tuple) else (_text(value),)


def _program_flags(host: str, port: int, folders: Mapping[str, Path | None]) -> list[FlagUse]:
    """What this program decides: where to listen, no browser, and the folders it was given."""
    flags = [FlagUse("--port", (str(port),), Origin.program)]
    if host not in LOOPBACK:
        flags.append(FlagUse("--listen", (host,), Origin.program))
    flags.append(FlagUse("--disable-auto-launch", (), Origin.program))
    given = {name: path for name, path in folders.items() if path is not None}
    return [*flags, *(FlagUse(name, (str(path.absolute()),), Origin.program) for name, path in given.items())]


def _profile_flags(profile: Profile) -> list[FlagUse]:
    given = ((name, flag_values(setting.value)) for name, setting in profile.flags.items())
    return [FlagUse(name, values, Origin.profile) for name, values in given if values is not None]


def _text(value: FlagValue) -> str:
    return value if isinstance(value, str) else str(value)


def _argv(installation: Installation, flags: Sequence[FlagUse]) -> tuple[str, ...]:
    words = (word for flag in flags for word in flag.words)
    return (str(installation.python), *installation.python_flags, str(installation.main_file), *words)


def _address(host: str, port: int, person: Sequence[FlagUse]) -> tuple[str, int, list[FlagUse]]:
    """Host and port after `--listen` and `--port` of the extra flags, and the flags without them."""
    rest: list[FlagUse] = []
    for flag in person:
        if flag.name == "--listen":
            host = flag.values[0] if flag.values else "0.0.0.0,::"
        elif flag.name == "--port":
            port = _port(flag)
        else:
            rest.append(flag)
    return host, port, rest


def _port(flag: FlagUse) -> int:
    if len(flag.values) == 1 and flag.values[0].isdecimal() and 1 <= int(flag.values[0]) <= 65535:
        return int(flag.values[0])
    raise app_error(
        "bad_argument", f"--port needs a number from 1 to 65535, not '{' '.join(flag.values)}'.", argument="--port"
    )


def _without_ours(flags: Sequence[FlagUse]) -> tuple[list[FlagUse], list[str]]:
    """Drop what this program decides itself when somebody else says it too."""
    kept: list[FlagUse] = []
    notices: list[str] = []
    for flag in flags:
        if flag.origin is Origin.program or flag.name not in OURS:
            kept.append(flag)
        elif flag.name != "--disable-auto-launch":
            notices.append(f"{flag} from {flag.origin.value} is left out: this program sets it.")
    return kept, notices


def _url(host: str, port: int, flags: Sequence[FlagUse]) -> str:
    names = {flag.name for flag in flags}
    scheme = "https" if {"--tls-keyfile", "--tls-certfile"} <= names else "http"
    first = host.partition(",")[0].strip().strip("[]")
    address = _EVERYWHERE.get(first, f"[{first}]" if ":" in first else first)
    return f"{scheme}://{'127.0.0.1' if address == 'localhost' else address}:{port}"


def _environment(
    added: Mapping[str, str], base: Mapping[str, str], installation: Installation, platform: str
) -> dict[str, str]:
    environment = child_environment(added, base)
    folder = installation.python.parent
    if platform == "win32" and (folder / "conda-meta").is_dir():
        # The libraries of a conda environment are only found when it is active, or by this.
        path = next((name for name in environment if name.upper() == "PATH"), "PATH")
        environment[path] = ";".join(filter(None, [str(folder / "Library" / "bin"), environment.get(path, "")]))
    return environment


def _environment_notices(
    environment: Mapping[str, str],
    added: Mapping[str, str],
    flags: Sequence[FlagUse],
    installation: Installation,
    platform: str,
) -> list[str]:
    names = {flag.name for flag in flags}
    notices = [
        f"{name}={environment[name]} is inherited from the environment of this program."
        for name in _TELLING_VARIABLES
        if name in environment and name not in added
    ]
    notices += [
        f"{name}: expandable_segments is not supported on Windows; torch passes it over."
        for name in _ALLOCATOR_VARIABLES
        if platform == "win32" and "expandable_segments" in environment.get(name, "")
    ]
    picked = {"--cuda-device", "--default-device"} & names
    if picked and "CUDA_VISIBLE_DEVICES" in environment:
        notices.append(f"ComfyUI overwrites CUDA_VISIBLE_DEVICES because of {', '.join(sorted(picked))}.")
    nothing_picked = not picked and "CUDA_VISIBLE_DEVICES" not in environment and "--cpu" not in names
    if platform == "win32" and nothing_picked and (version_tuple(installation.version) or ()) >= _FIRST_GPU_ONLY_SINCE:
        notices.append("This ComfyUI uses only the first GPU on Windows; --cuda-device picks another one.")
    return notices
