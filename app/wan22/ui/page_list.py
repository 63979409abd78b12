"""The pages there are. A page whose feature does not exist yet is not in the list, and so not on the screen."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from wan22.ui.widgets.rail import PageEntry

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from wan22.ui.context import Context


def load_page(key: str) -> None:
    """Import what a page needs, ahead of its first visit; from any thread."""
    import_module(f"wan22.ui.pages.{key}_page")


def page_entries(context: Callable[[], "Context"]) -> list[PageEntry]:
    """All pages in their order; what a page needs is imported when it is visited first."""

    def run() -> "QWidget":
        from wan22.ui.pages.run_page import RunPage

        return RunPage(context())

    def queue() -> "QWidget":
        from wan22.ui.pages.queue_page import QueuePage

        return QueuePage(context())

    def monitor() -> "QWidget":
        from wan22.ui.pages.monitor_page import MonitorPage

        shared = context()
        page = MonitorPage(shared.theme, shared.monitor, shared.parts.clock.now, shared.gpu_choice)
        page.problem.connect(shared.window.problem.show_problem)
        page.live_asked.connect(shared.show_live)
        shared.monitor_changed.connect(lambda: page.show_source(shared.monitor))
        return page

    def history() -> "QWidget":
        from wan22.ui.pages.history_page import HistoryPage

        return HistoryPage(context())

    def checklist() -> "QWidget":
        from wan22.ui.pages.checklist_page import ChecklistPage

        return ChecklistPage(context())

    def setup() -> "QWidget":
        from wan22.ui.pages.setup_page import SetupPage

        return SetupPage(context())

    return [
        PageEntry("run", "Run", "run", "Is it done, and how long will it take?", run),
        PageEntry("queue", "Queue", "queue", "What is made next, and when is it done?", queue),
        PageEntry("monitor", "Monitor", "monitor", "What does the GPU do, and what holds it back?", monitor),
        PageEntry("history", "History", "history", "What was made, how fast, and how do I get it back?", history),
        PageEntry("checklist", "Checklist", "checklist", "How far am I, and what is next?", checklist, is_apart=True),
        PageEntry("setup", "Setup", "setup", "Which ComfyUI, which profile, which settings?", setup, is_apart=True),
    ]
