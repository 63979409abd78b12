"""The values of a job: prompt, negative prompt, size, length, seed, profile, previews."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from wan22.schema.problem import Severity
from wan22.ui.measure import GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.profile_choice import ProfileChoices
from wan22.ui.state.run_form import RunForm
from wan22.ui.state.value_doubt import crop_words, length_words, side_words
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.doubt_line import DoubtLine, label_for
from wan22.ui.widgets.number_field import NumberField
from wan22.ui.widgets.prompt_field import PromptField
from wan22.ui.widgets.seed_field import SeedField
from wan22.ui.widgets.size_choice import SizeChoice
from wan22.ui.widgets.text_label import TextLabel

_PROMPT_HEIGHT = 64
_NEGATIVE_HEIGHT = 56
_ONE_LINE = 32


class PromptForm(QWidget):
    """Shows a `RunForm` and writes into it. `profile_picked` says a name, empty = by the board."""

    profile_picked = Signal(str)
    workflow_picked = Signal(str)

    def __init__(self, theme: Theme, form: RunForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_SMALL)
        self._add_texts(column)
        self._add_numbers(theme, column)
        self._add_server(theme, column)
        form.changed.connect(self._show)
        self._show()

    def show_profiles(self, found: ProfileChoices, chosen: str | None, note: str) -> None:
        """The profiles there are; `note` says what another one means for the server that runs."""
        automatic = f"automatic: {found.automatic}" if found.automatic else "automatic"
        tip = "The profile that is made for the board of this machine"
        entries = [Entry("", automatic, "chosen by the GPU", tip, short="")]
        entries += [Entry(row.name, row.name, row.title, short="") for row in found.rows]
        if chosen is not None and chosen not in [row.name for row in found.rows]:
            entries.append(Entry(chosen, chosen, "from the settings", short=""))
        self.profile.show_entries(entries, chosen or "")
        self.profile_doubt.show_doubt(found.broken or note, Tone.bad if found.broken else Tone.unknown)

    def show_workflows(self, names: Sequence[str], chosen: str) -> None:
        """The workflows there are; one that is not among them stays shown, so that it can be left."""
        entries = [Entry(name, name) for name in dict.fromkeys((*names, chosen))]
        self.workflow.show_entries(entries, chosen)

    def settle(self) -> None:
        """Take a number that is still being typed."""
        self.length.interpretText()
        self.size_choice.settle()

    def _add_texts(self, column: QVBoxLayout) -> None:
        tip = "What moves and how the camera moves; what is in the picture need not be said again"
        self.prompt = PromptField("Prompt", tip, _PROMPT_HEIGHT)
        self.prompt.setPlaceholderText("What shall happen?")
        self.prompt.written.connect(lambda text: self._form.set_text("prompt", text))
        heading = TextLabel("Prompt", TextRole.heading)
        heading.setBuddy(self.prompt)
        column.addWidget(heading)
        column.addWidget(self.prompt)
        self.negative = PromptField("Negative prompt", "", _NEGATIVE_HEIGHT)
        self.negative.setPlaceholderText("What shall not be seen?")
        self.negative.written.connect(lambda text: self._form.set_text("negative", text))
        row = QHBoxLayout()
        row.setContentsMargins(0, GAP_TINY, 0, 0)
        heading = TextLabel("Negative prompt", TextRole.heading)
        heading.setBuddy(self.negative)
        self.negative_reason = TextLabel("", TextRole.caption, "muted")
        row.addWidget(heading)
        row.addStretch(1)
        row.addWidget(self.negative_reason)
        column.addLayout(row)
        column.addWidget(self.negative)

    def _add_numbers(self, theme: Theme, column: QVBoxLayout) -> None:
        self.size_choice = SizeChoice(theme)
        self.size_choice.picked.connect(self._form.set_size)
        self.size_choice.typed.connect(self._form.set_custom)
        tip = "How many frames; Wan 2.2 makes 4n + 1, such as 49, 81 or 121. 81 is what it was trained on"
        self.length = NumberField("Length in frames", tip, (1, 16384), 4, first=1, suffix=" frames")
        self.length.valueChanged.connect(self._form.set_length)
        grid = QGridLayout()
        grid.setContentsMargins(0, GAP_TINY, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP_TINY)
        columns: list[tuple[str, QWidget, QWidget]] = [
            ("Size", self.size_choice.choice, self.size_choice),
            ("Length", self.length, self.length),
        ]
        for number, (name, buddy, field) in enumerate(columns):
            grid.addWidget(label_for(name, buddy), 0, number)
            grid.addWidget(field, 1, number)
            grid.setColumnStretch(number, 1)
        grid.setAlignment(self.length, Qt.AlignmentFlag.AlignTop)
        for field in (self.size_choice, self.length):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column.addLayout(grid)
        self.size_doubt, self.length_doubt = DoubtLine(), DoubtLine()
        column.addWidget(self.size_doubt)
        column.addWidget(self.length_doubt)
        self.seed = SeedField(theme)
        self.seed.seed_typed.connect(self._form.set_seed)
        self.seed.random_chosen.connect(self._form.set_random)
        column.addLayout(self._named("Seed", self.seed, self.seed.line))

    def _add_server(self, theme: Theme, column: QVBoxLayout) -> None:
        tip = "How ComfyUI is started for your board: memory, attention, precision. Another one takes a new start"
        self.profile = DetailCombo(theme, "Profile", tip)
        self.profile.picked.connect(self.profile_picked)
        tip = "What ComfyUI does with your picture: models, passes, steps, guidance"
        self.workflow = DetailCombo(theme, "Workflow", tip)
        self.workflow.picked.connect(self.workflow_picked)
        row = QHBoxLayout()
        row.setSpacing(12)
        for name, field in (("Workflow", self.workflow), ("Profile", self.profile)):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addLayout(self._named(name, field, field), 1)
        column.addLayout(row)
        self.workflow_doubt, self.profile_doubt = DoubtLine(), DoubtLine()
        column.addWidget(self.workflow_doubt)
        column.addWidget(self.profile_doubt)
        self.previews = QCheckBox("Previews")
        self.previews.setAccessibleName("Previews")
        self.previews.setToolTip(
            "A rough picture of one frame after each step. Drawing and sending it takes time from every step: "
            "leave it off when times shall be compared"
        )
        self.previews.toggled.connect(self._form.set_previews)
        row = QHBoxLayout()
        row.setContentsMargins(0, GAP_TINY, 0, 0)
        row.setSpacing(GAP_SMALL)
        row.addWidget(self.previews)
        row.addWidget(TextLabel("one rough frame a step; costs a little time", TextRole.caption, "muted"))
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(GAP - GAP_SMALL)

    @staticmethod
    def _named(name: str, field: QWidget, buddy: QWidget) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(0, GAP_TINY, 0, 0)
        column.setSpacing(GAP_TINY)
        column.addWidget(label_for(name, buddy))
        column.addWidget(field)
        return column

    def _show(self) -> None:
        form = self._form
        self.prompt.show_text(form.shown_prompt)
        reason = form.negative_reason
        self.negative.setEnabled(not reason)
        self.negative.set_height(_ONE_LINE if reason else _NEGATIVE_HEIGHT)
        self.negative.show_text((form.negative or "") if reason else form.shown_negative)
        self.negative.setToolTip(
            "Without guidance (CFG 1) the model never looks at it; raise the CFG in the workflow to use it"
            if reason
            else "What shall not be seen; the model is pushed away from it"
        )
        self.negative_reason.say(reason)
        self.size_choice.show_sizes(form.sizes, form.size_key, form.size)
        self.length.show_value(form.shown_length)
        fps = form.fps
        self.length.detail.say(f"{form.shown_length / fps:.1f} s" if fps else "")
        self.seed.show_seed(form.seed, is_random=form.is_random)
        self.previews.blockSignals(True)
        self.previews.setChecked(form.previews)
        self.previews.blockSignals(False)
        self._show_doubts()

    def _show_doubts(self) -> None:
        form, found = self._form, {one.code: one for one in self._form.doubts()}
        errors = [one for one in found.values() if one.severity is Severity.error]
        if form.refusal is not None:
            errors = [form.refusal]
        self.workflow_doubt.show_doubt(" ".join(f"{one.message} {one.hint}".strip() for one in errors), Tone.bad)
        about_size = [side_words(form.size)] if "size_unusual" in found else []
        if "aspect_cropped" in found and form.look is not None:
            about_size.append(crop_words((form.look.width, form.look.height), form.size))
        if not about_size and form.is_enlarged:
            about_size.append("The picture is smaller than the video: it is enlarged and will look soft.")
        self.size_doubt.show_doubt(" ".join(about_size))
        self.length_doubt.show_doubt(length_words(form.shown_length) if "length_unusual" in found else "")
