import pytest

from tests.unit.audit.machines import GIB, snapshot, with_board, with_part
from wan22.audit.difference import change_line, difference
from wan22.schema.audit import (
    AuditDifference,
    AuditPart,
    DiskFacts,
    ImportFacts,
    ModelFacts,
    PackFacts,
    PartProblem,
    ResultFacts,
)
from wan22.schema.problem import problem


def lines(found: AuditDifference) -> list[str]:
    return [change_line(change) for change in found.changes]


def test_the_same_machine():
    found = difference(snapshot(), snapshot(taken_at="2026-11-25T10:00:00+00:00"))
    assert found.changes == ()
    assert found.not_compared == ()
    assert found.drift == ()


def test_what_is_no_drift_is_not_even_told():
    later = with_part(snapshot(), "machine", memory_free_bytes=GIB, swap_used_bytes=GIB)
    later = with_board(later, pcie_generation_now=1, pcie_width_now=16)
    later = later.model_copy(update={"results": (ResultFacts(run_id="x", started_s=1.0),)})
    assert difference(snapshot(), later).changes == ()


def test_thresholds_that_are_computed_anew_each_time_are_no_drift():
    before = with_board(snapshot(), temperature_slowdown_c=92.0, tlimit_slowdown_c=-2.0)
    assert difference(before, with_board(before, temperature_slowdown_c=91.0)).changes == ()
    assert len(difference(before, with_board(before, tlimit_slowdown_c=-5.0)).drift) == 1
    absolute = with_board(snapshot(), temperature_target_c=83.0)
    (change,) = difference(absolute, with_board(absolute, temperature_target_c=75.0)).drift
    assert change.sentence == "Target temperature of GPU 0: 83 °C → 75 °C"


def test_memory_counts_from_a_gibibyte_on():
    before = with_part(snapshot(), "machine", memory_bytes=64 * GIB - 500_000_000)
    assert difference(before, with_part(before, "machine", memory_bytes=64 * GIB - 520_000_000)).changes == ()
    assert len(difference(before, with_part(before, "machine", memory_bytes=32 * GIB)).drift) == 1


def test_words_in_the_order_of_their_weight():
    before = snapshot()
    keys = {"torch": ImportFacts(version="2.9.1+cu130", imports=True), "sageattention": ImportFacts()}
    later = with_part(before, "gpu", driver_version="580.88")
    later = with_part(later, "python", key_packages=keys, packages={"numpy": "2.1.0", "aiohttp": "3.9"})
    later = with_part(later, "comfyui", version="0.3.64", commit="d" * 40)
    later = with_part(later, "system", gpu_scheduling=False)
    later = with_board(later, power_enforced_w=450.0)
    found = difference(before, later)
    told = lines(found)
    assert [line.partition(":")[0] for line in told] == [
        "Driver 580.65 → 580.88",
        "Power limit of GPU 0",
        "torch 2.8.0 → 2.9.1+cu130",
        "sageattention 2.2.0 → not installed",
        "ComfyUI 0.25.0 → 0.3.64",
        "Hardware-accelerated GPU scheduling",
        "aiohttp is new",
    ]
    assert told[1] == "Power limit of GPU 0: 575 W → 450 W; below the board's own 575 W: it works slower"
    assert "known slow VAE (conv3d): three times the memory, twice the time" in told[2]
    assert "with --use-sage-attention ComfyUI ends at once" in told[3]
    assert told[4].startswith("ComfyUI 0.25.0 → 0.3.64: it loses the work-around for the slow VAE of torch 2.9")
    assert told[4].endswith("RIFE and FILM without a node pack")
    assert all(change.is_drift for change in found.changes)


@pytest.mark.parametrize(
    ("cudnn", "comfyui", "words"),
    [("9.15.1", "0.25.0", "is cured by the cuDNN 9.15.1"), (None, "0.25.0", "this ComfyUI works around it")],
)
def test_what_torch_2_9_means_here(cudnn: str | None, comfyui: str, words: str):
    before = with_part(snapshot(), "python", cudnn_version=cudnn)
    before = with_part(before, "comfyui", version=comfyui)
    keys = {"torch": ImportFacts(version="2.9.0", imports=True), "sageattention": ImportFacts(version="2.2.0")}
    after = with_part(before, "python", key_packages=keys)
    assert words in lines(difference(before, after))[0]


def test_switches_of_the_board():
    before = snapshot()
    after = with_board(before, ecc_enabled=True, bar1_total_bytes=256 * 2**20, pcie_width_max=8, mig_enabled=True)
    before = with_board(before, ecc_enabled=False, mig_enabled=False)
    told = lines(difference(before, after))
    assert any(line.startswith("PCIe link at most of GPU 0: gen 5 x16 → gen 5 x8; a slower slot") for line in told)
    assert any(line.startswith("MIG of GPU 0: off → on; a slice") for line in told)
    assert any(line.startswith("ECC of GPU 0: off → on; on this board it costs memory") for line in told)
    assert any("Resizable BAR is off" in line for line in told)


def test_another_board_is_told_once():
    before = snapshot()
    after = with_board(before, uuid="GPU-2222", name="NVIDIA GeForce RTX 4090", power_enforced_w=450.0)
    assert lines(difference(before, after)) == [
        "GPU 0 is new: NVIDIA GeForce RTX 4090, Blackwell, sm_120",
        "GPU 0 is gone; it was NVIDIA GeForce RTX 5090, Blackwell, sm_120",
    ]


def test_packs_models_flags_come_and_go():
    before = snapshot(models=(ModelFacts(file="vae.safetensors", state="present", byte_count=10, is_needed=True),))
    after = before.model_copy(
        update={
            "packs": (PackFacts(folder="ComfyUI-KJNodes", version="1.1.0", commit="b" * 40, is_enabled=False),),
            "models": (ModelFacts(file="vae.safetensors", state="wrong size", byte_count=9, is_needed=True),),
        }
    )
    after = with_part(after, "profile", flags={"--use-sage-attention": "", "--force-channels-last": ""})
    assert lines(difference(before, after)) == [
        "vae.safetensors present, 10 bytes, not hashed → wrong size, 9 bytes, not hashed",
        "Flag --force-channels-last is new: no Wan model loads with it",
        "Node pack ComfyUI-KJNodes: 1.1.0, commit bbbbbbbbbb → 1.1.0, commit bbbbbbbbbb, disabled",
    ]


def test_a_digest_that_was_measured_meanwhile_is_no_change_but_another_one_is():
    unknown = ModelFacts(file="vae.safetensors", state="present", byte_count=10)
    before = snapshot(models=(unknown,))
    hashed = unknown.model_copy(update={"sha256": "a" * 64})
    assert difference(before, snapshot(models=(hashed,))).changes == ()
    other = unknown.model_copy(update={"sha256": "b" * 64})
    found = difference(snapshot(models=(hashed,)), snapshot(models=(other,)))
    assert [change.key for change in found.drift] == ["models.vae.safetensors.sha256"]


def test_a_value_that_is_not_told_any_more_is_no_drift():
    found = difference(snapshot(), with_part(snapshot(), "system", power_source=None))
    assert lines(found) == ["Power from cannot be told any more; it was mains"]
    assert found.drift == ()


def test_a_part_that_cannot_be_read_any_more_is_drift():
    lost = PartProblem(part=AuditPart.gpu, problem=problem("driver_missing", "The driver is not loaded."))
    found = difference(snapshot(), snapshot(gpu=None, problems=(lost,)))
    assert lines(found) == ["Driver and GPU could be read before and cannot be read now: The driver is not loaded"]
    assert len(found.drift) == 1


def test_a_part_that_a_quick_audit_did_not_wait_for_is_no_drift():
    late = PartProblem(part=AuditPart.packs, problem=problem("audit_part_late", "Too late."))
    found = difference(snapshot(), snapshot(quick=True, packs=None, problems=(late,)))
    assert found.changes == ()
    assert found.not_compared == ("Node packs was not compared: the quick audit did not wait for it.",)
    assert len(difference(snapshot(), snapshot(packs=None, problems=(late,))).drift) == 1


def test_a_quick_snapshot_against_a_full_one():
    quick = with_part(snapshot(quick=True), "python", packages=None, cudnn_version=None)
    quick = quick.model_copy(update={"results": None, "models": None, "parts": (AuditPart.gpu, AuditPart.python)})
    found = difference(with_part(snapshot(), "python", cudnn_version="9.10.2"), quick)
    assert found.changes == ()
    assert found.not_compared == (
        "Models was not compared: the later snapshot does not hold it.",
        "Packages were not compared: one of the two snapshots has no list of them.",
    )


def test_a_stick_that_was_plugged_in_is_no_drift_but_the_disk_of_the_models_is():
    stick = DiskFacts(mount="E:\\", kind="removable", total_bytes=GIB)
    models = DiskFacts(mount="D:\\", kind="NVMe", total_bytes=GIB, holds=("models",))
    before = with_part(snapshot(), "machine", disks=(models,))
    after = with_part(snapshot(), "machine", disks=(models.model_copy(update={"kind": "hard disk"}), stick))
    found = difference(before, after)
    assert [change.key for change in found.drift] == ["machine.disk.D:\\"]


def test_another_version_of_the_panel_is_told_and_does_not_count():
    found = difference(snapshot(), snapshot(app_version="0.2.0"))
    assert lines(found) == ["This panel: 0.1.0 → 0.2.0"]
    assert found.drift == ()
