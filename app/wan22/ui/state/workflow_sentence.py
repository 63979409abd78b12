"""A workflow in one sentence, and the reasons for it."""

from wan22.comfy.analysis_text import origin_line
from wan22.schema.analysis import AnalysedPass, FindingLevel, WorkflowAnalysis
from wan22.ui.number_text import unbroken
from wan22.ui.state.workflow_view import WorkflowView, missing_models

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")
_QUOTED = 4


def workflow_sentence(view: WorkflowView) -> tuple[str, str]:
    """The answer of the page, the worst first: what could not be read, what is wrong, else what the workflow does."""
    analysis = view.analysis
    wrong = [item for item in analysis.findings if item.level is FindingLevel.wrong]
    does = does_sentence(analysis)
    origin = f"{analysis.name}: {origin_line(analysis)}."
    missing = missing_models(view.models)
    about = f" {_count(len(missing), 'model file')} missing on this machine." if missing else ""
    if view.unknown:
        names = list(dict.fromkeys(str(one.where.get("class_type", "?")) for one in view.unknown))
        shown = ", ".join(names[:_QUOTED]) + (f" and {len(names) - _QUOTED} more" if len(names) > _QUOTED else "")
        title = f"Not all of it could be read: {shown} {'is' if len(names) == 1 else 'are'} not known here."
        return title, f"{origin} What could be read: {_small(does)}{about}"
    if wrong:
        more = f" And {_count(len(wrong) - 1, 'more thing')} wrong." if len(wrong) > 1 else ""
        return unbroken(wrong[0].message), f"{does}{more} {origin}{about}"
    doubts = sum(item.level is FindingLevel.doubtful for item in analysis.findings)
    doubt = f"{_count(doubts, 'thing')} doubtful, see below. " if doubts else ""
    return unbroken(does), f"{doubt}{origin}{about}"


def does_sentence(analysis: WorkflowAnalysis) -> str:
    """`Two passes of 2 steps at CFG 1 with the 4-step LoRA: 81 frames at 16 fps, 5.1 s.`"""
    passes = analysis.passes
    if not passes:
        return "No sampling pass was found in it, so it makes no new video."
    count = _NUMBERS[len(passes)] if len(passes) < len(_NUMBERS) else str(len(passes))
    parts = [f"{count} pass{'es' if len(passes) != 1 else ''}", _steps(passes), _cfg(passes), _loras(passes)]
    return " ".join(part for part in parts if part) + _result(analysis) + "."


def _steps(passes: tuple[AnalysedPass, ...]) -> str:
    counts = [item.steps for item in passes]
    if None in counts:
        return "whose steps could not be read"
    if len(set(counts)) == 1:
        return f"of {counts[0]} step{'s' if counts[0] != 1 else ''}"
    return f"of {_listed([str(count) for count in counts])} steps"


def _cfg(passes: tuple[AnalysedPass, ...]) -> str:
    values = [item.cfg for item in passes]
    known = [f"{value:g}" for value in values if value is not None]
    if len(known) < len(values):
        return ""
    return f"at CFG {known[0] if len(set(known)) == 1 else _listed(known)}"


def _loras(passes: tuple[AnalysedPass, ...]) -> str:
    used = [lora for item in passes for lora in item.loras if lora.strength != 0]
    if any(lora.is_fast for lora in used):
        others = len({lora.file for lora in used if not lora.is_fast})
        more = f" and {others} other{'s' if others != 1 else ''}" if others else ""
        return f"with the 4-step LoRA{more}"
    files = len({lora.file for lora in used})
    return "without a LoRA" if not files else "with a LoRA" if files == 1 else f"with {files} LoRAs"


def _result(analysis: WorkflowAnalysis) -> str:
    frames = analysis.frames_out if analysis.frames_out is not None else analysis.frames_made
    if frames is None:
        return ""
    text = f": {frames} frames"
    if analysis.fps is not None:
        text += f" at {analysis.fps:g} fps"
    kinds = list(dict.fromkeys(item.kind for item in analysis.interpolations))
    if kinds:
        text += f" after {' and '.join(kinds)}"
    return text + (f", {analysis.duration_s:.1f} s" if analysis.duration_s is not None else "")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
