"""Why a node pack is not installed, or does not count as installed."""

from wan22.comfy.pack_status_text import names
from wan22.job.pack_plan import PackPlan
from wan22.launch.pack_import_error import pack_name
from wan22.launch.requirement_lines import Requirements
from wan22.launch.torch_guard import PackagePlan
from wan22.schema.node_pack import PackProof
from wan22.schema.problem import AppError, app_error


def refused_lines(found: Requirements) -> AppError:
    """`pack_requirements_refused` for lines that are followed in no case."""
    return app_error(
        "pack_requirements_refused",
        f"The list of packages holds what is never followed: {_first(found.never[0].line, found.never[0].reason)}.",
        detail="\n".join(f"{line.line}: {line.reason}" for line in found.never),
    )


def unagreed_lines(found: Requirements) -> AppError:
    """`pack_requirements_refused` for lines that were not agreed to."""
    return app_error(
        "pack_requirements_refused",
        f"The list of packages goes beyond the index: {_first(found.askable[0].line, found.askable[0].reason)}.",
        hint="Look at where it comes from; agree to it with --allow-sources.",
        detail="\n".join(f"{line.line}: {line.reason}" for line in found.askable),
    )


def unagreed_build(packages: PackagePlan) -> AppError:
    """`pack_not_agreed` for a package that has to be built."""
    message = f"{packages.reason}: it would have to be built here, which runs code of it."
    return app_error("pack_not_agreed", message, hint="Agree to it with --allow-build.")


def require_proof(plan: PackPlan, proof: PackProof, needed: tuple[str, ...]) -> None:
    """Raises AppError `pack_import_failed`, `pack_class_missing` when the server has not got what it should have."""
    name = plan.source.name
    if proof.failure is not None:
        words = proof.failure.error or "the log does not say why"
        detail = "\n".join(proof.failure.trace)
        module, hint = proof.failure.missing_module, proof.failure.hint
        if module is not None and "once more" in hint:
            hint = f"Its list of packages does not bring {module}: put that into the Python by hand, then try again."
        raise app_error("pack_import_failed", f"{name} does not load: {words}.", hint=hint or None, detail=detail)
    if proof.newly_failed:
        others = ", ".join(pack_name(path) for path in proof.newly_failed)
        raise app_error("pack_import_failed", f"With {name} installed, others do not load any more: {others}.")
    if proof.lost:
        message = f"With {name} installed, nodes that were there are gone: {names(proof.lost)}."
        raise app_error("pack_class_missing", message)
    missing = tuple(one for one in proof.missing if one in needed)
    if missing or not proof.present:
        words = names(missing) if missing else "any of its nodes"
        raise app_error("pack_class_missing", f"{name} is installed, but the server does not have {words}.")


def _first(line: str, reason: str) -> str:
    return f"'{line[:120]}': {reason}"
