"""All rules about workflows: run them over a graph, and mend one thing in a new copy."""

from collections.abc import Sequence

from wan22.comfy.client import Graph
from wan22.comfy.lint_fix import mended
from wan22.comfy.lint_lora import FindModelFile, lora_findings
from wan22.comfy.lint_pass import pass_findings
from wan22.comfy.lint_video import video_findings
from wan22.comfy.sampler_pass import has_too_many_passes
from wan22.schema.analysis import Finding, FindingLevel
from wan22.schema.problem import app_error

_ORDER = (FindingLevel.wrong, FindingLevel.doubtful, FindingLevel.note)


def lint_graph(graph: Graph, find_file: FindModelFile | None = None) -> tuple[Finding, ...]:
    """Everything that the rules find, the worst first. `find_file` tells where a model file lies on this machine."""
    if has_too_many_passes(graph):
        return ()
    found = [*pass_findings(graph), *lora_findings(graph, find_file), *video_findings(graph)]
    possible = {rule: _changes(graph, rule) for rule in {item.rule for item in found if item.fix}}
    mendable = [item if possible.get(item.rule) else item.model_copy(update={"fix": None}) for item in found]
    return tuple(sorted(mendable, key=lambda item: _ORDER.index(item.level)))


def _changes(graph: Graph, rule: str) -> bool:
    """Whether the mend of a rule is possible here."""
    result = mended(graph, rule)
    return result is not None and result != graph


def fix_graph(graph: Graph, rule: str, findings: Sequence[Finding]) -> Graph:
    """A copy of `graph` in which what `rule` found is mended; the graph itself stays as it is.

    Raises AppError `rule_not_found` when the rule found nothing, `rule_without_fix` when a person has to decide.
    """
    found = [item for item in findings if item.rule == rule]
    if not found:
        known = ", ".join(dict.fromkeys(item.rule for item in findings)) or "none"
        message = f"The rule '{rule[:60]}' finds nothing in this workflow. Rules that find something here: {known}."
        raise app_error("rule_not_found", message)
    result = mended(graph, rule) if any(item.fix for item in found) else None
    if result is None or result == graph:
        raise app_error("rule_without_fix", f"What '{rule}' found cannot be mended by itself: {found[0].message}")
    return result
