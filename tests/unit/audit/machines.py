"""Machines to audit: a Python environment with made-up packages, a ComfyUI beside it, sources without a GPU."""

import sys
import venv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.launch.installs import make_comfyui, touch
from wan22.audit.source import AuditSources
from wan22.comfy.hash_cache import HashCache
from wan22.comfy.model_manifest import load_model_manifest
from wan22.comfy.model_places import model_places
from wan22.comfy.model_store import ModelStore
from wan22.schema.audit import (
    AuditPart,
    AuditSnapshot,
    BoardFacts,
    ComfyFacts,
    GpuFacts,
    ImportFacts,
    MachineFacts,
    PackFacts,
    ProfileFacts,
    PythonFacts,
    SystemFacts,
)
from wan22.schema.gpu import GpuInfo
from wan22.schema.profile import Profile, Setting
from wan22.system.clock import SystemClock
from wan22.system.paths import data_folder

GIB = 2**30
TORCH = """
from torch import version
__version__ = version.__version__
class cuda:
    @staticmethod
    def is_available():
        return True
    @staticmethod
    def get_arch_list():
        return ["sm_90", "sm_120"]
class backends:
    class cudnn:
        @staticmethod
        def is_available():
            return True
        @staticmethod
        def version():
            return 91002
"""
TORCH_VERSION = "__version__ = '2.9.1+cu130'\ncuda: Optional[str] = '13.0'\n"
PROFILE = Profile(
    name="rtx5090",
    title="RTX 5090",
    flags={
        "--use-sage-attention": Setting(value=True, note="fast", read_by="ComfyUI"),
        "--lowvram": Setting(value=False, note="not here", read_by="ComfyUI"),
    },
    environment={
        "HF_TOKEN": Setting(value="hf_verysecret", note="a secret", read_by="huggingface_hub"),
        "CUDA_MODULE_LOADING": Setting(value="LAZY", note="as usual", read_by="CUDA driver"),
    },
)


def make_environment(
    folder: Path, packages: Mapping[str, str] | None = None, modules: Mapping[str, str] | None = None
) -> Path:
    """A true venv whose packages have no more than a name, a version and, for `modules`, a source; its python."""
    venv.EnvBuilder(with_pip=False, symlinks=sys.platform != "win32").create(folder)
    windows = sys.platform == "win32"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = folder / "Lib" / "site-packages" if windows else folder / "lib" / version / "site-packages"
    for name, number in (packages or {}).items():
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
        touch(site / f"{name.replace('-', '_')}-{number}.dist-info" / "METADATA", text)
    for name, source in (modules or {}).items():
        touch(site / name / "__init__.py", source)
    if "torch" in (modules or {}):
        touch(site / "torch" / "version.py", "from typing import Optional\n" + TORCH_VERSION)
    python = folder / "Scripts" / "python.exe" if windows else folder / "bin" / "python"
    if not python.is_file():
        pytest.skip("this Python makes no environments")
    return python


def sources(work: Path, **changes: Any) -> AuditSources:
    """A ComfyUI with nothing around it; nobody named anna lives here, but the home folder says so."""
    home = work / "home" / "anna"
    comfyui = changes.pop("comfyui", None) or make_comfyui(home / "ComfyUI")
    manifest = load_model_manifest(data_folder() / "workflows" / "models.json")
    made = AuditSources(
        clock=SystemClock(),
        platform=sys.platform,
        environment={},
        home=home,
        host_name="annas-tower",
        profile=lambda: PROFILE,
        models=lambda: ModelStore(manifest, model_places(comfyui), HashCache(work / "hashes.json")),
        runs_root=work / "runs",
        comfyui=comfyui,
        python=Path(sys.executable),
    )
    return replace(made, **changes)


def snapshot(**changes: Any) -> AuditSnapshot:
    """A healthy RTX 5090 on Windows."""
    board = GpuInfo(
        gpu=0,
        uuid="GPU-1111",
        name="NVIDIA GeForce RTX 5090",
        architecture="Blackwell",
        compute_capability=(12, 0),
        memory_total_bytes=32607 * 2**20,
        bar1_total_bytes=32768 * 2**20,
        power_default_w=575.0,
        power_min_w=400.0,
        power_max_w=600.0,
        power_enforced_w=575.0,
        pcie_generation_max=5,
        pcie_width_max=16,
        driver_model="wddm",
    )
    keys = {
        "torch": ImportFacts(version="2.8.0", imports=True),
        "sageattention": ImportFacts(version="2.2.0", imports=True),
    }
    made = AuditSnapshot(
        app_version="0.1.0",
        taken_at="2026-11-20T10:00:00+00:00",
        taken_s=1_795_168_800.0,
        parts=tuple(AuditPart),
        gpu=GpuFacts(driver_version="580.65", cuda_version="13.0", boards=(BoardFacts(info=board),)),
        machine=MachineFacts(cpu="Ryzen 9", cpu_threads=32, memory_bytes=64 * GIB, memory_free_bytes=40 * GIB),
        system=SystemFacts(name="Windows 11 Pro 24H2", build="26100.1", gpu_scheduling=True, power_source="mains"),
        python=PythonFacts(version="3.12.7", torch_cuda="13.0", key_packages=keys, packages={"numpy": "2.1.0"}),
        comfyui=ComfyFacts(folder="~/ComfyUI", version="0.25.0", commit="a" * 40, is_dirty=False, changed_files=()),
        packs=(PackFacts(folder="ComfyUI-KJNodes", version="1.1.0", commit="b" * 40),),
        models=(),
        profile=ProfileFacts(name="rtx5090", flags={"--use-sage-attention": ""}),
        results=(),
    )
    return made.model_copy(update=changes)


def with_board(found: AuditSnapshot, **values: Any) -> AuditSnapshot:
    """The same machine with other values of its board."""
    assert found.gpu is not None
    (board,) = found.gpu.boards
    own = {name: value for name, value in values.items() if name in BoardFacts.model_fields}
    info = board.info.model_copy(update={name: value for name, value in values.items() if name not in own})
    changed = board.model_copy(update={**own, "info": info})
    return found.model_copy(update={"gpu": found.gpu.model_copy(update={"boards": (changed,)})})


def with_part(found: AuditSnapshot, part: str, **values: Any) -> AuditSnapshot:
    """The same machine with other values in one part."""
    return found.model_copy(update={part: getattr(found, part).model_copy(update=values)})
