"""The lines of the server with their filters: what the log drawer holds once it was opened."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from wan22.ui.measure import GAP_SMALL, GUTTER, TextRole
from wan22.ui.state.log_line import LogJudge, LogLevel, LogLine
from wan22.ui.theme import Theme
from wan22.ui.verdict_word import Tone
from wan22.ui.widgets.log_drawer import LINES_KEPT
from wan22.ui.widgets.segment import Segment
from wan22.ui.widgets.text_label import TextLabel

FLUSH_MS = 100
TYPING_MS = 150
FILTER_WIDTH = (96, 320)
STAGE_WIDTH = (104, 176)
ALL_STAGES = ""
EMPTY = "Nothing was written yet. The lines of the server appear here once it starts."
NOTHING_LEFT = "No line fits the filter."

_LEVELS = (
    ("All", "Every line"),
    ("Warnings", "Warnings and errors, told by their words"),
    ("Errors", "Errors only, with their tracebacks"),
)


class LogView(QWidget):
    """Text is laid out only while it can be seen, ten times a second at most, a whole batch at once."""

    close_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._judge = LogJudge()
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._fresh: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._least = LogLevel.info
        self._needle = ""
        self._stage = ALL_STAGES
        self._shown_count = 0
        self._follows = True
        self._theme = theme
        self._timer = QTimer(self)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self._flush)
        self._typing = QTimer(self)
        self._typing.setInterval(TYPING_MS)
        self._typing.setSingleShot(True)
        self._typing.timeout.connect(self._filter_typed)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER, GAP_SMALL, GUTTER, GAP_SMALL)
        column.setSpacing(GAP_SMALL)
        column.addLayout(self._head())
        self.text = self._text()
        column.addWidget(self.text, 1)
        self._add_shortcuts()
        theme.changed.connect(self._lay_out)
        self._tell_count()

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """All lines that are kept, the newest last."""
        return tuple(self._lines)

    def append(self, lines: Iterable[str], stage: str = "") -> None:
        """Add lines at the end, which came in a stage of the work."""
        self._know_stage(stage)
        for text in lines:
            line = self._judge.judge(text, stage)
            self._lines.append(line)
            self._fresh.append(line)

    def show_level(self, least: LogLevel) -> None:
        """Show lines that are at least so serious."""
        self._least = least
        self.levels.select(least)
        self._lay_out()

    def show_with(self, needle: str) -> None:
        """Show lines that hold this text; upper and lower case are the same."""
        if self.filter.text() != needle:
            self.filter.setText(needle)
        self._typing.stop()
        self._needle = needle.casefold()
        self._lay_out()

    def show_stage(self, stage: str) -> None:
        """Show the lines of one stage of the work; empty shows all."""
        self._stage = stage
        found = self.stages.findData(stage)
        if found != self.stages.currentIndex():
            self.stages.setCurrentIndex(max(0, found))
        self._lay_out()

    def go_to_first_error(self) -> None:
        """Select the first error that is kept; a text filter that hides it is taken away."""
        first = next((line for line in self._lines if line.level is LogLevel.error), None)
        if first is None:
            return
        self._flush()
        if not self._fits(first):
            self.show_stage(ALL_STAGES)
            self.show_with("")
        shown = [line for line in self._lines if self._fits(line)]
        block = self.text.document().findBlockByNumber(shown.index(first))
        cursor = QTextCursor(block)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()
        self.text.setFocus()

    def go_to_end(self) -> None:
        """Show the newest line and follow again."""
        self._follows = True
        self._grown()

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out what came meanwhile."""
        super().showEvent(event)
        self._flush()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        self._timer.stop()
        self._typing.stop()
        super().hideEvent(event)

    def _text(self) -> QPlainTextEdit:
        text = QPlainTextEdit()
        text.setReadOnly(True)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        text.setUndoRedoEnabled(False)
        text.setMaximumBlockCount(LINES_KEPT)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setPlaceholderText(EMPTY)
        text.setAccessibleName("Lines of the server")
        text.setToolTip("The newest line is at the bottom; scroll up to stop following, Ctrl+C copies the selection")
        text.setTabChangesFocus(True)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(TextRole.caption.value[0])
        text.setFont(font)
        text.copyAvailable.connect(self.copy_selection.setEnabled)
        text.verticalScrollBar().valueChanged.connect(self._scrolled)
        text.verticalScrollBar().rangeChanged.connect(self._grown)
        return text

    def _add_shortcuts(self) -> None:
        for keys, slot, words in (
            ("Ctrl+F", self.filter.setFocus, "Show only lines with a text"),
            ("Ctrl+E", self.go_to_first_error, "Go to the first error"),
            ("Ctrl+End", self.go_to_end, "Go to the newest line and follow again"),
            ("Esc", self._escape, "Take the filter away, then close the log"),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setWhatsThis(words)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(GAP_SMALL)
        head.addWidget(TextLabel("Log", TextRole.heading))
        self.count = TextLabel("", TextRole.body, "muted")
        head.addWidget(self.count)
        head.addStretch(1)
        self.levels = Segment(self._theme, "Level", _LEVELS)
        self.levels.select(self._least)
        self.levels.chosen.connect(lambda number: self.show_level(LogLevel(number)))
        head.addWidget(self.levels)
        self.stages = QComboBox()
        self.stages.setAccessibleName("Stage")
        self.stages.setToolTip("Show only what was written in one stage of the work; stages appear as they come")
        self.stages.addItem("All stages", ALL_STAGES)
        self.stages.setMinimumWidth(STAGE_WIDTH[0])
        self.stages.setMaximumWidth(STAGE_WIDTH[1])
        self.stages.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.stages.activated.connect(lambda number: self.show_stage(str(self.stages.itemData(number))))
        head.addWidget(self.stages)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter lines")
        self.filter.setAccessibleName("Filter lines")
        self.filter.setToolTip("Show only lines that hold this text (Ctrl+F)")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(FILTER_WIDTH[0])
        self.filter.setMaximumWidth(FILTER_WIDTH[1])
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        head.addWidget(self.filter, 1)
        self.first_error = _button(head, "First error", "Go to the first line that tells an error (Ctrl+E)")
        self.first_error.clicked.connect(self.go_to_first_error)
        self.to_end = _button(head, "Newest", "Go to the newest line and follow again (Ctrl+End)")
        self.to_end.clicked.connect(self.go_to_end)
        self.copy_selection = _button(head, "Copy", "Copy what is marked to the clipboard (Ctrl+C)")
        self.copy_selection.clicked.connect(self._copy_selection)
        self.copy_all = _button(head, "Copy all", "Copy every line that the filter shows to the clipboard")
        self.copy_all.clicked.connect(self._copy)
        return head

    def _know_stage(self, stage: str) -> None:
        if stage and self.stages.findData(stage) < 0:
            self.stages.addItem(stage, stage)

    def _fits(self, line: LogLine) -> bool:
        if self._stage and line.stage != self._stage:
            return False
        return line.level >= self._least and (not self._needle or self._needle in line.text.casefold())

    def _filter_typed(self) -> None:
        self.show_with(self.filter.text())

    def _lay_out(self) -> None:
        """Everything anew, for another filter or theme."""
        self._fresh.clear()
        self.text.clear()
        self._shown_count = 0
        self.text.setPlaceholderText(NOTHING_LEFT if self._lines else EMPTY)
        self._write([line for line in self._lines if self._fits(line)])
        self.go_to_end()
        self._tell_count()

    def _flush(self) -> None:
        if not self._fresh:
            return
        bar, follows = self.text.verticalScrollBar(), self._follows
        across, above = self.text.horizontalScrollBar().value(), bar.value()
        fresh = [line for line in self._fresh if self._fits(line)]
        self._fresh.clear()
        dropped = self._write(fresh)
        bar.setValue(bar.maximum() if follows else max(0, above - dropped))
        self._follows = follows
        self.text.horizontalScrollBar().setValue(across)
        self._tell_count()

    def _write(self, lines: list[LogLine]) -> int:
        """Lines at the end, one insertion for all neighbours of one level; how many fell off at the top."""
        if not lines:
            return 0
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for level, group in groupby(lines, key=lambda line: line.level):
            form = QTextCharFormat()
            form.setForeground(self._ink(level))
            start = "\n" if self._shown_count else ""
            texts = [line.text for line in group]
            cursor.insertText(start + "\n".join(texts), form)
            self._shown_count += len(texts)
        cursor.endEditBlock()
        dropped = max(0, self._shown_count - LINES_KEPT)
        self._shown_count -= dropped
        return dropped

    def _ink(self, level: LogLevel) -> QColor:
        if level is LogLevel.info:
            return self._theme.colour("text")
        return self._theme.ink(Tone.bad if level is LogLevel.error else Tone.slow)

    def _tell_count(self) -> None:
        total, shown = len(self._lines), self._shown_count
        kept = f"the newest {total} lines" if total == LINES_KEPT else f"{total} line{'' if total == 1 else 's'}"
        self.count.say("" if not total else kept if shown == total else f"{shown} of {kept}")
        self.first_error.setEnabled(any(line.level is LogLevel.error for line in self._lines))
        self.copy_all.setEnabled(shown > 0)

    def _scrolled(self) -> None:
        bar = self.text.verticalScrollBar()
        self._follows = bar.value() >= bar.maximum() - 2
        self.to_end.setEnabled(not self._follows)

    def _grown(self) -> None:
        """There is more or less to scroll: whoever followed the end goes on doing so."""
        bar = self.text.verticalScrollBar()
        if self._follows:
            bar.setValue(bar.maximum())
        self.to_end.setEnabled(not self._follows)

    def _escape(self) -> None:
        if self.filter.text() or self._stage:
            self.show_stage(ALL_STAGES)
            self.show_with("")
        else:
            self.close_asked.emit()

    def _copy_selection(self) -> None:
        self.text.copy()

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(line.text for line in self._lines if self._fits(line)))


def _button(row: QHBoxLayout, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setEnabled(False)
    row.addWidget(button)
    return button
