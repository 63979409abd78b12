"""How the to-dos about settings and documents are judged: what was tried out, what was written down. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from wan22.audit import checklist_steps as steps
from wan22.audit.checklist_facts import ChecklistFacts, FoundFile, Trial
from wan22.audit.checklist_rules import NO_GPU, Finding, audits, count_words, file_evidence, joined, run_evidence
from wan22.schema.checklist import NextStep, TodoState

ATTENTION: Mapping[str, str] = {
    "--use-sage-attention": "sage",
    "--use-flash-attention": "flash",
    "--use-pytorch-cross-attention": "pytorch",
}
"""Flags of ComfyUI that choose how attention is computed; only one of them is given at a time."""
PRECISION = ("--fp8_e4m3fn-text-enc", "--bf16-unet", "--force-channels-last")
CUDA_FLAGS = ("--cuda-malloc", "--fast")
COMPILE = "TORCH_COMPILE=1"
Group = Sequence[Trial]


class _Tried(NamedTuple):
    """What one group of runs, which can be compared with each other, has tried of something."""

    names: tuple[str, ...]
    group: Group


def attention(facts: ChecklistFacts) -> Finding:
    """The same job ran with each of the three attentions on one kind of board."""

    def tried(group: Group) -> tuple[str, ...]:
        return tuple(name for flag, name in ATTENTION.items() if any(flag in (one.flags or ()) for one in group))

    step = steps.change_profile("Choose another attention in the profile and make the same video again.")
    return _judge(facts, _Subject("attention", tuple(ATTENTION.values()), tried, step))


def precision(facts: ChecklistFacts) -> Finding:
    """The same job ran with and without each flag."""

    def tried(group: Group) -> tuple[str, ...]:
        return tuple(flag for flag in PRECISION if _is_both(group, flag))

    step = steps.change_profile("Switch one of the precision flags in the profile and make the same video again.")
    return _judge(facts, _Subject("precision flag", PRECISION, tried, step))


def cuda(facts: ChecklistFacts) -> Finding:
    """The same job ran with and without each of the CUDA settings."""

    def tried(group: Group) -> tuple[str, ...]:
        flags = tuple(flag for flag in CUDA_FLAGS if _is_both(group, flag))
        known = [one.environment for one in group if one.environment is not None]
        is_on = [("TORCH_COMPILE", "1") in environment for environment in known]
        return flags + ((COMPILE,) if True in is_on and False in is_on else ())

    step = steps.change_profile("Switch one of the CUDA settings in the profile and make the same video again.")
    return _judge(facts, _Subject("CUDA setting", (*CUDA_FLAGS, COMPILE), tried, step))


def gpu_guide(facts: ChecklistFacts) -> Finding:
    """A guide was written from the newest measurements."""
    step = _report_step(facts, "Write the guide from the runs.", "wan22 guide")
    return _document(facts, facts.guides, "guide for the GPUs", step)


def final_report(facts: ChecklistFacts) -> Finding:
    """The report was written from the newest measurements."""
    step = _report_step(facts, "Write the final report from the runs.", "wan22 report")
    return _document(facts, facts.reports, "final report", step)


def containers(facts: ChecklistFacts) -> Finding:
    """The files that build and start containers are there."""
    step = None
    if steps.CONTAINER_NAMES & facts.features:
        step = NextStep(text="Write the container files.", command="wan22 export docker --to DIR")
    names = {file.path.name for file in facts.containers}
    has_recipe = any(name.startswith("Dockerfile") for name in names)
    has_services = any(name.endswith((".yml", ".yaml")) for name in names)
    if has_recipe and has_services:
        where = f"{facts.engine} can start them" if facts.engine else "no docker or podman is here to start them"
        said = f"The container files are there; {where}."
        return Finding(TodoState.done, said, file_evidence(facts.containers))
    if names:
        lacking = "the file with its services" if has_recipe else "the Dockerfile"
        return Finding(
            TodoState.part, f"One of the files is there, {lacking} is not.", file_evidence(facts.containers), step
        )
    if facts.engine is None:
        said = "Neither docker nor podman was found on this machine."
        return Finding(TodoState.impossible, said)
    missing = "" if step is not None else f" {steps.NEEDS_CONTAINERS}"
    return Finding(TodoState.open, f"No container files were found.{missing}", (), step)


class _Subject(NamedTuple):
    """What is tried out: its name, all of it, what a group of runs has tried, and how to try the next by hand."""

    noun: str
    wanted: tuple[str, ...]
    tried: Callable[[Group], tuple[str, ...]]
    by_hand: NextStep


def _judge(facts: ChecklistFacts, subject: _Subject) -> Finding:
    best = _best(facts.trials, subject.tried)
    step = steps.bench_step(facts, f"Run the matrix for every {subject.noun}.", subject.by_hand)
    if best is None or not best.names:
        return _nothing_tried(facts, subject, step)
    evidence = run_evidence(best.group)
    board = best.group[0].board or "one GPU"
    missing = [name for name in subject.wanted if name not in best.names]
    if not missing:
        said = f"The same job ran with {joined(best.names)} on {board}."
        if not any(one.is_benchmark for one in best.group) and not steps.has_bench(facts):
            said += " How sure the difference is needs the benchmark, which this version does not have yet."
        return Finding(TodoState.done, said, evidence)
    said = f"Tried on {board}: {joined(best.names)}. Not yet: {joined(missing)}."
    return Finding(TodoState.part, said, evidence, step)


def _nothing_tried(facts: ChecklistFacts, subject: _Subject, step: NextStep) -> Finding:
    if facts.has_no_gpu and not facts.trials:
        return Finding(TodoState.impossible, NO_GPU, audits(facts))
    if not facts.trials:
        step = steps.bench_step(facts, step.text, steps.time_run("Make a first video, to compare the others with."))
    missing = "" if steps.has_bench(facts) else " By hand it takes one run for each; doing it in one go needs the "
    missing += "" if steps.has_bench(facts) else "benchmark, which this version does not have yet."
    wanted = joined(subject.wanted)
    return Finding(TodoState.open, f"No two runs of the same job compare {wanted}.{missing}", (), step)


def _best(trials: Iterable[Trial], tried: Callable[[Group], tuple[str, ...]]) -> _Tried | None:
    """Of the groups of comparable runs the one that has tried most; the newest of those that are alike."""
    groups: dict[object, list[Trial]] = {}
    for trial in trials:
        if trial.flags is not None and trial.key is not None:
            groups.setdefault(trial.group, []).append(trial)
    found = [_Tried(tried(group), group) for group in groups.values()]
    return max(found, key=lambda one: len(one.names), default=None)


def _is_both(group: Group, flag: str) -> bool:
    is_on = [flag in one.flags for one in group if one.flags is not None]
    return True in is_on and False in is_on


def _document(facts: ChecklistFacts, files: Sequence[FoundFile], noun: str, step: NextStep | None) -> Finding:
    if files:
        newest = files[0]
        later = [trial for trial in facts.trials if trial.started_s > newest.time_s]
        if later:
            said = f"The {noun} is older than {count_words(len(later), 'run')}."
            return Finding(TodoState.part, said, file_evidence(files), step)
        return Finding(TodoState.done, f"The {noun} is written and no run is newer.", file_evidence(files))
    missing = "" if steps.has_report(facts) else f" {steps.NEEDS_REPORT}"
    boards = sorted({trial.board for trial in facts.trials if trial.board})
    if not boards:
        return Finding(
            TodoState.open, f"There is no {noun}, and no run on a real GPU to write it from.{missing}", (), step
        )
    said = f"There is no {noun} yet; runs are there for {joined(boards)}.{missing}"
    return Finding(TodoState.open, said, run_evidence(facts.trials), step)


def _report_step(facts: ChecklistFacts, text: str, command: str) -> NextStep | None:
    if steps.has_report(facts):
        return NextStep(text=text, action=steps.REPORT, label="Open the reports", command=command)
    if not facts.trials and not facts.has_no_gpu:
        return steps.time_run("Make a video on a real GPU: documents are written from runs.")
    return None
