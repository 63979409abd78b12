"""Preflight: everything that a server would refuse, and much of what it would take although it is wrong."""

from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import ancestors, class_of, links_of, title_of
from wan22.comfy.graph_part import first_video_nodes, start_image_loader
from wan22.comfy.input_check import unknown_classes, wrong_inputs
from wan22.comfy.model_check import missing_models, model_bytes
from wan22.comfy.model_manifest import ModelManifest
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pass_check import pass_doubts
from wan22.comfy.sampler_pass import model_chain, pass_nodes
from wan22.comfy.size_check import size_doubts
from wan22.comfy.vram_estimate import VramEstimate, vram_estimate
from wan22.schema.problem import Problem, Severity, problem
from wan22.schema.request import GenerationRequest
from wan22.schema.server import DeviceInfo


@dataclass(frozen=True, slots=True)
class GraphCheck:
    """Result of a preflight. Errors: the server would refuse the graph, or could not run it. Warnings: it would run.

    `vram_estimate_bytes` is None when it cannot be told; `vram_method` says how it was found, or why it was not.
    """

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    vram_estimate_bytes: int | None
    vram_method: str


def check_graph(
    graph: Graph,
    definitions: NodeDefinitions,
    *,
    request: GenerationRequest | None,
    image_size: tuple[int, int] | None,
    device: DeviceInfo | None,
    manifest: ModelManifest,
    models_folder: Path | None,
) -> GraphCheck:
    """Check a graph, already fitted by `graph_for_server`, against a live server's definitions.

    With a `request` its start image counts as present: this program uploads it. `models_folder` is ComfyUI's `models`
    folder when it lies on this machine; only sizes of files in it are read. Like the server, the check looks at
    nodes that an output needs; only classes are checked everywhere.
    """
    errors = list(unknown_classes(graph, definitions))
    outputs = [node for node in graph if definitions.is_output(class_of(graph, node))]
    if not outputs and not errors:
        errors.append(
            problem("workflow_has_no_output", "The workflow saves nothing: it has no node that ends a graph.")
        )
    trusted = _own_image_nodes(graph) if request is not None else frozenset[str]()
    needed = _all_ancestors(graph, outputs or list(graph))
    for node in graph:
        if node in needed:
            errors += wrong_inputs(graph, definitions, node, trusted)
            errors += missing_models(graph, definitions, node, manifest, models_folder)
    errors += _cycles(graph, needed)
    warnings = _doubts(graph, image_size, frozenset(error.where.get("node", "") for error in errors))
    estimate = _estimate(graph, device, manifest, models_folder)
    warnings += _vram_doubts(estimate, device)
    return GraphCheck(
        errors=tuple(errors),
        warnings=tuple(warnings),
        vram_estimate_bytes=estimate.bytes_needed,
        vram_method=estimate.method,
    )


def _doubts(graph: Graph, image_size: tuple[int, int] | None, broken: frozenset[str]) -> list[Problem]:
    """Warnings, without those that only follow from an error at the nodes `broken`."""
    doubts = [doubt for doubt in size_doubts(graph, image_size) if doubt.where.get("node") not in broken]
    samplers = pass_nodes(graph)
    deciding = {*samplers, *(node for sampler in samplers for node in model_chain(graph, sampler)[:-1])}
    return doubts if deciding & broken else [*doubts, *pass_doubts(graph)]


def _own_image_nodes(graph: Graph) -> frozenset[str]:
    """Nodes that load the request's start image."""
    loaders = (start_image_loader(graph, node) for node in first_video_nodes(graph))
    return frozenset(loader.node for loader in loaders if loader is not None)


def _all_ancestors(graph: Graph, outputs: list[str]) -> frozenset[str]:
    """Nodes that the outputs need; both sides of a switch count, because the server checks both."""
    needed = set(ancestors(graph, outputs))
    waiting = list(needed)
    while waiting:
        for _, (source, _slot) in links_of(graph, waiting.pop()):
            if source in graph and source not in needed:
                needed.add(source)
                waiting.append(source)
    return frozenset(needed)


def _cycles(graph: Graph, needed: frozenset[str]) -> list[Problem]:
    """At most one problem: nodes that wait for each other, found by taking away whatever has all it needs."""
    waiting = {node: {source for _, (source, _slot) in links_of(graph, node) if source in graph} for node in needed}
    while ready := [node for node, sources in waiting.items() if not sources & waiting.keys()]:
        for node in ready:
            del waiting[node]
    circle = [node for node, sources in waiting.items() if node in _all_ancestors(graph, sorted(sources))]
    if not circle:
        return []
    names = ", ".join(title_of(graph, node) for node in circle[:4])
    return [problem("input_link_invalid", f"Some nodes wait for each other in a circle: {names}.", node=circle[0])]


def _estimate(
    graph: Graph, device: DeviceInfo | None, manifest: ModelManifest, models_folder: Path | None
) -> VramEstimate:
    if device is not None and device.type == "cpu":
        return VramEstimate(None, "not needed: the server computes on the CPU")
    return vram_estimate(graph, lambda name: model_bytes(name, manifest, models_folder))


def _vram_doubts(estimate: VramEstimate, device: DeviceInfo | None) -> list[Problem]:
    if device is None or device.vram_total is None or estimate.bytes_needed is None:
        return []
    if estimate.bytes_needed <= device.vram_total:
        return []
    return [
        problem(
            "vram_short",
            f"The job needs about {estimate.bytes_needed / 2**30:.1f} GiB of GPU memory, {device.gpu_name} has "
            f"{device.vram_total / 2**30:.1f} GiB: ComfyUI will move parts of the models in and out, which is slower.",
            Severity.warning,
            detail=f"Estimate: {estimate.method}.",
        )
    ]
