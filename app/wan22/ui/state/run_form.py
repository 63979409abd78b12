"""What is asked for on the Run page: every value of the form, remembered, and the request made of them."""

from typing import TypeVar

from PySide6.QtCore import QObject, QSettings, Signal

from wan22.comfy.graph_edit import draw_seed
from wan22.schema.problem import Problem
from wan22.schema.request import GenerationRequest
from wan22.ui.state.image_look import ImageLook
from wan22.ui.state.size_preset import DEFAULT_CLASS, SIZE_CLASSES, Size, size_in_class
from wan22.ui.state.workflow_facts import WorkflowFacts

DEFAULT_WORKFLOW = "wan22_i2v_two_pass"
CUSTOM = "custom"
AS_WORKFLOW = "workflow"
_FIRST_SIZE: Size = (1280, 720)
_FIRST_LENGTH = 81

_Value = TypeVar("_Value", str, int, bool)


class RunForm(QObject):
    """`changed` when a value is another one. None for a text means: what the workflow says."""

    changed = Signal()

    def __init__(self, memory: QSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._memory = memory
        self.workflow = self._kept("workflow", DEFAULT_WORKFLOW)
        self.prompt = self._kept("prompt", "") if memory.contains("run/prompt") else None
        self.negative = self._kept("negative", "") if memory.contains("run/negative") else None
        self.is_random = self._kept("random", True)
        seed = self._kept("seed", "")
        self.seed = int(seed) if seed.isdecimal() else None
        key = self._kept("size", DEFAULT_CLASS)
        self.size_key = key if key in (*(one.key for one in SIZE_CLASSES), AS_WORKFLOW, CUSTOM) else DEFAULT_CLASS
        self.custom: Size = (self._kept("width", _FIRST_SIZE[0]), self._kept("height", _FIRST_SIZE[1]))
        length = self._kept("length", 0)
        self.length: int | None = length or None
        self.previews = self._kept("previews", True)
        self.facts: WorkflowFacts | None = None
        self.refusal: Problem | None = None
        self.look: ImageLook | None = None

    # what is known

    def show_workflow(self, facts: WorkflowFacts) -> None:
        """The chosen workflow was read."""
        self.facts, self.refusal = facts, None
        self.changed.emit()

    def refuse_workflow(self, problem: Problem) -> None:
        """The chosen workflow cannot be used."""
        self.facts, self.refusal = None, problem
        self.changed.emit()

    def show_image(self, look: ImageLook | None) -> None:
        """Another picture is in force; sizes are made to fit it."""
        if look is not self.look:
            self.look = look
            self.changed.emit()

    # what is chosen

    def set_text(self, name: str, text: str) -> None:
        """`name`: prompt or negative."""
        self._set(name, text)

    def set_workflow(self, name: str) -> None:
        """Another workflow; it must be read again."""
        self._set("workflow", name)

    def set_size(self, key: str) -> None:
        """A class of sizes, the workflow's own, or a size of one's own that begins as the one before."""
        if key == CUSTOM and self.size_key != CUSTOM:
            self.set_custom(*self.size)
        self._set("size_key", key, "size")

    def set_custom(self, width: int, height: int) -> None:
        """A size of one's own."""
        self.custom = (width, height)
        self._memory.setValue("run/width", width)
        self._memory.setValue("run/height", height)
        self.changed.emit()

    def set_length(self, frames: int) -> None:
        """Frames asked for."""
        self._set("length", frames)

    def set_seed(self, seed: int | None) -> None:
        """A seed of one's own, from now on the same for every run."""
        self.is_random = False
        self._memory.setValue("run/random", False)
        self._put_seed(seed)

    def set_random(self, is_random: bool) -> None:
        """Draw a new seed for each run, or keep the one of the last."""
        if not is_random and self.seed is None:
            self._put_seed(draw_seed())
        self._set("is_random", is_random, "random")

    def set_previews(self, is_on: bool) -> None:
        """Whether the server sends a rough picture while it works."""
        self._set("previews", is_on)

    # what follows from it

    @property
    def shown_prompt(self) -> str:
        """The prompt, the workflow's own when none was written."""
        return self._text(self.prompt, self.facts.parameters.prompt if self.facts else None)

    @property
    def shown_negative(self) -> str:
        """As `shown_prompt`, for what shall not be seen."""
        return self._text(self.negative, self.facts.parameters.negative if self.facts else None)

    @property
    def negative_reason(self) -> str:
        """Why the negative prompt does nothing; empty when it does something."""
        cfg = self.facts.parameters.cfg if self.facts else None
        return f"has no effect at CFG {cfg:g}" if cfg is not None and cfg <= 1.0 else ""

    @property
    def shown_length(self) -> int:
        """Frames asked for, the workflow's own number when none was chosen."""
        own = self.facts.parameters.length if self.facts else None
        return self.length or own or _FIRST_LENGTH

    @property
    def fps(self) -> float | None:
        """Frames a second of the video, None when unknown or when an interpolation adds frames in between."""
        if self.facts is None or self.facts.parameters.interpolation != "none":
            return None
        return self.facts.parameters.fps

    @property
    def size(self) -> Size:
        """Width and height asked for, in pixels."""
        sizes = {key: size for key, _, size in self.sizes}
        return self.custom if self.size_key == CUSTOM else sizes.get(self.size_key, sizes[DEFAULT_CLASS])

    @property
    def sizes(self) -> list[tuple[str, str, Size]]:
        """Key, name and size of what can be chosen for the picture in force; your own size is not in it."""
        image = (self.look.width, self.look.height) if self.look is not None else _FIRST_SIZE
        found = [(one.key, one.name, size_in_class(one, image)) for one in SIZE_CLASSES]
        read = self.facts.parameters if self.facts else None
        if read is not None and read.width is not None and read.height is not None:
            own = (read.width, read.height)
            if self.size_key == AS_WORKFLOW or own not in [size for _, _, size in found]:
                found.append((AS_WORKFLOW, "workflow", own))
        return found

    @property
    def is_enlarged(self) -> bool:
        """Whether the picture has fewer pixels than the video, so that it will look soft."""
        return self.look is not None and (
            self.look.width < self.size[0] * 0.75 or self.look.height < self.size[1] * 0.75
        )

    def doubts(self) -> tuple[Problem, ...]:
        """What is odd about the values."""
        if self.facts is None or self.look is None:
            return ()
        return self.facts.doubts(self._request(self.look, self.seed), (self.look.width, self.look.height))

    def make_request(self) -> GenerationRequest | None:
        """What to generate now, with its seed drawn; None without a picture."""
        if self.look is None:
            return None
        if self.is_random or self.seed is None:
            self._put_seed(draw_seed())
        return self._request(self.look, self.seed)

    def make_again(self, request: GenerationRequest) -> GenerationRequest:
        """The same job once more; with a new seed unless the form's is fixed: the same one would change nothing."""
        if not self.is_random:
            return request
        self._put_seed(draw_seed())
        return request.model_copy(update={"seed": self.seed})

    def _request(self, look: ImageLook, seed: int | None) -> GenerationRequest:
        width, height = self.size
        return GenerationRequest(
            workflow=self.workflow,
            image=look.path,
            prompt=self.prompt,
            negative=None if self.negative_reason else self.negative,
            seed=seed,
            width=width,
            height=height,
            length=self.shown_length,
            previews=self.previews,
        )

    @staticmethod
    def _text(own: str | None, of_workflow: str | None) -> str:
        return own if own is not None else of_workflow or ""

    def _put_seed(self, seed: int | None) -> None:
        self.seed = seed
        self._memory.setValue("run/seed", "" if seed is None else str(seed))
        self.changed.emit()

    def _set(self, name: str, value: str | int | bool, key: str = "") -> None:
        if getattr(self, name) == value:
            return
        setattr(self, name, value)
        self._memory.setValue(f"run/{key or name}", value)
        self.changed.emit()

    def _kept(self, name: str, default: _Value) -> _Value:
        found = self._memory.value(f"run/{name}", default, type=type(default))
        return found if isinstance(found, type(default)) else default
