"""Nodes that keep values in a way of their own, which their pack's script turns into inputs."""

from collections.abc import Sequence
from typing import Any

from wan22.comfy.ui_graph import UiNode

LORA_STACK = "Power Lora Loader (rgthree)"


CUSTOM_CHOICE = "CustomCombo"


def special_values(node: UiNode) -> dict[str, Any] | None:
    """Inputs of a node with values of its own kind; None for all others."""
    return lora_stack(node) or custom_choice(node)


def custom_choice(node: UiNode) -> dict[str, Any] | None:
    """A choice with its own list: the chosen text, its place, and each entry as `option1`, `option2` …"""
    if node.type != CUSTOM_CHOICE or not isinstance(node.values, Sequence) or not node.values:
        return None
    chosen, *options = node.values
    index = options.pop(0) if options and type(options[0]) is int else None
    if index is None:
        index = options.index(chosen) if chosen in options else 0
    named = {f"option{number}": option for number, option in enumerate(options, start=1)}
    return {"choice": chosen, "index": index} | named


def lora_stack(node: UiNode) -> dict[str, Any] | None:
    """Inputs of a stack of LoRAs: `lora_1`, `lora_2` … as objects with on, lora and strength; None for other nodes."""
    if node.type != LORA_STACK or not isinstance(node.values, Sequence):
        return None
    rows = [dict(value) for value in node.values if isinstance(value, dict) and "lora" in value]
    return {f"lora_{number}": row for number, row in enumerate(rows, start=1)}
