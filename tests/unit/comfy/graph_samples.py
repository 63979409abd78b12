"""Graphs and node definitions for the tests of the workflow half; see tests/data/comfy/README.md."""

import copy
import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from wan22.comfy.client import Graph
from wan22.comfy.model_manifest import ModelManifest, load_model_manifest
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.workflow import load_workflow
from wan22.schema.request import GenerationRequest

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "comfy"
WORKFLOWS = ROOT / "workflows"


def shipped(name: str = "wan22_i2v_two_pass") -> Graph:
    return load_workflow(name, [WORKFLOWS]).graph


def sample(name: str) -> Graph:
    return load_workflow(DATA / f"{name}.api.json", []).graph


@lru_cache
def _raw(version: str) -> dict[str, Any]:
    with gzip.open(DATA / f"object_info.{version}.json.gz", "rt", encoding="utf-8") as file:
        return dict(json.load(file))


def raw_definitions(version: str) -> dict[str, Any]:
    return copy.deepcopy(_raw(version))


@lru_cache
def definitions(version: str) -> NodeDefinitions:
    return NodeDefinitions(_raw(version))


def manifest() -> ModelManifest:
    return load_model_manifest(WORKFLOWS / "models.json")


def request(**values: Any) -> GenerationRequest:
    return GenerationRequest(image=Path("start.png"), **values)
