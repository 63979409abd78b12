"""Nodes that keep values in a way of their own, which their pack's script turns into inputs."""

from collections.abc import Sequence
from typing import Any

from wan22.comfy.ui_graph import UiNode

LORA_STACK = "Power Lora Loader (rgthree)"


def lora_stack(node: UiNode) -> dict[str, Any] | None:
    """Inputs of a stack of LoRAs: `lora_1`, `lora_2` … as objects with on, lora and strength; None for other nodes."""
    if node.type != LORA_STACK or not isinstance(node.values, Sequence):
        return None
    rows = [dict(value) for value in node.values if isinstance(value, dict) and "lora" in value]
    return {f"lora_{number}": row for number, row in enumerate(rows, start=1)}
