"""Websocket messages as facts about one prompt."""

import math
from collections.abc import Mapping
from typing import Any

from wan22.comfy.client import Message
from wan22.comfy.output_file import files_from_output
from wan22.schema.events import (
    AnyEvent,
    NodeFinished,
    NodesCached,
    NodeStarted,
    PreviewReceived,
    PromptStarted,
    StepDone,
)

_FAILURES = ("execution_error", "execution_interrupted")


def facts_from_message(message: Message, prompt_id: str) -> tuple[AnyEvent, ...]:
    """What a message says about the prompt; nothing for other prompts, failures, the end mark and unknown types.

    Nodes keep the id of the one that executes (`129:86` inside of a subgraph), not the one that displays it.
    Progress is taken from `progress` alone; `FactReader` adds what only `progress_state` tells.
    """
    data = message.data
    if message.type == "preview":
        return _preview(message, prompt_id)
    if data.get("prompt_id") != prompt_id:
        return ()
    match message.type:
        case "execution_start":
            stamp = _whole(data.get("timestamp"))
            return (PromptStarted(time_s=message.time_s, prompt_id=prompt_id, server_time_ms=stamp),)
        case "execution_cached":
            nodes = data.get("nodes")
            names = tuple(str(node) for node in nodes) if isinstance(nodes, list | tuple) else ()
            return (NodesCached(time_s=message.time_s, prompt_id=prompt_id, nodes=names),)
        case "executing" if data.get("node") is not None:
            return (NodeStarted(time_s=message.time_s, prompt_id=prompt_id, node=str(data["node"])),)
        case "progress":
            step = _step(message.time_s, prompt_id, data.get("node"), data)
            return () if step is None else (step,)
        case "executed" if data.get("node") is not None:
            files = files_from_output(data.get("output"))
            return (NodeFinished(time_s=message.time_s, prompt_id=prompt_id, node=str(data["node"]), files=files),)
    return ()


def is_end_mark(message: Message, prompt_id: str) -> bool:
    """Whether this is `executing` with node null for the prompt: sent after its history entry was stored."""
    data = message.data
    return (
        message.type == "executing" and "node" in data and data["node"] is None and data.get("prompt_id") == prompt_id
    )


def execution_failure(message: Message, prompt_id: str) -> Mapping[str, Any] | None:
    """Data of `execution_error` or `execution_interrupted` for the prompt; None for any other message."""
    if message.type in _FAILURES and message.data.get("prompt_id") == prompt_id:
        return message.data
    return None


class FactReader:
    """`facts_from_message` for the whole stream of one prompt, with progress that only `progress_state` tells.

    ComfyUI sends every step twice, `progress_state` first and `progress` right behind it; only nodes that report
    through the newer interface leave out the latter. So a step seen in `progress_state` is held back until the next
    message: a `progress` of the same node replaces it (and ends such guessing for that node), anything else lets it
    through with its own time. Previews, which come in between, are passed on at once.
    """

    def __init__(self, prompt_id: str) -> None:
        self._prompt_id = prompt_id
        self._held: dict[str, StepDone] = {}
        self._with_progress: set[str] = set()
        self._last: dict[str, tuple[int, int]] = {}

    def facts(self, message: Message) -> tuple[AnyEvent, ...]:
        """Facts that are certain now, oldest first."""
        facts = facts_from_message(message, self._prompt_id)
        if message.type == "preview":
            return facts
        for fact in facts:
            if isinstance(fact, StepDone):
                self._with_progress.add(fact.node)
                self._held.pop(fact.node, None)
        released = tuple(self._held.values())
        self._held.clear()
        for step in released:
            self._last[step.node] = (step.value, step.maximum)
        if message.type == "progress_state" and message.data.get("prompt_id") == self._prompt_id:
            self._hold(message)
        return (*released, *facts)

    def _hold(self, message: Message) -> None:
        nodes = message.data.get("nodes")
        for node, state in nodes.items() if isinstance(nodes, Mapping) else ():
            if node in self._with_progress or not isinstance(state, Mapping) or state.get("state") != "running":
                continue
            step = _step(message.time_s, self._prompt_id, node, state)
            # Every node counts 0 of 1 before it begins: that is no progress.
            if step is None or step.maximum < 2 or step.value < 1:
                continue
            if self._last.get(node) != (step.value, step.maximum):
                self._held[node] = step


def _step(time_s: float, prompt_id: str, node: Any, data: Mapping[str, Any]) -> StepDone | None:
    value, maximum = _whole(data.get("value")), _whole(data.get("max"))
    if node is None or value is None or maximum is None or maximum < 1:
        return None
    return StepDone(
        time_s=time_s, prompt_id=prompt_id, node=str(node), value=min(max(value, 0), maximum), maximum=maximum
    )


def _preview(message: Message, prompt_id: str) -> tuple[AnyEvent, ...]:
    """Old servers do not say to which prompt a preview belongs; they send it only to the one who asked for it."""
    owner, node = message.data.get("prompt_id"), message.data.get("node_id")
    if owner is not None and owner != prompt_id:
        return ()
    return (
        PreviewReceived(
            time_s=message.time_s,
            prompt_id=None if owner is None else str(owner),
            node=None if node is None else str(node),
            image_format=str(message.data.get("image_format", "unknown")),
            byte_count=len(message.image),
            image=message.image,
        ),
    )


def _whole(value: Any) -> int | None:
    """A number as the nearest whole one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(value)
