"""A look-alike in this very process, on a real port, as fast as it goes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import requests
import websocket
from PIL import Image

from wan22.demo.flags import parse_flags
from wan22.demo.http_server import LookAlikeServer
from wan22.demo.log_book import LogBook
from wan22.demo.look_alike import Folders, LookAlike
from wan22.demo.scenario import Scenario
from wan22.system.clock import SystemClock
from wan22.system.paths import data_folder
from wan22.system.threads import Worker

GRAPH_FILE = Path(__file__).resolve().parents[2] / "data" / "comfy" / "h100.api.json"
DEFINITIONS = data_folder() / "resources" / "demo" / "object_info.json"


class Running:
    """A look-alike that listens, with what it has said."""

    def __init__(self, comfy: LookAlike, port: int, said: StringIO) -> None:
        self.comfy = comfy
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._said = said

    @property
    def said(self) -> str:
        return self._said.getvalue()

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=10, **options)

    def listen(self, client_id: str, hello: dict[str, Any] | None = None) -> websocket.WebSocket:
        link = websocket.create_connection(f"ws://127.0.0.1:{self.port}/ws?clientId={client_id}", timeout=20)
        if hello is not None:
            link.send(json.dumps({"type": "feature_flags", "data": hello}))
        return link


def small_graph(**changes: Any) -> dict[str, Any]:
    """The recorded graph at 64x64 and 5 frames; `n57={"steps": 3}` changes inputs of node 57."""
    graph: dict[str, Any] = json.loads(GRAPH_FILE.read_text(encoding="utf-8"))
    graph["50"]["inputs"] |= {"width": 64, "height": 64, "length": 5}
    graph["62"]["inputs"]["image"] = "example.png"
    graph["61"]["inputs"]["filename_prefix"] = "video/tiny"
    for node, inputs in changes.items():
        graph[node.removeprefix("n")]["inputs"] |= inputs
    return graph


@contextmanager
def look_alike(folder: Path, scenario: Scenario | None = None, *words: str, speed: float = 1000.0) -> Iterator[Running]:
    flags = parse_flags([*words, "--demo-speed", str(speed)])
    said = StringIO()
    folders = Folders(folder, folder / "input", folder / "output", folder / "temp")
    argv = ("main.py", *words)
    comfy = LookAlike(scenario or Scenario(), flags, folders, argv, DEFINITIONS, SystemClock(), LogBook(said))
    Image.new("RGB", (80, 60), (90, 40, 20)).save(folders.input / "example.png")
    server = LookAlikeServer("127.0.0.1", 0, comfy)
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), name="look-alike")
    thread.start()
    worker = Worker("prompt-worker", comfy.work).start()
    try:
        yield Running(comfy, int(server.server_address[1]), said)
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
        worker.stop(5)


def heard(link: websocket.WebSocket, until: str = "end") -> list[Any]:
    """Messages up to the end mark of a prompt (or the first of a type), binary frames as bytes."""
    found: list[Any] = []
    while True:
        data = link.recv()
        message = data if isinstance(data, bytes) else json.loads(data)
        found.append(message)
        if isinstance(message, dict):
            is_end = message["type"] == "executing" and message["data"].get("node", "") is None
            if message["type"] == until or (until == "end" and is_end):
                return found
