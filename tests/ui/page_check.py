"""What every page must hold to: no text cut off, enough contrast, names, and the keyboard reaches every control."""

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

from wan22.ui.palette import contrast_ratio
from wan22.ui.widgets.elided_label import ElidedLabel

INTERACTIVE = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox, QAbstractSlider)
READABLE = 4.5
TABS = 400
"""More presses of Tab than any page has controls."""


def faults_of(window: QWidget) -> list[str]:
    """Everything that is wrong with a window as it is shown now."""
    return cut_off(window) + without_name(window) + hard_to_read(window) + out_of_reach(window)


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
    """Texts of labels, buttons, choices and empty fields that need more room than they have."""
    found = []
    for widget in visible(root, (QLabel, QAbstractButton, QComboBox, QLineEdit)):
        text, fits = _room(widget)
        if text and not (fits and _is_inside(widget, root)):
            found.append(f"'{text}' in {widget.width()} px")
    return found


def hard_to_read(root: QWidget) -> list[str]:
    """Texts of labels and buttons with too little contrast to what is really painted behind them."""
    picture = root.grab().toImage()
    found = []
    for widget in visible(root, (QLabel, QAbstractButton)):
        assert isinstance(widget, QLabel | QAbstractButton)
        if not widget.text() or not widget.isEnabled() or _is_inner(widget):
            continue
        area = QRect(widget.mapTo(root, QPoint(0, 0)), widget.size()) & root.rect()
        ground, best = _painted(picture, area)
        role = QPalette.ColorRole.WindowText if isinstance(widget, QLabel) else QPalette.ColorRole.ButtonText
        ink = widget.palette().color(role).name()
        if max(best, contrast_ratio(ink, ground)) < READABLE:
            found.append(f"'{widget.text()}' has a contrast of {best:.1f} to {ground}")
    return found


def out_of_reach(window: QWidget) -> list[str]:
    """Controls that pressing Tab again and again does not come to; of a set of choices one is enough."""
    window.activateWindow()
    before = QApplication.focusWidget()
    reached: set[int] = set()
    for _ in range(TABS):
        QCoreApplication.processEvents()
        current = QApplication.focusWidget()
        if current is not None:
            if id(current) in reached:
                break
            reached.add(id(current))
        QTest.keyClick(current or window, Qt.Key.Key_Tab)
    missing = []
    for widget in visible(window, INTERACTIVE):
        if isinstance(widget, QScrollBar) or _is_inner(widget) or not widget.isEnabled():
            continue
        if not any(id(item) in reached for item in _choices_of(widget)):
            missing.append(f"{type(widget).__name__} '{widget.accessibleName()}' is not reached by Tab")
    if before is not None:
        before.setFocus()
    elif QApplication.focusWidget() is not None:
        QApplication.focusWidget().clearFocus()
    return missing


def _choices_of(widget: QWidget) -> list[QWidget]:
    """The set of choices that a control belongs to, of which arrow keys reach the others; else itself alone."""
    if isinstance(widget, QAbstractButton):
        group = widget.group()
        if group is not None and group.exclusive():
            return list(group.buttons())
        parent = widget.parentWidget()
        if widget.autoExclusive() and parent is not None:
            return [item for item in parent.findChildren(QAbstractButton) if item.autoExclusive()]
    return [widget]


def _room(widget: QWidget) -> tuple[str, bool]:
    """The text of a widget, and whether it has room for it."""
    metrics = widget.fontMetrics()
    if isinstance(widget, QComboBox):
        return widget.currentText(), metrics.horizontalAdvance(widget.currentText()) + 36 <= widget.width()
    if isinstance(widget, QLineEdit):
        text = "" if widget.text() or _is_inner(widget) else widget.placeholderText()
        return text, metrics.horizontalAdvance(text) + 20 <= widget.width()
    assert isinstance(widget, QLabel | QAbstractButton)
    if isinstance(widget, ElidedLabel) and widget.toolTip() == widget.whole:
        return "", True  # it says itself that there is more
    if isinstance(widget, QLabel) and widget.wordWrap():
        return widget.text(), widget.heightForWidth(widget.width()) <= widget.height()
    needed = widget.sizeHint().width() if isinstance(widget, QLabel) else widget.minimumSizeHint().width()
    if isinstance(widget, QAbstractButton) and not widget.text():
        return "", True
    return widget.text(), needed <= widget.width() and metrics.height() <= widget.height()


def _painted(picture: QImage, area: QRect) -> tuple[str, float]:
    """The most frequent colour of a part of a picture, and the best contrast that anything has to it."""
    ratio = picture.devicePixelRatio()
    left, top = round(area.left() * ratio), round(area.top() * ratio)
    right = min(picture.width(), round((area.right() + 1) * ratio))
    bottom = min(picture.height(), round((area.bottom() + 1) * ratio))
    counted = Counter(picture.pixel(x, y) for y in range(top, bottom) for x in range(left, right))
    if not counted:
        return "#000000", 21.0
    names = [QColor(pixel).name() for pixel, _ in counted.most_common()]
    return names[0], max(contrast_ratio(names[0], name) for name in set(names))


def _is_inside(widget: QWidget, root: QWidget) -> bool:
    corner = widget.mapTo(root, widget.rect().topLeft())
    return corner.x() >= 0 and corner.x() + widget.width() <= root.width()


def _is_inner(widget: QWidget) -> bool:
    if widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QLineEdit):
            return True
        parent = parent.parentWidget()
    return False
