"""Tells a person who looks elsewhere that something has ended: by the system, by the taskbar, in the window's title."""

from collections.abc import Callable, Iterable
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from wan22.ui.main_window import MainWindow
from wan22.ui.state.notice_log import Notice, NoticeLog

SHOWN_MS = 10_000


class Notifier(Protocol):
    """Whoever can show a notice outside of the window."""

    def show(self, notice: Notice) -> None:
        """Show it now."""
        ...

    def close(self) -> None:
        """Show nothing more, take away what is left."""
        ...


class TrayNotifier:
    """The system's own notices. Its icon is there only while one is shown: nothing lives on in the tray."""

    def __init__(self, window: QWidget, clicked: Callable[[], None]) -> None:
        self._window = window
        self._clicked = clicked
        self._icon: QSystemTrayIcon | None = None
        self._away = QTimer(window)
        self._away.setSingleShot(True)
        self._away.setInterval(SHOWN_MS)
        self._away.timeout.connect(self._hide)

    def show(self, notice: Notice) -> None:
        """Nothing happens where the system has no such place."""
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(self._window)
            self._icon.messageClicked.connect(self._clicked)
            self._icon.activated.connect(lambda _reason: self._clicked())
        icon = self._window.windowIcon()
        if icon.isNull():
            icon = self._window.style().standardIcon(self._window.style().StandardPixmap.SP_ComputerIcon)
        self._icon.setIcon(icon)
        self._icon.setToolTip(notice.title)
        self._icon.show()
        kinds = QSystemTrayIcon.MessageIcon
        self._icon.showMessage(
            notice.title, notice.text, kinds.Information if notice.is_good else kinds.Warning, SHOWN_MS
        )
        self._away.start()

    def close(self) -> None:
        """Take the icon away."""
        self._away.stop()
        self._hide()

    def _hide(self) -> None:
        if self._icon is not None:
            self._icon.hide()


class Notification(QObject):
    """`apply` takes each batch of facts. While the window is in front nothing is shown: its pages tell it all.

    `is_wanted` is the setting; `notifier` shows notices, the window's title says the newest one until it is in front.
    """

    def __init__(
        self, window: MainWindow, notifier: Notifier, now_s: Callable[[], float], is_wanted: Callable[[], bool]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._notifier = notifier
        self._now_s = now_s
        self._is_wanted = is_wanted
        self.log = NoticeLog()
        self.is_in_front: Callable[[], bool] = window.isActiveWindow
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._tell)
        window.installEventFilter(self)

    def apply(self, facts: Iterable[object]) -> None:
        """Take what is worth a notice."""
        self.log.take(facts)
        if self.log.has_news and not self._later.isActive():
            self._tell()

    def close(self) -> None:
        """Tell nothing more."""
        self._later.stop()
        self._window.removeEventFilter(self)
        self._notifier.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whoever comes back to the window has seen it."""
        if event.type() == QEvent.Type.WindowActivate:
            self.clear_title()
        return super().eventFilter(watched, event)

    def clear_title(self) -> None:
        """The window's title as it was before."""
        self._window.show_news("")

    def _tell(self) -> None:
        wait_s = self.log.wait_s(self._now_s())
        if wait_s > 0:
            self._later.start(round(wait_s * 1000) + 1)
            return
        notice = self.log.due(self._now_s())
        if notice is None or not self._is_wanted() or self.is_in_front():
            return
        self._window.show_news(f"{notice.mark} {notice.short}")
        QApplication.alert(self._window)
        self._notifier.show(notice)
