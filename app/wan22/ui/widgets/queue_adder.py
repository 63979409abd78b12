"""Many jobs at once: pictures × prompts × seeds, with their number and time before they are added."""  # noqa: RUF002

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from wan22.job.job_batch import BatchOrder
from wan22.ui.measure import CONTROL_HEIGHT, GAP_SMALL, TextRole
from wan22.ui.state.dropped_file import DropPlace, dropped
from wan22.ui.state.profile_choice import ProfileChoices
from wan22.ui.state.queue_batch import MOST_SEEDS, QueueBatch
from wan22.ui.state.run_form import AS_WORKFLOW
from wan22.ui.state.size_preset import SIZE_CLASSES, size_text
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.detail_combo import DetailCombo, Entry
from wan22.ui.widgets.doubt_line import DoubtLine, label_for
from wan22.ui.widgets.number_field import NumberField
from wan22.ui.widgets.prompt_field import PromptField
from wan22.ui.widgets.queue_panel import QueuePanel
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel

_ORDERS = (BatchOrder.image, BatchOrder.prompt)
_PICTURES_HEIGHT, _PROMPTS_HEIGHT = 96, 88
_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff);;All files (*)"
_REFUSED_SHOWN = 3
_PICTURES_STYLE = """
QListWidget { background: palette(base); border: 2px solid palette(base); border-radius: 6px; padding: 4px; }
QListWidget:focus { border-color: palette(highlight); }
"""


class PictureList(QListWidget):
    """The pictures by name; Delete leaves those out that are chosen. `dropped_out` says their paths."""

    dropped_out = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pictures")
        self.setToolTip("Drop files or a folder here; Delete leaves the chosen ones out, their files stay")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setFixedHeight(_PICTURES_HEIGHT)
        self.setStyleSheet(_PICTURES_STYLE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete leaves out."""
        if event.key() == Qt.Key.Key_Delete and self.selectedItems():
            self.dropped_out.emit([Path(one.data(Qt.ItemDataRole.UserRole)) for one in self.selectedItems()])
        else:
            super().keyPressEvent(event)


class QueueAdder(QueuePanel):
    """Shows a `QueueBatch` and writes into it; `add_wanted` when its jobs shall be added."""

    add_wanted = Signal()

    def __init__(self, theme: Theme, batch: QueueBatch, parent: QWidget | None = None) -> None:
        super().__init__("Add many", parent)
        self._batch = batch
        self._shown: list[str] | None = None
        self.setAcceptDrops(True)
        self._add_pictures()
        tip = "Each line is one prompt, made with every picture; empty = the prompt of the Run page"
        self.prompts = PromptField("Prompts, one a line", tip, _PROMPTS_HEIGHT)
        self.prompts.setPlaceholderText("one prompt a line; empty = as on the Run page")
        self.prompts.written.connect(lambda text: batch.put("prompt_text", text))
        self.add_field("Prompts, one a line", self.prompts)
        self._add_seeds(theme)
        self._add_values(theme)
        said = TextLabel("Workflow, negative prompt and previews: as on the Run page.", TextRole.caption, "muted")
        said.setWordWrap(True)
        self.fields.addWidget(said)
        self.fields.addStretch(1)
        self.sum = TextLabel("", TextRole.strong)
        self.time = TextLabel("", TextRole.caption, "muted")
        self.doubt = DoubtLine()
        for label in (self.sum, self.time):
            label.setWordWrap(True)
            self.foot.addWidget(label)
        self.foot.addWidget(self.doubt)
        tip = "Put these jobs at the end of the queue (Ctrl+Enter)"
        self.add_button = push_button("Add jobs", tip, self.add_wanted.emit, kind="main")
        self.add_button.setShortcut("Ctrl+Return")
        self.foot.addWidget(self.add_button)
        batch.changed.connect(self._show)
        self._show()

    def show_profiles(self, found: ProfileChoices) -> None:
        """The profiles there are."""
        automatic = f"automatic: {found.automatic}" if found.automatic else "automatic"
        entries = [Entry("", automatic, "chosen by the GPU", short="")]
        entries += [Entry(row.name, row.name, row.title, short="") for row in found.rows]
        self.profile.show_entries(entries, self._batch.profile or "")

    def show_time(self, text: str) -> None:
        """How long all of them take."""
        self.time.say(text)
        self.time.setVisible(bool(text))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files of this machine are wanted."""
        if files_of(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take them."""
        event.acceptProposedAction()
        self._batch.add_paths(files_of(event))

    def _add_pictures(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.picture_title = TextLabel("", TextRole.caption, "muted")
        row.addWidget(self.picture_title, 1)
        tip = "Choose several pictures in a dialog"
        row.addWidget(push_button("Files …", tip, lambda: self._ask(is_folder=False), name="Add picture files"))
        tip = "Choose a folder: all pictures in it"
        row.addWidget(push_button("Folder …", tip, lambda: self._ask(is_folder=True), name="Add a folder of pictures"))
        self.fields.addLayout(row)
        self.pictures = PictureList()
        self.pictures.dropped_out.connect(self._batch.drop)
        self.fields.addWidget(self.pictures)
        self.refused = DoubtLine()
        self.fields.addWidget(self.refused)

    def _add_seeds(self, theme: Theme) -> None:
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        choices = [
            ("drawn", "Each job gets a seed of its own"),
            ("listed", "Every picture and prompt with these seeds"),
        ]
        self.seed_mode = Segment(theme, "Seeds", choices)
        self.seed_mode.chosen.connect(lambda number: self._batch.put("is_random", number == 0))
        tip = "How many jobs for each picture and prompt"
        self.seed_count = NumberField("How many seeds", tip, (1, MOST_SEEDS), 1)
        self.seed_count.valueChanged.connect(lambda value: self._batch.put("random_seeds", value))
        self.seed_list = QLineEdit()
        self.seed_list.setFixedHeight(CONTROL_HEIGHT)
        self.seed_list.setAccessibleName("Seeds")
        self.seed_list.setToolTip("Whole numbers with a comma or a space between them")
        self.seed_list.setPlaceholderText("1, 2, 3")
        self.seed_list.textEdited.connect(lambda text: self._batch.put("seed_text", text))
        row.addWidget(self.seed_count, 1)
        row.addWidget(self.seed_list, 1)
        row.addWidget(self.seed_mode)
        self.fields.addWidget(label_for("Seeds for each picture and prompt", self.seed_count))
        self.fields.addLayout(row)

    def _add_values(self, theme: Theme) -> None:
        self.size_choice = DetailCombo(theme, "Size", "Each picture gets the size of this class that fits its shape")
        entries = [
            Entry(
                one.key, one.name, f"{size_text(one.usual[0])} for a wide picture", one.tip, short="fits each picture"
            )
            for one in SIZE_CLASSES
        ]
        entries.append(Entry(AS_WORKFLOW, "as the workflow says", "the same for all", short=""))
        self.size_choice.show_entries(entries, self._batch.size_key)
        self.size_choice.picked.connect(lambda key: self._batch.put("size_key", key))
        self.add_field("Size", self.size_choice)
        tip = "How many frames; Wan 2.2 makes 4n + 1, such as 49, 81 or 121"
        self.length = NumberField("Length in frames", tip, (1, 16384), 4, first=1, suffix=" frames")
        self.length.setValue(self._batch.length or 81)
        self.length.valueChanged.connect(lambda value: self._batch.put("length", value))
        self.profile = DetailCombo(theme, "Profile", "How ComfyUI is started for these jobs")
        self.profile.picked.connect(lambda key: self._batch.put("profile", key or None))
        self.add_row(("Length", self.length), ("Profile", self.profile))
        choices = [
            ("by picture", "All prompts of the first picture, then those of the next"),
            ("by prompt", "All pictures with the first prompt, then with the next"),
        ]
        self.order = Segment(theme, "Order", choices)
        self.order.chosen.connect(lambda number: self._batch.put("order", _ORDERS[number]))
        self.add_field("Order", self.order)

    def _show(self) -> None:
        batch = self._batch
        self._show_pictures()
        self.prompts.show_text(batch.prompt_text)
        self.seed_mode.select(0 if batch.is_random else 1)
        self.seed_count.setVisible(batch.is_random)
        self.seed_count.show_value(batch.random_seeds)
        self.seed_list.setVisible(not batch.is_random)
        self.order.select(_ORDERS.index(batch.order))
        self.sum.say(batch.sum_text if batch.pictures else "")
        self.sum.setVisible(bool(batch.pictures))
        reason = batch.reason
        is_start = not batch.pictures or batch.is_reading
        self.doubt.show_doubt(reason, Tone.unknown if is_start else Tone.bad)
        self.add_button.setEnabled(not reason)
        count = batch.size
        text = "Add jobs" if reason else "Add 1 job" if count == 1 else f"Add {count} jobs"
        self.add_button.setText(text)
        self.add_button.setAccessibleName(text)
        self.add_button.setShortcut("Ctrl+Return")

    def _show_pictures(self) -> None:
        batch = self._batch
        names = [str(one.origin) for one in batch.pictures]
        if names != self._shown:
            self._shown = names
            self.pictures.clear()
            for one in batch.pictures:
                item = QListWidgetItem(f"{one.origin.name}   {size_text(one.size)}")
                item.setData(Qt.ItemDataRole.UserRole, str(one.origin))
                item.setToolTip(str(one.origin))
                self.pictures.addItem(item)
        count = len(names)
        self.picture_title.say("Pictures: drop them here" if not count else f"Pictures: {count}")
        more = len(batch.refused) - _REFUSED_SHOWN
        said = [*batch.refused[:_REFUSED_SHOWN], *([f"And {more} more."] if more > 0 else [])]
        self.refused.show_doubt(" ".join(said))

    def _ask(self, *, is_folder: bool) -> None:
        dialog = QFileDialog(self, "Choose a folder of pictures" if is_folder else "Choose pictures", "", _FILTER)
        dialog.setFileMode(QFileDialog.FileMode.Directory if is_folder else QFileDialog.FileMode.ExistingFiles)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, is_folder)
        dialog.filesSelected.connect(lambda names: self._batch.add_paths([Path(name) for name in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def files_of(event: QDropEvent) -> list[Path]:
    """Pictures and folders of this machine that are dropped; everything else belongs elsewhere."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in paths if dropped([path]).place in (DropPlace.image, DropPlace.folder)]
