import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui import audit_scenes
from tests.ui.page_check import faults_of, texts
from tests.ui.stage import Stage
from tests.unit.audit.machines import TORCH, make_environment
from tests.unit.launch.installs import make_comfyui
from wan22 import wiring
from wan22.audit.snapshot_file import read_snapshot
from wan22.schema.audit import AuditPart
from wan22.schema.settings import Settings
from wan22.ui.pages.audit_page import AuditPage
from wan22.ui.theme import Theme
from wan22.wiring.desk import ServerChoice

LIMIT_MS = 20_000


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.resize(1440, 900)
    yield made
    made.close()


def opened(stage: Stage, tmp_path: Path, torch: str = TORCH) -> AuditPage:
    """The page as a user comes to it, with a ComfyUI that has a Python of its own."""
    folder = make_comfyui(tmp_path / "ComfyUI")
    make_environment(folder / ".venv", {"torch": "2.9.1"}, {"torch": torch})
    settings = Settings(comfyui=folder, profile="rtx5090", output=tmp_path / "runs")
    stage.context.panel.choose(ServerChoice(settings))
    return on_stage(stage)


def on_stage(stage: Stage) -> AuditPage:
    page = AuditPage(stage.context)
    stage.window.stack.addWidget(page)
    stage.window.stack.setCurrentWidget(page)
    stage.window.show()
    return page


def show(stage: Stage, state: str) -> AuditPage:
    page = on_stage(stage)
    page._taking.forget()
    audit_scenes.STATES[state](stage, page)
    stage.settle()
    return page


def test_a_quick_look_when_it_is_opened(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(stage, tmp_path)
    assert page.cancel_button.isVisible()
    qtbot.waitUntil(lambda: page.view is not None, timeout=LIMIT_MS)
    assert page.view is not None
    assert page.view.snapshot.quick
    assert page.title.text() == "There is nothing to compare with yet."
    assert "ComfyUI 0.25.0" in page.grounds.text()
    assert page.full_button.isVisible()
    assert not page.cancel_button.isVisible()
    assert "2.9.1+cu130" in texts(page)


def test_a_full_audit_is_kept_and_the_next_one_compared_with_it(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(stage, tmp_path)
    qtbot.waitUntil(lambda: page.view is not None, timeout=LIMIT_MS)
    page.full_button.click()
    qtbot.waitUntil(lambda: page.view is not None and not page.view.snapshot.quick, timeout=LIMIT_MS)
    assert len(wiring.audit_shelf(stage.context.parts).kept()) == 1
    make_environment(tmp_path / "ComfyUI" / ".venv", {"sageattention": "2.2.0"})
    page.take(quick=True)
    qtbot.waitUntil(lambda: page.title.text().startswith("1 thing"), timeout=LIMIT_MS)
    assert page.title.text() == "1 thing has changed since the last audit: sageattention."
    assert "sageattention not installed → 2.2.0." in texts(page.changes)
    qtbot.waitUntil(lambda: page.choice.count() == 2, timeout=LIMIT_MS)
    page.choice.setCurrentIndex(1)
    page.compare_with(page.choice.itemData(1))
    qtbot.waitUntil(lambda: "since that audit" in page.title.text(), timeout=LIMIT_MS)


def test_it_can_be_cancelled(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(stage, tmp_path, torch="import time; time.sleep(60)")
    qtbot.waitUntil(lambda: page.view is not None, timeout=LIMIT_MS)
    page.full_button.click()
    qtbot.waitUntil(lambda: "of 9 parts read" in page.said.text(), timeout=LIMIT_MS)
    page.cancel_button.click()
    assert page.full_button.isVisible()
    assert page.view is not None
    assert page.view.snapshot.quick


def test_saved_and_copied(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = show(stage, "")
    page.copy_button.click()
    assert QApplication.clipboard().text().startswith("# System audit")
    page.save(tmp_path / "out")
    qtbot.waitUntil(lambda: page.said.text().startswith("Saved"), timeout=LIMIT_MS)
    assert page.said.text() == "Saved SYSTEM_AUDIT.md and env_snapshot_rtx5090.json."
    assert read_snapshot(tmp_path / "out" / "env_snapshot_rtx5090.json") == audit_scenes.after_an_update()
    document = json.loads((tmp_path / "out" / "env_snapshot_rtx5090.json").read_text(encoding="utf-8"))
    assert document["gpu"]["driver_version"] == "580.88"


def test_the_answer_stands_at_the_top(stage: Stage):
    page = show(stage, "")
    title = "6 things have changed since the last fast run: driver, power limit of GPU 0, torch and 3 more."
    assert page.title.text() == title
    said = texts(page.changes)
    assert said[:3] == ["! decisive", "Driver 580.65 → 580.88.", "! decisive"]
    assert "Below the board's own 575 W: it works slower." in said
    assert said[-1] == "aiohttp 3.11.11 → 3.12.2."


def test_nothing_has_changed(stage: Stage):
    page = show(stage, "same")
    assert page.title.text() == "Nothing has changed since the last fast run."
    assert "✓ the same" in texts(page)
    assert not page.changes.isVisible()


def test_a_long_list_waits_behind_its_button(stage: Stage):
    page = show(stage, "")
    card = page.cards[AuditPart.python]
    assert "einops" not in texts(card)
    card.more.click()
    stage.settle()
    assert "einops" in texts(card)
    assert card.more.text() == "Show less"
    card.more.click()
    stage.settle()
    assert "einops" not in texts(card)


@pytest.mark.parametrize("state", audit_scenes.STATES)
def test_every_state_can_be_read_and_reached(stage: Stage, state: str):
    show(stage, state)
    assert faults_of(stage.window) == []


@pytest.mark.parametrize("state", audit_scenes.STATES)
def test_nothing_is_cut_off_in_the_smallest_window(stage: Stage, state: str):
    page = show(stage, state)
    stage.window.resize(1080, 680)
    stage.settle()
    assert [fault for fault in faults_of(page) if " px" in fault] == []
    cards = [card for card in page.cards.values() if card.isVisible()]
    assert len({card.x() for card in cards}) <= 1


def test_a_snapshot_that_is_gone_is_said_and_the_audit_goes_on(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(stage, tmp_path)
    qtbot.waitUntil(lambda: page.view is not None, timeout=LIMIT_MS)
    page.view = None
    page._chosen = str(tmp_path / "gone.json")
    page.take(quick=True)
    qtbot.waitUntil(lambda: page.view is not None, timeout=LIMIT_MS)
    assert page.view is not None
    assert page.view.found is None
