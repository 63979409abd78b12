"""The stages of a run as lines of text, for the live block and for the report at the end."""

from wan22.schema.duration_text import measured
from wan22.schema.events import Role
from wan22.schema.summary import StageTiming

NAMES = {
    Role.load: "load",
    Role.encode: "encode",
    Role.pass_1: "pass 1",
    Role.pass_2: "pass 2",
    Role.decode: "decode",
    Role.interpolate: "interpolate",
    Role.save: "save",
    Role.other: "other",
}


def stage_line(stage: StageTiming, *, at_work: bool = False) -> str:
    """`pass 1      72.4 s   2 of 2 steps · 33.1 s a step · loading 4.2 s`."""
    name = f"{NAMES[stage.role]:<12}"
    if stage.cached:
        return f"{name}    cached"
    if stage.seconds is None:
        return f"{name}    {'…' if at_work else 'unknown' if stage.started_s is not None else '–'}"  # noqa: RUF001
    details = stage_details(stage)
    mark = " …" if at_work else ""
    return f"{name}{measured(stage.seconds):>10}{mark}" + (f"   {details}" if details else "")


def stage_details(stage: StageTiming) -> str:
    """Steps, seconds a step and loading of a pass; empty for other stages."""
    parts: list[str] = []
    if stage.steps_total is not None and stage.role in (Role.pass_1, Role.pass_2):
        parts.append(f"{stage.steps_done} of {stage.steps_total} steps")
    if stage.step_s:
        parts.append(f"{measured(sum(stage.step_s) / len(stage.step_s))} a step")
    if stage.load_s is not None and stage.load_s >= 0.05:
        parts.append(f"loading about {measured(stage.load_s)}")
    return " · ".join(parts)
