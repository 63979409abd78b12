from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.runs.facts import KEY
from wan22.audit.checklist import TODOS, judge
from wan22.audit.checklist_facts import (
    ChecklistFacts,
    FoundAudit,
    FoundFile,
    FoundPack,
    FoundWorkflow,
    PackProof,
    Trial,
)
from wan22.audit.checklist_text import checklist_lines, checklist_markdown, next_steps_markdown, progress_words
from wan22.schema.checklist import Checklist, ChecklistNotes, LinkKind, TodoItem, TodoState, UnwantedMark

NOW_S = 1_800_000_000.0
NOTHING = ChecklistFacts(now_s=NOW_S, engine="docker")
NO_NOTES = ChecklistNotes()


def trial(number: int = 0, *flags: str, **update: object) -> Trial:
    plain = Trial(f"run-{number}", NOW_S - 1000 + number, "RTX 5090", KEY, flags=frozenset(flags))
    return replace(plain, **update)


def trials(*found: Trial) -> tuple[Trial, ...]:
    return tuple(sorted(found, key=lambda one: one.started_s, reverse=True))


def item(facts: ChecklistFacts, key: str, notes: ChecklistNotes = NO_NOTES) -> TodoItem:
    found = judge(facts, notes).item(key)
    assert found is not None
    return found


def scripts(*names: str, is_ours: bool = True) -> tuple[FoundFile, ...]:
    return tuple(FoundFile(Path(f"/x/launch_wan22_{name}.bat"), NOW_S, is_ours) for name in names)


def test_there_are_thirteen_and_nothing_is_done_by_itself():
    found = judge(NOTHING, NO_NOTES)
    assert [one.number for one in found.items] == list(range(1, 14))
    assert {one.state for one in found.items} == {TodoState.open}
    assert progress_words(found) == "0 of 13 done · 13 open"
    assert found.next_item is not None
    assert found.next_item.key == "audit"
    assert len({todo.key for todo in TODOS}) == 13


def test_an_audit_counts_only_when_it_is_a_full_one():
    quick = FoundAudit(Path("/a/quick.json"), NOW_S - 5, is_full=False, has_board=True)
    full = FoundAudit(Path("/a/full.json"), NOW_S - 50, is_full=True, has_board=True)
    assert item(replace(NOTHING, audits=(quick,)), "audit").state is TodoState.part
    done = item(replace(NOTHING, audits=(quick, full)), "audit")
    assert done.state is TodoState.done
    assert [(one.time_s, one.link, one.target) for one in done.evidence] == [
        (NOW_S - 50, LinkKind.file, str(Path("/a/full.json")))
    ]
    assert done.next_step is None


def test_scripts_for_all_three_gpus_that_this_program_wrote():
    facts = replace(NOTHING, has_comfyui=True)
    assert item(replace(facts, scripts=scripts("rtx5090", "rtx4090", "a100")), "launchers").state is TodoState.done
    part = item(replace(facts, scripts=scripts("rtx5090")), "launchers")
    assert part.state is TodoState.part
    assert part.said == "Scripts were written, but not for rtx4090 and a100."
    foreign = item(replace(facts, scripts=scripts("rtx5090", "rtx4090", "a100", is_ours=False)), "launchers")
    assert foreign.state is TodoState.part
    first = item(NOTHING, "launchers").next_step
    assert first is not None
    assert first.action == "comfyui"


def test_what_this_version_lacks_is_said_until_it_has_it():
    said = item(NOTHING, "benchmark").said
    assert "needs the benchmark, which this version does not have yet" in said
    with_bench = replace(NOTHING, features=frozenset({"bench", "report", "docker"}))
    found = item(with_bench, "benchmark")
    assert "does not have" not in found.said
    assert found.next_step is not None
    assert found.next_step.action == "bench"
    for one in judge(with_bench, NO_NOTES).items:
        assert "this version" not in one.said, one.key


def test_timed_runs_are_no_benchmark_but_a_part_of_it():
    part = item(replace(NOTHING, trials=(trial(),)), "benchmark")
    assert part.state is TodoState.part
    assert part.said.startswith("1 run was timed on a real GPU, none of them by a benchmark.")
    assert (part.evidence[0].link, part.evidence[0].target) == (LinkKind.run, "run-0")
    assert item(replace(NOTHING, trials=(trial(is_benchmark=True),)), "benchmark").state is TodoState.done


def test_without_a_gpu_it_is_not_possible_here_unless_runs_came_from_elsewhere():
    blind = FoundAudit(Path("/a/full.json"), NOW_S, is_full=True, has_board=False)
    facts = replace(NOTHING, audits=(blind,))
    for key in ("benchmark", "interpolation_benchmark", "attention", "precision", "cuda"):
        found = item(facts, key)
        assert found.state is TodoState.impossible, key
        assert found.evidence[0].target == str(blind.path)
    assert item(replace(facts, trials=(trial(),)), "benchmark").state is TodoState.part
    assert item(replace(facts, is_attached=True), "attention").state is TodoState.open


def test_an_analysis_is_a_file_and_a_workflow_of_your_own_the_way_to_it():
    analysed = FoundFile(Path("/w/boat analysis.md"), NOW_S)
    assert item(replace(NOTHING, analyses=(analysed,)), "analysis").state is TodoState.done
    own = FoundWorkflow(Path("/w/boat.json"), NOW_S)
    assert item(replace(NOTHING, workflows=(own,)), "analysis").state is TodoState.part
    shipped = replace(own, is_own=False)
    assert item(replace(NOTHING, workflows=(shipped,)), "analysis").state is TodoState.open
    used = replace(NOTHING, trials=(trial(workflow="boat"),), shipped=frozenset({"two_pass"}))
    assert "boat" in item(used, "analysis").said
    assert item(replace(used, shipped=frozenset({"boat"})), "analysis").state is TodoState.open


def test_nodes_are_installed_when_a_server_has_them():
    pack = FoundPack(Path("/c/custom_nodes/x"), NOW_S - 9)
    facts = replace(NOTHING, has_comfyui=True)
    assert item(facts, "interpolation_nodes").state is TodoState.open
    installed = item(replace(facts, pack=pack), "interpolation_nodes")
    assert installed.state is TodoState.part
    assert installed.evidence[0].link is LinkKind.folder
    assert "switched off" in item(replace(facts, pack=replace(pack, is_enabled=False)), "interpolation_nodes").said
    loaded = PackProof(True, "0.4 seconds: …", NOW_S - 5, "run-1")
    assert item(replace(facts, pack=pack, proof=loaded), "interpolation_nodes").state is TodoState.done
    failed = replace(loaded, is_loaded=False)
    assert item(replace(facts, pack=pack, proof=failed), "interpolation_nodes").state is TodoState.part
    used = (trial(interpolation="rife"),)
    assert item(replace(facts, trials=used), "interpolation_nodes").state is TodoState.done
    assert item(replace(facts, trials=used, proof=failed), "interpolation_nodes").state is TodoState.part


@pytest.mark.parametrize(
    ("kinds", "state", "words"),
    [
        ((), TodoState.open, "No workflow"),
        (({"rife"},), TodoState.part, "with RIFE, none with FILM"),
        (({"rife"}, {"film"}), TodoState.done, "RIFE and with FILM"),
    ],
)
def test_a_workflow_with_each_interpolator(kinds: tuple[set[str], ...], state: TodoState, words: str):
    found = tuple(FoundWorkflow(Path(f"/w/{n}.json"), NOW_S, frozenset(kind)) for n, kind in enumerate(kinds))
    judged = item(replace(NOTHING, workflows=found), "interpolation_workflows")
    assert judged.state is state
    assert words in judged.said


def test_interpolators_are_compared_by_a_benchmark_only():
    rife, film = trial(1, interpolation="rife"), trial(2, interpolation="film")
    part = item(replace(NOTHING, trials=trials(rife, film)), "interpolation_benchmark")
    assert part.state is TodoState.part
    assert part.said.startswith("Runs with FILM and RIFE were timed")
    both = trials(replace(rife, is_benchmark=True), replace(film, is_benchmark=True))
    assert item(replace(NOTHING, trials=both), "interpolation_benchmark").state is TodoState.done


def test_attention_is_tested_when_the_same_job_ran_with_each():
    sage, flash = trial(1, "--use-sage-attention"), trial(2, "--use-flash-attention")
    pytorch = trial(3, "--use-pytorch-cross-attention")
    assert item(replace(NOTHING, trials=(trial(4),)), "attention").state is TodoState.open
    part = item(replace(NOTHING, trials=trials(sage, flash)), "attention")
    assert part.state is TodoState.part
    assert part.said == "Tried on RTX 5090: sage and flash. Not yet: pytorch."
    assert item(replace(NOTHING, trials=trials(sage, flash, pytorch)), "attention").state is TodoState.done
    elsewhere = replace(pytorch, board="A100")
    assert item(replace(NOTHING, trials=trials(sage, flash, elsewhere)), "attention").state is TodoState.part


def test_a_setting_is_tested_when_it_was_on_and_off():
    on = trial(1, "--fp8_e4m3fn-text-enc", "--bf16-unet", "--force-channels-last")
    assert item(replace(NOTHING, trials=(on,)), "precision").state is TodoState.open
    assert item(replace(NOTHING, trials=trials(on, trial(2))), "precision").state is TodoState.done
    unknown = trial(3, flags=None)
    assert item(replace(NOTHING, trials=trials(on, unknown)), "precision").state is TodoState.open
    compiled = trial(4, "--cuda-malloc", "--fast", environment=frozenset({("TORCH_COMPILE", "1")}))
    plain = trial(5, environment=frozenset({("TORCH_COMPILE", "0")}))
    assert item(replace(NOTHING, trials=trials(compiled, plain)), "cuda").state is TodoState.done
    silent = replace(plain, environment=None)
    left = item(replace(NOTHING, trials=trials(compiled, silent)), "cuda")
    assert left.said.endswith("Not yet: TORCH_COMPILE=1.")


def test_a_document_is_done_until_a_run_is_newer():
    old = FoundFile(Path("/d/FINAL_BENCHMARK_REPORT.md"), NOW_S - 5000)
    assert item(replace(NOTHING, reports=(old,)), "final_report").state is TodoState.done
    stale = item(replace(NOTHING, reports=(old,), trials=(trial(),)), "final_report")
    assert stale.state is TodoState.part
    assert stale.said == "The final report is older than 1 run."
    guide = replace(old, path=Path("/d/OPTIMIZATION_GUIDE.md"), time_s=NOW_S)
    assert item(replace(NOTHING, guides=(guide,), trials=(trial(),)), "gpu_guide").state is TodoState.done


def test_containers_need_both_files_and_can_be_out_of_reach():
    recipe, services = (FoundFile(Path(f"/d/{name}"), NOW_S) for name in ("Dockerfile.wan22", "docker-compose.yml"))
    assert item(replace(NOTHING, containers=(recipe, services)), "containers").state is TodoState.done
    assert item(replace(NOTHING, containers=(services,)), "containers").state is TodoState.part
    bare = item(replace(NOTHING, engine=None), "containers")
    assert bare.state is TodoState.impossible
    assert bare.said == "Neither docker nor podman was found on this machine."


def test_a_mark_hides_what_is_left_and_never_what_is_done():
    notes = ChecklistNotes(unwanted={key: UnwantedMark(note="no *Docker* | here") for key in ("containers", "audit")})
    full = FoundAudit(Path("/a/full.json"), NOW_S, is_full=True, has_board=True)
    found = judge(replace(NOTHING, audits=(full,)), notes)
    states = {one.key: one.state for one in found.items}
    assert (states["containers"], states["audit"]) == (TodoState.unwanted, TodoState.done)
    assert found.done_count == 1
    assert "1 not wanted" in progress_words(found)
    text = next_steps_markdown(found)
    assert "not wanted" in text
    assert r"no \*Docker\* \| here" in text
    assert "## 12." not in text


def test_documents_hold_every_to_do_and_names_cannot_break_them():
    wild = FoundFile(Path("/w/<b>|`x`\n# y analysis.md"), NOW_S)
    found = judge(replace(NOTHING, analyses=(wild,)), NO_NOTES)
    table = [line for line in checklist_markdown(found).splitlines() if line.startswith("| ")]
    assert len(table) == 14
    assert "<b>" not in checklist_markdown(found)
    assert "→ Take a full audit. (wan22 audit)" in "\n".join(checklist_lines(found))
    assert "  wan22 audit" in next_steps_markdown(found)


def test_it_is_one_document_of_json():
    found = judge(replace(NOTHING, trials=(trial(),)), NO_NOTES)
    assert Checklist.model_validate_json(found.model_dump_json()) == found
