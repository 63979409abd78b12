import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, without_name
from tests.ui.stage import Stage
from wan22.schema.events import ServerSaid
from wan22.ui.state.log_line import LogJudge, LogLevel
from wan22.ui.theme import Scheme, Theme
from wan22.ui.widgets.log_drawer import LINES_KEPT, LogDrawer
from wan22.ui.widgets.log_view import LogView

TALK = [
    "got prompt",
    "Warning: Ran out of memory when regular VAE decoding, retrying with tiled VAE decoding.",
    "!!! Exception during processing !!! boom",
    "Traceback (most recent call last):",
    '  File "execution.py", line 1, in execute',
    "torch.OutOfMemoryError: Allocation on device",
    "Prompt executed in 3.00 seconds",
]


@pytest.fixture
def drawer(qtbot: QtBot, theme: Theme) -> LogDrawer:
    made = LogDrawer(theme)
    qtbot.addWidget(made)
    made.resize(1200, made.height())
    return made


def opened(drawer: LogDrawer) -> LogView:
    drawer.show()
    assert drawer.view is not None
    return drawer.view


def lines_of(view: LogView) -> list[str]:
    return view.text.toPlainText().splitlines()


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("got prompt", LogLevel.info),
        ("100%|██████████| 2/2 [00:05<00:00,  2.62s/it]", LogLevel.info),
        ("Total VRAM 81559 MB, total RAM 193000 MB", LogLevel.info),
        ("WARNING: the model is large", LogLevel.warning),
        ("/x/y.py:3: UserWarning: old", LogLevel.warning),
        (TALK[1], LogLevel.warning),
        ("Got an OOM, unloading all loaded models.", LogLevel.error),
        ("ValueError: no", LogLevel.error),
        ("RuntimeError: CUDA error: invalid argument", LogLevel.error),
        ("Cannot import /x/custom_nodes/y module for custom nodes: no z", LogLevel.error),
    ],
)
def test_words_tell_how_serious_a_line_is(text: str, level: LogLevel):
    assert LogJudge().judge(text).level is level


def test_a_traceback_goes_on_until_it_names_the_exception():
    judge = LogJudge()
    levels = [judge.judge(text).level for text in TALK]
    assert levels == [LogLevel.info, LogLevel.warning, *[LogLevel.error] * 4, LogLevel.info]


def test_it_keeps_the_newest_lines_and_lays_out_only_what_is_seen(drawer: LogDrawer):
    drawer.append(f"line {number}" for number in range(LINES_KEPT + 10))
    assert drawer.text is None
    view = opened(drawer)
    lines = lines_of(view)
    assert (len(lines), lines[0], lines[-1]) == (LINES_KEPT, "line 10", f"line {LINES_KEPT + 9}")
    drawer.append(["one more"])
    view._flush()
    lines = lines_of(view)
    assert (len(lines), lines[0], lines[-1]) == (LINES_KEPT, "line 11", "one more")
    assert view.count.text() == f"the newest {LINES_KEPT} lines"
    drawer.hide()
    assert not view._timer.isActive()


def test_filters_by_level_and_by_text(drawer: LogDrawer, qtbot: QtBot):
    drawer.append(TALK)
    view = opened(drawer)
    assert lines_of(view) == TALK
    assert view.count.text() == "7 lines"
    view.levels.chosen.emit(2)
    assert lines_of(view) == TALK[2:6]
    assert view.count.text() == "4 of 7 lines"
    qtbot.keyClicks(view.filter, "OUTOFMEM")
    qtbot.waitUntil(lambda: lines_of(view) == [TALK[5]])
    drawer.append(["ValueError: other", "AnotherOutOfMemoryError: yes", "fine"])
    view._flush()
    assert lines_of(view) == [TALK[5], "AnotherOutOfMemoryError: yes"]
    view.show_with("no such text")
    assert lines_of(view) == []
    assert view.text.placeholderText() == "No line fits the filter."
    qtbot.keyClick(view.filter, Qt.Key.Key_Escape)
    assert view.filter.text() == ""


def test_the_first_error_is_found_even_behind_a_filter(drawer: LogDrawer, qtbot: QtBot):
    view = opened(drawer)
    assert not view.first_error.isEnabled()
    drawer.append([f"line {number}" for number in range(300)] + TALK + [f"after {number}" for number in range(300)])
    view._flush()
    view.show_with("after")
    assert view.first_error.isEnabled()
    qtbot.mouseClick(view.first_error, Qt.MouseButton.LeftButton)
    assert view.text.textCursor().selectedText() == TALK[2]
    assert view.filter.text() == ""
    assert view.to_end.isEnabled()


def test_it_follows_the_end_unless_scrolled_up(drawer: LogDrawer, qtbot: QtBot):
    view = opened(drawer)
    drawer.append(f"line {number}" for number in range(200))
    view._flush()
    bar = view.text.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(50)
    assert view.to_end.isEnabled()
    drawer.append(["new"])
    view._flush()
    assert bar.value() == 50
    qtbot.mouseClick(view.to_end, Qt.MouseButton.LeftButton)
    assert bar.value() == bar.maximum()
    drawer.append(["newer"])
    view._flush()
    assert bar.value() == bar.maximum()
    assert not view.to_end.isEnabled()


def test_what_is_read_stays_in_place_while_old_lines_fall_off(drawer: LogDrawer):
    view = opened(drawer)
    drawer.append(f"line {number}" for number in range(LINES_KEPT))
    view._flush()
    view.text.verticalScrollBar().setValue(1000)
    drawer.append(f"more {number}" for number in range(100))
    view._flush()
    assert view.text.firstVisibleBlock().text() == "line 1000"


def test_copy_selection_and_copy_all(drawer: LogDrawer, qtbot: QtBot, qapp: QApplication):
    drawer.append(TALK)
    view = opened(drawer)
    assert not view.copy_selection.isEnabled()
    cursor = view.text.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Start)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    view.text.setTextCursor(cursor)
    qtbot.mouseClick(view.copy_selection, Qt.MouseButton.LeftButton)
    assert qapp.clipboard().text() == "got prompt"
    view.show_level(LogLevel.error)
    qtbot.mouseClick(view.copy_all, Qt.MouseButton.LeftButton)
    assert qapp.clipboard().text() == "\n".join(TALK[2:6])


def test_keys_of_the_open_log(stage: Stage, qtbot: QtBot):
    stage.tell([ServerSaid(time_s=float(number), line=text) for number, text in enumerate(TALK)])
    button = stage.window.state_line.log_button
    button.setChecked(True)
    view = stage.window.log.view
    assert view is not None
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    view.text.setFocus()
    qtbot.keyClick(view.text, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(view.filter.hasFocus)
    qtbot.keyClick(view.filter, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(view.text.hasFocus)
    assert view.text.textCursor().selectedText() == TALK[2]
    qtbot.keyClick(view.text, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not stage.window.log.isVisible())
    assert not button.isChecked()


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path):
    made = Stage(theme, tmp_path)
    made.window.resize(1080, 680)
    made.window.show()
    yield made
    made.close()


@pytest.mark.parametrize("scheme", [Scheme.dark, Scheme.light])
def test_it_fits_the_smallest_window_and_takes_its_colours_anew(stage: Stage, theme: Theme, scheme: Scheme):
    stage.tell([ServerSaid(time_s=float(number), line=text) for number, text in enumerate(TALK)])
    stage.window.state_line.log_button.setChecked(True)
    theme.choose(scheme)
    stage.settle()
    view = stage.window.log.view
    assert view is not None
    assert lines_of(view) == TALK
    assert cut_off(stage.window.log) + without_name(stage.window.log) == []
    cursor = QTextCursor(view.text.document().findBlockByNumber(2))
    cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
    assert (
        cursor.charFormat().foreground().color().name().upper() == {"dark": "#FF7B7B", "light": "#B42525"}[scheme.value]
    )


def test_thousands_of_lines_are_cheap(drawer: LogDrawer):
    """A full log is laid out within a few frames, and a batch of 50 lines within one."""
    lines = [f"{number} {TALK[number % len(TALK)]}" for number in range(LINES_KEPT)]
    view = opened(drawer)
    drawer.append(lines)
    started_s = time.process_time()
    view._flush()
    first_s = time.process_time() - started_s
    started_s = time.process_time()
    for _ in range(10):
        drawer.append(lines[:50])
        view._flush()
    batch_s = (time.process_time() - started_s) / 10
    assert first_s < 0.5
    assert batch_s < 0.016
