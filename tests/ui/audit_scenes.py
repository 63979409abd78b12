"""States of the audit page, as a user brings them about."""

from collections.abc import Callable, Mapping

from tests.ui.stage import Stage
from tests.unit.audit.machines import GIB, snapshot, with_board, with_part
from wan22.audit.difference import difference
from wan22.schema.audit import (
    AuditPart,
    AuditSnapshot,
    DiskFacts,
    ImportFacts,
    ModelFacts,
    PackFacts,
    PartProblem,
    ProfileFacts,
    ResultFacts,
)
from wan22.schema.problem import problem
from wan22.ui.pages.audit_page import AuditPage
from wan22.ui.state.audit_view import AuditView

DAY_S = 86_400.0
PACKAGES = {
    "aiohttp": "3.11.11",
    "av": "14.2.0",
    "comfy-kitchen": "0.2.1",
    "comfyui-frontend-package": "1.42.8",
    "einops": "0.8.1",
    "numpy": "2.1.3",
    "safetensors": "0.5.3",
    "transformers": "4.57.1",
}
MODELS = tuple(
    ModelFacts(file=file, state="present", is_needed=True, byte_count=size, sha256=digest, is_verified=digest and True)
    for file, size, digest in (
        ("wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors", 14_294_742_832, "6b" * 32),
        ("wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors", 14_294_742_832, "9f" * 32),
        ("umt5_xxl_fp8_e4m3fn_scaled.safetensors", 6_735_906_897, None),
        ("wan_2.1_vae.safetensors", 253_815_318, "2f" * 32),
    )
)


def rtx5090() -> AuditSnapshot:
    """A machine as its owner sees it."""
    keys = {
        "torch": ImportFacts(version="2.8.0+cu128", imports=True),
        "triton": ImportFacts(version="3.4.0", imports=True),
        "sageattention": ImportFacts(version="2.2.0", imports=True),
        "flash_attn": ImportFacts(),
        "xformers": ImportFacts(),
    }
    found = with_board(
        snapshot(reasons={"gpu.boards.0.persistence": "The driver does not tell it for this board."}),
        vbios_version="98.02.2E.40.0B",
        pcie_generation_now=1,
        pcie_width_now=16,
        ecc_enabled=False,
        ecc_pending=False,
        mig_enabled=False,
        temperature_max_operating_c=90.0,
        temperature_slowdown_c=92.0,
        temperature_shutdown_c=95.0,
    )
    disks = (
        DiskFacts(mount="C:\\", file_system="NTFS", kind="NVMe", total_bytes=1863 * GIB, free_bytes=211 * GIB),
        DiskFacts(
            mount="D:\\",
            file_system="NTFS",
            kind="SSD",
            total_bytes=3726 * GIB,
            free_bytes=940 * GIB,
            holds=("ComfyUI", "models", "runs"),
        ),
    )
    found = with_part(found, "machine", cpu="AMD Ryzen 9 9950X 16-Core", cpu_cores=16, disks=disks, swap_bytes=16 * GIB)
    found = with_part(found, "python", executable="D:\\AI\\ComfyUI\\.venv\\Scripts\\python.exe", cudnn_version="9.10.2")
    found = with_part(found, "python", key_packages=keys, packages=PACKAGES, torch_cuda="12.8", cuda_available=True)
    found = with_part(found, "system", power_plan="High performance", power_mode="Best performance", wsl=False)
    packs = (
        PackFacts(folder="ComfyUI-Frame-Interpolation", commit="26545cc2dd95bfcf3af2c1b1b1b0c4a5d6e7f809"),
        PackFacts(folder="ComfyUI-KJNodes", version="1.1.5", commit="b" * 40),
        PackFacts(folder="ComfyUI-Manager", version="3.37", is_enabled=False),
    )
    profile = ProfileFacts(
        name="rtx5090",
        flags={"--use-sage-attention": "", "--fast": "fp16_accumulation", "--reserve-vram": "1.5"},
        environment={"CUDA_MODULE_LOADING": "LAZY"},
    )
    results = tuple(
        ResultFacts(
            run_id=f"2026-11-2{4 - number}_21-0{number}-14_two-pass",
            started_s=found.taken_s,
            outcome="success",
            total_s=151.2 + 3.4 * number,
            job="640 × 640, 81 frames, 4 steps",  # noqa: RUF001
            profile="rtx5090",
        )
        for number in range(3)
    )
    return found.model_copy(update={"packs": packs, "models": MODELS, "profile": profile, "results": results})


def after_an_update() -> AuditSnapshot:
    """The same machine, slower, after somebody updated it."""
    before = rtx5090()
    assert before.python is not None
    keys = {**(before.python.key_packages or {}), "torch": ImportFacts(version="2.9.1+cu128", imports=True)}
    found = with_board(before, power_enforced_w=460.0)
    found = with_part(found, "gpu", driver_version="580.88")
    found = with_part(found, "python", key_packages=keys, packages={**PACKAGES, "aiohttp": "3.12.2"})
    found = with_part(found, "comfyui", version="0.3.64", commit="d" * 40)
    found = with_part(found, "system", gpu_scheduling=False)
    return found.model_copy(update={"taken_s": before.taken_s + 5 * DAY_S})


def show(page: AuditPage, view: AuditView) -> None:
    page._taking.forget()
    page._compared(view)


def changed(_stage: Stage, page: AuditPage) -> None:
    before, after = rtx5090(), after_an_update()
    show(page, AuditView(after, difference(before, after), "the last fast run", before.taken_s))


def same(_stage: Stage, page: AuditPage) -> None:
    found = rtx5090()
    show(page, AuditView(found, difference(found, found), "the last fast run", found.taken_s - DAY_S))


def first(_stage: Stage, page: AuditPage) -> None:
    lost = PartProblem(
        part=AuditPart.gpu,
        problem=problem("driver_missing", "No NVIDIA driver was found on this machine: its library NVML is missing."),
    )
    nothing = PartProblem(
        part=AuditPart.python,
        problem=problem("comfyui_not_found", "No ComfyUI is chosen, so nothing can be said about it and its Python."),
    )
    update = {"gpu": None, "python": None, "comfyui": None, "packs": None, "problems": (lost, nothing), "results": ()}
    show(page, AuditView(rtx5090().model_copy(update=update)))


def busy(_stage: Stage, page: AuditPage) -> None:
    page._taking.forget()
    page._taking.is_asking = True
    page._show_state()
    page._show_progress(7, 9, "ComfyUI's Python")
    page._taking.is_asking = False


STATES: Mapping[str, Callable[[Stage, AuditPage], None]] = {"": changed, "same": same, "first": first, "busy": busy}
"""End of the picture's name: what brings the state about."""
