"""How a node pack stands, in words."""

from wan22.schema.node_pack import PackState, PackStatus

STATE_WORDS: dict[PackState, str] = {
    PackState.core: "part of ComfyUI",
    PackState.core_too_old: "needs a newer ComfyUI",
    PackState.loaded: "loaded",
    PackState.on_disk: "installed",
    PackState.restart_needed: "installed, not in the running server",
    PackState.failed: "does not load",
    PackState.class_missing: "without the nodes that are needed",
    PackState.disabled: "disabled",
    PackState.absent: "not installed",
    PackState.unknown: "unknown",
}
_SHOWN = 4


def status_text(status: PackStatus) -> str:
    """One or two sentences: what is the case and what to do; empty when all is well."""
    words = names(status.missing or status.need.classes)
    match status.state:
        case PackState.core | PackState.loaded:
            return ""
        case PackState.on_disk:
            return "Whether it loads shows when ComfyUI runs."
        case PackState.core_too_old:
            version = f" {status.need.wanted_version}" if status.need.wanted_version else ""
            return f"This ComfyUI has no {words}: update it{f' to{version} or newer' if version else ''}."
        case PackState.restart_needed:
            return f"The running ComfyUI has no {words}: restart it."
        case PackState.class_missing:
            return f"It is loaded, but has no {words}: another version of it is needed."
        case PackState.disabled:
            return f"It lies in {status.folder} and is switched off: installing switches it on again."
        case PackState.absent:
            return "" if status.is_installable else "Its address is not known: look for it in the Manager."
        case PackState.unknown:
            return f"Nobody says which pack has {words}: look for it in the Manager."
        case PackState.failed:
            return failure_text(status)


def failure_text(status: PackStatus) -> str:
    """Why it does not load, and what can be done."""
    failure = status.failure
    if failure is None or not failure.error:
        return "The log says that it failed, but not why: look at the log of the server from its start on."
    return f"{failure.error}. {failure.hint}".replace("..", ".").strip()


def names(classes: tuple[str, ...]) -> str:
    """`RIFE VFI, FILM VFI and 3 more`."""
    shown = ", ".join(classes[:_SHOWN])
    return shown if len(classes) <= _SHOWN else f"{shown} and {len(classes) - _SHOWN} more"
