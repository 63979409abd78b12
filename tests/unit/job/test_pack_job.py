import os
import shutil
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.pack_lab import PackLab, base_python, git, pack_code, repository, wheel
from wan22.job.pack_job import PackInstall
from wan22.job.pack_plan import Consent, PackAction, plan_lines
from wan22.job.pack_prepare import PackTarget
from wan22.launch.pack_place import install_lock
from wan22.schema.node_pack import PackEnded, PackOutcome, PackSaid, PackSource, PackStep, PackStepStarted
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_python(tmp_path_factory.mktemp("python") / "base")


@pytest.fixture
def lab(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackLab:
    made = PackLab(tmp_path, site)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", made.wheels.as_uri())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return made


def job_of(lab: PackLab, source: PackSource) -> PackInstall:
    target = PackTarget(lab.installation, lab.packs, lab.installed_of(source))
    return PackInstall(source, target, lab.facts.append, FakeClock(), files_allowed=True)


def done(lab: PackLab, source: PackSource, consent: Consent | None = None, **more: object) -> PackEnded:
    job = job_of(lab, source)
    job.plan(CancelToken())
    given = {"restart": lab.restart, "before": lab.restart(CancelToken()), **more}
    return job.run(consent or Consent(), CancelToken(), **given)  # type: ignore[arg-type]


def refused(lab: PackLab, source: PackSource) -> AppError:
    with pytest.raises(AppError) as caught:
        job_of(lab, source).plan(CancelToken())
    assert lab.names() == []
    return caught.value


def test_pack_is_installed_with_its_packages_and_proved(lab: PackLab) -> None:
    wheel(lab.wheels, "small-need", "1.0")
    files = {
        "__init__.py": pack_code("Small Node", imports="import small_need"),
        "requirements.txt": "small-need\ntorch\n",
    }
    source = lab.source(files, classes=("Small Node", "Gone Node"))
    job = job_of(lab, source)

    plan = job.plan(CancelToken())

    assert plan.action is PackAction.install
    assert [change.text for change in plan.packages.changes or ()] == ["small-need 1.0 (new)"]
    text = "\n".join(plan_lines(plan))
    assert all(word in text for word in (source.url, str(source.revision), str(lab.packs / "Small-Pack"), "small-need"))
    assert "small-need" not in lab.packages()

    before = lab.restart(CancelToken())
    ended = job.run(Consent(), CancelToken(), restart=lab.restart, before=before, needed=("Small Node",))

    assert ended.problem is None
    assert ended.outcome is PackOutcome.proved
    assert ended.proof is not None
    assert ended.proof.present == ("Small Node",)
    assert ended.proof.newly_loaded == ("Small-Pack",)
    assert [change.text for change in ended.changes] == ["small-need 1.0 (new)"]
    assert lab.names() == ["Small-Pack"]
    assert git(lab.packs / "Small-Pack", "rev-parse", "HEAD") == source.revision
    assert lab.packages()["torch"] == "2.9.0+cu130"
    steps = [fact.step for fact in lab.facts if isinstance(fact, PackStepStarted)]
    assert steps[-4:] == [PackStep.packages, PackStep.place, PackStep.restart, PackStep.proof]
    assert any(isinstance(fact, PackSaid) and "Successfully installed" in fact.line for fact in lab.facts)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ("torch==1.13.1\n", "torch==1.13.1"),
        ("hungry\n", "torch"),
        ("torchvision\n", "torchvision"),
    ],
)
def test_pack_that_wants_another_torch_is_refused(lab: PackLab, wanted: str, word: str) -> None:
    wheel(lab.wheels, "torch", "1.13.1")
    wheel(lab.wheels, "torch", "3.0.0")
    wheel(lab.wheels, "torchvision", "0.1", requires=["torch==3.0.0"])
    wheel(lab.wheels, "nvidia-cublas-cu12", "13.0")
    wheel(lab.wheels, "hungry", "1.0", requires=["torch==3.0.0"])

    error = refused(lab, lab.source({"__init__.py": pack_code("A"), "requirements.txt": wanted}))

    assert error.problem.code == "pack_changes_torch"
    assert word in error.problem.message
    assert lab.packages()["torch"] == "2.9.0+cu130"


def test_lines_that_are_never_followed(lab: PackLab) -> None:
    line = "-r ../../secret.txt"
    error = refused(lab, lab.source({"__init__.py": pack_code("A"), "requirements.txt": f"{line}\n"}))

    assert error.problem.code == "pack_requirements_refused"
    assert line in error.problem.message


def test_other_sources_need_their_own_word(lab: PackLab) -> None:
    line = "git+https://example.com/x.git"
    source = lab.source({"__init__.py": pack_code("A"), "requirements.txt": f"{line}\n"})
    job = job_of(lab, source)

    assert line in "\n".join(plan_lines(job.plan(CancelToken())))
    ended = job.run(Consent(), CancelToken())

    assert ended.problem is not None
    assert ended.problem.code == "pack_requirements_refused"
    assert "--allow-sources" in ended.problem.hint
    assert lab.names() == []


def test_pack_that_does_not_load_is_taken_away_again(lab: PackLab) -> None:
    wheel(lab.wheels, "small-need", "1.0")
    files = {"__init__.py": pack_code("A", imports="import not_there"), "requirements.txt": "small-need\n"}

    ended = done(lab, lab.source(files))

    assert ended.problem is not None
    assert ended.problem.code == "pack_import_failed"
    assert "No module named 'not_there'" in ended.problem.message
    assert ended.proof is not None
    assert ended.proof.failure is not None
    assert ended.proof.failure.missing_module == "not_there"
    assert ended.outcome is PackOutcome.failed
    assert ended.left == ()
    assert ended.changes == ()
    assert lab.names() == []
    assert "small-need" not in lab.packages()


def test_pack_that_does_not_load_stays_when_that_is_wanted(lab: PackLab) -> None:
    ended = done(lab, lab.source({"__init__.py": "import not_there\n"}), Consent(keep=True))

    assert ended.outcome is PackOutcome.failed
    assert ended.folder == lab.packs / "Small-Pack"
    assert lab.names() == ["Small-Pack"]


def test_pack_that_breaks_another_one_is_taken_away_again(lab: PackLab) -> None:
    wheel(lab.wheels, "shared-need", "1.0", code="old = 1\n")
    wheel(lab.wheels, "shared-need", "2.0", code="new = 1\n")
    lab.pip("install", "shared-need==1.0")
    other = lab.packs / "Other"
    other.mkdir()
    (other / "__init__.py").write_text(pack_code("Old Node", imports="from shared_need import old"), encoding="utf-8")
    files = {"__init__.py": pack_code("New Node"), "requirements.txt": "shared-need>=2\n"}
    source = lab.source(files)
    job = job_of(lab, source)

    plan = job.plan(CancelToken())
    assert [change.text for change in plan.packages.delicate] == ["shared-need 1.0 → 2.0"]
    before = lab.restart(CancelToken())
    ended = job.run(Consent(), CancelToken(), restart=lab.restart, before=before)

    assert ended.proof is not None
    assert [Path(path).name for path in ended.proof.newly_failed] == ["Other"]
    assert ended.proof.lost == ("Old Node",)
    assert ended.left == ()
    assert lab.names() == ["Other"]
    assert lab.packages()["shared-need"] == "1.0"


def test_script_is_run_only_when_agreed_to_and_its_torch_is_noticed(lab: PackLab) -> None:
    wheel(lab.wheels, "torch", "3.0.0")
    code = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'pip', 'install', '--no-deps', 'torch==3.0.0'], check=True)\n"
    )
    source = lab.source({"__init__.py": pack_code("A"), "install.py": code})

    assert done(lab, source).outcome is PackOutcome.proved
    assert lab.packages()["torch"] == "2.9.0+cu130"
    shutil.rmtree(lab.packs / "Small-Pack")
    ended = done(lab, source, Consent(script=True))

    assert ended.problem is not None
    assert ended.problem.code == "pack_changes_torch"
    assert "2.9.0+cu130 → 3.0.0" in ended.problem.message
    assert lab.names() == []


def test_script_that_fails_is_told_with_its_words(lab: PackLab) -> None:
    source = lab.source({"__init__.py": pack_code("A"), "install.py": "raise SystemExit('no compiler here')\n"})

    ended = done(lab, source, Consent(script=True))

    assert ended.problem is not None
    assert ended.problem.code == "pack_script_failed"
    assert "no compiler here" in ended.problem.detail
    assert lab.names() == []


def test_stop_puts_everything_back(lab: PackLab) -> None:
    wheel(lab.wheels, "small-need", "1.0")
    source = lab.source({"__init__.py": pack_code("A"), "requirements.txt": "small-need\n"})
    cancel = CancelToken()

    def restart(_token: CancelToken) -> object:
        cancel.set()
        cancel.raise_if_set()

    job = job_of(lab, source)
    job.plan(cancel)
    ended = job.run(Consent(), cancel, restart=restart)  # type: ignore[arg-type]

    assert ended.outcome is PackOutcome.cancelled
    assert ended.undone == ("the folder Small-Pack removed", "the Python packages")
    assert lab.names() == []
    assert "small-need" not in lab.packages()


def test_update_keeps_own_files_and_goes_back_when_it_does_not_load(lab: PackLab) -> None:
    first = lab.source({"__init__.py": pack_code("A")})
    assert done(lab, first).outcome is PackOutcome.proved
    folder = lab.packs / "Small-Pack"
    (folder / "weights.bin").write_text("large", encoding="utf-8")
    second = lab.source({"__init__.py": pack_code("A", "B")})
    job = job_of(lab, second)

    assert job.plan(CancelToken()).action is PackAction.update
    assert job.run(Consent(), CancelToken(), restart=lab.restart, needed=("B",)).outcome is PackOutcome.proved
    broken = lab.source({"__init__.py": "import not_there\n"})
    ended = done(lab, broken)

    assert ended.outcome is PackOutcome.failed
    assert git(folder, "rev-parse", "HEAD") == second.revision
    assert (folder / "weights.bin").read_text(encoding="utf-8") == "large"
    assert "B" in (folder / "__init__.py").read_text(encoding="utf-8")


def test_pack_that_was_changed_by_hand_is_not_updated(lab: PackLab) -> None:
    assert done(lab, lab.source({"__init__.py": pack_code("A")})).problem is None
    (lab.packs / "Small-Pack" / "__init__.py").write_text("mine = 1\n", encoding="utf-8")

    with pytest.raises(AppError) as caught:
        job_of(lab, lab.source({"__init__.py": pack_code("B")})).plan(CancelToken())

    assert caught.value.problem.code == "pack_changed_here"
    assert (lab.packs / "Small-Pack" / "__init__.py").read_text(encoding="utf-8") == "mine = 1\n"


def test_disabled_pack_is_switched_on_and_missing_packages_come(lab: PackLab) -> None:
    wheel(lab.wheels, "small-need", "1.0")
    files = {"__init__.py": pack_code("A", imports="import small_need"), "requirements.txt": "small-need\n"}
    source = lab.source(files)
    assert done(lab, source).problem is None
    (lab.packs / "Small-Pack").rename(lab.packs / "Small-Pack.disabled")
    lab.pip_uninstall("small-need")
    job = job_of(lab, source)

    assert job.plan(CancelToken()).action is PackAction.enable
    ended = job.run(Consent(), CancelToken(), restart=lab.restart)

    assert ended.problem is None
    assert lab.names() == ["Small-Pack"]
    assert lab.packages()["small-need"] == "1.0"
    again = job_of(lab, source)
    plan = again.plan(CancelToken())
    again.close()
    assert plan.does_nothing


def test_folder_of_something_else_is_left_alone(lab: PackLab) -> None:
    (lab.packs / "Small-Pack").write_text("a file", encoding="utf-8")

    with pytest.raises(AppError) as caught:
        job_of(lab, lab.source({"__init__.py": pack_code("A")})).plan(CancelToken())

    assert caught.value.problem.code == "pack_folder_taken"
    assert lab.names() == ["Small-Pack"]


def test_pack_of_the_same_name_from_elsewhere_is_left_alone(lab: PackLab) -> None:
    assert done(lab, lab.source({"__init__.py": pack_code("A")})).problem is None
    other = lab.work / "elsewhere" / "Small-Pack"
    commit = repository(other, {"__init__.py": pack_code("B")})
    source = PackSource(id="small-pack", name="Small-Pack", folder="Small-Pack", url=other.as_uri(), revision=commit)

    with pytest.raises(AppError) as caught:
        job_of(lab, source).plan(CancelToken())

    assert caught.value.problem.code == "pack_folder_taken"


def test_two_do_not_install_at_once(lab: PackLab) -> None:
    source = lab.source({"__init__.py": pack_code("A")})
    with install_lock(lab.packs), pytest.raises(AppError) as caught:
        job_of(lab, source).plan(CancelToken())

    assert caught.value.problem.code == "pack_busy"


def test_hooks_and_links_of_a_repository_do_nothing(lab: PackLab, tmp_path: Path) -> None:
    proof = tmp_path / "hook-was-run"
    folder = lab.work / "repositories" / "Small-Pack"
    repository(folder, {"__init__.py": pack_code("A"), ".gitattributes": "*.py filter=evil\n", ".gitmodules": "x"})
    (folder / "outside").symlink_to("/etc/passwd")
    source = lab.source({"note.txt": "1"})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch '{proof}'\n", encoding="utf-8")
    (hooks / "post-checkout").chmod(0o755)
    git(folder, "config", "core.hooksPath", str(hooks))

    job = job_of(lab, source)
    plan = job.plan(CancelToken())
    ended = job.run(Consent(), CancelToken())

    assert ended.outcome is PackOutcome.placed
    assert any("further repositories" in note for note in plan.notes)
    assert not proof.exists()
    assert not (lab.packs / "Small-Pack" / "outside").is_symlink()
    assert "root:" not in (lab.packs / "Small-Pack" / "outside").read_text(encoding="utf-8")


def test_package_without_ready_made_build_needs_its_own_word(lab: PackLab) -> None:
    source = lab.source({"__init__.py": pack_code("A"), "requirements.txt": "only-source\n"})
    job = job_of(lab, source)

    plan = job.plan(CancelToken())
    assert plan.packages.changes is None
    assert "only-source" in plan.packages.reason
    ended = job.run(Consent(), CancelToken())

    assert ended.problem is not None
    assert ended.problem.code == "pack_not_agreed"
    assert "--allow-build" in ended.problem.hint


def test_machine_without_git_says_how_to_get_it(lab: PackLab, tmp_path: Path) -> None:
    source = lab.source({"__init__.py": pack_code("A")})
    target = PackTarget(lab.installation, lab.packs)
    job = PackInstall(source, target, lab.facts.append, FakeClock(), environment=lambda: {"PATH": str(tmp_path)})

    with pytest.raises(AppError) as caught:
        job.plan(CancelToken())

    assert caught.value.problem.code == "git_missing"
    assert "git-scm.com" in caught.value.problem.hint
    assert lab.names() == []
