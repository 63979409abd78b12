"""Buttons with everything a control must have."""

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton


def push_button(text: str, tip: str, pressed: Callable[[], object], *, name: str = "", kind: str = "") -> QPushButton:
    """`name`: what it is called where its text alone says too little. `kind`: main or flat."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text)
    if kind:
        button.setProperty("kind", kind)
    button.clicked.connect(lambda _checked=False: pressed())
    return button


def set_main(button: QPushButton, is_main: bool) -> None:
    """Fill the button with the accent, or take it away; at most one of a page is filled."""
    kind = "main" if is_main else ""
    if button.property("kind") != kind:
        button.setProperty("kind", kind)
        button.style().unpolish(button)
        button.style().polish(button)
