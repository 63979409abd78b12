"""A workflow as rows of names and values."""

from collections.abc import Callable, Iterable

from wan22.comfy.analysis_text import origin_line
from wan22.schema.analysis import AnalysedPass, WorkflowAnalysis
from wan22.ui.state.workflow_view import WorkflowView

_HELPERS = "Also in the workflow"


def workflow_rows(view: WorkflowView) -> list[tuple[str, str]]:
    """What the chain leaves out, or says in several places."""
    analysis = view.analysis
    rows = [
        ("File", str(view.path)),
        ("Form", origin_line(analysis)),
        ("Node definitions", f"{_capital(view.definitions)}{f'. {view.note}' if view.note else ''}"),
        ("Size and length", _size(analysis)),
        ("Sampler", _of_passes(analysis, lambda item: item.sampler)),
        ("Scheduler", _of_passes(analysis, lambda item: item.scheduler)),
        ("Shift", _of_passes(analysis, _shift)),
        ("Seed", _seed(analysis)),
        ("Output", "; ".join(_outputs(analysis)) or ("not known" if analysis.not_understood else "nothing is saved")),
    ]
    others = next((stage.lines for stage in analysis.chain if stage.title == _HELPERS), ())
    rows += [(_HELPERS, ", ".join(others))] if others else []
    rows += [("Not understood", text) for text in analysis.not_understood if text not in _unknown(view)]
    rows += [("Conversion", text) for text in analysis.notes]
    return rows


def _unknown(view: WorkflowView) -> set[str]:
    """What has a card of its own."""
    return {found.message for found in view.unknown}


def _size(analysis: WorkflowAnalysis) -> str:
    size = f"{analysis.width} × {analysis.height} pixels" if analysis.width and analysis.height else "size not known"  # noqa: RUF001
    frames = f"{analysis.frames_made} frames" if analysis.frames_made is not None else "frames not known"
    parts = [size, frames]
    if analysis.frames_out not in (None, analysis.frames_made):
        parts.append(f"{analysis.frames_out} after interpolation")
    if analysis.fps is not None:
        parts.append(f"{analysis.fps:g} fps")
    if analysis.duration_s is not None:
        parts.append(f"{analysis.duration_s:.2f} s")
    return ", ".join(parts)


def _of_passes(analysis: WorkflowAnalysis, value: Callable[[AnalysedPass], str | None]) -> str:
    found = [value(item) or "not known" for item in analysis.passes]
    if not found:
        return "no pass"
    return found[0] if len(set(found)) == 1 else ", ".join(f"pass {n}: {text}" for n, text in enumerate(found, start=1))


def _shift(item: AnalysedPass) -> str | None:
    if item.shift is None:
        return None
    return f"{item.shift:g}" + (", the model's own" if item.shift_is_default else "")


def _seed(analysis: WorkflowAnalysis) -> str:
    seeds = [(item.seed, item.seed_after) for item in analysis.passes if item.seed is not None]
    if not seeds:
        return "not known; a new one is drawn for each run unless you give one"
    seed, after = seeds[0]
    editor = f", in the editor: {after}" if after else ""
    return f"{seed}{editor}; this panel draws a new one for each run unless you give one"


def _outputs(analysis: WorkflowAnalysis) -> Iterable[str]:
    for item in analysis.outputs:
        facts = ", ".join(part for part in (item.prefix, item.format) if part)
        yield f"{item.class_type} (node {item.node})" + (f": {facts}" if facts else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
