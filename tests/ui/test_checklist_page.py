import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui import checklist_scenes
from tests.ui.page_check import faults_of, texts, visible
from tests.ui.stage import DATA, Stage
from tests.unit.runs.facts import cold_job, stored_run
from wan22 import wiring
from wan22.schema.checklist import Evidence, LinkKind, TodoState
from wan22.schema.settings import Settings
from wan22.ui.pages.checklist_page import ChecklistPage
from wan22.ui.pages.history_page import HistoryPage
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.theme import Theme
from wan22.ui.widgets.checklist_row import ChecklistRow
from wan22.wiring.desk import ServerChoice

LIMIT_MS = 30_000


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(theme, tmp_path / "stage")
    made.window.resize(1440, 900)
    made.window.show()
    yield made
    made.close()


def opened(qtbot: QtBot, stage: Stage, settings: Settings) -> ChecklistPage:
    stage.context.panel.choose(ServerChoice(settings))
    page = stage.window.open_page("checklist")
    assert isinstance(page, ChecklistPage)
    qtbot.waitUntil(lambda: page.found is not None, timeout=LIMIT_MS)
    return page


def shown(stage: Stage, name: str) -> ChecklistPage:
    page = stage.window.open_page("checklist")
    assert isinstance(page, ChecklistPage)
    checklist_scenes.STATES[name](stage, page)
    stage.settle()
    return page


def state_of(page: ChecklistPage, key: str) -> TodoState:
    assert page.found is not None
    item = page.found.item(key)
    assert item is not None
    return item.state


def test_it_looks_by_itself_and_does_the_first_two(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "stage"))
    folder = tmp_path / "ComfyUI"
    shutil.copytree(DATA / "launch" / "fake_comfyui", folder)
    settings = Settings(comfyui=folder, python=Path(sys.executable), profile="rtx5090", output=tmp_path / "runs")
    page = opened(qtbot, stage, settings)
    assert page.title.text() == "0 of 13 are done."
    assert page.next_button.text() == "Take a full audit"
    page.next_button.click()
    assert page.cancel_button.isVisible()
    qtbot.waitUntil(lambda: state_of(page, "audit") is TodoState.done, timeout=LIMIT_MS)
    assert page.title.text() == "1 of 13 is done."
    page.write_scripts(tmp_path / "scripts ü")
    qtbot.waitUntil(lambda: state_of(page, "launchers") is TodoState.done, timeout=LIMIT_MS)
    assert "written to scripts ü" in page.said.text()


def test_an_audit_can_be_cancelled(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(qtbot, stage, Settings(output=tmp_path / "runs"))
    page.take_audit()
    page.cancel_button.click()
    assert not page.cancel_button.isVisible()
    assert wiring.audit_shelf(stage.context.parts).kept() == ()


def test_not_wanted_with_a_note_and_wanted_again(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = opened(qtbot, stage, Settings(output=tmp_path / "runs"))
    row = page.rows["cuda"]
    row.skip.click()
    row.note_field.setText("no time")
    row.note_field.returnPressed.emit()
    qtbot.waitUntil(lambda: state_of(page, "cuda") is TodoState.unwanted, timeout=LIMIT_MS)
    assert row.note.text() == "Your note: no time"
    assert not row.action.isVisible()
    row.skip.click()
    qtbot.waitUntil(lambda: state_of(page, "cuda") is TodoState.open, timeout=LIMIT_MS)


def test_a_run_that_counts_is_shown_in_the_history(qtbot: QtBot, stage: Stage, tmp_path: Path):
    runs = tmp_path / "runs"
    stored_run(runs, "2026-01-01_boat", cold_job(10.0))
    page = opened(qtbot, stage, Settings(output=runs))
    links = [evidence for item in page.found.items for evidence in item.evidence] if page.found else []
    assert links[0].link is LinkKind.run
    page.follow(links[0])
    history = stage.window.stack.currentWidget()
    assert isinstance(history, HistoryPage)
    qtbot.waitUntil(lambda: history.panel.run_id == "2026-01-01_boat", timeout=LIMIT_MS)


def test_a_file_is_never_opened_only_its_folder(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[Path] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(Path(url.toLocalFile())))
    page = shown(stage, "")
    script = tmp_path / "launch_wan22_rtx5090.bat"
    page.follow(Evidence(text="x", link=LinkKind.file, target=str(script)))
    page.follow(Evidence(text="x", link=LinkKind.folder, target=str(tmp_path)))
    assert asked == [tmp_path, tmp_path]


def test_buttons_lead_to_pages_and_sections(stage: Stage):
    page = shown(stage, "")
    page.rows["attention"].action.click()
    setup = stage.window.stack.currentWidget()
    assert isinstance(setup, SetupPage)
    assert setup.stack.currentWidget() is setup.profile
    page.act("run")
    assert stage.window.page_key == "run"


def test_next_steps_on_the_clipboard_and_as_a_file(qtbot: QtBot, stage: Stage, tmp_path: Path):
    page = shown(stage, "")
    page.copy_button.click()
    assert QApplication.clipboard().text().startswith("# Next steps")
    page.save(tmp_path / "next.md")
    qtbot.waitUntil(lambda: page.said.text() == "Saved next.md.", timeout=LIMIT_MS)
    assert "Test CUDA" in (tmp_path / "next.md").read_text(encoding="utf-8")


def test_one_button_is_filled_and_leads_to_the_first_thing_that_can_be_done(stage: Stage):
    page = shown(stage, "")
    rows = [row for row in visible(page, ChecklistRow) if isinstance(row, ChecklistRow)]
    assert len(rows) == 13
    assert all(row.action.property("kind") != "main" for row in rows)
    assert page.next_button.text() == "Open node packs"
    checklist_scenes.show(page, replace(checklist_scenes.NOTHING, has_comfyui=True))
    assert page.next_button.text() == "Take a full audit"


def test_broken_notes_are_told_above_the_page(qtbot: QtBot, stage: Stage, tmp_path: Path):
    data = stage.context.parts.folders.data
    data.mkdir(parents=True, exist_ok=True)
    (data / "checklist.json").write_text("[", encoding="utf-8")
    opened(qtbot, stage, Settings(output=tmp_path / "runs"))
    qtbot.waitUntil(stage.window.problem.isVisible, timeout=LIMIT_MS)
    assert "checklist" in stage.window.problem.message.text()


@pytest.mark.parametrize("name", checklist_scenes.STATES)
def test_nothing_is_cut_off_and_everything_is_reached(stage: Stage, name: str):
    page = shown(stage, name)
    assert faults_of(stage.window) == []
    assert len([text for text in texts(page) if " · " in text and text[0].isdigit()]) >= 13
