"""States of the node packs page, as a user brings them about."""

from pathlib import Path

from wan22.job.pack_plan import PackAction, PackPlan
from wan22.launch.requirement_lines import Requirements
from wan22.launch.torch_guard import PackagePlan
from wan22.schema.node_pack import (
    ImportFailure,
    PackageChange,
    PackNeed,
    PackSource,
    PackState,
    PackStatus,
)
from wan22.ui.pages.packs_page import PacksPage
from wan22.wiring.packs import PackReport, pack_catalog

PACKS = Path("/home/anna/AI/ComfyUI/custom_nodes")
FAILURE = ImportFailure(
    path=str(PACKS / "ComfyUI-KJNodes"),
    error="ModuleNotFoundError: No module named 'color_matcher'",
    missing_module="color_matcher",
    hint="ComfyUI's Python has no color_matcher: installing ComfyUI-KJNodes once more brings what its list names.",
)


def status(name: str, state: PackState, **more: object) -> PackStatus:
    """One pack of the catalogue in a state."""
    source = pack_catalog().named(name)
    assert source is not None
    need = PackNeed(name=source.name, id=source.id, url=source.url, classes=source.classes[:2], told_by="the disk")
    there = state not in (PackState.absent, PackState.unknown)
    given = {"folder": PACKS / source.folder if there else None, "version": source.version if there else None, **more}
    return PackStatus(
        need=need,
        state=state,
        is_installable=True,
        purpose="" if there else source.purpose,
        **given,  # type: ignore[arg-type]
    )


def report() -> PackReport:
    """One of each that matters."""
    statuses = (
        status("comfyui-videohelpersuite", PackState.loaded),
        status("comfyui-kjnodes", PackState.failed, failure=FAILURE),
        status("comfyui-gguf", PackState.disabled),
        status("comfyui-frame-interpolation", PackState.absent),
        status("rgthree-comfy", PackState.absent),
    )
    return PackReport(statuses, (PACKS,), "http://127.0.0.1:8188")


def plan() -> PackPlan:
    """The installation of the interpolation pack."""
    source: PackSource | None = pack_catalog().named("comfyui-frame-interpolation")
    assert source is not None
    change = PackageChange(name="opencv-contrib-python", before=None, after="5.1.0.95")
    return PackPlan(
        source=source,
        action=PackAction.install,
        target=PACKS / source.folder,
        python=PACKS.parent / ".venv/bin/python",
        staged=None,
        commit=source.revision,
        before_commit=None,
        requirements=Requirements(("opencv-contrib-python",)),
        packages=PackagePlan(("opencv-contrib-python",), ("torch==2.10.0+cu130",), (change,)),
        packages_before={},
        has_script=True,
        file_count=91,
    )


def show_list(page: PacksPage) -> None:
    page._checking.forget()
    page._checked(report())


def show_plan(page: PacksPage) -> None:
    show_list(page)
    page.install_card.begin("ComfyUI-Frame-Interpolation")
    page.install_card.show_plan(plan())
