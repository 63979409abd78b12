"""The causes of a failed start that the log itself names: one row each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wan22.schema.problem import Problem, Severity, problem

_ANYWHERE = 80
_AT_THE_END = 8
_GPU_FAULTS = (
    r"an illegal memory access was encountered|device-side assert triggered|unspecified launch failure"
    r"|misaligned address|an illegal instruction was encountered|unknown error"
    r"|uncorrectable ECC error encountered|hardware stack error"
)
_BIND = r"error while attempting to bind on address \('(?P<host>[^']+)', (?P<port>\d+)"


@dataclass(frozen=True, slots=True)
class Cause:
    """A pattern in the log and what it means. Named groups of the pattern fill `message` and `hint`.

    `within`: how many of the last lines may show it; what is not fatal by itself must stand at the very end.
    """

    code: str
    pattern: re.Pattern[str]
    message: str
    hint: str | None = None
    exit_codes: tuple[int, ...] = ()
    within: int = _ANYWHERE

    def explain(self, lines: Sequence[str], exit_code: int | None) -> Callable[[str], Problem] | None:
        """A builder of the Problem (given its detail), None when this is not the cause. The latest line counts."""
        if self.exit_codes and exit_code not in self.exit_codes:
            return None
        for line in reversed(lines[-self.within :]):
            match = self.pattern.search(line)
            if match:
                return lambda detail: self._problem(match, detail, exit_code)
        return None

    def _problem(self, match: re.Match[str], detail: str, exit_code: int | None) -> Problem:
        words = {name: (value or "").strip(" .") for name, value in match.groupdict().items()}
        hint = None if self.hint is None else self.hint.format(**words)
        return problem(
            self.code, self.message.format(**words), Severity.error, hint=hint, detail=detail, exit_code=exit_code
        )


def _cause(
    code: str,
    pattern: str,
    message: str,
    hint: str | None = None,
    *,
    exit_codes: tuple[int, ...] = (),
    within: int = _ANYWHERE,
) -> Cause:
    return Cause(code, re.compile(pattern), message, hint, exit_codes, within)


CAUSES: tuple[Cause, ...] = (
    # the command itself
    _cause(
        "comfyui_not_found",
        r"can't open file '?(?P<path>.+?main\.py)'?: \[Errno \d+\] (?P<why>.+)$",
        "Python could not open {path}: {why}.",
    ),
    _cause(
        "attention_package_missing",
        r"To use the `(?P<flag>--use-[\w-]+)` feature, the `(?P<package>[^`]+)` package must be installed first",
        "{flag} needs the package {package}, and ComfyUI's Python does not have it.",
        "Install {package} into ComfyUI's Python, or take {flag} out of the profile.",
    ),
    _cause(
        "flag_rejected",
        r"error: unrecognized arguments: (?P<flag>.+)$",
        "ComfyUI does not know {flag}.",
        exit_codes=(2,),
    ),
    _cause(
        "flag_rejected",
        r"error: argument (?P<flag>-[^:]+): (?P<why>.+)$",
        "ComfyUI refused {flag}: {why}.",
        exit_codes=(2,),
    ),
    _cause(
        "flag_rejected",
        r"error: ambiguous option: (?P<flag>\S+) (?P<why>.+)$",
        "ComfyUI does not know which flag {flag} stands for: it {why}.",
        exit_codes=(2,),
    ),
    # port and database
    _cause(
        "port_in_use",
        r"Port (?P<port>\d+) is already in use on address (?P<host>[^\s.]+(?:\.[^\s.]+)*)",
        "Port {port} on {host} was taken by another program while ComfyUI started.",
    ),
    _cause(
        "port_in_use",
        r"\[(?:Errno (?:13|10013)|WinError 10013)\] " + _BIND,
        "The system keeps port {port} on {host} for itself: ComfyUI may not listen there.",
        "Choose another --port.",
    ),
    _cause(
        "port_in_use",
        r"\[(?:Errno (?:98|48|10048)|WinError 10048)\] " + _BIND,
        "Port {port} on {host} was taken by another program while ComfyUI started.",
    ),
    _cause(
        "server_start_failed",
        _BIND + r"\): (?P<why>.+)$",
        "ComfyUI could not listen on {host}, port {port}: {why}.",
        "Choose an address of this machine.",
    ),
    _cause(
        "database_in_use",
        r"ASSETS_STARTUP_FAILED: (?P<kind>in_use|locked)",
        "Another ComfyUI holds the same database ({kind}).",
    ),
    _cause(
        "database_in_use",
        r"Could not acquire lock on database '(?P<path>[^']+)'",
        "Another ComfyUI holds the same database, {path}.",
    ),
    _cause(
        "database_in_use",
        r"Database is locked\. Another ComfyUI process",
        "Another ComfyUI holds the same database.",
    ),
    _cause(
        "server_start_failed",
        r"ASSETS_STARTUP_FAILED: (?P<kind>newer_revision)",
        "ComfyUI's database was written by a newer ComfyUI ({kind}).",
        "Give this one its own --database-url, or update ComfyUI.",
    ),
    _cause(
        "package_missing",
        r"ASSETS_STARTUP_FAILED: (?P<kind>missing_packages)",
        "ComfyUI's Python lacks packages that its database needs.",
    ),
    _cause(
        "file_unwritable",
        r"ASSETS_STARTUP_FAILED: (?P<kind>not_writable|path_blocked)",
        "ComfyUI may not write its database ({kind}).",
        "Give it a --user-directory or --database-url in a folder that may be written.",
    ),
    _cause(
        "server_start_failed",
        r"ASSETS_STARTUP_FAILED: (?P<kind>\w+)",
        "ComfyUI could not use its database ({kind}).",
        "Give it another --database-url.",
    ),
    # Python packages
    _cause(
        "torch_missing", r"ModuleNotFoundError: No module named 'torch'", "ComfyUI's Python has no torch.", within=8
    ),
    _cause(
        "package_missing",
        r"ModuleNotFoundError: No module named '(?P<package>[^'.]+)",
        "ComfyUI's Python lacks the package {package}.",
        within=_AT_THE_END,
    ),
    _cause(
        "torch_missing",
        r"OSError: \[WinError (?:126|127|1114|193)\].*Error loading \"(?P<path>[^\"]*torch[^\"]*)\"",
        "Torch is installed, but Windows could not load its library {path}.",
        "Install Microsoft's Visual C++ redistributable, or torch anew.",
        within=_AT_THE_END,
    ),
    _cause(
        "package_missing",
        r"ImportError: (?P<why>.+)$",
        "A package in ComfyUI's Python does not load: {why}.",
        within=_AT_THE_END,
    ),
    # GPU
    _cause(
        "torch_without_cuda",
        r"Torch not compiled with CUDA enabled",
        "ComfyUI's torch is a build without CUDA.",
    ),
    _cause(
        "torch_without_cuda",
        r"Found no NVIDIA driver on your system|No CUDA GPUs are available|CUDA driver initialization failed",
        "ComfyUI's torch found no NVIDIA GPU that it can use on this machine.",
        "Check that the NVIDIA driver works (`nvidia-smi`), or use the cpu profile.",
    ),
    _cause(
        "torch_without_cuda",
        r"The NVIDIA driver on your system is too old \(found version (?P<version>\d+)\)",
        "The NVIDIA driver is too old for ComfyUI's torch: it offers CUDA {version}.",
        "Update the NVIDIA driver.",
    ),
    _cause(
        "torch_without_cuda",
        r"CUDA capability (?P<arch>sm_\d+) is not compatible with the current PyTorch installation",
        "ComfyUI's torch was not built for this GPU ({arch}).",
        "Install a newer torch; an RTX 50 card (sm_120) needs a build for CUDA 12.8 or later.",
    ),
    _cause(
        "torch_without_cuda",
        r"no kernel image is available for execution on the device",
        "ComfyUI's torch, or a package built for it, holds no code for this GPU.",
        "Install a torch build for this GPU; an RTX 50 card needs CUDA 12.8 or later.",
    ),
    _cause(
        "out_of_memory",
        r"OutOfMemoryError|CUDA out of memory|CUDA error: out of memory|Allocation on device .*exceed",
        "The GPU had no memory left while ComfyUI started.",
        "Close other programs that use the GPU.",
    ),
    _cause(
        "server_start_failed",
        rf"CUDA error: (?P<what>{_GPU_FAULTS})",
        "The GPU reported a fault: {what}.",
        "Start again; if it comes back, take out overclocking and try another driver.",
    ),
    # the machine
    _cause(
        "server_start_failed",
        r"^MemoryError\b|\[WinError 1455\]|DefaultCPUAllocator: .*(?:not enough|can't allocate) memory",
        "The computer had no memory (RAM) left for ComfyUI.",
        "Close other programs or make the page file bigger.",
    ),
    _cause(
        "disk_full",
        r"\[(?:Errno 28|WinError 112)\]|database or disk is full",
        "The disk that ComfyUI writes to is full.",
        "Free some space and start again.",
    ),
    _cause(
        "file_unwritable",
        r"PermissionError: \[(?:Errno (?:13|1)|WinError (?:5|32))\] (?P<why>[^:]+): '(?P<path>[^']+)'",
        "ComfyUI may not use {path}: {why}.",
        within=_AT_THE_END,
    ),
)

GPU_FAULT = re.compile(rf"CUDA error: (?P<what>{_GPU_FAULTS})")
RAM_EXHAUSTED = re.compile(
    r"^MemoryError\b|\[WinError 1455\]|DefaultCPUAllocator: .*(?:not enough|can't allocate) memory"
)
WORKER_DIED = re.compile(r"^Exception in thread .*\(prompt_worker\)")
