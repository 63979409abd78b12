"""A snapshot as lines: what is shown, printed and compared is made here, so that all three say the same."""

import math
from collections.abc import Callable, Mapping

from wan22.audit.board_rows import gpu_rows
from wan22.audit.fact_row import UNKNOWN, FactRow, RowList, gibibytes, listed, plain
from wan22.audit.python_rows import python_rows
from wan22.schema.audit import AuditPart, AuditSnapshot, ChangeWeight, ModelFacts, PackFacts
from wan22.schema.duration_text import duration

PART_TITLES: Mapping[AuditPart, str] = {
    AuditPart.gpu: "Driver and GPU",
    AuditPart.machine: "Machine",
    AuditPart.system: "System",
    AuditPart.python: "ComfyUI's Python",
    AuditPart.comfyui: "ComfyUI",
    AuditPart.packs: "Node packs",
    AuditPart.models: "Models",
    AuditPart.profile: "Profile",
    AuditPart.results: "Last results",
}
_HASH_SHOWN = 10
_ON_OFF = {True: "on", False: "off"}


def fact_rows(snapshot: AuditSnapshot, part: AuditPart) -> tuple[FactRow, ...]:
    """The lines of one part; none when the part is not in the snapshot."""
    if getattr(snapshot, part.value) is None:
        return ()
    rows = RowList(part, dict(snapshot.reasons))
    _WRITERS[part](snapshot, rows)
    return tuple(rows.rows)


def all_rows(snapshot: AuditSnapshot) -> tuple[FactRow, ...]:
    """The lines of all parts in their order."""
    return tuple(row for part in AuditPart for row in fact_rows(snapshot, part))


def _machine(snapshot: AuditSnapshot, rows: RowList) -> None:
    facts = snapshot.machine
    assert facts is not None
    rows.add("cpu", "Processor", facts.cpu)
    cores, threads = facts.cpu_cores, facts.cpu_threads
    value = None if threads is None else (cores, threads)
    rows.add("cpu_threads", "Cores", value, f"{cores if cores is not None else UNKNOWN}, {threads} threads")
    if facts.cpu_usable is not None and facts.cpu_usable != facts.cpu_threads:
        rows.add("cpu_usable", "Threads we may use", facts.cpu_usable)
    # What firmware and kernel keep for themselves changes by a few megabytes with every update.
    memory = None if facts.memory_bytes is None else math.ceil(facts.memory_bytes / 2**30)
    text = _with_free(gibibytes(facts.memory_bytes), facts.memory_free_bytes)
    rows.add("memory_bytes", "Memory", memory, text, weight=ChangeWeight.strong)
    if facts.memory_limit_bytes is not None:
        limit = facts.memory_limit_bytes
        rows.add("memory_limit_bytes", "Memory we may use", limit, gibibytes(limit), weight=ChangeWeight.strong)
    swap = None if facts.swap_bytes is None else round(facts.swap_bytes / 2**28)
    name = "Page file" if snapshot.system is not None and not snapshot.system.kernel else "Swap"
    # Windows lets its page file grow by itself.
    rows.add("swap_bytes", name, swap, gibibytes(facts.swap_bytes) if swap else "none", is_drift=name == "Swap")
    for disk in facts.disks:
        subject = f"Disk {disk.mount}"
        words = [
            disk.kind or "kind unknown",
            _with_free(gibibytes(disk.total_bytes), disk.free_bytes),
            disk.file_system,
        ]
        text = ", ".join(word for word in words if word)
        held = f" · holds {listed(disk.holds)}" if disk.holds else ""
        rows.add(f"disk.{disk.mount}", subject, disk.kind or "", text + held, is_drift=bool(disk.holds))


def _with_free(size: str | None, free_bytes: int | None) -> str | None:
    """What is free belongs beside it, and is no part of what is compared."""
    return size if size is None or free_bytes is None else f"{size} with {gibibytes(free_bytes)} free"


def _system(snapshot: AuditSnapshot, rows: RowList) -> None:
    facts = snapshot.system
    assert facts is not None
    rows.add("name", "System", facts.name, weight=ChangeWeight.strong, subject="Operating system")
    if facts.build is not None:
        rows.add("build", "Build", facts.build, subject="Build of Windows")
    if facts.kernel is not None:
        rows.add("kernel", "Kernel", facts.kernel)
    rows.add("architecture", "Architecture", facts.architecture)
    is_windows = facts.kernel is None
    rows.add("power_plan", "Power plan" if is_windows else "CPU governor", facts.power_plan, weight=ChangeWeight.strong)
    if is_windows:
        rows.add("power_mode", "Power mode", facts.power_mode, weight=ChangeWeight.strong)
        scheduling = facts.gpu_scheduling
        text = _ON_OFF.get(scheduling) if scheduling is not None else None
        subject = "Hardware-accelerated GPU scheduling"
        rows.add("gpu_scheduling", "GPU scheduling", scheduling, text, subject=subject, weight=ChangeWeight.strong)
    rows.add("power_source", "Power from", facts.power_source, weight=ChangeWeight.strong)
    rows.add("wsl", "Inside WSL", facts.wsl, weight=ChangeWeight.strong)
    rows.add("container", "Container", facts.container, facts.container or "no", weight=ChangeWeight.strong)


def _comfyui(snapshot: AuditSnapshot, rows: RowList) -> None:
    facts = snapshot.comfyui
    assert facts is not None
    rows.add("folder", "Folder", facts.folder, subject="Folder of ComfyUI", weight=ChangeWeight.strong)
    if facts.layout is not None:
        rows.add("layout", "Layout", facts.layout)
    heavy = ChangeWeight.decisive
    rows.add("version", "Version", facts.version, subject="ComfyUI", weight=heavy)
    short = facts.commit[:_HASH_SHOWN] if facts.commit else None
    rows.add("commit", "Commit", facts.commit, short, subject="Commit of ComfyUI", weight=heavy)
    changed = None if facts.is_dirty is None else tuple(sorted(facts.changed_files or ()))
    text = "none" if not changed else plain(changed)
    rows.add(
        "changed", "Changed files", changed, text, path="is_dirty", subject="Changed files of ComfyUI", weight=heavy
    )


def _packs(snapshot: AuditSnapshot, rows: RowList) -> None:
    assert snapshot.packs is not None
    for pack in snapshot.packs:
        value = (pack.version, pack.commit, pack.is_enabled)
        rows.add(
            pack.folder.casefold(),
            pack.folder,
            value,
            _pack_words(pack),
            subject=f"Node pack {pack.folder}",
            weight=ChangeWeight.strong,
            comes_and_goes=True,
        )


def _pack_words(pack: PackFacts) -> str:
    words = [pack.version, f"commit {pack.commit[:_HASH_SHOWN]}" if pack.commit else None]
    text = ", ".join(word for word in words if word) or "version unknown"
    return text if pack.is_enabled else f"{text}, disabled"


def _models(snapshot: AuditSnapshot, rows: RowList) -> None:
    assert snapshot.models is not None
    for number, model in enumerate(snapshot.models):
        rows.add(
            model.file,
            model.file,
            (model.state, model.byte_count),
            _model_words(model),
            weight=ChangeWeight.decisive if model.is_needed else ChangeWeight.strong,
            comes_and_goes=True,
        )
        if model.byte_count is not None:
            rows.add(
                f"{model.file}.sha256",
                f"SHA-256 of {model.file}",
                model.sha256,
                path=f"{number}.sha256",
                parent=model.file,
                weight=ChangeWeight.decisive,
                is_detail=True,
            )


def _model_words(model: ModelFacts) -> str:
    words = [model.state]
    if model.byte_count is not None:
        words.append(_size(model.byte_count))
        checked = {True: "digest right", False: "digest wrong", None: "not hashed"}
        words.append(f"sha256 {model.sha256[:_HASH_SHOWN]}" if model.sha256 else "")
        words.append("" if model.sha256 and model.is_verified is None else checked[model.is_verified])
    return ", ".join(word for word in words if word)


def _size(count: int) -> str:
    """As the lists of model files on the web count: in powers of ten."""
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count} bytes"


def _profile(snapshot: AuditSnapshot, rows: RowList) -> None:
    facts = snapshot.profile
    assert facts is not None
    rows.add("name", "Profile", facts.name, subject="Profile", weight=ChangeWeight.decisive)
    for name, value in facts.flags.items():
        rows.add(
            f"flag.{name}",
            name,
            value,
            value or "given",
            group="Flags",
            subject=f"Flag {name}",
            weight=ChangeWeight.decisive,
            comes_and_goes=True,
        )
    for name, value in facts.environment.items():
        rows.add(
            f"environment.{name}",
            name,
            value,
            group="Environment",
            subject=f"Variable {name}",
            weight=ChangeWeight.strong,
            comes_and_goes=True,
        )


def _results(snapshot: AuditSnapshot, rows: RowList) -> None:
    assert snapshot.results is not None
    for number, result in enumerate(snapshot.results):
        time = duration(result.total_s) if result.total_s is not None else "time unknown"
        outcome = result.outcome or "not closed"
        words = ["SIMULATED" if result.simulated else "", outcome, time, result.job or "", result.profile or ""]
        text = " · ".join(word for word in words if word)
        rows.add(result.run_id, result.run_id, text, path=f"{number}.total_s", weight=ChangeWeight.passing)


_WRITERS: Mapping[AuditPart, Callable[[AuditSnapshot, RowList], None]] = {
    AuditPart.gpu: gpu_rows,
    AuditPart.machine: _machine,
    AuditPart.system: _system,
    AuditPart.python: python_rows,
    AuditPart.comfyui: _comfyui,
    AuditPart.packs: _packs,
    AuditPart.models: _models,
    AuditPart.profile: _profile,
    AuditPart.results: _results,
}
