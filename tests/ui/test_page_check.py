"""The checks themselves: each finds what it is for, and lets sound things pass."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.page_check import cut_off, faults_of, hard_to_read, out_of_reach, without_name


@pytest.fixture
def board(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.setStyleSheet("QWidget { background: #101010; color: #f0f0f0; }")
    QHBoxLayout(made)
    made.resize(700, 60)
    made.show()
    return made


def put(board: QWidget, widget: QWidget) -> None:
    layout = board.layout()
    assert layout is not None
    layout.addWidget(widget)
    widget.setToolTip("tip")
    widget.show()
    layout.activate()


def test_sound_things_pass(board: QWidget):
    for widget in (QLabel("Words"), QPushButton("Do it"), QPushButton("Later")):
        put(board, widget)
    assert faults_of(board) == []


def test_text_without_room_is_found(board: QWidget):
    for widget in (QLabel("Much too long"), QPushButton("Much too long")):
        put(board, widget)
        widget.setFixedWidth(20)
    choice, line = QComboBox(), QLineEdit()
    choice.addItem("A choice that is long")
    line.setPlaceholderText("An empty field that is long")
    for widget in (choice, line):
        put(board, widget)
        widget.setFixedWidth(40)
    assert len(cut_off(board)) == 4


def test_low_contrast_is_found(board: QWidget):
    pale = QLabel("Pale words")
    put(board, pale)
    pale.setStyleSheet("color: #303030")
    (fault,) = hard_to_read(board)
    assert "'Pale words' has a contrast of 1." in fault


def test_what_has_no_name_or_tip_is_found(board: QWidget):
    button = QPushButton()
    put(board, button)
    button.setToolTip("")
    assert [fault.partition(" has ")[2] for fault in without_name(board)] == ["no accessible name", "no tool tip"]


def test_what_tab_does_not_reach_is_found(board: QWidget):
    first, second = QPushButton("One"), QPushButton("Two")
    for widget in (first, second):
        put(board, widget)
    second.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    second.setAccessibleName("Two")
    assert out_of_reach(board) == ["QPushButton 'Two' is not reached by Tab"]
