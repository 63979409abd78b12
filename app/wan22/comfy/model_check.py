"""Model files that a graph names and the server does not offer: where they belong and where to get them."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from wan22.comfy.client import Graph
from wan22.comfy.graph_link import class_of, inputs_of, link_of, title_of
from wan22.comfy.input_check import is_missing_file
from wan22.comfy.model_folder import model_folder
from wan22.comfy.model_manifest import ModelManifest, base_name
from wan22.comfy.object_info import InputSpec, NodeDefinitions
from wan22.schema.problem import Problem, problem

_EXPERT_FOLDERS = ("diffusion_models", "unet", "checkpoints")


def missing_models(
    graph: Graph,
    definitions: NodeDefinitions,
    node_id: str,
    manifest: ModelManifest,
    models_folder: Path | None,
) -> Iterator[Problem]:
    """model_missing for each model file of a node that the server does not offer.

    The message has the file, its folder and its size; the hint where to get it, or under which name the server has
    it; `where` holds file, folder, url, bytes and sha256 as far as they are known.
    """
    class_type, inputs = class_of(graph, node_id), inputs_of(graph, node_id)
    for spec in definitions.expected_inputs(class_type, inputs):
        value = inputs.get(spec.name)
        if isinstance(value, str) and link_of(value) is None and is_missing_file(class_type, spec, value):
            yield _missing(graph, definitions, node_id, spec, value, manifest, models_folder)


def model_bytes(name: str, manifest: ModelManifest, models_folder: Path | None) -> int | None:
    """Size of an expert's file: measured when it lies in `models_folder`, else from the manifest; None = not known."""
    entry = manifest.by_file(name)
    measured = _size_on_disk(name, models_folder) if models_folder is not None else None
    return measured if measured is not None else entry.bytes if entry else None


def _size_on_disk(name: str, models_folder: Path) -> int | None:
    """Size of a file below the folders for experts; names that lead out of them are not followed."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in name:
        return None
    for folder in _EXPERT_FOLDERS:
        path = models_folder.joinpath(folder, *relative.parts)
        try:
            if path.is_file():
                return path.stat().st_size
        except OSError:
            continue
    return None


def _missing(
    graph: Graph,
    definitions: NodeDefinitions,
    node_id: str,
    spec: InputSpec,
    name: str,
    manifest: ModelManifest,
    models_folder: Path | None,
) -> Problem:
    class_type = class_of(graph, node_id)
    entry = manifest.by_file(name)
    folder = entry.folder if entry else model_folder(class_type, spec.name)
    place = _place(folder, models_folder)
    size = f" ({entry.bytes / 1e9:.2f} GB)" if entry and entry.bytes else ""
    path = entry.path_below(models_folder) if entry and models_folder is not None else None
    same = [str(option) for option in spec.options if base_name(str(option)).casefold() == base_name(name).casefold()]
    elsewhere = _other_loader(definitions, class_type, spec.name, name)
    if same:
        hint = f"The server has this file as '{same[0]}': write that into the workflow, or move the file."
    elif path is not None and path.is_file():
        hint = f"The file lies at {path}, but the running server does not list it: restart ComfyUI."
    elif elsewhere is not None:
        hint = f"The server lists this file for {elsewhere}: it lies in the wrong folder; move it to {place}."
    elif entry and entry.url:
        hint = f"Download it from {entry.url} into {place}."
    else:
        hint = f"Put the file into {place}; this program does not know where to get it."
    return problem(
        "model_missing",
        f"{title_of(graph, node_id)} needs the model file '{name}'{size}, which the server does not have. "
        f"It belongs into {place}.",
        hint=hint,
        node=node_id,
        input=spec.name,
        file=name,
        folder=folder,
        url=entry.url if entry else None,
        bytes=entry.bytes if entry else None,
        sha256=entry.sha256 if entry else None,
    )


def _place(folder: str | None, models_folder: Path | None) -> str:
    """The folder in words: its full path on this machine, or its place at the server."""
    if folder is None:
        return "the folder that this loader reads on the server"
    if models_folder is None:
        return f"the folder {folder} of the server's ComfyUI"
    return str(models_folder.parent.joinpath(*folder.split("/")))


def _other_loader(definitions: NodeDefinitions, class_type: str, input_name: str, name: str) -> str | None:
    """A loader of another folder whose choices hold this very file; None when there is none."""
    wanted, own = base_name(name).casefold(), model_folder(class_type, input_name)
    for other in ("UNETLoader", "CLIPLoader", "VAELoader", "LoraLoaderModelOnly", "CheckpointLoaderSimple"):
        for spec in definitions.inputs(other):
            folder = model_folder(other, spec.name)
            if folder in (None, own):
                continue
            if any(base_name(str(option)).casefold() == wanted for option in spec.options):
                return other
    return None
