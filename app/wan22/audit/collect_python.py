"""ComfyUI's own Python: its packages, and whether those that decide about speed can be used."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wan22.audit.source import AuditSources, Found, no_comfyui
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.script_run import run_script
from wan22.schema.audit import ImportFacts, PythonFacts
from wan22.schema.problem import AppError, app_error, problem
from wan22.schema.server import SystemStats
from wan22.system.cancel import CancelToken
from wan22.system.child_command import child_environment

KEY_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "torch": ("torch",),
    "triton": ("triton", "triton-windows"),
    "sageattention": ("sageattention",),
    "flash_attn": ("flash-attn",),
    "xformers": ("xformers",),
}
"""Module → names of the packages that bring it."""

_MARK = "wan22-audit-facts "
_NOT_QUICK = "Only a full audit asks ComfyUI's Python."
# Each step prints its own line: what a later step crashes or hangs on takes nothing from the earlier ones.
_SCRIPT = f"""
import importlib, importlib.metadata, importlib.util, json, sys

def say(**facts):
    print({_MARK!r} + json.dumps(facts), flush=True)

say(executable=sys.executable, version="%d.%d.%d" % sys.version_info[:3])
packages = {{}}
for found in importlib.metadata.distributions():
    try:
        packages.setdefault(str(found.metadata["Name"]), str(found.version))
    except Exception:
        continue
say(packages=packages)
for name in {list(KEY_PACKAGES)!r}:
    try:
        if importlib.util.find_spec(name) is None:
            say(module=name, imports=None)
            continue
    except Exception:
        pass
    say(trying=name)
    try:
        module = importlib.import_module(name)
        say(module=name, imports=True, version=str(getattr(module, "__version__", "")))
    except BaseException as error:
        say(module=name, imports=False, error=type(error).__name__ + ": " + str(error)[:400])
        continue
    if name == "torch":
        available = bool(module.cuda.is_available())
        say(torch_cuda=module.version.cuda or "", cuda_available=available)
        cudnn = module.backends.cudnn.version() if module.backends.cudnn.is_available() else None
        say(cudnn=cudnn, architectures=list(module.cuda.get_arch_list()) if available else None)
"""
_TORCH_VERSION = re.compile(r"^__version__\s*(?::\s*\w+\s*)?=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_TORCH_CUDA = re.compile(r"^cuda\s*(?::[^=]+)?=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_INFO_FOLDER = re.compile(r"^(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info$")


def collect_python(sources: AuditSources, cancel: CancelToken) -> Found:
    """`PythonFacts`. AppError `comfyui_not_found`, `comfyui_python_not_found`, `comfyui_python_unusable`, `cancelled`.

    A Python that hangs or dies on the way gives what it had said until then, and a Problem.
    """
    if sources.stats is not None and sources.comfyui is None:
        return _from_stats(sources.stats)
    if sources.comfyui is None:
        raise no_comfyui()
    installation = find_installation(sources.comfyui, sources.python)
    return _quick(installation) if sources.quick else _asked(installation, sources.python_limit_s, cancel)


def cudnn_text(number: int) -> str:
    """cuDNN's version from its number: 8902 → 8.9.2, 91002 → 9.10.2."""
    major, rest = divmod(number, 1000 if number < 90000 else 10000)
    return f"{major}.{rest // 100}.{rest % 100}"


def package_name(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _asked(installation: Installation, limit_s: float, cancel: CancelToken) -> Found:
    python = installation.python
    command = (str(python), *installation.python_flags, "-c", _SCRIPT)
    environment = child_environment({"PYTHONDONTWRITEBYTECODE": "1"})
    try:
        result = run_script(command, installation.working_folder, environment, limit_s=limit_s, cancel=cancel)
    except AppError as error:
        if error.problem.code != "process_start_failed":
            raise
        message = f"{python} cannot be started."
        raise app_error("comfyui_python_unusable", message, detail=str(error), python=python) from error
    said = _said(result.lines)
    how = f"did not finish within {limit_s:.0f} s" if result.exit_code is None else f"ended with {result.exit_code}"
    tail = "\n".join(line for line in result.lines if not line.startswith(_MARK))[-2000:]
    if "version" not in said:
        message = f"{python} should have told its version, but it {how}."
        raise app_error("comfyui_python_unusable", message, detail=tail, python=python)
    reasons = _reasons(said)
    if result.exit_code == 0:
        return Found(_facts(said), reasons)
    at = said.get("trying")
    message = f"ComfyUI's Python {how}" + (f" while it imported {at}." if at else ".")
    found = problem("comfyui_python_unusable", message, detail=tail, python=python)
    if "packages" not in said:
        reasons["packages"] = message
    return Found(_facts(said), reasons, (found,))


def _reasons(said: Mapping[str, Any]) -> dict[str, str]:
    """Why something of torch is not known."""
    torch = said["modules"].get("torch", {})
    if not torch.get("imports"):
        why = "torch cannot be imported." if torch.get("error") else "torch is not there to be asked."
        return dict.fromkeys(("torch_cuda", "cudnn_version", "cuda_available", "cuda_architectures"), why)
    reasons = {}
    if said.get("cudnn") is None:
        reasons["cudnn_version"] = "torch finds no cuDNN."
    if said.get("architectures") is None:
        reasons["cuda_architectures"] = "torch tells it only where it sees a GPU."
    return reasons


def _said(lines: Iterable[str]) -> dict[str, Any]:
    """All facts together; those of modules under `modules`."""
    said: dict[str, Any] = {"modules": {}}
    for line in lines:
        if not line.startswith(_MARK):
            continue
        try:
            facts = json.loads(line.removeprefix(_MARK))
        except ValueError:  # torn by a crash
            continue
        if "module" in facts:
            said["modules"][facts.pop("module")] = facts
            said.pop("trying", None)
        else:
            said.update(facts)
    return said


def _facts(said: Mapping[str, Any]) -> PythonFacts:
    found = said.get("packages")
    packages = None if found is None else {package_name(name): version for name, version in found.items()}
    cudnn = said.get("cudnn")
    architectures = said.get("architectures")
    try:
        return PythonFacts(
            executable=said.get("executable"),
            version=said.get("version"),
            torch_cuda=said.get("torch_cuda"),
            cuda_available=said.get("cuda_available"),
            cudnn_version=cudnn_text(cudnn) if isinstance(cudnn, int) else None,
            cuda_architectures=None if architectures is None else tuple(architectures),
            key_packages=_key_packages(packages or {}, said["modules"], said.get("trying")),
            packages=packages,
        )
    except ValidationError as error:
        message = "ComfyUI's Python told something that is no list of packages."
        raise app_error("comfyui_python_unusable", message, detail=str(error)) from error


def _key_packages(
    packages: Mapping[str, str], modules: Mapping[str, Mapping[str, Any]], broken: str | None
) -> dict[str, ImportFacts]:
    found = {}
    for module, names in KEY_PACKAGES.items():
        installed = next((packages[name] for name in names if name in packages), None)
        tried = modules.get(module, {})
        error = tried.get("error")
        if module == broken:
            error = "The import did not come to an end."
        imports = False if module == broken else tried.get("imports")
        found[module] = ImportFacts(version=tried.get("version") or installed, imports=imports, error=error)
    return found


def _quick(installation: Installation) -> Found:
    """From the names of folders alone, in milliseconds; nothing is started."""
    top = installation.python.parent
    top = top.parent if top.name in ("bin", "Scripts") else top
    config = _config(top / "pyvenv.cfg")
    folders = [
        path for path in (*top.glob("lib/python3*/site-packages"), top / "Lib" / "site-packages") if path.is_dir()
    ]
    reasons = dict.fromkeys(("cudnn_version", "cuda_available", "cuda_architectures"), _NOT_QUICK)
    conda = _conda_version(top)
    version = conda or ".".join((config.get("version") or config.get("version_info") or "").split(".")[:3]) or None
    if version is None:
        reasons["version"] = _NOT_QUICK
    is_alone = config.get("include-system-site-packages", "false").lower() != "true"
    if not folders or not is_alone or not (config or conda or installation.layout == "portable"):
        reasons |= {"packages": _NOT_QUICK, "key_packages": _NOT_QUICK, "torch_cuda": _NOT_QUICK}
        return Found(PythonFacts(executable=str(installation.python), version=version), reasons)
    packages = _installed(folders)
    torch = _text(next((path for folder in folders if (path := folder / "torch" / "version.py").is_file()), None))
    told, cuda = _TORCH_VERSION.search(torch), _TORCH_CUDA.search(torch)
    modules = {"torch": {"version": told[1]}} if told else {}
    facts = PythonFacts(
        executable=str(installation.python),
        version=version,
        torch_cuda=cuda[1] if cuda else "" if told else None,
        key_packages=_key_packages(packages, modules, None),
        packages=packages,
    )
    return Found(facts, reasons)


def _conda_version(top: Path) -> str | None:
    """Version of Python by conda's own record of it; None where this is no environment of conda."""
    names = (path.name for path in (top / "conda-meta").glob("python-3*.json"))
    return next((found[1] for name in names if (found := re.match(r"python-(\d+\.\d+\.\d+)-", name))), None)


def _installed(folders: Iterable[Path]) -> dict[str, str]:
    packages: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            found = _INFO_FOLDER.match(path.name)
            if found:
                packages.setdefault(package_name(found["name"]), found["version"])
    return packages


def _config(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in _text(path).splitlines())
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def _text(path: Path | None) -> str:
    try:
        return "" if path is None else path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _from_stats(stats: SystemStats) -> Found:
    """What a server tells of the Python that it runs in."""
    reason = "It is simulated." if stats.is_simulated else "The server was only attached to; its Python is not known."
    system = stats.system
    torch = ImportFacts(version=system.pytorch_version, imports=True) if system.pytorch_version else None
    facts = PythonFacts(
        version=(system.python_version or "").partition(" ")[0] or None,
        key_packages=None if torch is None else {"torch": torch},
    )
    unknown = ("executable", "packages", "torch_cuda", "cudnn_version", "cuda_available", "cuda_architectures")
    return Found(facts, dict.fromkeys(unknown, reason))
