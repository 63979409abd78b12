"""The end of the window: asks when a server or a run is alive, and ends everything without blocking."""

from PySide6.QtCore import QObject, Signal

from wan22.job.desk import CLOSE_LIMIT_S
from wan22.system.threads import Worker
from wan22.ui.context import Context
from wan22.ui.widgets.close_dialog import CloseChoice, CloseDialog


class Closing(QObject):
    """`may_close` is asked by the window; it says no until everything behind it has ended."""

    _ended = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context
        self._is_over = False
        self._dialog: CloseDialog | None = None
        self._worker: Worker | None = None
        self._ended.connect(self._close_window)

    def may_close(self) -> bool:
        """Whether the window may go now; if not, the question is asked, or the ending is under way."""
        if self._is_over:
            return True
        if self._worker is None and self._dialog is None:
            if not all(guard() for guard in self._context.close_guards):
                return False
            server = self._context.panel.server
            is_alive = server is not None and server.owned
            if is_alive or self._context.desk.is_busy:
                self._ask(server.url if server is not None and server.owned else None)
            else:
                self._context.window.hide()
                self._end(leave_running=False)
        return False

    def wait(self) -> None:
        """Until an ending that is under way is over: the program may be told to go in the middle of it."""
        if self._worker is not None:
            self._worker.join(CLOSE_LIMIT_S)

    def _ask(self, url: str | None) -> None:
        panel = self._context.panel
        dialog = self._dialog = CloseDialog(
            self._context.theme,
            url,
            has_job=self._context.desk.is_busy,
            waiting=len(panel.waiting),
            simulated=panel.is_demo,
            parent=self._context.window,
        )
        dialog.chosen.connect(self._chosen)
        dialog.open()

    def _chosen(self, choice: CloseChoice) -> None:
        dialog = self._dialog
        assert dialog is not None
        if choice is CloseChoice.cancel:
            self._dialog = None
            dialog.close()
            dialog.deleteLater()
            return
        leave_running = choice is CloseChoice.leave
        dialog.show_ending(leave_running=leave_running)
        self._end(leave_running=leave_running)

    def _end(self, *, leave_running: bool) -> None:
        def work(_: object) -> None:
            try:
                self._context.desk.close(leave_running=leave_running)
            finally:
                self._ended.emit()

        self._worker = Worker("closing", work)
        self._worker.start()

    def _close_window(self) -> None:
        if self._worker is not None:
            self._worker.join(5.0)
        if self._dialog is not None:
            self._dialog.close()
        self._is_over = True
        self._context.close()
        self._context.window.close()
