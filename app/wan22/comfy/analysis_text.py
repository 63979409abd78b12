"""An analysis in words: lines for a terminal, and a Markdown document."""

from collections.abc import Iterator

from wan22.comfy.analysis_chain import drawn_chain, handover_text
from wan22.schema.analysis import AnalysedPass, Finding, FindingLevel, WorkflowAnalysis

LEVEL_WORDS = {
    FindingLevel.wrong: ("✕", "wrong"),
    FindingLevel.doubtful: ("●", "doubtful"),
    FindingLevel.note: ("–", "note"),  # noqa: RUF001 - a dash that is seen
}
"""Sign and word of each level."""

_FORMS = {"api": "API form", "editor": "the editor's form"}


def summary_line(analysis: WorkflowAnalysis) -> str:
    """The whole workflow in one line."""
    parts = [f"{len(analysis.passes)} pass{'es' if len(analysis.passes) != 1 else ''}"]
    if analysis.steps is not None:
        parts.append(f"{analysis.steps} steps")
    cfgs = list(dict.fromkeys(item.cfg for item in analysis.passes if item.cfg is not None))
    if cfgs:
        parts.append(f"CFG {' / '.join(f'{cfg:g}' for cfg in cfgs)}")
    shifts = [item.shift for item in analysis.passes if item.shift is not None]
    if shifts:
        parts.append(f"shift {' / '.join(f'{shift:g}' for shift in shifts)}")
    if analysis.width and analysis.height:
        parts.append(f"{analysis.width}×{analysis.height}")  # noqa: RUF001
    if analysis.frames_out is not None:
        parts.append(f"{analysis.frames_out} frames")
    if analysis.fps is not None:
        parts.append(f"{analysis.fps:g} fps")
    if analysis.duration_s is not None:
        parts.append(f"{analysis.duration_s:.2f} s")
    return ", ".join(parts)


def origin_line(analysis: WorkflowAnalysis) -> str:
    """What kind of file it came from."""
    inside = "" if analysis.container == "JSON" else f", read from a {analysis.container} file"
    return f"{_FORMS.get(analysis.form, analysis.form)}{inside}, {analysis.node_count} nodes that a server runs"


def finding_lines(finding: Finding) -> Iterator[str]:
    """A finding with its reason and its mend."""
    mark, word = LEVEL_WORDS[finding.level]
    yield f"{mark} {word}: {finding.message}"
    yield f"    {finding.why}"
    yield f"    Mend: {finding.fix} (--rule {finding.rule})" if finding.fix else f"    [{finding.rule}]"


def analysis_markdown(analysis: WorkflowAnalysis) -> str:
    """A document for people: summary, chain, passes, models, findings."""
    lines = [f"# Workflow analysis: {_cell(analysis.name or 'workflow')}", "", summary_line(analysis) + ".", ""]
    lines += [f"Source: {origin_line(analysis)}.", "", "## Chain", "", "```text"]
    lines += [line.replace("```", "'''") for line in drawn_chain(analysis.chain)]
    lines += ["```", "", "## Passes", ""]
    lines += _pass_table(analysis.passes)
    for handover in analysis.handovers:
        lines += ["", f"Hand-over from node {handover.first} to node {handover.second}: {handover_text(handover)}."]
    lines += ["", "## Models", "", "| for | file | node | folder |", "|---|---|---|---|"]
    lines += [
        f"| {item.purpose} | {_cell(item.file)} | {item.node} ({_cell(item.class_type)}) | {item.folder or 'unknown'} |"
        for item in analysis.models
    ]
    lines += ["", "## Findings", ""]
    for finding in analysis.findings:
        _, word = LEVEL_WORDS[finding.level]
        lines += [f"- **{word}**: {_cell(finding.message)} {finding.why}"]
        lines += [f"  Mend: {finding.fix} (`{finding.rule}`)"] if finding.fix else [f"  (`{finding.rule}`)"]
    if not analysis.findings:
        lines.append("None.")
    for title, texts in (("Not understood", analysis.not_understood), ("Notes on the conversion", analysis.notes)):
        if texts:
            lines += ["", f"## {title}", "", *(f"- {_cell(text)}" for text in texts)]
    return "\n".join(lines) + "\n"


def _pass_table(passes: tuple[AnalysedPass, ...]) -> list[str]:
    rows = ["| pass | node | expert | LoRA (strength) | steps | CFG | shift | sampler / scheduler | noise |"]
    rows.append("|---|---|---|---|---|---|---|---|---|")
    for item in passes:
        loras = ", ".join(f"{lora.file} ({_number(lora.strength)})" for lora in item.loras) or "none"
        steps = f"{item.start_step}–{item.end_step} of {item.total_steps}" if item.steps is not None else "not known"  # noqa: RUF001
        noise = {True: "added", False: "not added", None: "not known"}[item.adds_noise]
        rows.append(
            f"| {item.number} | {item.node} | {_cell(item.expert_file or 'not known')} | {_cell(loras)} | {steps} | "
            f"{_number(item.cfg)} | {_number(item.shift)} | {_cell(item.sampler or 'not known')} / "
            f"{_cell(item.scheduler or 'not known')} | {noise} |"
        )
    return rows


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:g}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
