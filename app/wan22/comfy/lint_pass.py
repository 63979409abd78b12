"""Findings about passes, noise, experts and size: the preflight's own doubts, each with its meaning and its mend."""

from collections.abc import Iterator

from wan22.comfy.client import Graph
from wan22.comfy.pass_check import pass_doubts
from wan22.comfy.size_check import size_doubts
from wan22.schema.analysis import Finding, FindingLevel
from wan22.schema.problem import Problem

_WRONG, _DOUBTFUL = FindingLevel.wrong, FindingLevel.doubtful

# rule: level, why it matters, what the mend does (None: a person has to decide)
_RULES: dict[str, tuple[FindingLevel, str, str | None]] = {
    "shifts_unequal": (
        _DOUBTFUL,
        (
            "The second pass adds no noise of its own, so it must get as much as its schedule expects. Too little "
            "tends to soft pictures with little detail, too much to grain."
        ),
        "Give every pass the shift of the first one.",
    ),
    "steps_differ": (
        _WRONG,
        "Both passes walk down one schedule; with different numbers of steps they do not meet at the same noise.",
        "Give the second pass the steps of the first one.",
    ),
    "steps_gap": (
        _WRONG,
        "Where steps are left out the second pass gets more noise than it expects; steps done twice start from less.",
        "Let the second pass start where the first one ends.",
    ),
    "leftover_noise_off": (
        _WRONG,
        "Without leftover noise the first pass jumps to a finished picture, which the second then treats as noisy.",
        "Let the first pass hand on its leftover noise.",
    ),
    "second_adds_noise": (
        _WRONG,
        "Fresh noise on top of what is left makes twice the noise that the second pass can remove.",
        "Let the second pass add no noise.",
    ),
    "sampler_differs": (
        _DOUBTFUL,
        "Two samplers on one schedule are legal, but hardly anybody means it.",
        "Give the second pass the sampler of the first one.",
    ),
    "scheduler_differs": (
        _DOUBTFUL,
        "Two schedulers have different noise at the same step: the passes do not meet.",
        "Give the second pass the scheduler of the first one.",
    ),
    "last_pass_unfinished": (
        _WRONG,
        "Noise that is still in the latent is decoded into the picture.",
        "Let the last pass go on to the end and remove all noise.",
    ),
    "expert_swapped": (
        _WRONG,
        (
            "The high noise expert is trained for the first part of the schedule, the low noise expert for the rest; "
            "in the wrong order the video turns to mush, and no message says so."
        ),
        "Swap the two model files.",
    ),
    "lora_swapped": (
        _WRONG,
        "Each 4-step LoRA fits one expert. Both have the same layers, so a swapped pair loads without any message.",
        "Swap the two LoRA files.",
    ),
    "lora_for_text": (
        _DOUBTFUL,
        "A LoRA for text-to-video was trained without a start image; motion and likeness suffer.",
        None,
    ),
    "weight_dtype_changed": (
        _DOUBTFUL,
        "A scaled file says by itself how its numbers are to be read; another type costs quality and wins nothing.",
        "Set weight_dtype back to default.",
    ),
    "same_expert_twice": (
        _DOUBTFUL,
        (
            "Two passes on one expert waste what Wan 2.2 is made of: the other half of the steps is done by the wrong "
            "model."
        ),
        "Take the other expert's file where the names tell it.",
    ),
    "vae_of_5b": (
        _WRONG,
        "The two VAEs have different latents (16 and 48 channels), so the first step fails.",
        "Take wan_2.1_vae.safetensors.",
    ),
    "cfg_with_fast_lora": (
        _DOUBTFUL,
        (
            "Above CFG 1 every step computes the negative prompt as well: twice the time, and the LoRA was not trained "
            "for it."
        ),
        "Set CFG to 1 in every pass with such a LoRA.",
    ),
    "steps_with_fast_lora": (
        _DOUBTFUL,
        "The LoRA is trained on 4 steps; more cost time and gain little.",
        "Take 4 steps, 2 for each pass.",
    ),
    "few_steps_without_lora": (
        _DOUBTFUL,
        "Without such a LoRA the models need about 20 steps; few steps leave a blurred video.",
        None,
    ),
    "length_unusual": (
        _DOUBTFUL,
        (
            "The VAE packs four frames into one latent and one more in front; other numbers are rounded down without a "
            "word."
        ),
        "Take the nearest length of 4n + 1.",
    ),
    "size_unusual": (
        _DOUBTFUL,
        "Latents come in steps of 16 pixels; other sizes are cut or padded.",
        "Take the nearest multiple of 16.",
    ),
    "aspect_cropped": (_DOUBTFUL, "ComfyUI cuts the start image to the shape of the video, centred.", None),
}


def pass_findings(graph: Graph) -> Iterator[Finding]:
    """Doubts of the preflight as findings."""
    for doubt in (*pass_doubts(graph), *size_doubts(graph, None)):
        yield finding_of(doubt)


def finding_of(doubt: Problem) -> Finding:
    """A doubt with its meaning; one without a rule of its own keeps its code and hint."""
    rule = doubt.where.get("rule", doubt.code)
    level, why, fix = _RULES.get(rule, (FindingLevel.doubtful, doubt.hint, None))
    return Finding(rule=rule, level=level, message=doubt.message, why=why, node=doubt.where.get("node"), fix=fix)
