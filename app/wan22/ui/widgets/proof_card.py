"""The launch proof: whether the running server keeps what its profile promises, and what shows it."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from wan22.schema.server import LaunchClaim
from wan22.ui.measure import CONTROL_RADIUS, GAP, GAP_SMALL, GAP_TINY, TextRole
from wan22.ui.state.proof_rows import ProofRow, proof_count, proof_rows, unseen_text
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import GLYPHS
from wan22.ui.widgets.chip import Chip
from wan22.ui.widgets.text_label import TextLabel

ROW_HEIGHT = 36
GLYPH_WIDTH = 20
SHOWN_ROWS = 5
EVIDENCE_FROM = 440
"""Width from which on the evidence has a column of its own; else the chosen row tells it."""


class _Row(QAbstractButton):
    """One promise: glyph, name, value, evidence. It is a button, so that the keyboard reaches it and its details."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._row: ProofRow | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_row(self, row: ProofRow) -> None:
        self._row = row
        self.setText(f"{GLYPHS[row.tone]} {row.name} {row.value}")
        self.setAccessibleName(row.sentence.replace("\n", " "))
        self.setToolTip(row.sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, ROW_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._row is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("field"))
            painter.drawRoundedRect(self.rect().adjusted(0, 1, 0, -1), CONTROL_RADIUS, CONTROL_RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 2, -1, -2), CONTROL_RADIUS, CONTROL_RADIUS)
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(GAP_TINY, self.height() - 1, self.width() - GAP_TINY, self.height() - 1)
        self._paint_texts(painter, self._row)
        painter.end()

    def _paint_texts(self, painter: QPainter, row: ProofRow) -> None:
        left, width = GAP_TINY + GLYPH_WIDTH, self.width() - GLYPH_WIDTH - 2 * GAP_TINY
        painter.setPen(self._theme.ink(row.tone))
        self._write(painter, TextRole.strong, QRect(GAP_TINY, 0, GLYPH_WIDTH, self.height()), GLYPHS[row.tone])
        has_evidence = width >= EVIDENCE_FROM
        name_width = round((0.36 if has_evidence else 0.56) * width)
        value_width = round((0.24 if has_evidence else 0.44) * width)
        painter.setPen(self._theme.colour("text"))
        self._write(painter, TextRole.body, QRect(left, 0, name_width - GAP_SMALL, self.height()), row.name)
        place = QRect(left + name_width, 0, value_width, self.height())
        self._write(painter, TextRole.strong, place, row.value)
        if has_evidence:
            painter.setPen(self._theme.colour("muted"))
            start = left + name_width + value_width + GAP_SMALL
            place = QRect(start, 0, self.width() - start - GAP_TINY, self.height())
            self._write(painter, TextRole.caption, place, row.evidence or row.word)

    def _write(self, painter: QPainter, role: TextRole, place: QRect, text: str) -> None:
        font = self._theme.font(role)
        painter.setFont(font)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class ProofCard(QFrame):
    """Rows to choose from; the chosen one tells its reason and evidence below, to be read and copied."""

    chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Launch proof")
        self._theme = theme
        self._claims: tuple[LaunchClaim, ...] = ()
        self._rows: list[_Row] = []
        self._shown: list[ProofRow] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, 12, GAP, GAP)
        column.setSpacing(GAP_SMALL)
        head = QHBoxLayout()
        title = TextLabel("Launch proof", TextRole.heading)
        title.setToolTip("Each promise of the profile, held against what the running ComfyUI shows")
        head.addWidget(title)
        head.addStretch(1)
        self.chip = Chip(theme)
        head.addWidget(self.chip)
        column.addLayout(head)
        self.empty = TextLabel("", TextRole.body, "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.empty, 1)
        self._area = self._scrolled()
        column.addWidget(self._area, 1)
        self.details = TextLabel("", TextRole.caption, "muted")
        self.details.setWordWrap(True)
        self.details.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        column.addWidget(self.details)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._choose)
        self.show_claims((), "")

    def show_claims(self, claims: Sequence[LaunchClaim], empty_text: str) -> None:
        """Show these; without any, `empty_text` says what will be here."""
        self.empty.say(empty_text)
        if tuple(claims) == self._claims and self._shown:
            return
        self._claims = tuple(claims)
        self._shown = proof_rows(self._claims)
        self.empty.setVisible(not self._shown)
        for widget in (self.chip, self._area, self.details):
            widget.setVisible(bool(self._shown))
        while len(self._rows) < len(self._shown):
            row = _Row(self._theme)
            self._group.addButton(row, len(self._rows))
            self._list.insertWidget(len(self._rows), row)
            self._rows.append(row)
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(self._shown))
            if number < len(self._shown):
                row.show_row(self._shown[number])
        if not self._shown:
            return
        self._area.setMinimumHeight(ROW_HEIGHT * min(SHOWN_ROWS, len(self._shown)))
        tone, word = proof_count(self._claims)
        self.chip.show_tone(tone, word, "How many promises of the profile the running server shows to be kept")
        checked = self._group.checkedId()
        self._tell(checked if 0 <= checked < len(self._shown) else None)

    def _scrolled(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        area.setWidget(inner)
        return area

    def _choose(self, number: int) -> None:
        self._tell(number)
        self.chosen.emit(number)

    def _tell(self, number: int | None) -> None:
        """The details of one row; without a choice, what could not be seen at all."""
        if number is None:
            self.details.say(unseen_text(self._claims))
        else:
            self.details.say(self._shown[number].sentence)
        self.details.setVisible(bool(self.details.text()))
