"""States of the workflows section, as a user brings them about: with files and folders that are really there."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtGui import QImage

from tests.ui.setup_scenes import wait_for
from tests.ui.stage import DATA, Stage
from wan22.schema.settings import Settings
from wan22.ui.pages.setup_page import SetupPage
from wan22.ui.pages.setup_workflows import WorkflowsSection
from wan22.wiring.desk import ServerChoice
from wan22.wiring.workflow import workflow_folders

CONVERSION = DATA / "conversion"
TEMPLATE = "video_wan2_2_14B_i2v.json-0.1.123.2026-10-26.subgraph.json"


def workflows_opened(page: SetupPage) -> WorkflowsSection:
    """The section, with the list read."""
    page.show_section("workflows")
    section = page.workflows
    wait_for(lambda: section.view is not None)
    wait_for(lambda: not section._shelving.is_asking)
    return section


def looked_at(section: WorkflowsSection, path: Path) -> None:
    """Open a file and wait until it was read, and its model files were looked into."""
    section.open(path)
    wait_for(lambda: not section._reading.is_asking)
    wait_for(lambda: not section._inside.is_asking)


def shipped(stage: Stage, page: SetupPage) -> None:
    workflows_opened(page)


def with_findings(stage: Stage, page: SetupPage) -> None:
    section = workflows_opened(page)
    work = stage.context.parts.folders.data / "Downloads"
    looked_at(section, faulty(work))
    section._ask_mend("shifts_unequal")
    wait_for(lambda: section.mend is not None)


def unknown_nodes(stage: Stage, page: SetupPage) -> None:
    section = workflows_opened(page)
    folder = stage.context.parts.folders.data
    editor = json.loads((CONVERSION / "flat.ui.json").read_text(encoding="utf-8"))
    for node in editor["nodes"]:
        if node["type"] == "SaveVideo":
            node["type"] = "FancySaver"
            node["properties"] = {"cnr_id": "fancy-nodes", "ver": "1.2.0"}
    path = folder / "from a friend.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(editor), encoding="utf-8")
    looked_at(section, path)


def refused(stage: Stage, page: SetupPage) -> None:
    section = workflows_opened(page)
    path = stage.context.parts.folders.data / "lake-dusk.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = QImage(64, 36, QImage.Format.Format_RGB32)
    picture.fill(0x335577)
    assert picture.save(str(path))
    looked_at(section, path)


def in_editor(stage: Stage, page: SetupPage) -> None:
    """An installation with workflows of its own and some of the files."""
    comfyui = installation(stage.context.parts.folders.data / "ComfyUI")
    stage.context.panel.choose(ServerChoice(Settings(comfyui=comfyui)))
    section = workflows_opened(page)
    looked_at(section, comfyui / "user" / "default" / "workflows" / "wan" / "two experts.json")


def installation(folder: Path) -> Path:
    """A folder that looks like a ComfyUI, with two workflows and a few files under models."""
    for name in ("main.py", "nodes.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("", encoding="utf-8")
    saved = folder / "user" / "default" / "workflows"
    (saved / "wan").mkdir(parents=True)
    (saved / "wan" / "two experts.json").write_bytes((CONVERSION / "templates" / TEMPLATE).read_bytes())
    (saved / "my first.json").write_bytes((CONVERSION / "flat.ui.json").read_bytes())
    vae = folder / "models" / "vae"
    vae.mkdir(parents=True)
    (vae / "wan_2.1_vae.safetensors").write_bytes(b"0")
    return folder


def faulty(folder: Path) -> Path:
    """The shipped workflow with two shifts that differ and CFG 3.5 in the second pass."""
    source = workflow_folders()[0] / "wan22_i2v_two_pass.json"
    graph = json.loads(source.read_text(encoding="utf-8"))
    shifts = [node for node in graph.values() if node["class_type"].startswith("ModelSampling")]
    samplers = [node for node in graph.values() if node["class_type"] == "KSamplerAdvanced"]
    shifts[-1]["inputs"]["shift"] = 6.0
    samplers[-1]["inputs"]["cfg"] = 3.5
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dragon at dusk.json"
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


STATES: Mapping[str, Callable[[Stage, SetupPage], None]] = {
    "workflows": shipped,
    "workflows-findings": with_findings,
    "workflows-unknown": unknown_nodes,
    "workflows-refused": refused,
    "workflows-editor": in_editor,
}
