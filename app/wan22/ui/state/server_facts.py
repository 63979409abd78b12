"""What was found of a ComfyUI, on disk or at an address, as names and values."""

from pathlib import Path

from wan22.launch.discovery import Installation, PythonFacts
from wan22.schema.server import DeviceInfo, SystemStats
from wan22.ui.number_text import with_unit
from wan22.ui.verdict_word import Tone

GIB = 2.0**30
UNKNOWN = "unknown"
Facts = list[tuple[str, str]]


def installation_facts(found: Installation) -> Facts:
    """A ComfyUI on disk."""
    version = found.version or UNKNOWN
    if found.commit is not None:
        version = f"{version}, commit {found.commit[:10]}"
    layouts = {
        "checkout": "a checkout with an environment of its own",
        "portable": "the Windows portable with its embedded Python",
        "given": "a checkout with the Python named below",
    }
    layout = "a checkout" if found.layout == "checkout" and found.notices else layouts[found.layout]
    return [
        ("Folder", str(found.folder)),
        ("Version", version),
        ("Layout", layout),
        ("Python", str(found.python)),
    ]


def python_facts(facts: PythonFacts) -> Facts:
    """What its Python tells."""
    return [("Python version", facts.version), ("torch", torch_words(facts))]


def torch_words(facts: PythonFacts) -> str:
    """The torch of a Python, in words."""
    if facts.torch_error is not None:
        return f"does not load: {facts.torch_error}"
    if facts.torch_version is None:
        return "not installed"
    cuda = f"built for CUDA {facts.torch_cuda}" if facts.torch_cuda else "built without CUDA"
    sees = {True: "sees a GPU", False: "sees no GPU", None: "unknown whether it sees a GPU"}[facts.cuda_available]
    return f"{facts.torch_version}, {cuda}, {sees}"


def python_verdict(facts: PythonFacts) -> tuple[Tone, str, str]:
    """How to take it: tone, word, and what it means; the last is empty when all is well."""
    if facts.torch_error is not None or facts.torch_version is None:
        return Tone.bad, "no torch", "ComfyUI cannot start with this Python. Install its requirements, or name another."
    if facts.torch_cuda is None:
        return Tone.slow, "CPU only", "This torch was built without CUDA: jobs would be computed by the CPU."
    if facts.cuda_available is False:
        return Tone.slow, "no GPU", "This torch sees no NVIDIA GPU: jobs would be computed by the CPU."
    return Tone.good, "ready to start", ""


def stats_facts(url: str, stats: SystemStats) -> Facts:
    """A server that answered."""
    system = stats.system
    rows = [
        ("Address", url),
        ("Version", system.comfyui_version or UNKNOWN),
        ("System", system.os or UNKNOWN),
        ("Python", (system.python_version or UNKNOWN).partition(" ")[0]),
        ("torch", system.pytorch_version or UNKNOWN),
    ]
    return rows + [("Device", _device(device)) for device in stats.devices]


def _device(device: DeviceInfo) -> str:
    total = device.vram_total / GIB if device.vram_total else None
    free = device.vram_free / GIB if device.vram_free is not None else None
    if total is None:
        return device.gpu_name
    rest = f", {with_unit(free, 'GiB', 1)} free" if free is not None else ""
    return f"{device.gpu_name}, {with_unit(total, 'GiB', 1)} of memory{rest}"


def short_path(path: Path, home: Path) -> str:
    """A path with the home folder written as `~`."""
    try:
        return str(Path("~") / path.relative_to(home))
    except ValueError:
        return str(path)
