"""What every page must hold to: names for everything that takes the keyboard, and no text cut off."""

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

INTERACTIVE = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox, QAbstractSlider)


def visible(root: QWidget, kind: type[QWidget] | tuple[type[QWidget], ...]) -> Iterator[QWidget]:
    for widget in root.findChildren(QWidget):
        if isinstance(widget, kind) and widget.isVisibleTo(root) and widget.isVisible():
            yield widget


def texts(root: QWidget) -> list[str]:
    """All that can be read on labels and buttons."""
    return [
        widget.text()
        for widget in visible(root, (QLabel, QAbstractButton))
        if isinstance(widget, QLabel | QAbstractButton) and widget.text()
    ]


def without_name(root: QWidget) -> list[str]:
    """Controls without an accessible name, tool tip or way to reach them by keyboard."""
    found = []
    for widget in visible(root, INTERACTIVE):
        if isinstance(widget, QScrollBar) or _is_inner(widget):
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        name = interface.text(QAccessible.Text.Name) if interface is not None else ""
        label = f"{type(widget).__name__} '{name or widget.objectName()}'"
        if not name:
            found.append(f"{label} has no accessible name")
        if not widget.toolTip():
            found.append(f"{label} has no tool tip")
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            found.append(f"{label} cannot be reached by keyboard")
    return found


def cut_off(root: QWidget) -> list[str]:
    """Texts of labels and buttons that need more room than they have."""
    found = []
    for widget in visible(root, (QLabel, QAbstractButton)):
        assert isinstance(widget, QLabel | QAbstractButton)
        if not widget.text():
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            fits = widget.heightForWidth(widget.width()) <= widget.height()
        else:
            needed = widget.sizeHint().width() if isinstance(widget, QLabel) else widget.minimumSizeHint().width()
            fits = needed <= widget.width() and widget.fontMetrics().height() <= widget.height()
        if not fits or not _is_inside(widget, root):
            found.append(f"'{widget.text()}' in {widget.width()} px")
    return found


def _is_inside(widget: QWidget, root: QWidget) -> bool:
    corner = widget.mapTo(root, widget.rect().topLeft())
    return corner.x() >= 0 and corner.x() + widget.width() <= root.width()


def _is_inner(widget: QWidget) -> bool:
    if widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox):
            return True
        parent = parent.parentWidget()
    return False
