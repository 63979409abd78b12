"""How the first seven to-dos are judged: what was found makes a state, a sentence, and the next step. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from wan22.audit import checklist_steps as steps
from wan22.audit.checklist_facts import ChecklistFacts, FoundFile, FoundWorkflow, Trial
from wan22.schema.checklist import Evidence, LinkKind, NextStep, TodoState

GUIDE_PROFILES = ("rtx5090", "rtx4090", "a100")
"""The GPUs that the to-dos are about."""
_SHOWN = 4
NO_GPU = "The newest audit found no NVIDIA GPU on this machine."


class Finding(NamedTuple):
    """The answer of one rule."""

    state: TodoState
    said: str
    evidence: tuple[Evidence, ...] = ()
    next_step: NextStep | None = None


def audit(facts: ChecklistFacts) -> Finding:
    """A full snapshot is kept."""
    again = NextStep(text="Take a full audit.", action=steps.AUDIT, label="Take a full audit", command="wan22 audit")
    full = next((one for one in facts.audits if one.is_full), None)
    if full is not None:
        evidence = Evidence(text="Full audit", time_s=full.time_s, link=LinkKind.file, target=str(full.path))
        return Finding(TodoState.done, "A full audit of this machine is kept.", (evidence,))
    if facts.audits:
        newest = facts.audits[0]
        evidence = Evidence(text="Quick audit", time_s=newest.time_s, link=LinkKind.file, target=str(newest.path))
        said = "Only a quick audit is kept: ComfyUI's Python was not asked what it can import."
        return Finding(TodoState.part, said, (evidence,), again)
    return Finding(TodoState.open, "No audit of this machine is kept yet.", (), again)


def launchers(facts: ChecklistFacts) -> Finding:
    """Our start scripts exist for the three GPUs."""
    export = NextStep(
        text="Write the start scripts into a folder of your choice.",
        action=steps.SCRIPTS,
        label="Write scripts…",
        command="wan22 export scripts --to DIR",
    )
    if not facts.has_comfyui:
        export = steps.choose_comfyui("scripts start it", "wan22 export scripts --to DIR --comfyui DIR")
    ours = [file for file in facts.scripts if file.is_ours]
    foreign = [file for file in facts.scripts if not file.is_ours]
    if not ours:
        if foreign:
            said = "There are start scripts, but this program did not write them: what they do is not known."
            return Finding(TodoState.part, said, file_evidence(foreign), export)
        return Finding(TodoState.open, "No start scripts were written yet.", (), export)
    there = {file.path.stem.removeprefix("launch_wan22_") for file in ours}
    missing = [name for name in GUIDE_PROFILES if name not in there]
    if missing:
        said = f"Scripts were written, but not for {joined(missing)}."
        return Finding(TodoState.part, said, file_evidence(ours), export)
    return Finding(TodoState.done, f"Start scripts for {joined(GUIDE_PROFILES)} are there.", file_evidence(ours))


def benchmark(facts: ChecklistFacts) -> Finding:
    """A benchmark has measured."""
    measured = [trial for trial in facts.trials if trial.is_benchmark]
    if measured:
        return Finding(
            TodoState.done, f"{_count_were(len(measured), 'benchmark run')} measured.", run_evidence(measured)
        )
    by_hand = steps.time_run("Make a video: every run is timed and can be compared later.")
    step = steps.bench_step(facts, "Run the quick benchmark.", by_hand, "quick")
    missing = "" if steps.has_bench(facts) else f" {steps.NEEDS_BENCH}"
    if facts.trials:
        said = f"{_count_were(len(facts.trials), 'run')} timed on a real GPU, none of them by a benchmark.{missing}"
        return Finding(TodoState.part, said, run_evidence(facts.trials), step if steps.has_bench(facts) else None)
    if facts.has_no_gpu:
        return Finding(TodoState.impossible, NO_GPU, audits(facts))
    return Finding(TodoState.open, f"Nothing was measured on a real GPU yet.{missing}", (), step)


def analysis(facts: ChecklistFacts) -> Finding:
    """An analysis of a workflow was written."""
    step = NextStep(
        text="Open your workflow, read what it does, and save the analysis.",
        action=steps.WORKFLOWS,
        label="Open workflows",
        command="wan22 workflow analyse FILE --markdown",
    )
    if facts.analyses:
        return Finding(TodoState.done, "A workflow was analysed.", file_evidence(facts.analyses))
    own = [one for one in facts.workflows if one.is_own]
    used = [trial for trial in facts.trials if trial.workflow and trial.workflow not in facts.shipped]
    if used:
        said = f"A workflow of your own was run ({used[0].workflow}), but no analysis of one was saved."
        return Finding(TodoState.part, said, run_evidence(used), step)
    if own:
        said = f"{count_words(len(own), 'workflow')} of your own can be read, but no analysis of one was saved."
        return Finding(TodoState.part, said, _workflows(own), step)
    return Finding(TodoState.open, "No workflow of your own was analysed yet.", (), step)


def install_nodes(facts: ChecklistFacts) -> Finding:
    """A server has interpolation nodes: it said so, or it has interpolated."""
    step = NextStep(
        text="Install ComfyUI-Frame-Interpolation and restart ComfyUI.",
        action=steps.PACKS,
        label="Open node packs",
        command="wan22 nodes install comfyui-frame-interpolation",
    )
    used = [trial for trial in facts.trials if trial.interpolation != "none"]
    proof = facts.proof
    if proof is not None and proof.is_loaded and (not used or proof.time_s >= used[0].started_s):
        return Finding(TodoState.done, "The server has nodes that interpolate frames.", (_proof(facts),))
    if used and not (proof is not None and proof.time_s > used[0].started_s):
        return Finding(TodoState.done, "Frames were interpolated, so the nodes are there.", run_evidence(used))
    if proof is not None:
        said = "The pack is there, but the server could not load it."
        return Finding(TodoState.part, said, (_proof(facts),), step)
    pack = facts.pack
    if pack is not None:
        evidence = Evidence(
            text=f"Folder {pack.folder.name}", time_s=pack.time_s, link=LinkKind.folder, target=str(pack.folder)
        )
        said = "The pack is installed, but no server was seen to load it yet."
        if not pack.is_enabled:
            said = "The pack is installed, but switched off."
        return Finding(TodoState.part, said, (evidence,), step)
    said = "No nodes that interpolate were found."
    return Finding(
        TodoState.open,
        said,
        (),
        step
        if facts.has_comfyui or facts.is_attached
        else steps.choose_comfyui("packs go there", f"{step.command} --comfyui DIR"),
    )


def interpolation_workflows(facts: ChecklistFacts) -> Finding:
    """There is a workflow with RIFE and one with FILM."""
    step = NextStep(
        text="Open a workflow that puts RIFE or FILM behind VAE Decode and keep it under a name of its own.",
        action=steps.WORKFLOWS,
        label="Open workflows",
        command="wan22 workflow list",
    )
    with_any = [one for one in facts.workflows if one.interpolators]
    kinds = {kind for one in with_any for kind in one.interpolators}
    if kinds >= {"rife", "film"}:
        return Finding(TodoState.done, "There are workflows with RIFE and with FILM.", _workflows(with_any))
    if with_any:
        names = {"rife": "RIFE", "film": "FILM"}
        have = joined(sorted(names[kind] for kind in kinds)) or "another interpolator"
        lacking = joined([names[kind] for kind in ("rife", "film") if kind not in kinds])
        return Finding(
            TodoState.part, f"There is a workflow with {have}, none with {lacking}.", _workflows(with_any), step
        )
    return Finding(TodoState.open, "No workflow that interpolates frames was found.", (), step)


def interpolation_benchmark(facts: ChecklistFacts) -> Finding:
    """A benchmark has compared RIFE and FILM."""
    used = [trial for trial in facts.trials if trial.interpolation in ("rife", "film")]
    kinds = {trial.interpolation for trial in used}
    judged = {trial.interpolation for trial in used if trial.is_benchmark}
    if judged == {"rife", "film"}:
        return Finding(TodoState.done, "RIFE and FILM were benchmarked.", run_evidence(used))
    by_hand = steps.time_run("Make the same video with RIFE and with FILM.")
    step = steps.bench_step(facts, "Benchmark RIFE against FILM.", by_hand, "matrix --test-interpolation")
    missing = "" if steps.has_bench(facts) else f" {steps.NEEDS_BENCH}"
    if used:
        names = joined(sorted(kind.upper() for kind in kinds))
        is_all_by_hand = kinds == {"rife", "film"} and not steps.has_bench(facts)
        said = f"Runs with {names} were timed, but not compared by a benchmark.{missing}"
        return Finding(TodoState.part, said, run_evidence(used), None if is_all_by_hand else step)
    if facts.has_no_gpu:
        return Finding(TodoState.impossible, NO_GPU, audits(facts))
    return Finding(TodoState.open, f"No interpolated video was made on a real GPU yet.{missing}", (), step)


def run_evidence(trials: Sequence[Trial]) -> tuple[Evidence, ...]:
    """Runs as evidence, the newest few."""
    return tuple(
        Evidence(text=_run_words(trial), time_s=trial.started_s, link=LinkKind.run, target=trial.run_id)
        for trial in trials[:_SHOWN]
    )


def audits(facts: ChecklistFacts) -> tuple[Evidence, ...]:
    """The audit that looked for a board."""
    seen = next((one for one in facts.audits if one.has_board is not None), None)
    if seen is None:
        return ()
    return (Evidence(text="Audit", time_s=seen.time_s, link=LinkKind.file, target=str(seen.path)),)


def _run_words(trial: Trial) -> str:
    with_what = "" if trial.interpolation == "none" else f", {trial.interpolation.upper()}"
    return f"Run on {trial.board or 'a GPU of unknown name'}{with_what}"


def file_evidence(files: Sequence[FoundFile]) -> tuple[Evidence, ...]:
    """Files as evidence, the first few."""
    return tuple(
        Evidence(text=file.path.name, time_s=file.time_s, link=LinkKind.file, target=str(file.path))
        for file in files[:_SHOWN]
    )


def _workflows(found: Sequence[FoundWorkflow]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(text=one.path.name, time_s=one.time_s, link=LinkKind.file, target=str(one.path))
        for one in found[:_SHOWN]
    )


def _proof(facts: ChecklistFacts) -> Evidence:
    proof = facts.proof
    assert proof is not None
    link = LinkKind.run if proof.run_id else LinkKind.none
    return Evidence(text=proof.text, time_s=proof.time_s, link=link, target=proof.run_id)


def count_words(number: int, noun: str) -> str:
    """`1 run`, `12 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _count_were(number: int, noun: str) -> str:
    return f"{count_words(number, noun)} {'was' if number == 1 else 'were'}"


def joined(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
