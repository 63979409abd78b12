"""The style sheet of the window, made from the tokens of a theme."""

from pathlib import Path
from string import Template

from wan22.ui import measure
from wan22.ui.palette import Colours
from wan22.ui.verdict_word import Tone

_RULES = Template("""
QWidget { color: $text; selection-background-color: $accent; selection-color: $on_accent; }
QMainWindow, QWidget#window, QWidget#page, QStackedWidget { background: $window; }
QToolTip {
    background: $tag_ground; color: $tag_ink; border: 1px solid $line; padding: 6px 8px;
}
QLabel { background: transparent; }
QLabel[ink="muted"] { color: $muted; }
QLabel[ink="accent"] { color: $accent_text; }
QLabel[ink="good"] { color: $good_ink; }
QLabel[ink="slow"] { color: $slow_ink; }
QLabel[ink="bad"] { color: $bad_ink; }
QLabel[ink="running"] { color: $running_ink; }
QLabel[ink="unknown"] { color: $muted; }

$roles
QWidget#rail, QWidget#state-line { background: $panel; }
QWidget#state-line { border-top: 1px solid $line; }
QWidget#gpu-strip { background: $window; border-bottom: 1px solid $line; }
QFrame#card { background: $panel; border-radius: ${card_radius}px; }
QFrame#rule { background: $line; border: none; max-height: 1px; min-height: 1px; }
QWidget#problem-banner { background: $panel; border-bottom: 1px solid $line; }
QWidget#log-drawer { background: $panel; border-top: 1px solid $line; }

QLabel#chip { border-radius: ${chip_radius}px; padding: 0 10px; }
QLabel#chip[tone="good"] { color: $good_ink; background: $good_ground; }
QLabel#chip[tone="slow"] { color: $slow_ink; background: $slow_ground; }
QLabel#chip[tone="bad"] { color: $bad_ink; background: $bad_ground; }
QLabel#chip[tone="running"] { color: $running_ink; background: $running_ground; }
QLabel#chip[tone="unknown"] { color: $unknown_ink; background: $unknown_ground; }
QWidget#simulated-band { background: $simulated_ground; }
QWidget#simulated-band QLabel { color: $simulated_ink; }

QPushButton, QToolButton {
    background: $raised; color: $text; border: 2px solid transparent; border-radius: ${control_radius}px;
    padding: 0 12px; min-height: ${control_inner}px;
}
QPushButton:hover, QToolButton:hover { background: $line; }
QPushButton:pressed, QToolButton:pressed { background: $field; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $field; }
QPushButton:focus, QToolButton:focus { border-color: $focus; }
QPushButton[tall="true"] { min-height: ${large_inner}px; }
QPushButton[kind="main"] { background: $accent; color: $on_accent; font-weight: 600; }
QPushButton[kind="main"]:hover { background: $accent_hover; }
QPushButton[kind="main"]:disabled { background: $raised; color: $muted; }
QPushButton[kind="flat"], QToolButton[kind="flat"] { background: transparent; color: $muted; }
QPushButton[kind="flat"]:hover, QToolButton[kind="flat"]:hover { color: $text; background: $field; }
QPushButton[kind="link"], QPushButton[kind="quiet"] {
    background: transparent; color: $accent_text; padding: 0; margin-left: -2px; min-height: 16px;
    text-align: left; font-size: 12px;
}
QPushButton[kind="quiet"] { color: $muted; }
QPushButton[kind="link"]:hover, QPushButton[kind="quiet"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus, QPushButton[kind="quiet"]:focus { border-color: $focus; }
QToolButton[kind="segment"] {
    background: transparent; color: $muted; padding: 0 10px; min-height: 24px; border-radius: 6px;
}
QToolButton[kind="segment"]:hover { color: $text; }
QToolButton[kind="segment"]:checked { background: $raised; color: $text; }
QPushButton[kind="row"] { background: transparent; padding: 0; }
QPushButton[kind="row"]:hover, QPushButton[kind="row"]:checked { background: $field; }
QPushButton[kind="row"]:focus { border-color: $focus; }
QToolButton[kind="icon"] { padding: 0; }
QToolButton[kind="icon"]:checked { background: $running_ground; }
QFrame#segments { background: $panel; border-radius: ${card_radius}px; }
QFrame#card QFrame#segments { background: $window; }
QToolButton#rail-item {
    background: transparent; color: $muted; text-align: left; padding: 0 0 0 10px; border-radius: ${card_radius}px;
    min-height: ${rail_inner}px;
}
QToolButton#rail-item:hover { background: $field; color: $text; }
QToolButton#rail-item:checked { background: $field; color: $text; font-weight: 500; }
QToolButton#rail-item:focus { border-color: $focus; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
    background: $field; color: $text; border: 2px solid $field; border-radius: ${control_radius}px; padding: 0 8px;
    min-height: ${control_inner}px; placeholder-text-color: $muted;
}
QPlainTextEdit, QTextEdit { padding: 4px 8px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border-color: $focus;
}
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QComboBox:disabled {
    color: $muted; background: $panel; border-color: $line;
}
QLineEdit[readOnly="true"] { color: $muted; background: $panel; border-color: $line; }
QLineEdit[readOnly="true"]:focus { border-color: $focus; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$icons/arrow_down_$name.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView {
    background: $field; color: $text; border: 1px solid $line; outline: none;
    selection-background-color: $raised; selection-color: $text;
}
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    background: transparent; border: none; width: 20px;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/arrow_up_$name.svg"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
    image: url("$icons/arrow_down_$name.svg"); width: 10px; height: 10px;
}

QCheckBox, QRadioButton { spacing: 8px; padding: 2px; border: 2px solid transparent; border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border-color: $focus; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 16px; height: 16px; background: $field; border: 1px solid $outline;
}
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $text; }
QCheckBox::indicator:checked {
    background: $accent; border-color: $accent; image: url("$icons/check_$name.svg");
}
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url("$icons/dot_$name.svg"); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: $panel; border-color: $line; }

QProgressBar { background: $raised; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider::groove:horizontal { background: $raised; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $text; width: 14px; margin: -5px 0; border-radius: 7px; border: 2px solid transparent;
}
QSlider::handle:horizontal:focus { border-color: $focus; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $raised; border-radius: 4px; margin: 2px; }
QScrollBar::handle:hover { background: $outline; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; height: 0; width: 0;
}

QMenu { background: $field; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $raised; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QHeaderView::section { background: $panel; color: $muted; border: none; padding: 4px 8px; }
QTableView, QTreeView, QListView {
    background: $panel; alternate-background-color: $field; border: none; gridline-color: $line; outline: none;
}
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected { background: $raised; color: $text; }
QListView#choices::item { padding: 0 8px; border-radius: ${control_radius}px; }
QListView#choices { border: 2px solid transparent; }
QTableView:focus, QTreeView:focus, QListView:focus { border: 2px solid $focus; }
QGraphicsView { background: transparent; border: none; }
QSplitter::handle { background: $line; }
""")


def style_sheet(colours: Colours, icons: Path) -> str:
    """All rules for one theme. `icons`: folder with the small pictures that rules name."""
    plain = {name: getattr(colours, name) for name in Colours._fields if name not in ("tones", "metrics", "phases")}
    tones = {f"{tone.value}_ink": colours.tones[tone].ink for tone in Tone}
    tones |= {f"{tone.value}_ground": colours.tones[tone].ground for tone in Tone}
    sizes = {
        "card_radius": measure.CARD_RADIUS,
        "control_radius": measure.CONTROL_RADIUS,
        "control_inner": measure.CONTROL_HEIGHT - 4,
        "large_inner": measure.CONTROL_HEIGHT_LARGE - 4,
        "rail_inner": measure.RAIL_ITEM_HEIGHT - 4,
        "chip_radius": measure.CHIP_HEIGHT // 2,
    }
    roles = "\n".join(
        f'QLabel[role="{role.name}"] {{ font-size: {role.value[0]}px; font-weight: {role.value[1]}; }}'
        for role in measure.TextRole
    )
    return _RULES.substitute(plain | tones | sizes, icons=icons.as_posix(), roles=roles)
