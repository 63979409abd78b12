"""What is said about the preview: of which step, how old, and why there is none. Pure."""

from wan22.runs.state import Phase, RunState
from wan22.schema.events import PromptOutcome
from wan22.ui.number_text import rough
from wan22.ui.state.job_watch import JobWatch, step_of_preview

GUESS = "low-resolution guess from the unfinished frames"


def preview_caption(state: RunState, watch: JobWatch, now_s: float) -> str:
    """`after step 2 of 4 · 31 s ago`; empty without a preview."""
    preview = watch.preview
    if preview is None:
        return ""
    steps = step_of_preview(state, preview)
    age_s = max(0.0, now_s - preview.time_s)
    when = "just now" if age_s < 1.0 else f"{rough(float(round(age_s)))} ago"
    return when if steps is None else f"after step {steps[0]} of {steps[1]} · {when}"


def no_preview_text(state: RunState, watch: JobWatch, wants_previews: bool | None) -> str:
    """Why there is no picture. `wants_previews`: as the job was asked for; None = there is no job."""
    if watch.picture is not None and watch.picture.picture is None:
        return "The preview that ComfyUI sent could not be read."
    if state.phase is Phase.finished:
        if state.outcome is PromptOutcome.success:
            return "The video is looked for …"
        return "No video was made."
    if wants_previews is None and state.run_id is None:
        return "While a job runs, a preview of each step shows here; then the finished video plays here."
    if wants_previews is False:
        return (
            "Previews are off for this job. Switch them on before the next one to see each step; "
            "they cost a little time. The finished video plays here."
        )
    if state.phase in (Phase.running, Phase.collecting):
        return "The first preview comes with the first step. The finished video plays here."
    return "The preview of each step and then the finished video show here."
