"""Everything that installing a node pack touches, for real: wheels, a venv, git repositories, a ComfyUI that loads."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wan22.comfy.object_info import NodeDefinitions
from wan22.job.pack_check import ServerView
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.pack_folder import InstalledPack, find_pack, installed_packs
from wan22.schema.node_pack import PackSource
from wan22.schema.panel_fact import PanelFact
from wan22.system.cancel import CancelToken

# As ComfyUI does: every folder below custom_nodes is imported; its words when that fails.
_LOADER = r"""
import importlib.util, json, os, sys, traceback
packs, classes, log = sys.argv[1], {}, []
for name in sorted(os.listdir(packs)):
    path = os.path.join(packs, name)
    if not os.path.isdir(path) or name.endswith(".disabled") or name == "__pycache__":
        continue
    try:
        spec = importlib.util.spec_from_file_location("pack_" + str(len(log)), os.path.join(path, "__init__.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for one in module.NODE_CLASS_MAPPINGS:
            classes[one] = {"input": {}, "output": [], "output_name": [], "python_module": "custom_nodes." + name}
        log.append("   0.1 seconds: " + path)
    except Exception as error:
        log += traceback.format_exc().splitlines()
        log.append("Cannot import %s module for custom nodes: %s" % (path, error))
        log.append("   0.1 seconds (IMPORT FAILED): " + path)
classes["LoadImage"] = {"input": {}, "output": [], "output_name": [], "python_module": "nodes"}
print(json.dumps({"classes": classes, "log": log}))
"""


def wheel(folder: Path, name: str, version: str, requires: Sequence[str] = (), code: str = "") -> Path:
    """A tiny wheel, built by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        f"{plain}.py": code or f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    path = folder / f"{plain}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for inner, text in {**files, f"{info}/RECORD": record}.items():
            packed.writestr(inner, text)
    return path


def base_python(folder: Path) -> Path:
    """A venv with pip and a PyTorch of a CUDA build, made once; its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    wheels = folder / "wheels"
    made = [wheel(wheels, "torch", "2.9.0+cu130"), wheel(wheels, "nvidia-cublas-cu12", "12.1")]
    words = ["-m", "pip", "install", "--no-index", "--no-deps", *map(str, made)]
    subprocess.run([str(python_of(folder)), *words], check=True, capture_output=True)
    return Path(_asked(python_of(folder), "import sysconfig; print(sysconfig.get_path('purelib'))"))


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def git(folder: Path, *words: str) -> str:
    """git with an author, none of the user's own settings read."""
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout.strip()


def repository(folder: Path, files: Mapping[str, str]) -> str:
    """A repository with one commit, or one more commit in an older one; its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a change")
    return git(folder, "rev-parse", "HEAD")


def pack_code(*classes: str, imports: str = "") -> str:
    """`__init__.py` of a pack with these classes."""
    return f"{imports}\nNODE_CLASS_MAPPINGS = {{{', '.join(f'{name!r}: object' for name in classes)}}}\n"


@dataclass
class PackLab:
    """A ComfyUI with its Python, a folder of wheels, and what was published."""

    work: Path
    site: Path
    facts: list[PanelFact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.comfyui = self.work / "Comfy UI ü"
        for name in ("comfy", "custom_nodes", "comfy_extras"):
            (self.comfyui / name).mkdir(parents=True)
        (self.comfyui / "main.py").write_text("", encoding="utf-8")
        (self.comfyui / "nodes.py").write_text('NODES = {"LoadImage": 1}\n', encoding="utf-8")
        venv = self.comfyui / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, capture_output=True)
        self.python = python_of(venv)
        own = Path(_asked(self.python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
        (own / "base.pth").write_text(f"{self.site}\n", encoding="utf-8")
        self.wheels = self.work / "wheels"
        self.wheels.mkdir()

    @property
    def packs(self) -> Path:
        return self.comfyui / "custom_nodes"

    @property
    def installation(self) -> Installation:
        return find_installation(self.comfyui)

    def source(self, files: Mapping[str, str], name: str = "Small-Pack", **more: object) -> PackSource:
        """A pack in a repository of its own, at its newest commit."""
        folder = self.work / "repositories" / name
        commit = repository(folder, files)
        given = {"id": name.lower(), "name": name, "folder": name, "url": folder.as_uri(), "revision": commit, **more}
        return PackSource.model_validate(given)

    def installed_of(self, source: PackSource) -> InstalledPack | None:
        return find_pack(installed_packs([self.packs]), identity=source.id, url=source.url, names=[source.folder])

    def restart(self, _cancel: CancelToken) -> ServerView:
        """Load all packs in the Python of this ComfyUI."""
        words = [str(self.python), "-c", _LOADER, str(self.packs)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8")
        found = json.loads(done.stdout.splitlines()[-1])
        return ServerView(NodeDefinitions(found["classes"]), found["log"])

    def packages(self) -> dict[str, str]:
        """Version by name of what the Python has."""
        code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
        found: dict[str, str] = json.loads(_asked(self.python, code))
        return found

    def pip(self, *words: str) -> None:
        """pip without a network."""
        command = [str(self.python), "-m", "pip", *words, "--no-index", "--find-links", str(self.wheels)]
        subprocess.run(command, check=True, capture_output=True)

    def pip_uninstall(self, name: str) -> None:
        """Take a package away."""
        subprocess.run([str(self.python), "-m", "pip", "uninstall", "-y", name], check=True, capture_output=True)

    def names(self) -> list[str]:
        """What lies below custom_nodes."""
        return sorted(path.name for path in self.packs.iterdir())


def _asked(python: Path, code: str) -> str:
    done = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True, encoding="utf-8")
    return done.stdout.strip().splitlines()[-1]
