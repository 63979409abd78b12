from typing import Any

import pytest

from wan22.comfy.client import Graph
from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pack_catalog import PackCatalog, load_pack_catalog
from wan22.comfy.pack_need import loaded_folders, pack_needs
from wan22.system.paths import data_folder


@pytest.fixture(scope="module")
def catalog() -> PackCatalog:
    return load_pack_catalog(data_folder() / "resources" / "node_packs.toml")


def definitions(**modules: str) -> NodeDefinitions:
    return NodeDefinitions(
        {
            name.replace("_", " "): {"input": {}, "output": [], "python_module": module}
            for name, module in modules.items()
        }
    )


def graph(*classes: str) -> Graph:
    return {str(number): {"class_type": name, "inputs": {}} for number, name in enumerate(classes, 1)}


def document(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": [{"id": number, **node} for number, node in enumerate(nodes, 1)], "links": [], "version": 0.4}


def test_server_says_where_a_class_comes_from(catalog: PackCatalog) -> None:
    known = definitions(
        KSampler="nodes",
        Extra="comfy_extras.nodes_x",
        RIFE_VFI="custom_nodes.ComfyUI-Frame-Interpolation",
        Own="custom_nodes.my-pack",
    )

    needs = pack_needs(graph("KSampler", "Extra", "RIFE VFI", "Own"), catalog, known)

    assert [(need.name, need.id, need.classes) for need in needs] == [
        ("ComfyUI", "comfy-core", ("KSampler", "Extra")),
        ("ComfyUI-Frame-Interpolation", "comfyui-frame-interpolation", ("RIFE VFI",)),
        ("my-pack", None, ("Own",)),
    ]
    assert loaded_folders(known) == {"ComfyUI-Frame-Interpolation", "my-pack"}


def test_file_says_what_the_server_does_not_know(catalog: PackCatalog) -> None:
    source = document(
        {"type": "Odd", "properties": {"aux_id": "someone/odd-pack", "ver": "abc"}},
        {"type": "Listed", "properties": {"cnr_id": "listed-pack", "ver": "1.2"}},
        {"type": "NewCore", "properties": {"cnr_id": "comfy-core", "ver": "0.40.0"}},
        {"type": "VHS_VideoCombine", "properties": {"cnr_id": "comfyui-videohelpersuite"}},
    )

    needs = pack_needs(
        graph("Odd", "Listed", "NewCore", "VHS_VideoCombine"), catalog, NodeDefinitions({}), source=source
    )

    by_name = {need.name: need for need in needs}
    assert by_name["odd-pack"].url == "https://github.com/someone/odd-pack"
    assert by_name["listed-pack"].id == "listed-pack"
    assert by_name["listed-pack"].url is None
    assert by_name["ComfyUI"].is_core
    assert by_name["ComfyUI"].wanted_version == "0.40.0"
    assert by_name["ComfyUI-VideoHelperSuite"].url == "https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite"


def test_hostile_properties_are_not_used(catalog: PackCatalog) -> None:
    source = document(
        {"type": "A", "properties": {"aux_id": "../../etc"}},
        {"type": "B", "properties": {"aux_id": "a/b?x=1"}},
        {"type": "C", "properties": {"cnr_id": ["x"]}},
        {"type": "D", "properties": {"cnr_id": "x\x1b[31m" + "y" * 500}},
    )

    needs = pack_needs(graph("A", "B", "C", "D"), catalog, NodeDefinitions({}), source=source)

    assert all(need.url is None for need in needs)
    assert max(len(need.name) for need in needs) <= 130
    assert all("\x1b" not in need.name for need in needs)


def test_catalogue_and_sources_of_comfyui_know_the_rest(catalog: PackCatalog) -> None:
    needs = pack_needs(
        graph("FILM VFI", "Mystery", "KSampler"), catalog, NodeDefinitions({}), core_has=lambda name: name == "KSampler"
    )

    assert [(need.name, need.told_by) for need in needs] == [
        ("ComfyUI", "ComfyUI's own files"),
        ("ComfyUI-Frame-Interpolation", "the catalogue"),
        ("the pack of 'Mystery'", "nobody"),
    ]
    assert needs[2].id is None
