"""States of the checklist page: made by the rules from what was found, as a user would meet them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tests.ui.stage import START_S, Stage
from tests.unit.runs.facts import KEY
from wan22.audit.checklist import judge
from wan22.audit.checklist_facts import (
    ChecklistFacts,
    FoundAudit,
    FoundFile,
    FoundPack,
    FoundWorkflow,
    Trial,
)
from wan22.schema.checklist import ChecklistNotes, UnwantedMark
from wan22.ui.pages.checklist_page import ChecklistPage

DAY_S = 86_400.0
HOME = Path("C:/AI/ComfyUI")
ALL = frozenset({"bench", "compare", "report", "docker"})
NOTHING = ChecklistFacts(now_s=START_S, engine="docker")


def trial(number: int, *flags: str, interpolation: str = "none") -> Trial:
    """A real run, the higher the number the older."""
    return Trial(
        run_id=f"2026-11-{25 - number}_01-02-03_boat",
        started_s=START_S - number * DAY_S,
        board="RTX 5090",
        key=KEY,
        interpolation=interpolation,
        workflow="video_wan2_2_14B_i2v",
        flags=frozenset(flags),
    )


def underway() -> ChecklistFacts:
    """Somebody has come a good part of the way."""
    scripts = tuple(
        FoundFile(HOME / "scripts" / f"launch_wan22_{name}.bat", START_S - 3 * DAY_S)
        for name in ("a100", "rtx4090", "rtx5090")
    )
    return replace(
        NOTHING,
        has_comfyui=True,
        audits=(FoundAudit(HOME / "audit.json", START_S - 2 * DAY_S, is_full=True, has_board=True),),
        scripts=scripts,
        trials=(
            trial(1, "--use-sage-attention", "--cuda-malloc"),
            trial(2, "--use-sage-attention", "--cuda-malloc", "--fast"),
            trial(3, "--use-flash-attention", interpolation="none"),
        ),
        analyses=(FoundFile(HOME / "video_wan2_2_14B_i2v analysis.md", START_S - 5 * DAY_S),),
        workflows=(FoundWorkflow(HOME / "i2v_rife.json", START_S - DAY_S, frozenset({"rife"})),),
        pack=FoundPack(HOME / "custom_nodes" / "ComfyUI-Frame-Interpolation", START_S - 4 * DAY_S),
    )


def show(page: ChecklistPage, facts: ChecklistFacts, notes: ChecklistNotes | None = None) -> None:
    """As if this had been found now."""
    page._looking.forget()
    page._looked(judge(facts, notes or ChecklistNotes()))


def fresh(_stage: Stage, page: ChecklistPage) -> None:
    show(page, replace(NOTHING, features=ALL))


def part(_stage: Stage, page: ChecklistPage) -> None:
    notes = ChecklistNotes(unwanted={"containers": UnwantedMark(note="One machine is enough.")})
    show(page, underway(), notes)


def blind(_stage: Stage, page: ChecklistPage) -> None:
    """No NVIDIA GPU, no engine for containers."""
    audit = FoundAudit(HOME / "audit.json", START_S - DAY_S, is_full=True, has_board=False)
    show(page, replace(NOTHING, audits=(audit,), engine=None, has_comfyui=True))


def skipping(stage: Stage, page: ChecklistPage) -> None:
    part(stage, page)
    page.rows["cuda"].skip.click()


STATES: Mapping[str, Callable[[Stage, ChecklistPage], None]] = {
    "": part,
    "fresh": fresh,
    "blind": blind,
    "skipping": skipping,
}
