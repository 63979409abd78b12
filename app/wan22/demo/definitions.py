"""The nodes that the look-alike knows, in the form of `GET /object_info`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wan22.system.files import read_text

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class Definitions:
    """Node definitions from a file; the choices of LoadImage are the pictures in the input folder at the time."""

    def __init__(self, path: Path, input_folder: Path) -> None:
        self._nodes: dict[str, Any] = json.loads(read_text(path))
        self._input_folder = input_folder

    def document(self) -> dict[str, Any]:
        """All of them."""
        return {name: self.get(name) for name in self._nodes}

    def get(self, class_type: str) -> dict[str, Any] | None:
        """One node; None for a class that is not known."""
        node = self._nodes.get(class_type)
        if node is None:
            return None
        told = {"display_name": node["name"], "description": "", "category": "demo", **node}
        if class_type != "LoadImage":
            return told
        inputs = {"required": {"image": [self.pictures(), {"image_upload": True}]}}
        return told | {"input": inputs}

    def inputs(self, class_type: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Required and optional inputs: name → [type or choices, settings]."""
        node = self.get(class_type) or {"input": {}}
        return node["input"].get("required", {}), node["input"].get("optional", {})

    def outputs(self, class_type: str) -> tuple[str, ...]:
        """Types of its outputs."""
        node = self._nodes.get(class_type)
        return () if node is None else tuple(node["output"])

    def is_output(self, class_type: str) -> bool:
        """Whether the node saves or shows something."""
        node = self._nodes.get(class_type)
        return bool(node and node["output_node"])

    def pictures(self) -> list[str]:
        """Pictures in the input folder, sorted."""
        if not self._input_folder.is_dir():
            return []
        return sorted(path.name for path in self._input_folder.iterdir() if path.suffix.lower() in _PICTURES)
