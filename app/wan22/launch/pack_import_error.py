"""Why a node pack did not load, from the lines that ComfyUI writes when it starts."""

import re
from collections.abc import Iterator, Sequence

from wan22.schema.node_pack import ImportFailure
from wan22.system.line_text import clean_line, strip_level_tag

_CANNOT = re.compile(r"^Cannot import (?P<path>.+?) module for custom nodes: ?(?P<error>.*)$")
_OTHERS = (
    (re.compile(r"^Error while calling comfy_entrypoint in (?P<path>.+?): (?P<error>.*)$"), ""),
    (
        re.compile(r"^Skip (?P<path>.+?) module for custom nodes due to the lack of "),
        "It is no node pack: it has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint.",
    ),
    (
        re.compile(r"^Skipping (?P<path>.+?) due to disable_all_custom_nodes"),
        "ComfyUI was started with --disable-all-custom-nodes.",
    ),
    (re.compile(r"^Blocked by policy: (?P<path>.+)$"), "The Manager's policy does not let it load."),
)
_FAILED = re.compile(r"^\s*[\d.]+ seconds \(IMPORT FAILED\): (?P<path>.+)$")
_TIMED = re.compile(r"^\s*[\d.]+ seconds(?: \(IMPORT FAILED\))?: (?P<path>.+)$")
_STARTS = re.compile(r"^Traceback \(most recent call last\):")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+ - ")
_LAST = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)?(?:: .*)?$")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_MAX_TRACE = 200
_DISTRIBUTION = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
_OURS = frozenset({"comfy", "nodes", "folder_paths", "execution", "server", "comfy_extras", "comfy_api", "utils"})
_TORCH = frozenset({"torch", "torchvision", "torchaudio"})


def import_failures(lines: Sequence[str]) -> tuple[ImportFailure, ...]:
    """Packs that did not load at this start, in order. `lines`: the log from the start of the server on."""
    clean = [_plain(line) for line in lines]
    found: dict[str, ImportFailure] = {}
    for number, line in enumerate(clean):
        cannot = _CANNOT.match(line)
        if cannot is not None:
            trace = _trace_before(clean, number)
            found[cannot["path"]] = _failure(cannot["path"], _error_of(trace, cannot["error"]), trace)
        elif (other := _other(line)) is not None:
            found.setdefault(other.path, other)
        elif (failed := _FAILED.match(line)) is not None and failed["path"] not in found:
            found[failed["path"]] = _failure(failed["path"], "", ())
    return tuple(found.values())


def imported_folders(lines: Sequence[str]) -> tuple[str, ...]:
    """Names below custom_nodes that were tried, loaded or not; empty when the log does not reach back so far."""
    matches = (_TIMED.match(_plain(line)) for line in lines)
    return tuple(pack_name(match["path"]) for match in matches if match is not None)


def pack_name(path: str) -> str:
    """The last part of a path of either system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1].removesuffix(".py")


def failure_of(failures: Sequence[ImportFailure], name: str) -> ImportFailure | None:
    """The failure of the pack in the folder `name`; None when it had none."""
    return next((one for one in failures if pack_name(one.path).casefold() == name.casefold()), None)


def import_hint(error: str, pack: str) -> str:
    """What can be done about the last line of a trace; empty when nothing is known."""
    missing = _NO_MODULE.search(error)
    if missing is not None:
        return _missing_module_hint(missing[1], pack)
    name = _NO_NAME.search(error)
    if name is not None and name[2].partition(".")[0] in _OURS:
        return "The pack was written for another version of ComfyUI: update one of the two."
    if name is not None:
        return f"It was written for another version of {name[2].partition('.')[0]}."
    for sign, hint in _HINTS:
        if sign in error:
            return hint
    return ""


_HINTS = (
    ("DLL load failed", "A library that it needs is missing or was built for another Python, CUDA or system."),
    ("libGL.so", "OpenCV with windows needs libGL: install libgl1, or opencv-python-headless instead."),
    ("numpy.dtype size changed", "A package was built for another numpy: install it again."),
    ("compiled using NumPy 1.x", "A package was built for numpy 1: update that package."),
    ("undefined symbol", "A package was built for another PyTorch: install the build that fits."),
    ("SyntaxError", "It was written for another version of Python."),
    ("CUDA", "It asks for the GPU while it loads; see the trace."),
)


def _missing_module_hint(module: str, pack: str) -> str:
    top = module.partition(".")[0]
    if top in _TORCH:
        return f"ComfyUI's Python has no {top}. It must be the build that fits its PyTorch; a pack never installs it."
    if top in _OURS:
        return "The pack was written for another version of ComfyUI: update one of the two."
    name = _DISTRIBUTION.get(top)
    package = f" (the package {name})" if name is not None else ""
    return f"ComfyUI's Python has no {top}{package}: installing {pack} once more brings what its list names."


def _failure(path: str, error: str, trace: tuple[str, ...]) -> ImportFailure:
    missing = _NO_MODULE.search(error)
    return ImportFailure(
        path=path,
        error=error,
        missing_module=missing[1] if missing else None,
        hint=import_hint(error, pack_name(path)),
        trace=trace,
    )


def _other(line: str) -> ImportFailure | None:
    for pattern, words in _OTHERS:
        match = pattern.match(line)
        if match is not None:
            return _failure(match["path"], words or match.groupdict().get("error", ""), ())
    return None


def _trace_before(lines: Sequence[str], end: int) -> tuple[str, ...]:
    """The trace that ends right before the line `end`; empty when there is none."""
    for start in range(end - 1, max(-1, end - _MAX_TRACE), -1):
        if _CANNOT.match(lines[start]):
            return ()
        if _STARTS.match(lines[start]):
            # Chained errors print several traces; the first of them is what began it.
            first = start
            for before in range(start - 1, max(-1, start - _MAX_TRACE), -1):
                if _CANNOT.match(lines[before]):
                    break
                if _STARTS.match(lines[before]) and _is_chained(lines, before, first):
                    first = before
            return tuple(line for line in lines[first:end] if line.strip())
    return ()


def _is_chained(lines: Sequence[str], start: int, end: int) -> bool:
    return any(
        ("exception" in line and "another exception" in line) or "direct cause" in line for line in lines[start:end]
    )


def _error_of(trace: Sequence[str], told: str) -> str:
    """The last line of the trace with its kind of error; else what the line itself tells."""
    for line in _last_lines(trace):
        return line
    return told


def _last_lines(trace: Sequence[str]) -> Iterator[str]:
    for line in reversed(trace):
        if line and not line.startswith((" ", "\t")) and _LAST.match(line):
            yield line


def _plain(line: str) -> str:
    return strip_level_tag(clean_line(_STAMP.sub("", line)))
