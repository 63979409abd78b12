"""All shortcuts of a window, read from the widgets that have them: there is no second list that could be wrong."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QWidget

EVERYWHERE = "Everywhere"
_KEYS_IN_TIP = re.compile(r"\s*\((?:Ctrl|Shift|Alt|F\d|Esc|Del|Enter)[^()]*\)")
_MNEMONIC = re.compile(r"&(.)")
_WIDE = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)


@dataclass(frozen=True, slots=True)
class ShortcutEntry:
    """One shortcut: its keys as this system writes them, what it does, where it works. `holder`: the widget."""

    place: str
    keys: str
    words: str
    holder: QWidget
    is_wide: bool


def shortcuts_of(window: QWidget, places: Mapping[str, QWidget]) -> tuple[ShortcutEntry, ...]:
    """Those of all widgets below `window`. `places`: names of pages; the rest works everywhere in it."""
    found = [
        ShortcutEntry(_place_of(holder, places), text, words, holder, is_wide)
        for holder, keys, words, is_wide in _all(window)
        if (text := keys.toString(QKeySequence.SequenceFormat.NativeText))
    ]
    order = [EVERYWHERE, *places]
    unique = {(one.place, one.keys, one.words): one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: (order.index(one.place), one.keys)))


def conflicts(entries: Iterable[ShortcutEntry]) -> tuple[str, ...]:
    """Shortcuts of which Qt could not tell which is meant: the same keys twice for what can be seen at once."""
    return tuple(
        f"{one.keys}: '{one.words}' and '{other.words}' ({one.place}, {other.place})"
        for one, other in combinations(entries, 2)
        if one.keys == other.keys and _meet(one, other)
    )


def _meet(one: ShortcutEntry, other: ShortcutEntry) -> bool:
    """Whether both can be meant at once. Two of one page that are never seen together are no conflict."""
    if one.is_wide and other.is_wide:
        is_same_page = one.place == other.place or EVERYWHERE in (one.place, other.place)
        return is_same_page and not _are_never_together(one.holder, other.holder)
    if one.is_wide or other.is_wide:
        wide, narrow = (one, other) if one.is_wide else (other, one)
        return wide.place in (narrow.place, EVERYWHERE)
    return one.holder is other.holder or one.holder.isAncestorOf(other.holder) or other.holder.isAncestorOf(one.holder)


def _are_never_together(one: QWidget, other: QWidget) -> bool:
    return not (one.isVisible() and other.isVisible())


def _all(window: QWidget) -> Iterable[tuple[QWidget, QKeySequence, str, bool]]:
    for shortcut in window.findChildren(QShortcut):
        holder = shortcut.parent()
        if isinstance(holder, QWidget):
            words = shortcut.whatsThis() or _told_by(holder, shortcut.key())
            yield holder, shortcut.key(), words, shortcut.context() in _WIDE
    for button in window.findChildren(QAbstractButton):
        if not button.shortcut().isEmpty() and not _is_mnemonic(button):
            words = button.accessibleName() or _plain(button.text())
            told = button.whatsThis() or _without_keys(button.toolTip())
            yield button, button.shortcut(), told or words, True
    for action in window.findChildren(QAction):
        holder = action.parent()
        if isinstance(holder, QWidget) and not action.shortcut().isEmpty():
            words = _plain(action.text()) or action.toolTip()
            yield holder, action.shortcut(), words, action.shortcutContext() in _WIDE


def _told_by(holder: QWidget, keys: QKeySequence) -> str:
    """What a control beside a bare shortcut says about the same keys in its tool tip."""
    text = keys.toString(QKeySequence.SequenceFormat.PortableText)
    for widget in holder.findChildren(QWidget):
        if f"({text})" in widget.toolTip():
            return _without_keys(widget.toolTip())
    return ""


def _place_of(holder: QWidget, places: Mapping[str, QWidget]) -> str:
    for name, page in places.items():
        if page is holder or page.isAncestorOf(holder):
            return name
    return EVERYWHERE


def _is_mnemonic(button: QAbstractButton) -> bool:
    return "&" in button.text() and button.shortcut().toString().startswith("Alt+")


def _without_keys(text: str) -> str:
    return _KEYS_IN_TIP.sub("", text).strip()


def _plain(text: str) -> str:
    return _MNEMONIC.sub(r"\1", text)
