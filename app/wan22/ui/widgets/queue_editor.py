"""The values of one waiting job, to be changed before it begins."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from wan22.comfy.graph_edit import draw_seed
from wan22.schema.queue import JobState, QueuedJob
from wan22.ui.measure import TextRole
from wan22.ui.state.profile_choice import ProfileChoices
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.number_field import NumberField
from wan22.ui.widgets.prompt_field import PromptField
from wan22.ui.widgets.queue_panel import QueuePanel
from wan22.ui.widgets.seed_field import SeedField
from wan22.ui.widgets.text_label import TextLabel

_OWN = "workflow's"
_PROMPT_HEIGHT, _NEGATIVE_HEIGHT = 120, 72


class QueueEditor(QueuePanel):
    """`saved` brings the job's number, its new request, and its profile (None = by the board)."""

    saved = Signal(int, object, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Edit job", parent)
        self._job: QueuedJob | None = None
        self._seed: int | None = None
        self._is_random = False
        self.image = TextLabel("", TextRole.caption, "muted")
        self.image.setWordWrap(True)
        self.fields.addWidget(self.image)
        self.prompt = PromptField("Prompt", "What shall happen; empty = what the workflow says", _PROMPT_HEIGHT)
        self.prompt.setPlaceholderText("as the workflow says")
        self.add_field("Prompt", self.prompt)
        tip = "What shall not be seen; without effect at CFG 1"
        self.negative = PromptField("Negative prompt", tip, _NEGATIVE_HEIGHT)
        self.negative.setPlaceholderText("as the workflow says")
        self.add_field("Negative prompt", self.negative)
        self._add_numbers()
        self.seed = SeedField(theme)
        self.seed.seed_typed.connect(self._type_seed)
        self.seed.random_chosen.connect(self._choose_random)
        self.add_field("Seed", self.seed, self.seed.line)
        tip = "How ComfyUI is started for this job; another one than the server's takes a new start"
        self.profile = DetailCombo(theme, "Profile", tip)
        self.profile.picked.connect(self._show_profile)
        self.add_field("Profile", self.profile)
        self.fields.addStretch(1)
        self.doubt = DoubtLine()
        self.foot.addWidget(self.doubt)
        self.save_button = push_button(
            "Save", "Change the job; it keeps its place (Ctrl+Enter)", self.save, kind="main"
        )
        self.save_button.setShortcut("Ctrl+Return")
        self.foot.addWidget(self.save_button)
        self._profile = ""

    def show_job(self, job: QueuedJob) -> None:
        """Begin to edit a job."""
        self._job = job
        request = job.request
        self.title.say(f"Edit job {job.job_id}")
        self.image.say(request.image.name)
        self.image.setToolTip(str(request.image))
        self.prompt.show_text(request.prompt or "")
        self.negative.show_text(request.negative or "")
        for field, value in ((self.width_field, request.width), (self.height_field, request.height)):
            field.setValue(value or 0)
        self.length.setValue(request.length or 0)
        self._seed, self._is_random = request.seed, request.seed is None
        self.seed.show_seed(self._seed, is_random=self._is_random)
        self._show_profile(job.profile or "")
        self.show_state(job)
        self.prompt.setFocus()

    @property
    def job_id(self) -> int | None:
        """The job that is edited."""
        return self._job.job_id if self._job is not None else None

    def show_state(self, job: QueuedJob | None) -> None:
        """What became of the job meanwhile; None = it is gone."""
        if job is None:
            self.doubt.show_doubt("This job was removed.", Tone.bad)
        elif job.state is not JobState.waiting:
            self.doubt.show_doubt(
                "This job has begun, so it cannot be changed any more. Duplicate it instead.", Tone.bad
            )
        else:
            self.doubt.show_doubt("")
        self.save_button.setEnabled(job is not None and job.state is JobState.waiting)

    def show_profiles(self, found: ProfileChoices) -> None:
        """The profiles there are."""
        automatic = f"automatic: {found.automatic}" if found.automatic else "automatic"
        entries = [Entry("", automatic, "chosen by the GPU", short="")]
        entries += [Entry(row.name, row.name, row.title, short="") for row in found.rows]
        if self._profile and self._profile not in [row.name for row in found.rows]:
            entries.append(Entry(self._profile, self._profile))
        self.profile.show_entries(entries, self._profile)

    def save(self) -> None:
        """Say what it shall be from now on."""
        job = self._job
        if job is None or not self.save_button.isEnabled():
            return
        for field in (self.width_field, self.height_field, self.length):
            field.interpretText()
        seed = None if self._is_random else self._seed if self._seed is not None else draw_seed()
        values = {
            "prompt": self.prompt.toPlainText() or (None if job.request.prompt is None else ""),
            "negative": self.negative.toPlainText() or (None if job.request.negative is None else ""),
            "width": _size(self.width_field.value()),
            "height": _size(self.height_field.value()),
            "length": self.length.value() or None,
            "seed": seed,
        }
        self.saved.emit(job.job_id, job.request.model_copy(update=values), self._profile or None)

    def _add_numbers(self) -> None:
        tip = "Pixels; Wan 2.2 works in multiples of 16. At the lowest value the workflow's own size is kept"
        self.width_field = NumberField("Width in pixels", tip, (0, 16384), 16)
        self.height_field = NumberField("Height in pixels", tip, (0, 16384), 16)
        tip = "How many frames; Wan 2.2 makes 4n + 1. At the lowest value the workflow's own number is kept"
        self.length = NumberField("Length in frames", tip, (0, 16384), 4, first=1)
        for field in (self.width_field, self.height_field, self.length):
            field.setSpecialValueText(_OWN)
        self.add_row(("Width", self.width_field), ("Height", self.height_field), ("Frames", self.length))

    def _show_profile(self, name: str) -> None:
        self._profile = name
        index = self.profile.findData(name)
        if index < 0 and name:
            self.profile.addItem(name, name)
            index = self.profile.findData(name)
        self.profile.setCurrentIndex(index)

    def _type_seed(self, seed: int | None) -> None:
        self._seed, self._is_random = seed, False
        self.seed.show_seed(seed, is_random=False)

    def _choose_random(self, is_random: bool) -> None:
        self._is_random = is_random
        if not is_random and self._seed is None:
            self._seed = draw_seed()
        self.seed.show_seed(None if is_random else self._seed, is_random=is_random)


def _size(value: int) -> int | None:
    """None = the workflow's own; a smaller one than ComfyUI takes is made the smallest."""
    return max(16, value) if value else None
