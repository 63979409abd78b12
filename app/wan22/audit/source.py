"""What an audit works with, and what one part of it brings home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wan22.audit.registry import ReadRegistry, read_machine_registry
from wan22.comfy.model_store import ModelStore
from wan22.schema.gpu import GpuInventory
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.profile import Profile
from wan22.schema.server import SystemStats
from wan22.system.clock import Clock


@dataclass(frozen=True, slots=True)
class AuditSources:
    """Where the facts come from. `root` is the top of the file system, `platform` as `sys.platform` says it.

    `profile` and `models` may raise AppError. `inventory`: boards that are known already, so that the driver is not
    asked again. `stats`: what a running server told, for one that is not in `comfyui`.
    """

    clock: Clock
    platform: str
    environment: Mapping[str, str]
    home: Path
    host_name: str
    profile: Callable[[], Profile]
    models: Callable[[], ModelStore]
    runs_root: Path
    comfyui: Path | None = None
    python: Path | None = None
    inventory: GpuInventory | None = None
    stats: SystemStats | None = None
    read_registry: ReadRegistry = read_machine_registry
    root: Path = Path("/")
    quick: bool = False
    python_limit_s: float = 90.0


@dataclass(frozen=True, slots=True)
class Found:
    """Facts of one part; `reasons`: path below the part → why that value is None."""

    facts: Any
    reasons: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def no_comfyui() -> AppError:
    """The error of all parts that need a ComfyUI."""
    message = "No ComfyUI is chosen, so nothing can be said about it, its Python and its models."
    hint = "Choose its folder under Setup in the window, or name it with --comfyui FOLDER."
    return app_error("comfyui_not_found", message, hint=hint)
