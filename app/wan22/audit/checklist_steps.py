"""Next steps of the checklist: what a button does, and what needs a part that this version does not have yet."""

from wan22.audit.checklist_facts import ChecklistFacts
from wan22.schema.checklist import NextStep

AUDIT, SCRIPTS = "audit", "scripts"
"""Done where the checklist is shown."""
RUN, BENCH, COMPARE, REPORT = "run", "bench", "compare", "report"
"""Pages of the window."""
COMFYUI, PROFILE, WORKFLOWS, PACKS = "comfyui", "profile", "workflows", "packs"
"""Sections of the Setup page."""
SECTIONS = (COMFYUI, PROFILE, WORKFLOWS, PACKS)

BENCH_NAMES = frozenset({"bench"})
COMPARE_NAMES = frozenset({"compare"})
REPORT_NAMES = frozenset({"report", "guide"})
CONTAINER_NAMES = frozenset({"docker", "containers"})

NEEDS_BENCH = "It needs the benchmark, which this version does not have yet."
NEEDS_REPORT = "It needs the reports, which this version does not have yet."
NEEDS_CONTAINERS = "It needs the container files, which this version cannot write yet."


def has_bench(facts: ChecklistFacts) -> bool:
    """Whether this version can benchmark."""
    return bool(BENCH_NAMES & facts.features)


def has_report(facts: ChecklistFacts) -> bool:
    """Whether this version can write reports."""
    return bool(REPORT_NAMES & facts.features)


def choose_comfyui(purpose: str, command: str) -> NextStep:
    """Before anything else can be done with it. `command`: what does both on a command line."""
    text = f"Choose the folder of ComfyUI first: {purpose}."
    return NextStep(text=text, action=COMFYUI, label="Choose ComfyUI", command=command)


def bench_step(facts: ChecklistFacts, text: str, otherwise: NextStep, options: str = "matrix") -> NextStep:
    """The benchmark when there is one, else what comes nearest to it by hand."""
    if not has_bench(facts):
        return otherwise
    return NextStep(text=text, action=BENCH, label="Open the benchmark", command=f"wan22 bench {options}")


def time_run(text: str) -> NextStep:
    """Make a video, which is timed by itself."""
    return NextStep(text=text, action=RUN, label="Make a video", command="wan22 run --image FILE")


def change_profile(text: str) -> NextStep:
    """Change how ComfyUI is started."""
    return NextStep(text=text, action=PROFILE, label="Open the profile", command="wan22 profiles list")
