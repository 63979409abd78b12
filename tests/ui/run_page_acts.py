"""What a user does on the Run page, and the machine that it happens on."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.stage import DATA, Stage
from wan22.schema.panel_fact import PanelFact
from wan22.ui.pages.run_page import RunPage


def waiting(stage: Stage) -> list[int]:
    stage.desk.queue.flush()
    stage.settle()
    return [ticket.number for ticket in stage.context.panel.waiting]


def tell(stage: Stage, fact: PanelFact) -> None:
    stage.bus.publish(fact)
    stage.settle()


def pick(page: RunPage, qtbot: QtBot, path: Path) -> None:
    page.image.pick(path)
    qtbot.waitUntil(lambda: not page.image.is_looking)


def drop(target: QWidget, mime: QMimeData) -> None:
    place, action, button = QPointF(20, 20), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QDragEnterEvent(place.toPoint(), action, mime, button, none))
    QApplication.sendEvent(target, QDropEvent(place, action, mime, button, none, QEvent.Type.Drop))


def mime_of(*urls: QUrl, picture: QImage | None = None, text: str = "") -> QMimeData:
    mime = QMimeData()
    if urls:
        mime.setUrls(list(urls))
    if picture is not None:
        mime.setImageData(picture)
    if text:
        mime.setText(text)
    return mime


def red() -> QImage:
    picture = QImage(48, 32, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    return picture


def install(folder: Path) -> Path:
    shutil.copytree(DATA / "launch" / "fake_comfyui", folder)
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("", encoding="utf-8")
    (folder / "venv" / "Scripts").mkdir()
    (folder / "venv" / "Scripts" / "python.exe").write_text("", encoding="utf-8")
    return folder


def button(page: QWidget, start: str) -> QPushButton:
    return next(one for one in page.findChildren(QPushButton) if one.text().startswith(start) and one.isVisible())


def empty_home(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """The user's home, where a ComfyUI may lie."""
    made = folder / "home"
    made.mkdir()
    for name in ("HOME", "USERPROFILE"):
        patch.setenv(name, str(made))
    for name in ("COMFYUI_PATH", "COMFYUI_FOLDERS_BASE_PATH"):
        patch.delenv(name, raising=False)
    return made
