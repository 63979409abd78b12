"""Setup, first section: which ComfyUI the panel works with."""

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from wan22.schema.panel_fact import Activity
from wan22.ui.context import Context
from wan22.ui.measure import GAP_SMALL
from wan22.ui.pages.setup_address_card import AddressCard
from wan22.ui.pages.setup_demo_card import DemoCard
from wan22.ui.pages.setup_folder_card import FolderCard
from wan22.ui.pages.setup_section import CardScroll, SetupSection
from wan22.ui.state.server_sentence import server_sentence
from wan22.ui.state.setting_source import SettingSource
from wan22.ui.widgets.button import push_button, set_main


class ServerSection(SetupSection):
    """The server now with its buttons, and the three ways to another one."""

    def __init__(self, context: Context, source: SettingSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._was_shown = False
        self.column.addLayout(self._actions())
        scroll = CardScroll("Ways to a ComfyUI")
        self.folder = FolderCard(context, source)
        self.address = AddressCard(context, source)
        self.demo = DemoCard(context)
        for card in (self.folder, self.address, self.demo):
            scroll.cards.addWidget(card)
        scroll.cards.addStretch(1)
        self.column.addWidget(scroll, 1)
        self.folder.changed.connect(self.refresh)
        context.panel.changed.connect(self.refresh)
        context.panel.chosen.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Look around when somebody comes here first."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.folder.search()
            self.demo.load()

    def refresh(self) -> None:
        """Say what is the case, and offer what can be done about it."""
        panel = self._context.panel
        self.say_head(*server_sentence(panel, self._context.run.state))
        server, is_still = panel.server, panel.activity is Activity.idle
        is_attached = server is not None and not server.owned
        starts = panel.activity is Activity.connecting and server is None
        attaches = panel.settings.url is not None and not panel.is_demo
        name = "the demo" if panel.is_demo else "ComfyUI"
        self.start.setText("Attach" if attaches else f"Start {name}")
        self.start.setAccessibleName(self.start.text())
        self.start.setVisible(server is None and not starts and panel.choice.is_made)
        self.start.setEnabled(is_still)
        set_main(self.start, panel.choice.is_made and not self.folder.is_usable)
        self.stop.setText("Cancel" if starts else "Let go" if is_attached else f"Stop {name}")
        self.stop.setAccessibleName(self.stop.text())
        self.stop.setToolTip(
            "Do not wait for the server"
            if starts
            else "Let go of the server; it goes on running"
            if is_attached
            else "Stop the job at work and the server; jobs that wait are dropped"
        )
        self.stop.setVisible(server is not None or starts)
        self.restart.setVisible(server is not None and server.owned)
        self.browser.setVisible(server is not None)
        self.stop.setEnabled(panel.activity is not Activity.disconnecting)
        self.restart.setEnabled(panel.activity is not Activity.disconnecting)

    def _actions(self) -> QHBoxLayout:
        context = self._context
        row = QHBoxLayout()
        row.setSpacing(GAP_SMALL)
        self.start = push_button("Start ComfyUI", "Start it now; otherwise the first job does", context.connect_server)
        self.stop = push_button("Stop ComfyUI", "Stop the server", self._stop)
        self.restart = push_button(
            "Restart", "Stop the server and start it again, with a new profile too", self._restart
        )
        self.browser = push_button("Open in the browser", "ComfyUI's own page", context.open_in_browser)
        for button in (self.start, self.stop, self.restart, self.browser):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _stop(self) -> None:
        if self._context.panel.server is None:
            self._context.stop_job()
        else:
            self._context.disconnect_server()

    def _restart(self) -> None:
        self._context.disconnect_server()
        self._context.connect_server()
