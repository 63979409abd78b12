from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, texts
from tests.ui.stage import Stage
from wan22.ui.state.shortcut_list import EVERYWHERE, conflicts, shortcuts_of
from wan22.ui.theme import Theme


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def everything(stage: Stage) -> None:
    """Open every page and the log, so that all shortcuts exist."""
    for entry in stage.window.entries:
        stage.window.open_page(entry.key)
    stage.window.state_line.log_button.setChecked(True)
    stage.settle()


def test_no_two_shortcuts_are_in_each_others_way_on_any_page(stage: Stage):
    everything(stage)
    for entry in stage.window.entries:
        stage.window.open_page(entry.key)
        stage.settle()
        places = {one.title: stage.window.page(one.key) for one in stage.window.entries}
        assert conflicts(shortcuts_of(stage.window, places)) == (), entry.key


def test_every_shortcut_says_what_it_does(stage: Stage):
    everything(stage)
    found = stage.context.shortcut_help.entries()
    assert found
    assert [entry.keys for entry in shortcuts_of(stage.window, {}) if not entry.words] == []
    by_keys = {(entry.place, entry.keys): entry.words for entry in found}
    assert by_keys[EVERYWHERE, "F1"] == "Show all shortcuts"
    assert by_keys[EVERYWHERE, "Ctrl+1"] == "Open Run"
    assert by_keys["Log", "Ctrl+E"] == "Go to the first error"
    assert ("History", "Ctrl+F") in by_keys


def test_the_sheet_opens_by_key_and_question_mark_and_closes_by_escape(qtbot: QtBot, stage: Stage):
    stage.window.open_page("run")
    stage.window.activateWindow()
    help_ = stage.context.shortcut_help
    QTest.keyClick(stage.window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: help_.sheet is not None)
    assert help_.sheet is not None
    stage.settle()
    assert {"Everywhere", "Run", "Queue", "History"} <= set(texts(help_.sheet))
    assert cut_off(help_.sheet) == []
    assert stage.window.page_key == "run"
    QTest.keyClick(help_.sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: help_.sheet is None)
    stage.window.rail.help_button.click()
    assert help_.sheet is not None
    help_.sheet.close()
    stage.settle()


def test_conflicts_are_found(qtbot: QtBot):
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    buttons = [QPushButton(name) for name in ("Save", "Send")]
    for button in buttons:
        button.setShortcut("Ctrl+S")
        column.addWidget(button)
    window.show()
    assert len(conflicts(shortcuts_of(window, {}))) == 1
    buttons[1].hide()
    assert conflicts(shortcuts_of(window, {})) == ()
    shortcut = QShortcut(QKeySequence("Ctrl+S"), window, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.setWhatsThis("Something else")
    assert "Ctrl+S" in conflicts(shortcuts_of(window, {}))[0]
