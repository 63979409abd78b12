import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from tests.fakes.pack_lab import PackLab, base_python, pack_code, wheel
from tests.ui.pack_scenes import PACKS, show_list, show_plan
from tests.ui.page_check import faults_of, texts
from tests.ui.setup_scenes import wait_for
from tests.ui.stage import Stage
from wan22.schema.node_pack import (
    PackageChange,
    PackEnded,
    PackOutcome,
    PackSaid,
    PackState,
    PackStatus,
    PackStep,
    PackStepStarted,
)
from wan22.schema.problem import problem
from wan22.schema.settings import Settings
from wan22.ui.pages.packs_page import PacksPage
from wan22.ui.theme import Theme
from wan22.wiring import packs as wiring_packs
from wan22.wiring.desk import ServerChoice


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    yield made
    made.close()


@pytest.fixture
def page(stage: Stage, qtbot: QtBot) -> Iterator[PacksPage]:
    made = PacksPage(stage.context)
    made.setObjectName("page")
    made._was_shown = True  # this very machine is not looked at
    qtbot.addWidget(made)
    made.resize(1180, 860)
    made.show()
    yield made
    made.hide()


def button(page: PacksPage, name: str) -> QAbstractButton:
    found = [one for one in page.findChildren(QAbstractButton) if one.accessibleName() == name and one.isVisible()]
    assert len(found) == 1, [one.accessibleName() for one in page.findChildren(QAbstractButton) if one.isVisible()]
    return found[0]


def test_list_says_what_is_wrong_and_offers_what_helps(page: PacksPage, stage: Stage) -> None:
    show_list(page)
    stage.settle()

    assert page.title.text() == "One node pack does not load"
    shown = "\n".join(texts(page)).replace("\u200b", "")
    assert "No module named 'color_matcher'" in shown
    for name in ("Repair ComfyUI-KJNodes", "Switch on ComfyUI-GGUF", "Install rgthree-comfy"):
        assert button(page, name).isEnabled()
    assert faults_of(page) == []


def test_plan_shows_everything_and_asks(page: PacksPage, stage: Stage) -> None:
    show_plan(page)
    stage.settle()

    words = "\n".join(texts(page.install_card)).replace("\u200b", "")
    for part in ("26545cc2dd95bc3d27f056016300673bdeee78f5", str(PACKS), "opencv-contrib-python 5.1.0.95 (new)", "MIT"):
        assert part in words
    assert button(page, "Install").isVisible()
    assert page.install_card.script.isHidden()  # the catalogue says why it is not run
    assert faults_of(page) == []


def test_end_that_failed_says_why_and_what_was_put_back(page: PacksPage, stage: Stage) -> None:
    show_plan(page)
    found = problem("pack_packages_failed", "pip install ended with 1.", detail="no room")
    page.install_card.show_work()
    page.install_card.apply(
        [
            PackStepStarted(time_s=1.0, pack="x", step=PackStep.packages, text="Installing Python packages"),
            PackSaid(time_s=1.0, pack="x", step=PackStep.packages, line="Collecting x"),
            PackEnded(time_s=2.0, pack="x", outcome=PackOutcome.failed, undone=("the Python packages",), problem=found),
        ]
    )
    stage.settle()

    assert "Collecting x" in page.install_card.log.toPlainText()
    assert page.install_card.notice.message.text() == "pip install ended with 1."
    assert page.install_card.words.text() == "Put back: the Python packages."
    assert faults_of(page) == []


def test_end_that_worked_offers_the_restart(page: PacksPage, stage: Stage) -> None:
    show_plan(page)
    change = PackageChange(name="x", before="1", after="2")
    ended = PackEnded(time_s=1.0, pack="x", outcome=PackOutcome.placed, folder=PACKS / "x", changes=(change,))
    page.install_card.apply([ended])
    stage.settle()

    assert button(page, "Start ComfyUI anew").isVisible()
    assert "x 1 → 2" in page.install_card.words.text()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_pack_is_planned_agreed_to_and_installed(
    page: PacksPage, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = PackLab(tmp_path / "lab", base_python(tmp_path / "base"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", lab.wheels.as_uri())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    wheel(lab.wheels, "small-need", "1.0")
    source = lab.source({"__init__.py": pack_code("A"), "requirements.txt": "small-need\n"})
    monkeypatch.setattr("wan22.ui.pages.packs_page._source_of", lambda _status: source)

    def from_disk(settings: Settings, chosen: object, parts: object) -> object:
        return wiring_packs.pack_install(settings, chosen, parts, files_allowed=True)  # type: ignore[arg-type]

    monkeypatch.setattr("wan22.ui.pages.packs_page.pack_install", from_disk)
    stage.context.panel.choose(ServerChoice(Settings(comfyui=lab.comfyui)))
    page.check()
    wait_for(lambda: not page._checking.is_asking)
    assert page.title.text() == "No node pack is installed"
    row: PackStatus = page._report.statuses[0]  # type: ignore[union-attr]
    assert row.state is PackState.absent

    stage.settle()
    button(page, f"Install {row.need.name}").click()
    wait_for(page.install_card.go.isVisible, limit_s=60.0)
    assert "small-need 1.0 (new)" in texts(page.install_card)
    page.install_card.go.click()
    wait_for(page.install_card.notice.isVisible, limit_s=60.0)

    assert page.install_card.notice.chip.text() == "✓ installed"
    assert lab.names() == ["Small-Pack"]
    wait_for(lambda: page.title.text() == "One node pack is installed")
    page._put_away()
    wait_for(lambda: not page._checking.is_asking)
