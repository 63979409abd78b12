"""One row of knowledge about a setting: what it does, why, under which conditions, and who says so."""

from dataclasses import dataclass

from wan22.launch.knowledge.condition import Condition, Situation
from wan22.schema.setting_lint import Effect

COMFYUI = "ComfyUI's source code, 0.3.64 and 0.25.0"
COMFYUI_NEW = "ComfyUI's source code, about 0.38"
REPORTS = "ComfyUI's issue list"
TINY_MODEL = "tried with a tiny Wan model on ComfyUI 0.3.64 and 0.25.0"
TORCH = "PyTorch's source code, 2.14"
CUDA = "NVIDIA's CUDA documentation"
RATES = "NVIDIA's and SageAttention's published rates, not measured here"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What `setting` (a name or pattern) does when its value fits the pattern `value` and all of `when` hold.

    `reason` is one or two sentences for a Wan user, `advice` what to do about it, `source` who says so.
    """

    setting: str
    effect: Effect
    reason: str
    source: str
    advice: str = ""
    value: str = "*"
    when: tuple[Condition, ...] = ()

    @property
    def words(self) -> str:
        """The conditions in words."""
        return " and ".join(condition.words for condition in self.when)

    def holds(self, at: Situation) -> tuple[bool | None, bool]:
        """Whether the row holds there (None = not known), and what to assume then."""
        answers = [(condition.holds(at), condition.assumed) for condition in self.when]
        if any(answer is False for answer, _ in answers):
            return False, False
        if all(answer is True for answer, _ in answers):
            return True, True
        return None, all(assumed for answer, assumed in answers if answer is None)
