import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.audit.machines import TORCH, make_environment, sources
from tests.unit.launch.installs import touch
from wan22.audit.collect_python import collect_python, cudnn_text
from wan22.schema.audit import PythonFacts
from wan22.schema.problem import AppError
from wan22.schema.server import SystemInfo, SystemStats
from wan22.system.cancel import CancelToken
from wan22.system.threads import Worker

PACKAGES = {"torch": "2.9.1", "triton-windows": "3.5.0", "sageattention": "2.2.0", "Comfy_Kitchen": "0.2.1"}
MODULES = {"torch": TORCH, "triton": "__version__ = '3.5.0'", "sageattention": "raise ImportError('DLL load failed')"}


def key(facts: PythonFacts, name: str):
    assert facts.key_packages is not None
    return facts.key_packages[name]


def test_a_true_python_tells_packages_torch_and_what_imports(tmp_path: Path):
    python = make_environment(tmp_path / "Pythön 3" / "venv", PACKAGES, MODULES)
    found = collect_python(sources(tmp_path, python=python), CancelToken())
    facts = found.facts
    assert facts.version == "{}.{}.{}".format(*sys.version_info[:3])
    assert facts.packages == {
        "torch": "2.9.1",
        "triton-windows": "3.5.0",
        "sageattention": "2.2.0",
        "comfy-kitchen": "0.2.1",
    }
    assert (key(facts, "torch").version, key(facts, "torch").imports) == ("2.9.1+cu130", True)
    assert (facts.torch_cuda, facts.cudnn_version, facts.cuda_available) == ("13.0", "9.10.2", True)
    assert facts.cuda_architectures == ("sm_90", "sm_120")
    assert (key(facts, "triton").version, key(facts, "triton").imports) == ("3.5.0", True)
    sage = key(facts, "sageattention")
    assert (sage.version, sage.imports) == ("2.2.0", False)
    assert "DLL load failed" in sage.error
    assert (key(facts, "xformers").version, key(facts, "xformers").imports) == (None, None)
    assert found.problems == ()


def test_a_package_that_kills_python_takes_only_itself_along(tmp_path: Path):
    modules = {"torch": TORCH, "sageattention": "import os; os._exit(3)"}
    python = make_environment(tmp_path / "venv", PACKAGES, modules)
    found = collect_python(sources(tmp_path, python=python), CancelToken())
    (problem,) = found.problems
    assert problem.message == "ComfyUI's Python ended with 3 while it imported sageattention."
    assert key(found.facts, "torch").imports is True
    assert key(found.facts, "sageattention").imports is False
    assert found.facts.packages is not None


def test_a_package_that_hangs_is_given_up(tmp_path: Path):
    python = make_environment(tmp_path / "venv", PACKAGES, {"torch": "import time; time.sleep(60)"})
    started_s = time.monotonic()
    found = collect_python(sources(tmp_path, python=python, python_limit_s=2.0), CancelToken())
    assert time.monotonic() - started_s < 20.0
    assert "did not finish within 2 s while it imported torch" in found.problems[0].message
    assert found.facts.packages is not None
    assert "torch is" in found.reasons["cuda_available"] or "torch cannot" in found.reasons["cuda_available"]


def test_it_stops_on_request(tmp_path: Path):
    python = make_environment(tmp_path / "venv", PACKAGES, {"torch": "import time; time.sleep(60)"})
    cancel = CancelToken()
    later = Worker("later", lambda own: None if own.wait(0.5) else cancel.set()).start()
    with pytest.raises(AppError) as caught:
        collect_python(sources(tmp_path, python=python), cancel)
    later.stop()
    assert caught.value.problem.code == "cancelled"


def test_a_python_that_is_none(tmp_path: Path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    fake.chmod(0o755)
    with pytest.raises(AppError) as caught:
        collect_python(sources(tmp_path, python=fake), CancelToken())
    assert caught.value.problem.code == "comfyui_python_unusable"


def test_quick_reads_names_of_folders_and_starts_nothing(tmp_path: Path):
    python = make_environment(tmp_path / "venv", PACKAGES, MODULES)
    full = collect_python(sources(tmp_path, python=python), CancelToken()).facts
    found = collect_python(sources(tmp_path, python=python, quick=True), CancelToken())
    facts = found.facts
    assert facts.packages == full.packages
    assert facts.version == full.version
    assert facts.torch_cuda == "13.0"
    assert key(facts, "torch").version == "2.9.1+cu130"
    assert key(facts, "sageattention").imports is None
    assert found.reasons["cudnn_version"] == "Only a full audit asks ComfyUI's Python."


def test_quick_in_an_environment_of_conda(tmp_path: Path):
    python = touch(tmp_path / "conda" / "bin" / "python")
    touch(tmp_path / "conda" / "conda-meta" / "python-3.12.4-h99e199e_1.json")
    (tmp_path / "conda" / "lib" / "python3.12" / "site-packages" / "numpy-2.1.0.dist-info").mkdir(parents=True)
    facts = collect_python(sources(tmp_path, python=python, quick=True), CancelToken()).facts
    assert (facts.version, facts.packages) == ("3.12.4", {"numpy": "2.1.0"})


def test_quick_does_not_guess_for_a_python_without_an_environment(tmp_path: Path):
    lonely = tmp_path / "usr" / "bin" / "python"
    lonely.parent.mkdir(parents=True)
    lonely.touch()
    found = collect_python(sources(tmp_path, python=lonely, quick=True), CancelToken())
    assert found.facts.packages is None
    assert found.reasons["packages"] == "Only a full audit asks ComfyUI's Python."


def test_what_an_attached_server_tells(tmp_path: Path):
    stats = SystemStats(system=SystemInfo(python_version="3.12.7 (main, Oct)", pytorch_version="2.10.0+cu130"))
    made = sources(tmp_path, stats=stats)
    found = collect_python(replace(made, comfyui=None), CancelToken())
    assert found.facts.version == "3.12.7"
    assert key(found.facts, "torch").version == "2.10.0+cu130"
    assert found.facts.packages is None


@pytest.mark.parametrize(("number", "text"), [(8902, "8.9.2"), (91002, "9.10.2"), (90100, "9.1.0")])
def test_cudnn_number(number: int, text: str):
    assert cudnn_text(number) == text
