"""What a silent server looks like, in words."""

from wan22.schema.duration_text import duration
from wan22.schema.events import JobStalled, Liveness
from wan22.schema.problem import Problem, problem


def stall_sentence(fact: JobStalled) -> str:
    """A sentence or three for the person who waits."""
    place = fact.role.value.replace("_", " ") if fact.role is not None else "its start"
    silence = f"No progress in {place} for {duration(fact.silent_s)} ({_because(fact)})"
    seen = _seen(fact)
    if fact.verdict is Liveness.busy:
        return f"{silence}. ComfyUI is at work all the same: {seen}. Still waiting."
    if fact.verdict is Liveness.dead:
        return f"{silence}. ComfyUI stands still: {seen}, and that for {duration(fact.quiet_s or 0.0)}."
    return f"{silence}. Whether ComfyUI still works cannot be told from here: {seen}. Still waiting."


def hung_problem(fact: JobStalled) -> Problem:
    """`server_hung`, with what was seen."""
    return problem("server_hung", stall_sentence(fact), node=fact.node)


def _because(fact: JobStalled) -> str:
    return f"{duration(fact.allowed_s)} are allowed: {fact.allowed_from}" if fact.allowed_from else "that is unusual"


def _seen(fact: JobStalled) -> str:
    parts = [] if fact.answers is None else ["it answers" if fact.answers else "it does not answer"]
    if fact.cpu_share is None:
        parts.append("its process is not seen")
    else:
        parts.append(f"its process takes {100 * fact.cpu_share:.0f} % of a core")
    if fact.moved_bytes is not None:
        parts.append(f"{fact.moved_bytes / 2**20:.0f} MiB moved since the last look")
    pct = fact.gpu_utilization_pct
    parts.append("the GPU is not read" if pct is None else f"the GPU is at {pct:.0f} %")
    return ", ".join(parts)
