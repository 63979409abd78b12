"""The right column of the Run page: what the job does, how long it takes, what comes out."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QImageReader, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from wan22.runs.state import Phase
from wan22.schema.events import PreviewReceived
from wan22.schema.panel_fact import Activity
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_SMALL, TextRole
from wan22.ui.state.job_watch import PreviewDecoded
from wan22.ui.state.preview_text import no_preview_text, preview_caption
from wan22.ui.state.result_file import result_file
from wan22.ui.state.run_headline import headline, is_live
from wan22.ui.state.stage_rows import stage_rows
from wan22.ui.state.startup_times import StartupTimes
from wan22.ui.widgets.preview_card import PreviewCard
from wan22.ui.widgets.proof_card import ProofCard
from wan22.ui.widgets.run_head import RunHead
from wan22.ui.widgets.stage_list import StageList
from wan22.ui.widgets.text_label import TextLabel

LIVE_MS = 200
TEXT_EVERY = 5
SOON_MS = 50
WIDE_FROM = 680
NO_STAGES = "Each stage of the job gets a line here, with its time, its target and what it usually takes."


class RunProgress(QWidget):
    """Bars move five times a second while a job runs, texts once a second, and nothing while nobody looks.

    `again_wanted` asks for the same job once more.
    """

    again_wanted = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._startups = StartupTimes(context.memory)
        self._startup_seen: tuple[str | None, int | None] | None = None
        self._decoding: PreviewReceived | None = None
        self._ticks = 0
        self._is_wide: bool | None = None
        self.setAccessibleName("Progress of the job")
        self._compose()
        self._live = QTimer(self)
        self._live.setInterval(LIVE_MS)
        self._live.timeout.connect(self._tick)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        for changed in (context.run.changed, context.watch.changed, context.panel.changed, context.panel.chosen):
            changed.connect(self._changed)
        self._place(is_wide=True)

    def refresh(self) -> None:
        """Write everything now."""
        self._ticks = 0
        self._keep_startup()
        self._show_head()
        self._show_stages()
        self._show_picture()
        self._show_proof()
        if not self.isVisible() or not is_live(self._context.panel, self._context.run.state):
            self._live.stop()
        elif not self._live.isActive():
            self._live.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to follow."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._live.stop()
        self._soon.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The proof goes below the picture where there is no room beside it."""
        super().resizeEvent(event)
        self._place(is_wide=self.width() >= WIDE_FROM)

    def _compose(self) -> None:
        theme = self._context.theme
        self.head = RunHead(theme)
        self.head.stop.connect(self._context.stop_job)
        self.head.again.connect(self.again_wanted)
        self.stages = StageList(theme)
        self.stages.hide()
        self.no_stages = QWidget()
        words = QVBoxLayout(self.no_stages)
        words.setContentsMargins(GAP_SMALL, GAP_SMALL, 0, GAP_SMALL)
        words.setSpacing(GAP_SMALL)
        words.addWidget(TextLabel("Stages", TextRole.heading))
        empty = TextLabel(NO_STAGES, TextRole.body, "muted")
        empty.setWordWrap(True)
        words.addWidget(empty)
        self.preview = PreviewCard(theme)
        self.preview.again.connect(self.again_wanted)
        self.preview.folder_wanted.connect(self._context.open_folder)
        self.proof = ProofCard(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.head)
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(12, GAP_SMALL, GAP, GAP_SMALL)
        inside.setSpacing(0)
        inside.addWidget(self.stages)
        inside.addWidget(self.no_stages)
        column.addWidget(card)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        column.addLayout(self._grid, 1)

    def _place(self, *, is_wide: bool) -> None:
        if is_wide is self._is_wide:
            return
        self._is_wide = is_wide
        for widget in (self.preview, self.proof):
            self._grid.removeWidget(widget)
        self._grid.addWidget(self.preview, 0, 0)
        self._grid.addWidget(self.proof, *((0, 1) if is_wide else (1, 0)))
        self._grid.setColumnStretch(0, 4)
        self._grid.setColumnStretch(1, 3 if is_wide else 0)

    def _changed(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks >= TEXT_EVERY:
            self.refresh()
        else:
            self._show_stages()

    def _now_s(self) -> float:
        return self._context.parts.clock.now()

    def _keep_startup(self) -> None:
        """Learn from each start of a server of ours how long it usually takes."""
        server = self._context.run.state.server
        seen = (server.url, server.pid)
        if server.ready and server.owned and server.startup_s is not None and seen != self._startup_seen:
            self._startup_seen = seen
            self._startups.add(self._context.panel.choice, server.startup_s)

    def _show_head(self) -> None:
        context = self._context
        usual_s = self._startups.usual_s(context.panel.choice)
        said = headline(context.run, context.panel, context.watch, self._now_s(), usual_s)
        self.head.show_headline(said, can_repeat=context.run.state.run_id is not None)

    def _show_stages(self) -> None:
        run, expected = self._context.run, self._context.panel.expected
        has_run = self._context.panel.current is None or self._context.watch.has_run
        stages = run.stages(self._now_s()) if has_run else ()
        rows = stage_rows(
            stages,
            run.role,
            expected.usual if expected is not None else {},
            expected.verdicts(stages) if expected is not None else (),
            run.state.outcome,
        )
        self.no_stages.setVisible(not rows)
        self.stages.setVisible(bool(rows))
        self.stages.show_stages(rows)

    def _show_picture(self) -> None:
        context = self._context
        state, watch, judged = context.run.state, context.watch, context.panel.judged
        path = result_file(judged.outputs) if judged is not None else None
        if path is not None and state.phase is Phase.finished:
            self.preview.show_result(path, simulated=state.simulated)
            return
        preview, picture = watch.preview, watch.picture
        if preview is not None and preview is not self._decoding:
            self._decoding = preview
            context.work("preview", lambda _: decoded(preview, self._now_s()))
        if picture is not None and picture.picture is not None and state.phase is not Phase.finished:
            caption = preview_caption(state, watch, self._now_s())
            self.preview.show_preview(picture.picture, caption, simulated=state.simulated)
            return
        current = context.panel.current
        wants = current.request.previews if current is not None else None
        self.preview.show_text(no_preview_text(state, watch, wants))

    def _show_proof(self) -> None:
        context = self._context
        server = context.run.state.server
        claims = () if server.stopped else server.claims
        if claims:
            self.proof.show_claims(claims, "")
            return
        is_on_the_way = context.panel.activity is Activity.connecting or context.panel.current is not None
        text = "When ComfyUI runs, each promise of the profile is held against what it really does: flags, attention, "
        text += "memory, the board. What the log does not show is said as well."
        if is_on_the_way:
            text = "The promises of the profile are checked as soon as ComfyUI answers."
        self.proof.show_claims((), text)


def decoded(preview: PreviewReceived, now_s: float) -> PreviewDecoded:
    """The picture of a preview; run in a thread, since a large one takes a while."""
    buffer = QBuffer()
    buffer.setData(QByteArray(preview.image))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    image: QImage = QImageReader(buffer).read()
    picture = None if image.isNull() else image
    return PreviewDecoded(time_s=now_s, received_s=preview.time_s, picture=picture)
