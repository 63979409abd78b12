import pytest

from wan22.launch.pip_run import package_changes, pip_environment
from wan22.launch.torch_guard import guard_limits, is_guarded, require_untouched
from wan22.schema.problem import AppError


@pytest.mark.parametrize(
    "name",
    ["torch", "TorchVision", "torchaudio", "triton", "triton-windows", "pytorch-triton-rocm", "nvidia-cublas-cu12",
     "nvidia_cudnn_cu13", "nvidia-nccl-cu12", "cuda-bindings"],
)  # fmt: skip
def test_what_belongs_to_pytorch_is_guarded(name: str) -> None:
    assert is_guarded(name)


@pytest.mark.parametrize(
    "name", ["numpy", "torchsde", "torch-geometric", "nvidia-ml-py", "kornia", "pytorch-lightning"]
)
def test_what_only_sounds_like_it_is_not(name: str) -> None:
    assert not is_guarded(name)


def test_limits_pin_the_build_as_well() -> None:
    assert guard_limits({"torch": "2.10.0+cu130", "numpy": "2.1", "torchaudio": ""}) == ("torch==2.10.0+cu130",)


@pytest.mark.parametrize("after", [{}, {"torch": "2.10.0"}, {"torch": "2.10.0+cu130", "triton": "3.0"}])
def test_any_change_of_it_is_noticed(after: dict[str, str]) -> None:
    with pytest.raises(AppError) as caught:
        require_untouched({"torch": "2.10.0+cu130"}, after)

    assert caught.value.problem.code == "pack_changes_torch"


def test_other_changes_are_none_of_its_business() -> None:
    require_untouched({"torch": "1", "numpy": "1"}, {"torch": "1", "numpy": "2", "new": "1"})


def test_changes_in_words() -> None:
    found = package_changes({"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "d": "1"})

    assert [change.text for change in found] == ["a 1 → 2", "c 1 (removed)", "d 1 (new)"]


def test_pip_installs_nowhere_else() -> None:
    given = {"PIP_TARGET": "/x", "pip_constraint": "y", "PIP_INDEX_URL": "https://mirror.example", "PYTHONPATH": "/x"}

    found = pip_environment(given)

    assert not {"PIP_TARGET", "pip_constraint", "PYTHONPATH"} & found.keys()
    assert found["PIP_INDEX_URL"] == "https://mirror.example"
    assert found["PIP_USER"] == "0"
