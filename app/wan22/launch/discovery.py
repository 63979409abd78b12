"""Where a ComfyUI lives and which Python runs it."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wan22.launch.git_commit import commit_of
from wan22.launch.script_run import run_script
from wan22.schema.frozen import Tolerant
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken
from wan22.system.process import child_environment

Layout = Literal["checkout", "portable", "given"]

PORTABLE_PYTHON = "python_embeded"  # the spelling of the Windows portable
_ENVIRONMENT_FOLDERS = (".venv", "venv", "env", ".env", "conda", ".conda", "standalone-env")
_SIGNS_OF_COMFYUI = ("comfyui_version.py", "comfy", "nodes.py", "execution.py")
_VERSION = re.compile(r"""^__version__\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_FACTS_MARK = "wan22-python-facts "
_PROBE_LIMIT_S = 120.0
_PROBE = f"""
import json, sys
facts = {{"executable": sys.executable, "version": "%d.%d.%d" % sys.version_info[:3]}}
try:
    import torch
    facts["torch_version"] = str(torch.__version__)
    facts["torch_cuda"] = torch.version.cuda
    facts["cuda_available"] = bool(torch.cuda.is_available())
except ModuleNotFoundError as error:
    if error.name != "torch":
        facts["torch_error"] = str(error)
except Exception as error:
    facts["torch_error"] = type(error).__name__ + ": " + str(error)
print({_FACTS_MARK!r} + json.dumps(facts), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A ComfyUI that can be started. `folder` holds main.py; `notices` say what had to be guessed.

    `python` is the path as found: a venv's python is a link to another one and must not be followed.
    """

    folder: Path
    python: Path
    layout: Layout
    working_folder: Path
    python_flags: tuple[str, ...] = ()
    version: str | None = None
    commit: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def main_file(self) -> Path:
        """ComfyUI's main.py."""
        return self.folder / "main.py"


class PythonFacts(Tolerant):
    """What ComfyUI's Python says of itself. `torch_version` None: no torch; `torch_error`: torch does not load."""

    executable: str
    version: str
    torch_version: str | None = None
    cuda_available: bool | None = None
    torch_cuda: str | None = None
    torch_error: str | None = None


def find_installation(
    folder: Path,
    python: Path | None = None,
    *,
    platform: str = sys.platform,
    environment: Mapping[str, str] | None = None,
) -> Installation:
    """The ComfyUI in `folder`: the folder with main.py, main.py itself, or the portable's top folder.

    `environment` (default: ours) is only asked for an active conda environment and for PATH, when nothing else is
    found. Raises AppError `comfyui_not_found` or `comfyui_python_not_found`; the details name what was looked for.
    """
    main_folder = _main_folder(folder.expanduser().absolute())
    portable = main_folder.parent / PORTABLE_PYTHON
    embedded = _python_in(portable, platform)
    notices: tuple[str, ...] = ()
    layout: Layout = "checkout"
    if python is not None:
        found, layout = _given_python(python.expanduser(), platform), "given"
    elif embedded is not None:
        found, layout = embedded, "portable"
    else:
        found, notices = _own_python(main_folder, platform, os.environ if environment is None else environment)
    if embedded is not None and found.parent == embedded.parent:
        layout = "portable"
    return Installation(
        folder=main_folder,
        python=found,
        layout=layout,
        working_folder=main_folder.parent if layout == "portable" else main_folder,
        python_flags=("-s",) if layout == "portable" else (),
        version=version_of(main_folder),
        commit=commit_of(main_folder),
        notices=notices,
    )


def version_of(folder: Path) -> str | None:
    """The version that comfyui_version.py names, read as text; None for one that is too old to have the file."""
    try:
        text = (folder / "comfyui_version.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = _VERSION.search(text)
    return match.group(1) if match else None


def candidate_folders(home: Path, environment: Mapping[str, str], platform: str) -> tuple[Path, ...]:
    """Usual places that hold a ComfyUI on this machine, the likeliest first. Cheap: no search through the disk."""
    found: dict[Path, Path] = {}
    for place in _usual_places(home, environment, platform):
        if _holds_comfyui(place):
            found.setdefault(place.resolve(), place)
    return tuple(found.values())


def probe_python(
    installation: Installation, cancel: CancelToken | None = None, *, limit_s: float = _PROBE_LIMIT_S
) -> PythonFacts:
    """Ask ComfyUI's Python for its version and its torch; takes seconds because torch is imported.

    Raises AppError `comfyui_python_unusable`, or `cancelled`.
    """
    python = installation.python
    try:
        result = run_script(
            (str(python), *installation.python_flags, "-c", _PROBE),
            installation.working_folder,
            child_environment(),
            limit_s=limit_s,
            cancel=cancel,
        )
    except AppError as error:
        if error.problem.code != "process_start_failed":
            raise
        raise app_error(
            "comfyui_python_unusable", f"{python} cannot be started.", detail=str(error), python=python
        ) from error
    for line in result.lines:
        if line.startswith(_FACTS_MARK):
            return PythonFacts.model_validate(json.loads(line.removeprefix(_FACTS_MARK)))
    how = f"gave no answer within {limit_s:.0f} s" if result.exit_code is None else f"ended with {result.exit_code}"
    raise app_error(
        "comfyui_python_unusable",
        f"{python} should have told its version, but {how}.",
        detail="\n".join(result.lines[-20:]),
        python=python,
    )


def _main_folder(folder: Path) -> Path:
    if folder.name == "main.py" and folder.is_file():
        folder = folder.parent
    for place in (folder, folder / "ComfyUI"):
        if _is_main_folder(place):
            return place
    looked_for = [str(folder / "main.py"), str(folder / "ComfyUI" / "main.py")]
    if not folder.exists():
        message = f"The folder {folder} does not exist."
    elif (folder / "main.py").is_file():
        message = f"{folder} holds a main.py, but it is not ComfyUI's: none of its other files are there."
        looked_for = [str(folder / name) for name in _SIGNS_OF_COMFYUI]
    else:
        message = f"No ComfyUI was found in {folder}: it holds no main.py, and no ComfyUI folder with one."
    raise app_error("comfyui_not_found", message, detail=_looked_for(looked_for), folder=folder)


def _is_main_folder(folder: Path) -> bool:
    return (folder / "main.py").is_file() and any((folder / sign).exists() for sign in _SIGNS_OF_COMFYUI)


def _holds_comfyui(folder: Path) -> bool:
    try:
        return _is_main_folder(folder) or _is_main_folder(folder / "ComfyUI")
    except OSError:  # a drive that is not ready
        return False


def _python_names(platform: str) -> tuple[str, ...]:
    if platform == "win32":
        return ("Scripts/python.exe", "python.exe")
    return ("bin/python", "bin/python3")


def _python_in(folder: Path, platform: str) -> Path | None:
    """The python of a venv, conda or embedded folder, not followed when it is a link."""
    for name in _python_names(platform):
        if (folder / name).is_file():
            return folder / name
    return None


def _given_python(python: Path, platform: str) -> Path:
    path = python.absolute()
    if path.is_dir():
        inside = _python_in(path, platform)
        if inside is not None:
            return inside
        looked_for = [str(path / name) for name in _python_names(platform)]
        message = f"The folder {path} holds no Python."
    elif path.is_file():
        return path
    else:
        looked_for, message = [str(path)], f"There is no Python at {path}."
    raise app_error("comfyui_python_not_found", message, detail=_looked_for(looked_for), python=path)


def _own_python(folder: Path, platform: str, environment: Mapping[str, str]) -> tuple[Path, tuple[str, ...]]:
    """The Python that belongs to the checkout in `folder`, and what to say about the choice."""
    looked_for: list[str] = []
    found: list[Path] = []
    for place in (*(folder / name for name in _ENVIRONMENT_FOLDERS), folder.parent / PORTABLE_PYTHON):
        python = _python_in(place, platform)
        if python is not None:
            found.append(python)
            continue
        broken = any((place / name).is_symlink() for name in _python_names(platform))
        looked_for.append(f"{place}{' (its Python is a link that leads nowhere)' if broken else ''}")
    if found:
        others = [str(python) for python in found[1:]]
        notice = f"{found[0]} was taken; there is also {', '.join(others)}. Choose another one with --python."
        return found[0], (notice,) if others else ()
    for origin, python in _guesses(environment, platform):
        notice = f"{folder} has no environment of its own: {python} from {origin} is used. Choose with --python."
        return python, (notice,)
    looked_for.append("the active conda environment")
    looked_for.append("PATH")
    raise app_error(
        "comfyui_python_not_found",
        f"No Python was found for the ComfyUI in {folder}.",
        detail=_looked_for(looked_for),
        folder=folder,
    )


def _guesses(environment: Mapping[str, str], platform: str) -> Iterator[tuple[str, Path]]:
    """Pythons that are not ComfyUI's for sure; never the one this program itself runs in."""
    own = (Path(sys.prefix), Path(sys.executable).parent)
    conda = environment.get("CONDA_PREFIX")
    if conda and Path(conda) not in own:
        python = _python_in(Path(conda), platform)
        if python is not None:
            yield "the active conda environment", python
    names = ("python.exe",) if platform == "win32" else ("python3", "python")
    for entry in environment.get("PATH", environment.get("Path", "")).split(os.pathsep):
        place = Path(entry)
        # Windows keeps a python.exe there that only opens its shop.
        if not entry or place in own or place.name == "WindowsApps":
            continue
        for name in names:
            if (place / name).is_file():
                yield "PATH", place / name


def _usual_places(home: Path, environment: Mapping[str, str], platform: str) -> Iterator[Path]:
    for name in ("COMFYUI_PATH", "COMFYUI_FOLDERS_BASE_PATH"):
        if environment.get(name):
            yield Path(environment[name])
    names = ("ComfyUI", "comfyui", "ComfyUI_windows_portable", "comfy/ComfyUI", "StabilityMatrix/Packages/ComfyUI")
    parents = [home, *(home / name for name in ("Documents", "Desktop", "Downloads", "AI", "ai", "src", "git"))]
    if platform == "win32":
        yield from _windows_places(environment)
        drives = {f"{environment.get('SystemDrive', 'C:')}\\", "C:\\", "D:\\", "E:\\"}
        parents += [Path(drive) / name for drive in sorted(drives) for name in ("", "AI")]
    else:
        yield from (home / ".local/share/StabilityMatrix/Packages/ComfyUI", home / "pinokio/api/comfy.git/app")
        parents += [Path("/opt"), Path("/srv"), Path("/workspace")]
    for parent in parents:
        yield from (parent / name for name in names)


def _windows_places(environment: Mapping[str, str]) -> Iterator[Path]:
    local, roaming = environment.get("LOCALAPPDATA"), environment.get("APPDATA")
    if local:
        installs = Path(local) / "Comfy-Desktop" / "ComfyUI-Installs"
        if installs.is_dir():
            yield from sorted(place for place in installs.iterdir() if place.is_dir())
    if roaming:
        yield Path(roaming) / "StabilityMatrix" / "Packages" / "ComfyUI"
    yield Path("C:\\pinokio\\api\\comfy.git\\app")


def _looked_for(places: list[str]) -> str:
    return "Looked for:\n" + "\n".join(places)
