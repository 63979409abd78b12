from pathlib import Path

import pytest

from wan22.comfy.object_info import NodeDefinitions
from wan22.comfy.pack_catalog import PackCatalog
from wan22.comfy.pack_status_text import status_text
from wan22.job.pack_check import PackShelf, ServerView, check_packs, installed_statuses, prove_pack
from wan22.launch.pack_folder import installed_packs
from wan22.schema.node_pack import PackNeed, PackSource, PackState

SOURCE = PackSource(
    id="small-pack", name="Small-Pack", folder="Small-Pack", url="https://example.com/a/Small-Pack", classes=("A", "B")
)
NEED = PackNeed(
    name="Small-Pack", id="small-pack", url=SOURCE.url, classes=("A",), nodes=("1",), told_by="the catalogue"
)
CATALOG = PackCatalog([SOURCE])


def view(modules: dict[str, str], log: str | None = "") -> ServerView:
    raw = {name: {"input": {}, "output": [], "python_module": module} for name, module in modules.items()}
    return ServerView(NodeDefinitions(raw), None if log is None else log.splitlines(), "http://127.0.0.1:8188")


def shelf(packs: Path) -> PackShelf:
    return PackShelf(CATALOG, installed_packs([packs]))


@pytest.mark.parametrize(
    ("folder", "modules", "log", "state"),
    [
        ("Small-Pack", {"A": "custom_nodes.Small-Pack"}, "", PackState.loaded),
        ("Small-Pack", {"B": "custom_nodes.Small-Pack"}, "", PackState.class_missing),
        ("Small-Pack", {"K": "nodes"}, "", PackState.restart_needed),
        ("Small-Pack", {"K": "nodes"}, None, PackState.restart_needed),
        ("Small-Pack", {"K": "nodes"}, "   0.1 seconds (IMPORT FAILED): /x/custom_nodes/Small-Pack", PackState.failed),
        ("Small-Pack.disabled", {"K": "nodes"}, "", PackState.disabled),
        ("something-else", {"K": "nodes"}, "", PackState.absent),
    ],
)
def test_state_by_a_running_server(
    tmp_path: Path, folder: str, modules: dict[str, str], log: str | None, state: PackState
) -> None:
    (tmp_path / folder).mkdir()

    (found,) = check_packs([NEED], shelf(tmp_path), view(modules, log))

    assert found.state is state
    assert found.is_usable is (state is PackState.loaded)
    assert (status_text(found) == "") is (state in (PackState.loaded, PackState.absent))


@pytest.mark.parametrize(
    ("folder", "state"),
    [("Small-Pack", PackState.on_disk), (".disabled/small-pack", PackState.disabled), ("x", PackState.absent)],
)
def test_state_by_the_disk_alone(tmp_path: Path, folder: str, state: PackState) -> None:
    (tmp_path / folder).mkdir(parents=True)

    (found,) = check_packs([NEED], shelf(tmp_path), None)

    assert found.state is state


def test_pack_that_nobody_names_is_found_by_its_sources(tmp_path: Path) -> None:
    (tmp_path / "homemade").mkdir()
    (tmp_path / "homemade" / "__init__.py").write_text('NODE_CLASS_MAPPINGS = {"Mine": 1}', encoding="utf-8")
    mine = PackNeed(name="the pack of 'Mine'", classes=("Mine",))
    other = PackNeed(name="the pack of 'Other'", classes=("Other",))

    first, second = check_packs([mine, other], shelf(tmp_path), None)

    assert first.state is PackState.on_disk
    assert first.folder == tmp_path / "homemade"
    assert second.state is PackState.unknown


def test_core_that_is_too_old(tmp_path: Path) -> None:
    need = PackNeed(name="ComfyUI", id="comfy-core", is_core=True, classes=("K", "New"), wanted_version="0.40")

    (found,) = check_packs([need], shelf(tmp_path), view({"K": "nodes"}))

    assert found.state is PackState.core_too_old
    assert found.missing == ("New",)
    assert "0.40" in status_text(found)


def test_all_packs_and_those_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "own-pack").mkdir()
    running = view({"Own": "custom_nodes.own-pack"})

    by_server = {one.need.name: one.state for one in installed_statuses(shelf(tmp_path), running)}
    by_disk = {one.need.name: one.state for one in installed_statuses(shelf(tmp_path), None)}

    assert by_server == {"own-pack": PackState.loaded, "Small-Pack": PackState.absent}
    assert by_disk == {"own-pack": PackState.on_disk, "Small-Pack": PackState.absent}


def test_proof_tells_what_is_new_and_what_is_lost() -> None:
    before = view({"Old": "custom_nodes.old", "K": "nodes", "A": "custom_nodes.Small-Pack"})
    after = view({"K": "nodes", "B": "custom_nodes.Small-Pack"}, "   0.1 seconds (IMPORT FAILED): /x/custom_nodes/old")

    found = prove_pack(Path("/x/custom_nodes/Small-Pack"), ("A", "B"), before, after)

    assert found.present == ("B",)
    assert found.missing == ("A",)
    assert found.lost == ("Old",)
    assert found.newly_failed == ("/x/custom_nodes/old",)
    assert found.failure is None
