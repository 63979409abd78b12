"""Keeps PyTorch and its CUDA builds as they are while a node pack's packages are installed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wan22.launch.pip_run import Pip
from wan22.launch.requirement_lines import canonical, requirement_name
from wan22.schema.node_pack import PackageChange
from wan22.schema.problem import AppError, app_error
from wan22.system.cancel import CancelToken

TRIO = ("torch", "torchvision", "torchaudio")
_BESIDE = re.compile(r"triton(?:-windows)?|pytorch-triton(?:-.+)?|nvidia-.+-cu\d+|nvidia-(?:cu|nc|nv).+|cuda-.+")
_MEASURED = frozenset({"numpy", "opencv-python", "opencv-contrib-python", "opencv-python-headless", "transformers"})


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """What pip would do. `changes` None: it can be told only by building a package, which runs code of it.

    `needs_build`: a package has no ready-made wheel. `delicate`: changes of packages that others here may rely on.
    `reason`: pip's own words when `changes` is None.
    """

    lines: tuple[str, ...]
    limits: tuple[str, ...]
    changes: tuple[PackageChange, ...] | None
    needs_build: bool = False
    reason: str = ""

    @property
    def delicate(self) -> tuple[PackageChange, ...]:
        """Packages that are there in another version now."""
        return tuple(change for change in self.changes or () if change.before is not None)


def is_guarded(name: str) -> bool:
    """Whether a package is PyTorch, or a part of its CUDA build."""
    plain = canonical(name)
    return plain in TRIO or _BESIDE.fullmatch(plain) is not None


def is_measured(name: str) -> bool:
    """Whether a change of that package is known to break other packs."""
    return canonical(name) in _MEASURED


def guard_limits(installed: Mapping[str, str]) -> tuple[str, ...]:
    """Constraints that pin the guarded packages to what is installed."""
    return tuple(f"{name}=={version}" for name, version in sorted(installed.items()) if version and is_guarded(name))


def plan_packages(
    pip: Pip,
    lines: Sequence[str],
    installed: Mapping[str, str],
    cancel: CancelToken,
    *,
    may_build: bool = False,
) -> PackagePlan:
    """Ask pip what installing `lines` would change, without changing anything.

    Raises AppError `pack_changes_torch` when it would touch a guarded package or cannot be done without;
    `pack_packages_failed` when pip finds no way at all; `pip_unusable`, `cancelled`.
    """
    limits = guard_limits(installed)
    if not lines:
        return PackagePlan((), limits, ())
    _refuse_new_torch(lines, installed)
    found, result, needs = pip.dry_run(lines, limits, cancel, ready_made_only=not may_build)
    if found is None:
        text = "\n".join(result.lines[-40:])
        conflict = _conflict(text)
        if conflict is not None:
            raise _touches(conflict, installed, text)
        if may_build or not _lacks_wheel(text):
            message = "pip finds no way to install what the pack asks for."
            raise app_error("pack_packages_failed", message, hint=_hint(text), detail=text)
        return PackagePlan(tuple(lines), limits, None, needs_build=True, reason=_wheel_words(text))
    changes = tuple(change.model_copy(update={"before": installed.get(change.name)}) for change in found)
    for change in changes:
        if is_guarded(change.name):
            raise _would_change(change, needs)
    return PackagePlan(tuple(lines), limits, changes, needs_build=may_build)


def require_untouched(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Raises AppError `pack_changes_torch` when a guarded package is not the same any more."""
    for name in sorted(before.keys() | after.keys()):
        if is_guarded(name) and before.get(name) != after.get(name):
            change = PackageChange(name=name, before=before.get(name), after=after.get(name))
            raise app_error("pack_changes_torch", f"The installation has changed PyTorch: {change.text}.", package=name)


def _refuse_new_torch(lines: Sequence[str], installed: Mapping[str, str]) -> None:
    """A part of PyTorch that is not there would come from the index in whatever build that has."""
    for line in lines:
        name = requirement_name(line)
        if name in TRIO and name not in installed and ";" not in line:
            message = f"The pack asks for {name}, which ComfyUI's Python does not have."
            hint = (
                f"Install the build of {name} that fits the GPU and the PyTorch that is there by hand, then try again."
            )
            raise app_error("pack_changes_torch", message, hint=hint, package=name)


def _conflict(text: str) -> str | None:
    """The guarded package that pip could not keep; None when it failed for another reason."""
    for match in re.finditer(r"\(constraint\) ([A-Za-z0-9._-]+)==", text):
        if is_guarded(match[1]):
            return canonical(match[1])
    if "conflicting dependencies" in text or "No matching distribution" in text:
        for match in re.finditer(
            r"(?:distribution found for|requested|depends on) ([A-Za-z0-9._-]+?)\s*[=<>!~(]", text
        ):
            if is_guarded(match[1]):
                return canonical(match[1])
    return None


def _touches(name: str, installed: Mapping[str, str], text: str) -> AppError:
    wanted = re.search(rf"(?:requested|depends on) ({re.escape(name)}\s*[=<>!~][^\s;]*)", text)
    asks = f" It asks for {wanted[1]}." if wanted is not None else ""
    message = f"The pack does not go together with {name} {installed.get(name, '(not installed)')} that is here.{asks}"
    return app_error("pack_changes_torch", message, detail=text, package=name)


def _would_change(change: PackageChange, needs: Mapping[str, tuple[str, ...]]) -> AppError:
    by = sorted(owner for owner, wanted in needs.items() if any(_is_need(need, change.name) for need in wanted))
    because = f" {', '.join(by[:3])} {'asks' if len(by) == 1 else 'ask'} for it." if by else ""
    message = f"pip would change PyTorch for this pack: {change.text}.{because}"
    return app_error("pack_changes_torch", message, package=change.name)


def _is_need(need: str, name: str) -> bool:
    match = re.match(r"[A-Za-z0-9._-]+", need)
    return match is not None and canonical(match[0]) == name


def _lacks_wheel(text: str) -> bool:
    """Whether pip failed only because it was to take ready-made wheels: then it is tried again by building."""
    return "No matching distribution" in text or "Could not find a version" in text


def _wheel_words(text: str) -> str:
    match = re.search(r"No matching distribution found for (.+)", text)
    return f"There is no ready-made build of {match[1].strip()}" if match else "A package has no ready-made build"


def _hint(text: str) -> str | None:
    if "conflicting dependencies" in text:
        return "Two packages that it needs exclude each other, or exclude one that is here: see the details."
    if "NewConnectionError" in text or "Failed to establish" in text:
        return "The package index could not be reached: check the connection."
    return None
