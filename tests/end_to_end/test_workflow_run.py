"""A workflow in the editor's form, run as it is: converted with the server's definitions, kept in a run folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.unit.comfy.ui_samples import CASES
from wan22.runs.layout import RunFolder
from wan22.runs.reader import open_run


def _wan22(home: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "wan22", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"WAN22_HOME": str(home), "PYTHONUTF8": "1"},
        timeout=90,
        check=False,
    )


def test_the_newest_template_runs_with_our_parameters(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    small = ("--width", 320, "--height", 192, "--length", 17, "--seed", 11, "--prompt", "a {red|blue} cat")
    done = _wan22(
        tmp_path / "home", "run", "--demo", "--demo-speed", 200, "--output", root, *small,
        "--workflow", CASES / "subgraph_newest.ui.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = root.iterdir()
    parameters = open_run(RunFolder(folder)).manifest.parameters
    assert parameters is not None
    assert (parameters.width, parameters.height, parameters.length) == (320, 192, 17)
    assert (parameters.seed, parameters.steps, parameters.cfg) == (11, 20, 3.5)
    assert parameters.prompt == "a {red|blue} cat"
    sent = json.loads((folder / "workflow.api.json").read_text(encoding="utf-8"))
    assert sent["129:94"]["inputs"]["bit_depth"] == 8


def test_a_class_that_the_server_lacks_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    workflow = json.loads((CASES / "flat.ui.json").read_text(encoding="utf-8"))
    for node in workflow["nodes"]:
        if node["type"] == "VAEDecode":
            node["type"], node["properties"] = "Mystery Decode", {"cnr_id": "mystery-pack"}
    path = tmp_path / "mystery.json"
    path.write_text(json.dumps(workflow), encoding="utf-8")
    done = _wan22(tmp_path / "home", "run", "--demo", "--demo-speed", 200, "--workflow", path)
    assert done.returncode == 7
    assert "the node pack mystery-pack" in done.stderr
    assert "Traceback" not in done.stderr
