"""Which flags an installation really knows: asked of its own `main.py --help`, kept in a cache."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from wan22.launch.discovery import Installation
from wan22.launch.help_text import FlagSpec, flags_from_help
from wan22.launch.script_run import run_script
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.files import read_text, write_json_atomic
from wan22.system.process import child_environment

_READER = 3
"""Goes up when the reading of the help text changes, so that older cache files are read anew."""
_HELP_LIMIT_S = 60.0
_ONE_LINE_COLUMNS = "10000"
_EVERY_COMFYUI_HAS = "--port"
"""A list of flags without it is that of another program: the given Python is none, say."""


class FlagSchema(Tolerant):
    """The flags of one installation. `version`: of that ComfyUI, for messages."""

    flags: Mapping[str, FlagSpec]
    version: str | None = None

    def find(self, name: str) -> FlagSpec | None:
        """The flag called `name`, or the only one that begins so (argparse takes such short forms)."""
        if name in self.flags:
            return self.flags[name]
        longer = [spec for known, spec in self.flags.items() if known.startswith(name)]
        return longer[0] if len(longer) == 1 and name.startswith("--") and len(name) > len("--") else None


class _Stamp(Tolerant):
    """What a cached schema was read from; another stamp means that it must be read again."""

    reader: int = _READER
    main: str
    python: str
    version: str | None = None
    main_mtime_ns: int
    cli_args_mtime_ns: int | None = None


class _CacheFile(Tolerant):
    """One schema in the cache folder."""

    stamp: _Stamp
    flags: dict[str, FlagSpec] = Field(min_length=1)


def read_flag_schema(
    installation: Installation,
    cache_folder: Path | None,
    cancel: CancelToken | None = None,
    *,
    limit_s: float = _HELP_LIMIT_S,
) -> FlagSchema:
    """The flags of `installation`; well under a second, and a file read when nothing has changed since.

    A cache that cannot be read or written is passed over. Raises AppError `comfyui_help_failed`,
    `comfyui_python_unusable`, or `cancelled`.
    """
    stamp = _stamp(installation)
    path = None if cache_folder is None else cache_folder / f"flags-{_key(stamp)}.json"
    cached = None if path is None else _cached(path, stamp)
    if cached is not None:
        return cached
    text = _help_text(installation, cancel, limit_s)
    flags = flags_from_help(text)
    if _EVERY_COMFYUI_HAS not in flags:
        why = f"the answer of {installation.python} does not list ComfyUI's flags"
        raise _failed(installation, why, text.splitlines())
    if path is not None:
        _keep(path, _CacheFile(stamp=stamp, flags=flags))
    return FlagSchema(flags=flags, version=installation.version)


def _help_text(installation: Installation, cancel: CancelToken | None, limit_s: float) -> str:
    argv = (str(installation.python), *installation.python_flags, str(installation.main_file), "--help")
    plain = {"COLUMNS": _ONE_LINE_COLUMNS, "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    try:
        result = run_script(argv, installation.working_folder, child_environment(plain), limit_s=limit_s, cancel=cancel)
    except AppError as error:
        if error.problem.code != "process_start_failed":
            raise
        raise app_error(
            "comfyui_python_unusable",
            f"{installation.python} cannot be started.",
            detail=str(error),
            python=installation.python,
        ) from error
    if result.exit_code is None:
        raise _failed(installation, f"it gave no answer within {limit_s:.0f} s", result.lines)
    if result.exit_code != 0:
        raise _failed(installation, f"it ended with exit code {result.exit_code} instead of 0", result.lines)
    return "\n".join(result.lines)


def _failed(installation: Installation, why: str, lines: tuple[str, ...] | list[str]) -> AppError:
    return app_error(
        "comfyui_help_failed",
        f"{installation.main_file} was asked for its flags with --help, but {why}.",
        detail="\n".join(lines[-20:]),
        file=installation.main_file,
        python=installation.python,
    )


def _stamp(installation: Installation) -> _Stamp:
    main = _mtime_ns(installation.main_file)
    if main is None:
        raise app_error(
            "comfyui_not_found", f"{installation.main_file} is not there any more.", file=installation.main_file
        )
    return _Stamp(
        main=str(installation.main_file),
        python=str(installation.python),
        version=installation.version,
        main_mtime_ns=main,
        cli_args_mtime_ns=_mtime_ns(installation.folder / "comfy" / "cli_args.py"),
    )


def _mtime_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _key(stamp: _Stamp) -> str:
    return hashlib.sha256(json.dumps([stamp.main, stamp.python]).encode()).hexdigest()[:16]


def _cached(path: Path, stamp: _Stamp) -> FlagSchema | None:
    try:
        kept = _CacheFile.model_validate_json(read_text(path))
    except (AppError, ValidationError):
        return None
    return FlagSchema(flags=kept.flags, version=stamp.version) if kept.stamp == stamp else None


def _keep(path: Path, entry: _CacheFile) -> None:
    try:
        write_json_atomic(path, entry.model_dump(mode="json"))
    except AppError:  # a cache is not worth failing for
        return
