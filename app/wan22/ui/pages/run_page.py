"""The Run page: what to make at the left, how it goes at the right."""

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from wan22 import wiring
from wan22.demo.scenario import DEFAULT_SCENARIO
from wan22.schema.panel_fact import Activity
from wan22.schema.request import GenerationRequest
from wan22.system.paths import data_folder, user_folders
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, GUTTER, TextRole
from wan22.ui.opening import FIRST_DEMO_SPEED
from wan22.ui.pages.queue_line import QueueLine
from wan22.ui.pages.run_progress import RunProgress
from wan22.ui.state.asking import Asking
from wan22.ui.state.image_choice import ImageChoice
from wan22.ui.state.profile_choice import ProfileChoices, read_profiles
from wan22.ui.state.run_form import RunForm
from wan22.ui.state.run_offer import generate_text, server_offer, ticket_text, waiting_title
from wan22.ui.state.server_search import FoundFolder, ServerSearch
from wan22.ui.state.size_preset import size_text
from wan22.ui.state.workflow_facts import read_workflow, workflow_names
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.doubt_line import DoubtLine
from wan22.ui.widgets.dropped_picture import picture_of
from wan22.ui.widgets.first_start_card import FirstStartCard
from wan22.ui.widgets.generate_bar import GenerateBar
from wan22.ui.widgets.image_picker import ImagePicker
from wan22.ui.widgets.prompt_form import PromptForm
from wan22.ui.widgets.recent_strip import RecentStrip
from wan22.ui.widgets.text_label import TextLabel

LEFT_WIDTH = 400
BAR_WIDTH = 12
"""Of a scroll bar: its room is kept free, so that nothing moves when it comes."""
_NAME_WIDTH = 200
_WAITING_SHOWN = 20
"""The Queue page has all of them."""
_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff);;All files (*)"


class RunPage(QWidget):
    """Composition alone: states tell when they changed, and what the user does goes down to them or the context."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._context = context
        work, memory = context.work, context.memory
        folders = context.parts.folders
        self.form = RunForm(memory, self)
        self.image = ImageChoice(memory, work, wiring.sample_image(), folders.data / "images", self)
        self.search = ServerSearch(work, context.parts.clock, self)
        self._workflow = Asking(work, "workflow", self)
        self._workflow_names = Asking(work, "workflow-names", self)
        self._profiles = Asking(work, "profiles", self)
        self._profiles_known = ProfileChoices()
        self._boards: tuple[str, ...] | None = None
        self._are_boards_known = False
        self._last: GenerationRequest | None = None
        self._is_card_hidden = False
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, 20, GUTTER, GAP)
        column.setSpacing(GAP)
        self.card = FirstStartCard()
        self.card.hide()
        column.addWidget(self.card)
        column.addWidget(QueueLine(context))
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._left())
        self.progress = RunProgress(context)
        row.addWidget(scrolled(self.progress), 1)
        column.addLayout(row, 1)
        self._listen()
        self._ask_workflow()
        self._panel_chosen()
        self._image_changed()
        self._recent_changed()

    def generate(self) -> None:
        """What the button does: queue a job with the values of the form."""
        self.fields.settle()
        if not self.bar.generate.isEnabled():
            return
        request = self.form.make_request()
        if request is not None:
            self._submit(request)

    def again(self) -> None:
        """Queue the last job once more."""
        if self._last is not None:
            self._submit(self.form.make_again(self._last))
        else:
            self.generate()

    def paste(self) -> None:
        """Take the picture or the file that is in the clipboard."""
        self.picker.take(*picture_of(QGuiApplication.clipboard().mimeData()))

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have come and gone meanwhile."""
        super().showEvent(event)
        self.image.recent.refresh()
        folders = workflow_folders()
        self._workflow_names.ask(lambda _cancel: workflow_names(folders))

    # composition

    def _left(self) -> QFrame:
        theme = self._context.theme
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(LEFT_WIDTH)
        column = QVBoxLayout(card)
        column.setContentsMargins(0, GAP, 0, GAP)
        column.setSpacing(12)
        inner = QWidget()
        fields = QVBoxLayout(inner)
        fields.setContentsMargins(GAP, 0, GAP - BAR_WIDTH, 0)
        inner.setFixedWidth(LEFT_WIDTH - BAR_WIDTH)
        fields.setSpacing(GAP_SMALL)
        fields.addLayout(self._image_head())
        self.picker = ImagePicker(theme)
        fields.addWidget(self.picker)
        self.image_doubt = DoubtLine()
        fields.addWidget(self.image_doubt)
        self.strip = RecentStrip(theme)
        fields.addWidget(self.strip)
        self.fields = PromptForm(theme, self.form)
        fields.addWidget(self.fields)
        fields.addStretch(1)
        column.addWidget(scrolled(inner), 1)
        self.bar = GenerateBar()
        self.bar.setContentsMargins(GAP, 0, GAP, 0)
        column.addWidget(self.bar)
        return card

    def _image_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        heading = TextLabel("Start image", TextRole.heading)
        self.image_name = TextLabel("", TextRole.caption, "muted")
        row.addWidget(heading)
        row.addStretch(1)
        row.addWidget(self.image_name)
        return row

    def _listen(self) -> None:
        context = self._context
        context.panel.changed.connect(self._panel_changed)
        context.panel.chosen.connect(self._panel_chosen)
        context.history.changed.connect(self._boards_changed)
        self.progress.again_wanted.connect(self.again)
        self._workflow.answered.connect(self.form.show_workflow)
        self._workflow.refused.connect(self.form.refuse_workflow)
        self._workflow_names.answered.connect(lambda names: self.fields.show_workflows(names, self.form.workflow))
        self.fields.workflow_picked.connect(self._use_workflow)
        self._profiles.answered.connect(self._profiles_read)
        self._profiles.refused.connect(lambda one: self._profiles_read(ProfileChoices(broken=one.message)))
        self.form.changed.connect(self._form_changed)
        self.image.changed.connect(self._image_changed)
        self.image.recent.changed.connect(self._recent_changed)
        self.picker.clicked.connect(self._ask_image)
        self.picker.file_given.connect(self.image.pick)
        self.picker.picture_given.connect(self.image.paste)
        self.picker.refused.connect(self.image.refuse)
        self.strip.chosen.connect(self.image.pick)
        self.strip.forgotten.connect(self.image.recent.forget)
        self.fields.profile_picked.connect(self._use_profile)
        self.bar.generate_wanted.connect(self.generate)
        self.bar.server_toggled.connect(self._toggle_server)
        self.bar.dropped.connect(context.drop)
        self.bar.choose_wanted.connect(self._show_card)
        context.hand_over.workflow_chosen.connect(self._use_workflow)
        context.hand_over.image_given.connect(self.image.pick)
        context.hand_over.pixels_given.connect(self.image.paste)
        self._listen_to_card()
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            self._shortcut(QKeySequence(keys), "Make a video of these values").activated.connect(self.generate)
        paste = self._shortcut(QKeySequence(QKeySequence.StandardKey.Paste), "Take the picture on the clipboard")
        paste.activated.connect(self.paste)

    def _listen_to_card(self) -> None:
        self.card.folder_wanted.connect(self._check_folder)
        self.card.dialog_wanted.connect(self._ask_folder)
        self.card.url_wanted.connect(self._check_url)
        self.card.demo_wanted.connect(self._stay_in_demo)
        self.search.found.connect(self._folders_found)
        self.search.refused.connect(self.card.show_refusal)
        self.search.chosen_folder.connect(lambda folder: self._use_server(comfyui=folder, url=None))
        self.search.chosen_url.connect(lambda url: self._use_server(url=url))

    def _shortcut(self, keys: QKeySequence, words: str) -> QShortcut:
        shortcut = QShortcut(keys, self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.setWhatsThis(words)
        return shortcut

    # the job

    def _submit(self, request: GenerationRequest) -> None:
        self._last = request
        self._context.generate(request)
        if self.card.isVisible():  # the demo was chosen for now: the job needs the room
            self._is_card_hidden = True
            self._panel_chosen()

    def _toggle_server(self) -> None:
        panel = self._context.panel
        if panel.activity is Activity.connecting and panel.server is None:
            self._context.stop_job()
        elif panel.server is None:
            self._context.connect_server()
        else:
            self._context.disconnect_server()

    def _panel_changed(self) -> None:
        panel = self._context.panel
        if panel.current is not None:
            self._last = panel.current.request
        offer = server_offer(panel)
        self.bar.show_server(offer.state, offer.action, offer.tip, is_possible=offer.is_possible)
        self.bar.show_waiting(
            waiting_title(panel.waiting),
            [(ticket.number, ticket_text(ticket)) for ticket in panel.waiting[:_WAITING_SHOWN]],
        )
        self._show_offer()
        self._show_profiles()
        self._boards_changed()

    def _show_offer(self) -> None:
        tip = "Make a video of these values (Ctrl+Enter); the job waits when another one is at work"
        if self.image.is_looking:
            tip = "The picture is being read"
        text = generate_text(self._context.panel)
        self.bar.show_offer(text, tip, self._reason(), is_ready=not self.image.is_looking)

    def _reason(self) -> str:
        """Why nothing can be made now; empty when it can."""
        if not self._context.panel.choice.is_made:
            return "Choose a ComfyUI first."
        if self.image.look is None:
            return "" if self.image.is_looking else "Choose a start image first."
        return "Choose another workflow: this one cannot be used." if self.form.refusal is not None else ""

    # what is chosen

    def _panel_chosen(self) -> None:
        panel = self._context.panel
        is_unset = not panel.choice.is_made
        is_card_wanted = is_unset or (panel.is_first_start and not self._is_card_hidden)
        if is_card_wanted and self.card.isHidden():
            self.card.show_searching()
            self.search.search()
        self.card.show_demo(is_demo=not is_unset)
        self.card.setVisible(is_card_wanted)
        self.bar.choose.setVisible(panel.is_first_start and not is_card_wanted)
        self._boards = None
        self._boards_changed()
        self._panel_changed()

    def _boards_changed(self) -> None:
        """Which profile is taken by itself depends on the boards; they are known a moment after the start."""
        history, panel = self._context.history, self._context.panel
        boards = tuple(info.name for info in history.infos.values())
        is_known = bool(boards) or panel.gpu_problem is not None
        if self._boards == boards and self._are_boards_known == is_known:
            return
        self._boards, self._are_boards_known = boards, is_known
        asked = boards if is_known else None
        self._profiles.ask(lambda _cancel: read_profiles(asked))

    def _profiles_read(self, found: ProfileChoices) -> None:
        self._profiles_known = found
        self._show_profiles()

    def _show_profiles(self) -> None:
        panel, found = self._context.panel, self._profiles_known
        chosen = panel.settings.profile
        wanted, server = chosen or found.automatic, panel.server
        is_other = server is not None and server.owned and wanted is not None and wanted != server.profile
        running = server.profile if server is not None else ""
        note = f"The server runs with {running}; it is started again for the next job." if is_other else ""
        self.fields.show_profiles(found, chosen, note)

    def _use_profile(self, name: str) -> None:
        settings = self._context.panel.settings
        if (settings.profile or "") != name:
            self._context.use_settings(settings.model_copy(update={"profile": name or None}))

    def _use_workflow(self, name: str) -> None:
        self.form.set_workflow(name)
        self._ask_workflow()

    def _ask_workflow(self) -> None:
        name, folders = self.form.workflow, workflow_folders()
        self._workflow.ask(lambda _cancel: read_workflow(name, folders))

    def _form_changed(self) -> None:
        self.picker.show_frame(*self.form.size)
        self._show_offer()

    # the start image

    def _image_changed(self) -> None:
        choice, look = self.image, self.image.look
        self.picker.show_waiting(choice.is_looking)
        if look is not None:
            words = f"{look.origin.name}, {look.width} × {look.height} pixels"  # noqa: RUF001 - multiplication
            self.picker.show_picture(look.picture, look.origin.name, words)
            self.image_name.ensurePolished()
            name = self.image_name.fontMetrics().elidedText(look.origin.name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
            self.image_name.say(f"{name} · {size_text((look.width, look.height))}")
            self.image_name.setToolTip(str(look.origin))
            self.strip.select(look.origin)
        if choice.refusal:
            kept = " The picture before it is kept." if look is not None else ""
            self.image_doubt.show_doubt(choice.refusal + kept, Tone.bad)
        else:
            self.image_doubt.show_doubt(look.note if look is not None else "")
        self.form.show_image(look)
        self._show_offer()

    def _recent_changed(self) -> None:
        self.strip.show_thumbs([(one.path, one.picture) for one in self.image.recent.thumbs])

    def _ask_image(self) -> None:
        start = str(self.image.look.origin.parent) if self.image.look is not None else ""
        dialog = QFileDialog(self, "Choose the start image", start, _PICTURES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.image.pick(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # the first start

    def _show_card(self) -> None:
        self._is_card_hidden = False
        self._panel_chosen()

    def _stay_in_demo(self) -> None:
        if self._context.panel.choice.is_made:
            self._is_card_hidden = True
            self._panel_chosen()
        else:
            self._context.use_demo(wiring.Demo(DEFAULT_SCENARIO, FIRST_DEMO_SPEED))

    def _folders_found(self, folders: tuple[FoundFolder, ...]) -> None:
        self.card.show_folders([(one.folder, one.version) for one in folders])

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, "Choose ComfyUI's folder", str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self._check_folder(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _check_folder(self, folder: Path) -> None:
        self.card.show_checking(str(folder))
        self.search.check_folder(folder)

    def _check_url(self, text: str) -> None:
        self.card.show_checking(text)
        self.search.check_url(text)

    def _use_server(self, **update: object) -> None:
        self.card.show_done()
        self._context.use_settings(self._context.panel.settings.model_copy(update=update))


def workflow_folders() -> tuple[Path, Path]:
    """Where workflows lie: those that come with the program, and the user's own."""
    return data_folder() / "workflows", user_folders(os.environ).config / "workflows"


def scrolled(inner: QWidget) -> QScrollArea:
    """The same, with a bar at its side when there is not enough room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    return area
