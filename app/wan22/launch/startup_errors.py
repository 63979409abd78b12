"""Why a ComfyUI ended: before it was ready, or while it was needed."""

import re
import shlex
import sys
from collections.abc import Sequence

from wan22.launch.exit_code import Ending, ExitMeaning, is_minus_one, meaning_of
from wan22.launch.startup_cause import CAUSES, GPU_FAULT, RAM_EXHAUSTED, WORKER_DIED
from wan22.schema.problem import Problem, Severity, problem

_DETAIL_LINES = 30
_TRACE_LINES = 60
_ATTENTION_FLAG = re.compile(r"--use-[\w-]*attention")
_PACK = re.compile(r"""File ".*?custom_nodes[\\/]([^\\/"]+)""")
_TRACEBACK = "Traceback (most recent call last):"
_WITHOUT_PACKS = "Start once with --disable-all-custom-nodes: if that works, one of the custom nodes is to blame."
_BUSY = re.compile(r"^got prompt")
_IDLE = re.compile(r"^Prompt executed in|^Processing interrupted|^!!! Exception during processing")


def explain_exit(
    lines: Sequence[str], exit_code: int | None, argv: Sequence[str], platform: str = sys.platform
) -> Problem:
    """Why a ComfyUI ended before it was ready. `lines`: its cleaned output, the last ones matter."""
    meaning = meaning_of(exit_code)
    detail = _detail(lines, argv, platform)
    if meaning.ending in (Ending.killed, Ending.interrupted):
        message = f"ComfyUI was ended from outside before it was ready: {meaning.words}."
        return problem("server_killed", message, Severity.error, detail=detail, exit_code=exit_code)
    if meaning.ending is not Ending.native_crash:
        for cause in CAUSES:
            build = cause.explain(lines, exit_code)
            if build is not None:
                return build(detail)
    flags = [word for word in argv if _ATTENTION_FLAG.fullmatch(word)]
    if is_minus_one(exit_code) and flags:
        message = f"ComfyUI ended at once with {meaning.words}, as it does when the package for {flags[-1]} is missing."
        return problem("attention_package_missing", message, Severity.error, detail=detail, exit_code=exit_code)
    message, hint = _unnamed(lines, meaning, "before it was ready")
    return problem("server_start_failed", message, Severity.error, hint=hint, detail=detail, exit_code=exit_code)


def explain_crash(lines: Sequence[str], exit_code: int | None, was_working: bool) -> Problem:
    """Why a ComfyUI that had been ready ended by itself. `was_working`: it had a job at that moment."""
    meaning = meaning_of(exit_code)
    when = "while it worked on a job" if was_working else "while it waited for jobs"
    detail = _detail(lines, (), "")
    if meaning.ending in (Ending.killed, Ending.interrupted):
        message = f"ComfyUI was ended from outside {when}: {meaning.words}."
        return problem("server_killed", message, Severity.error, detail=detail, exit_code=exit_code)
    message, hint = _crash_words(lines[-_TRACE_LINES:], meaning, when)
    return problem("server_crashed", message, Severity.error, hint=hint, detail=detail, exit_code=exit_code)


def is_worker_death(line: str) -> bool:
    """Whether this line says that ComfyUI's worker ends, while the server goes on answering."""
    return WORKER_DIED.match(line) is not None


def explain_stuck(lines: Sequence[str]) -> Problem:
    """The Problem of a server whose worker has died."""
    message = "ComfyUI's worker thread has died: it still answers, but it works on no job any more."
    return problem("server_stuck", message, Severity.error, detail=last_lines(lines))


def has_job(lines: Sequence[str]) -> bool:
    """Whether the last thing the log shows of jobs is one that began and has not ended."""
    for line in reversed(lines):
        if _IDLE.match(line):
            return False
        if _BUSY.match(line):
            return True
    return False


def last_lines(lines: Sequence[str], count: int = _DETAIL_LINES) -> str:
    """The end of a log, for the details of a Problem."""
    return "\n".join(lines[-count:])


def _crash_words(tail: Sequence[str], meaning: ExitMeaning, when: str) -> tuple[str, str | None]:
    """Message and hint for a server that had been ready."""
    if meaning.ending is Ending.clean:
        message = f"ComfyUI was stopped by somebody else {when} ({meaning.words})."
        return message, "Custom nodes that restart ComfyUI do this, too. Start it again."
    gpu = next((match for line in reversed(tail) if (match := GPU_FAULT.search(line))), None)
    if gpu is not None:
        message = f"ComfyUI ended {when} after a fault of the GPU ({gpu['what']}): {meaning.words}."
        return message, "Start again; if it comes back, take out overclocking and try another driver."
    if any(RAM_EXHAUSTED.search(line) for line in tail):
        message = f"ComfyUI ended {when} because the computer had no memory (RAM) left: {meaning.words}."
        return message, "Close other programs, make the page file bigger, or use smaller models."
    return _unnamed(tail, meaning, when)


def _unnamed(lines: Sequence[str], meaning: ExitMeaning, when: str) -> tuple[str, str | None]:
    """Message and hint for an ending that no row of the table names."""
    pack = _pack_at_work(lines)
    if pack is not None:
        message = f"ComfyUI ended {when} inside the custom node {pack}: {meaning.words}."
        return message, f"Update or take out {pack}. {_WITHOUT_PACKS}"
    if meaning.ending is Ending.native_crash:
        message = f"ComfyUI crashed inside native code {when}: {meaning.words}."
        return message, f"Torch, the driver or a custom node is to blame. {_WITHOUT_PACKS}"
    if meaning.ending is Ending.out_of_memory:
        message = f"ComfyUI ended {when} because the computer had no memory (RAM) left: {meaning.words}."
        return message, "Close other programs or make the page file bigger."
    said = _final_exception(lines)
    return f"ComfyUI ended {when}: {meaning.words}{f', {said}' if said else ''}.", None


def _pack_at_work(lines: Sequence[str]) -> str | None:
    """The custom node that the last traceback goes through, if that traceback is what ended the process."""
    tail = list(lines[-_TRACE_LINES:])
    starts = [number for number, line in enumerate(tail) if line.strip() == _TRACEBACK]
    if not starts or _final_exception(tail) is None:
        return None
    packs = [match.group(1) for line in tail[starts[-1] :] if (match := _PACK.search(line))]
    return packs[-1] if packs else None


def _final_exception(lines: Sequence[str]) -> str | None:
    """The last exception line when nothing but its own text follows it."""
    for line in reversed(lines[-4:]):
        if re.match(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b", line):
            return line.strip().rstrip(".")
    return None


def _detail(lines: Sequence[str], argv: Sequence[str], platform: str) -> str:
    told = last_lines(lines) or "It wrote nothing."
    if not argv:
        return told
    return f"Command on {platform}: {shlex.join(argv)}\n\n{told}"
