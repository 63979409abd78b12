"""Ladders for real graphs and the flags of real ComfyUIs; sizes of the model files are those of the manifest."""

import json
from pathlib import Path
from typing import Any

import pytest

from wan22.comfy.graph_edit import graph_with_request
from wan22.comfy.model_manifest import load_model_manifest
from wan22.comfy.out_of_memory import out_of_memory_problem
from wan22.comfy.roles import roles_from_graph
from wan22.job.oom_ladder import OomCase, ladder_for, oom_case
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import FlagSpec
from wan22.schema.events import Role
from wan22.schema.ladder import Effect, OomPolicy, Rung, joined_flags
from wan22.schema.problem import Problem
from wan22.schema.request import GenerationRequest
from wan22.schema.run import JobParameters, RunManifest, ServerIdentity
from wan22.schema.server import SystemInfo, SystemStats

ROOT = Path(__file__).parents[3]
GRAPH: dict[str, Any] = json.loads((ROOT / "workflows/wan22_i2v_two_pass.json").read_text(encoding="utf-8"))
ROLES = roles_from_graph(GRAPH)
MODELS = load_model_manifest(ROOT / "workflows/models.json")
REQUEST = GenerationRequest(image=Path("start.png"), width=1280, height=720, length=81, seed=5)
MESSAGE = (
    "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
    "Currently allocated     : 21.00 GiB\nRequested               : 3.50 GiB\n"
    "Device limit            : 23.99 GiB\nFree (according to CUDA): 512.00 MiB\n"
)
OLD = ("--reserve-vram", "--disable-smart-memory", "--normalvram", "--lowvram", "--novram", "--highvram")
NEW = (
    "--reserve-vram",
    "--vram-headroom",
    "--disable-smart-memory",
    "--disable-pinned-memory",
    "--enable-dynamic-vram",
    "--lowvram",
    "--novram",
    "--highvram",
)


def schema(names: tuple[str, ...]) -> FlagSchema:
    return FlagSchema(flags={name: FlagSpec(name=name, takes="none") for name in names})


def file_bytes(name: str) -> int | None:
    entry = MODELS.by_file(name)
    return entry.bytes if entry is not None else None


def node_of(role: Role) -> str:
    return next(node for node, found in ROLES.items() if found is role)


def problem(role: Role = Role.pass_1, detail: str = "") -> Problem:
    node = node_of(role)
    return out_of_memory_problem(MESSAGE, "KSamplerAdvanced", detail=detail, node=node, exception="torch.X")


def case(**change: Any) -> OomCase:
    values: dict[str, Any] = {
        "request": REQUEST,
        "problem": problem(),
        "graph": graph_with_request(GRAPH, REQUEST, seed=5, image_reference="a.png"),
        "flags": ("main.py", "--port", "8188"),
        "schema": schema(NEW),
        "was_fresh": True,
        "file_bytes": file_bytes,
    }
    return OomCase(**(values | change))


def names(rungs: tuple[Rung, ...]) -> list[str]:
    return [rung.name for rung in rungs]


def test_the_ladder_of_a_new_comfyui_is_ordered_from_gentle_to_hard():
    rungs = ladder_for(case())
    assert names(rungs) == [
        "headroom",
        "no_smart_memory",
        "novram",
        "length_61",
        "length_37",
        "length_17",
        "size_1088x608",
        "size_880x496",
        "size_624x352",
    ]
    effects = [rung.effect for rung in rungs]
    assert effects == sorted(effects, key=list(Effect).index)
    assert rungs[0].flags == ("--vram-headroom", "5")  # 3 GiB were missing, and 2 to spare
    assert rungs[2].flags == ("--vram-headroom", "5", "--disable-smart-memory", "--novram")
    assert rungs[2].changes == "The same video."
    assert rungs[3].changes == "Another video: 61 frames instead of 81."
    assert all(rung.flags == rungs[2].flags for rung in rungs[3:])
    assert all(rung.cost and rung.title for rung in rungs)


def test_an_old_comfyui_has_other_flags():
    rungs = ladder_for(case(schema=schema(OLD)))
    assert names(rungs)[:4] == ["headroom", "no_smart_memory", "lowvram", "novram"]
    assert rungs[0].flags == ("--reserve-vram", "5")
    assert rungs[3].flags == ("--reserve-vram", "5", "--disable-smart-memory", "--novram")


def test_flags_that_are_given_or_unknown_are_not_offered():
    given = ("main.py", "--novram", "--disable-smart-memory")
    assert names(ladder_for(case(flags=given)))[0] == "length_61"
    assert names(ladder_for(case(schema=schema(()))))[0] == "length_61"
    assert names(ladder_for(case(flags=("main.py", "--vram-headroom", "4"))))[0] == "no_smart_memory"


def test_a_profile_that_keeps_all_on_the_card_lets_go_first():
    (first, *_) = ladder_for(case(flags=("main.py", "--highvram"), schema=schema(OLD)))
    assert (first.name, first.flags) == ("leave_the_card", ("--normalvram",))
    (first, *_) = ladder_for(case(flags=("main.py", "--highvram")))
    assert first.flags == ("--lowvram",)


def test_a_server_that_is_not_ours_is_asked_to_let_go_and_gets_no_flags():
    rungs = ladder_for(case(schema=None, was_fresh=False))
    assert (rungs[0].name, rungs[0].title, rungs[0].is_fresh) == ("clean_start", "Let go of all models first", True)
    assert all(rung.flags == () for rung in rungs)
    assert names(rungs)[1] == "length_61"


def test_a_server_that_did_other_jobs_before_is_started_anew_first():
    (first, *_) = ladder_for(case(was_fresh=False))
    assert (first.name, first.flags) == ("clean_start", ())


def test_previews_go_first():
    with_previews = REQUEST.model_copy(update={"previews": True})
    rungs = ladder_for(case(request=with_previews))
    assert (rungs[0].name, rungs[0].previews, rungs[0].is_fresh) == ("no_previews", False, False)
    assert all(rung.previews is False for rung in rungs)
    assert rungs[1].apply(with_previews)[0].previews is False


def test_decoding_in_tiles_only_when_it_was_the_decoding():
    rungs = ladder_for(case(problem=problem(Role.decode)))
    tiled = next(rung for rung in rungs if rung.name == "tiled_decode")
    assert tiled.effect is Effect.same_picture
    assert "seams" in tiled.changes
    request, _ = tiled.apply(REQUEST)
    graph = graph_with_request(GRAPH, request, seed=5, image_reference="a.png")
    assert graph[node_of(Role.decode)]["class_type"] == "VAEDecodeTiled"
    assert GRAPH[node_of(Role.decode)]["class_type"] == "VAEDecode"
    assert "tiled_decode" not in names(ladder_for(case()))


def test_host_memory_that_cannot_be_pinned():
    found = ladder_for(case(problem=problem(detail="RuntimeError: CUDA error: out of memory in pinned host buffer")))
    assert found[0].flags == ("--disable-pinned-memory",)


def test_memory_is_told_where_it_can_be():
    rungs = {rung.name: rung for rung in ladder_for(case(schema=None, was_fresh=False))}
    whole = rungs["clean_start"].vram_bytes
    shorter, smaller = rungs["length_37"].vram_bytes, rungs["size_624x352"].vram_bytes
    assert whole is not None
    assert shorter is not None
    assert smaller is not None
    assert 23e9 < whole < 27e9
    assert whole > shorter > smaller > 14e9
    assert next(rung for rung in ladder_for(case()) if rung.name == "novram").vram_bytes is None
    assert all(rung.vram_bytes is None for rung in ladder_for(case(file_bytes=lambda _name: None)))


@pytest.mark.parametrize(
    ("width", "height", "sizes"),
    [
        (640, 640, ["544x544", "448x448", "320x320"]),
        (480, 832, ["400x688", "336x576"]),
        (832, 480, ["688x400", "576x336"]),
        (256, 256, []),
        (64, 64, ["48x48"]),
    ],
)
def test_smaller_sizes_keep_the_shape(width: int, height: int, sizes: list[str]):
    request = REQUEST.model_copy(update={"width": width, "height": height})
    found = [rung.title for rung in ladder_for(case(request=request)) if rung.name.startswith("size_")]
    assert [name for name in found if name in sizes] == sizes
    assert all(int(part) % 16 == 0 for name in found for part in name.split("x"))


def test_short_videos_are_not_made_shorter_than_a_second():
    request = REQUEST.model_copy(update={"length": 17})
    assert not any(rung.name.startswith("length_") for rung in ladder_for(case(request=request)))


def test_the_case_of_a_manifest_has_the_size_that_was_made():
    argv = ("main.py", "--highvram")
    manifest = RunManifest(
        app_version="1",
        run_id="r",
        created_at="x",
        started_s=1.0,
        parameters=JobParameters(workflow="w", workflow_sha256="0", width=640, height=640, length=81),
        server=ServerIdentity(url="u", owned=True, stats=SystemStats(system=SystemInfo(argv=argv))),
    )
    request = GenerationRequest(image=Path("a.png"))
    found = oom_case(manifest, request, problem(), GRAPH, None, was_fresh=True)
    assert (found.request.width, found.request.height, found.request.length) == (640, 640, 81)
    assert found.flags == argv


def test_words_of_a_rung_replace_the_same_flag_and_what_it_excludes():
    assert joined_flags(("--reserve-vram", "1", "--fast"), ("--reserve-vram", "3")) == ("--fast", "--reserve-vram", "3")
    assert joined_flags(("--lowvram", "--fast", "x"), ("--novram",)) == ("--fast", "x", "--novram")
    assert joined_flags(("--reserve-vram=1", "--a"), ("--reserve-vram", "3")) == ("--a", "--reserve-vram", "3")
    assert joined_flags(("--a", "1"), ()) == ("--a", "1")


def test_what_a_policy_allows():
    same, other = Effect.same_picture, Effect.other_picture
    assert [OomPolicy.never.allows(one) for one in (same, other)] == [False, False]
    assert [OomPolicy.same_picture.allows(one) for one in (same, other)] == [True, False]
    assert [OomPolicy.any.allows(one) for one in (same, other)] == [True, True]
