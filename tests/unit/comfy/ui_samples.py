"""Small workflows in the editor's form, built node by node for one rule each."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.convert import ConvertOptions, convert_workflow
from wan22.comfy.object_info import NodeDefinitions

CASES = Path(__file__).parents[2] / "data" / "conversion"
TEMPLATES = CASES / "templates"


@lru_cache
def definitions(version: str = "comfyui-0.25.0") -> NodeDefinitions:
    return NodeDefinitions(json.loads((CASES / f"object_info.{version}.subset.json").read_text(encoding="utf-8")))


def case(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CASES / name).read_text(encoding="utf-8"))
    return loaded


def template(start: str) -> dict[str, Any]:
    (path,) = TEMPLATES.glob(f"{start}*.json")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def node(identity: int, kind: str, **more: Any) -> dict[str, Any]:
    """A node; `inputs` and `outputs` as lists of (name, type[, widget])."""
    slots = [
        {"name": item[0], "type": item[1], "link": None} | ({"widget": {"name": item[0]}} if len(item) > 2 else {})
        for item in more.pop("inputs", [])
    ]
    outputs = [{"name": item, "type": item, "links": []} for item in more.pop("outputs", [])]
    return {"id": identity, "type": kind, "mode": 0, "inputs": slots, "outputs": outputs} | more


def flow(nodes: list[dict[str, Any]], links: list[tuple[int, int, int, int]], **more: Any) -> dict[str, Any]:
    """A workflow; links as (from, slot, to, slot)."""
    by_id = {item["id"]: item for item in nodes}
    rows = []
    for number, (source, slot, target, place) in enumerate(links, start=1):
        given = by_id[source]["outputs"][slot]
        given["links"].append(number)
        by_id[target]["inputs"][place]["link"] = number
        rows.append([number, source, slot, target, place, given["type"]])
    return {"last_node_id": 99, "nodes": nodes, "links": rows, "version": 0.4} | more


def subgraph(
    identity: str,
    nodes: list[dict[str, Any]],
    links: list[tuple[int, int, int, int]],
    inputs: list[tuple[str, str]],
    outputs: list[tuple[str, str]],
) -> dict[str, Any]:
    """A subgraph; in its links -10 is the input panel and -20 the output panel."""
    by_id = {item["id"]: item for item in nodes}
    ports = {-10: [{"name": name, "type": kind, "linkIds": []} for name, kind in inputs]}
    ports[-20] = [{"name": name, "type": kind, "linkIds": []} for name, kind in outputs]
    rows = []
    for number, (source, slot, target, place) in enumerate(links, start=101):
        if source == -10:
            ports[-10][slot]["linkIds"].append(number)
        if target == -20:
            ports[-20][place]["linkIds"].append(number)
        else:
            by_id[target]["inputs"][place]["link"] = number
        rows.append(
            {
                "id": number,
                "origin_id": source,
                "origin_slot": slot,
                "target_id": target,
                "target_slot": place,
                "type": "*",
            }
        )
    return {
        "id": identity,
        "name": identity,
        "nodes": nodes,
        "links": rows,
        "inputs": ports[-10],
        "outputs": ports[-20],
    }


def converted(workflow: dict[str, Any], version: str = "comfyui-0.25.0", **options: Any) -> Graph:
    """API form of a workflow, without titles."""
    return convert_workflow(workflow, definitions(version), ConvertOptions(titles=False, **options)).graph


def loader(identity: int, file: str = "a.safetensors", **more: Any) -> dict[str, Any]:
    return node(identity, "UNETLoader", outputs=["MODEL"], widgets_values=[file, "default"], **more)


def lora(identity: int, file: str = "l.safetensors", strength: float = 1.0, **more: Any) -> dict[str, Any]:
    return node(
        identity,
        "LoraLoaderModelOnly",
        inputs=[("model", "MODEL")],
        outputs=["MODEL"],
        widgets_values=[file, strength],
        **more,
    )


def shift(identity: int, value: float = 5.0, **more: Any) -> dict[str, Any]:
    inputs = more.pop("inputs", [("model", "MODEL"), ("shift", "FLOAT", True)])
    return node(identity, "ModelSamplingSD3", inputs=inputs, outputs=["MODEL"], widgets_values=[value], **more)
