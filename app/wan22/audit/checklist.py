"""The 13 to-dos: their words, in their order, and the rule that judges each."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from wan22.audit import checklist_rules as rules
from wan22.audit import checklist_trials as trials
from wan22.audit.checklist_facts import ChecklistFacts
from wan22.audit.checklist_rules import Finding
from wan22.schema.checklist import Checklist, ChecklistNotes, Phase, TodoItem, TodoState
from wan22.schema.problem import Problem


class Todo(NamedTuple):
    """A to-do before anything was looked at."""

    key: str
    phase: Phase
    title: str
    why: str
    rule: Callable[[ChecklistFacts], Finding]


TODOS = (
    Todo(
        "audit",
        Phase.foundation,
        "System audit",
        "A slow day can only be explained when it is known what the machine was on a fast one.",
        rules.audit,
    ),
    Todo(
        "launchers",
        Phase.foundation,
        "Optimised launch scripts",
        "They start ComfyUI with the right flags for each GPU, also where this program is not.",
        rules.launchers,
    ),
    Todo(
        "benchmark",
        Phase.foundation,
        "Benchmark framework",
        "One time is an anecdote: repeats of the same job tell a change from noise.",
        rules.benchmark,
    ),
    Todo(
        "analysis",
        Phase.foundation,
        "Workflow analysis",
        "Swapped experts, a LoRA that does not fit or a wrong hand-off cost quality, and nobody is told.",
        rules.analysis,
    ),
    Todo(
        "interpolation_nodes",
        Phase.interpolation,
        "Install frame interpolation nodes",
        "Wan makes 16 frames a second; RIFE or FILM make 32 of them, which looks smooth.",
        rules.install_nodes,
    ),
    Todo(
        "interpolation_workflows",
        Phase.interpolation,
        "Create interpolation workflows",
        "With the nodes in the workflow a smooth video comes out of one job.",
        rules.interpolation_workflows,
    ),
    Todo(
        "interpolation_benchmark",
        Phase.interpolation,
        "Benchmark interpolation",
        "RIFE and FILM differ in time, memory and picture; only a measurement on your clips decides.",
        rules.interpolation_benchmark,
    ),
    Todo(
        "attention",
        Phase.testing,
        "Test attention mechanisms",
        "Attention takes most of the time of a step, and which kernel is fastest depends on the GPU.",
        trials.attention,
    ),
    Todo(
        "precision",
        Phase.testing,
        "Test precision optimisations",
        "Smaller numbers save memory and time, and may cost quality.",
        trials.precision,
    ),
    Todo(
        "cuda",
        Phase.testing,
        "Test CUDA optimisations",
        "Allocator, compiler and fast paths help on some machines and harm on others.",
        trials.cuda,
    ),
    Todo(
        "gpu_guide",
        Phase.documents,
        "Document GPU configurations",
        "What is best on an RTX 5090 need not be so on an RTX 4090 or an A100.",
        trials.gpu_guide,
    ),
    Todo(
        "containers",
        Phase.documents,
        "Create Docker setup",
        "A container takes the whole environment along, so that every worker runs the same.",
        trials.containers,
    ),
    Todo(
        "final_report",
        Phase.documents,
        "Generate final report",
        "All results in one document that others can read and check.",
        trials.final_report,
    ),
)


def judge(facts: ChecklistFacts, notes: ChecklistNotes, problems: Sequence[Problem] = ()) -> Checklist:
    """All to-dos by what was found. A mark of the user's hides what is left of one, never that it is done."""
    items = tuple(_item(number, todo, facts, notes) for number, todo in enumerate(TODOS, start=1))
    return Checklist(read_s=facts.now_s, items=items, problems=tuple(problems))


def _item(number: int, todo: Todo, facts: ChecklistFacts, notes: ChecklistNotes) -> TodoItem:
    found = todo.rule(facts)
    mark = notes.unwanted.get(todo.key)
    is_unwanted = mark is not None and found.state is not TodoState.done
    return TodoItem(
        key=todo.key,
        number=number,
        phase=todo.phase,
        title=todo.title,
        why=todo.why,
        state=TodoState.unwanted if is_unwanted else found.state,
        said=found.said,
        evidence=found.evidence,
        next_step=None if is_unwanted else found.next_step,
        note=mark.note if mark is not None and is_unwanted else "",
    )
