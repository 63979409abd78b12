"""The model files of the workflows, as they lie on the disk; nothing is hashed for it."""

from wan22.audit.source import AuditSources, Found, no_comfyui
from wan22.schema.audit import ModelFacts
from wan22.schema.model_file import ModelState, ModelStatus
from wan22.schema.problem import Severity
from wan22.system.cancel import CancelToken

_NOT_HASHED = "It was never hashed as it is now; `wan22 models check --hash` does it."


def collect_models(sources: AuditSources, _cancel: CancelToken) -> Found:
    """`ModelFacts` of every file of the list that is here or needed. AppError `comfyui_not_found` and others."""
    if sources.comfyui is None:
        raise no_comfyui()
    store = sources.models()
    shown = [one for one in store.check() if one.state is not ModelState.missing or _is_needed(one)]
    facts = tuple(
        ModelFacts(
            file=one.file.file,
            state=one.state.value.replace("_", " "),
            is_needed=_is_needed(one),
            byte_count=one.byte_count,
            sha256=one.sha256,
            is_verified=one.is_verified,
        )
        for one in shown
    )
    unhashed = {f"{n}.sha256": _NOT_HASHED for n, one in enumerate(facts) if one.byte_count and one.sha256 is None}
    problems = tuple(found.model_copy(update={"severity": Severity.warning}) for found in store.problems)
    return Found(facts, unhashed, problems)


def _is_needed(status: ModelStatus) -> bool:
    """Whether the usual workflow cannot do without it; node packs fetch their own files."""
    return status.file.baseline and status.file.kind != "custom_nodes"
