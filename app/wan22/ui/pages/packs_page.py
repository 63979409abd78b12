"""Node packs: how those of the installation, or of one workflow, stand; installing and switching off."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wan22.job.pack_job import PackInstall
from wan22.job.pack_plan import Consent, PackPlan
from wan22.launch.pack_place import move_folder
from wan22.schema.node_pack import PackEnded, PackSaid, PackSource, PackState, PackStatus, PackStepStarted
from wan22.schema.panel_fact import Activity
from wan22.schema.problem import Problem
from wan22.system.bus import Fact
from wan22.system.cancel import CancelToken
from wan22.ui.context import Context
from wan22.ui.measure import GAP, GAP_TINY, TextRole
from wan22.ui.pages.setup_section import CardScroll
from wan22.ui.state.asking import Asking
from wan22.ui.widgets.button import push_button
from wan22.ui.widgets.folder_field import FolderField
from wan22.ui.widgets.form_row import FormRow
from wan22.ui.widgets.notice import Notice
from wan22.ui.widgets.pack_install_card import PackInstallCard
from wan22.ui.widgets.pack_row import PackRow
from wan22.ui.widgets.section_card import SectionCard
from wan22.ui.widgets.text_label import TextLabel
from wan22.wiring.packs import PackReport, pack_catalog, pack_install, pack_report, server_view

_FACTS = (PackStepStarted, PackSaid, PackEnded)


class PacksPage(QWidget):
    """Reads when it is first shown, when the server changes, and when asked. One installation at a time."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._report: PackReport | None = None
        self._was_shown = False
        self._url: str | None = None
        self._job: PackInstall | None = None
        self._cancel = CancelToken()
        self._rows: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        scroll = CardScroll("Node packs")
        self.install_card = PackInstallCard(context.theme)
        self.list_card = SectionCard("Packs", "What lies in custom_nodes, and what workflows for Wan often use.")
        self.list_card.body.setSpacing(GAP)
        scroll.cards.addWidget(self.install_card)
        scroll.cards.addWidget(self._workflow_card())
        scroll.cards.addWidget(self.list_card)
        scroll.cards.addStretch(1)
        column.addWidget(scroll, 1)
        self._checking = Asking(context.work, "packs-check", self)
        self._checking.answered.connect(self._checked)
        self._checking.refused.connect(self._refused)
        self._planning = Asking(context.work, "packs-plan", self)
        self._planning.answered.connect(self._planned)
        self._planning.refused.connect(self._plan_refused)
        self._changing = Asking(context.work, "packs-disable", self)
        self._changing.answered.connect(lambda _done: self.check())
        self._changing.refused.connect(self._refused)
        self.install_card.agreed.connect(self._install)
        self.install_card.stop_wanted.connect(self._stop)
        self.install_card.left.connect(self._put_away)
        self.install_card.restart_wanted.connect(self._restart)
        context.bridge.drained.connect(self._apply)
        context.panel.changed.connect(self._follow_server)
        context.panel.chosen.connect(self._follow_choice)

    def showEvent(self, event: QShowEvent) -> None:
        """Look when somebody comes here first."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.check()

    def check(self) -> None:
        """Find out how the packs stand: by the server that is held, else by the folders."""
        panel = self._context.panel
        settings, workflow = panel.settings, self.workflow.text().strip() or None
        url = panel.server.url if panel.server is not None else None
        self.notice.hide()
        self.title.say("Looking at the node packs …")
        self.grounds.say(f"The server at {url} is asked." if url else "The folders are looked at.")
        self._checking.ask(lambda _cancel: pack_report(settings, workflow, server_view(url) if url else None))

    # what is shown

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        words = QVBoxLayout()
        words.setSpacing(GAP_TINY)
        self.title = TextLabel("Node packs", TextRole.title)
        self.grounds = TextLabel("", TextRole.body, "muted")
        for label in (self.title, self.grounds):
            label.setWordWrap(True)
            words.addWidget(label)
        row.addLayout(words, 1)
        self.again = push_button("Look again", "Look at the folders and at the running server again", self.check)
        row.addWidget(self.again)
        return row

    def _workflow_card(self) -> SectionCard:
        card = SectionCard("For one workflow", "Shows only the packs that its nodes come from.")
        self.workflow = FolderField("Workflow", "A workflow, picture or video made by ComfyUI", is_file=True)
        self.workflow.picked.connect(lambda _path: self.check())
        self.notice = Notice(self._context.theme)
        card.body.addWidget(FormRow("Workflow", "Empty: all packs").place(self.workflow))
        card.body.addWidget(self.notice)
        return card

    def _checked(self, report: PackReport) -> None:
        self._report = report
        self._url = report.url
        self.title.say(_headline(report, is_workflow=bool(self.workflow.text().strip())))
        where = f"As the server at {report.url} shows." if report.url else "As the folders show; ComfyUI does not run."
        self.grounds.say(where)
        for row in self._rows:
            self.list_card.body.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = []
        for status in report.statuses:
            row = PackRow(self._context.theme, status)
            row.install_wanted.connect(self.plan)
            row.disable_wanted.connect(self._disable)
            self._rows.append(row)
            self.list_card.body.addWidget(row)
        self.list_card.setVisible(bool(report.statuses))

    def _refused(self, problem: Problem) -> None:
        self.title.say("The node packs could not be looked at")
        self.grounds.say("")
        self.notice.show_problem(problem)

    # what is done

    def plan(self, status: PackStatus) -> None:
        """Fetch a pack aside and show what installing it would do."""
        self._put_away()
        self._cancel = cancel = CancelToken()
        context, settings = self._context, self._context.panel.settings
        self.install_card.begin(status.need.name)

        def ask(token: CancelToken) -> tuple[PackInstall, PackPlan]:
            token.on_set(cancel.set)
            job = pack_install(settings, _source_of(status), context.parts)
            plan = job.plan(cancel)
            if cancel.is_set:  # nobody waits for it any more
                job.close()
                cancel.raise_if_set()
            return job, plan

        self._planning.ask(ask)

    def _planned(self, answer: tuple[PackInstall, PackPlan]) -> None:
        self._job, plan = answer
        self.install_card.show_plan(plan)

    def _plan_refused(self, problem: Problem) -> None:
        if problem.code == "cancelled":
            self.install_card.hide()
        else:
            self.install_card.show_problem(problem)

    def _install(self, consent: Consent) -> None:
        job, self._job = self._job, None
        if job is None:
            return
        self._cancel = cancel = CancelToken()
        self.install_card.show_work()

        def run(token: CancelToken) -> None:
            token.on_set(cancel.set)
            job.run(consent, cancel)

        self._context.work("packs-install", run)

    def _stop(self) -> None:
        self._cancel.set()
        self.install_card.step.say("Stopping …")

    def _put_away(self) -> None:
        """Give up what was planned, and let others install."""
        self._cancel.set()
        job, self._job = self._job, None
        if job is not None:
            self._context.work("packs-close", lambda _cancel: job.close())

    def _disable(self, status: PackStatus) -> None:
        folder = status.folder
        if folder is not None:
            self._changing.ask(lambda _cancel: _switched_off(folder))

    def _restart(self) -> None:
        if self._context.panel.server is not None:
            self._context.disconnect_server()
        self._context.connect_server()

    # what happens elsewhere

    def _apply(self, facts: Sequence[Fact]) -> None:
        own = [fact for fact in facts if isinstance(fact, _FACTS)]
        if own:
            self.install_card.apply(own)
        if any(isinstance(fact, PackEnded) for fact in own):
            self.check()

    def _follow_server(self) -> None:
        """Another server, or none any more, shows something else."""
        panel = self._context.panel
        url = panel.server.url if panel.server is not None else None
        if self._was_shown and panel.activity is Activity.idle and url != self._url and not self._checking.is_asking:
            self._url = url
            self.check()

    def _follow_choice(self) -> None:
        if self._was_shown:
            self.check()


def _headline(report: PackReport, *, is_workflow: bool) -> str:
    """The answer in one sentence."""
    failed = [status for status in report.statuses if status.state is PackState.failed]
    if is_workflow:
        missing = len(report.absent)
        if missing == 0:
            return "The workflow has all its node packs"
        return (
            "One node pack of the workflow is missing" if missing == 1 else f"{missing} of its node packs are missing"
        )
    if failed:
        return "One node pack does not load" if len(failed) == 1 else f"{len(failed)} node packs do not load"
    there = [status for status in report.statuses if status.folder is not None]
    if not there:
        return "No node pack is installed"
    count = "One node pack" if len(there) == 1 else f"{len(there)} node packs"
    is_one = len(there) == 1
    return (
        f"{count} {'loads' if is_one else 'load'}" if report.url else f"{count} {'is' if is_one else 'are'} installed"
    )


def _source_of(status: PackStatus) -> PackSource:
    catalog = pack_catalog()
    known = catalog.named(status.need.id) if status.need.id else None
    return known or catalog.chosen(status.need.url or status.need.name)


def _switched_off(folder: Path) -> Path:
    target = folder.with_name(f"{folder.name}.disabled")
    move_folder(folder, target)
    return target
