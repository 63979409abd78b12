import ctypes

import pynvml
import pytest

from tests.fakes.nvml import (
    DEPRECATED,
    DOUBLE,
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    SIGNED,
    TIMEOUT,
    UNKNOWN,
    UNSIGNED,
    UNSIGNED_LONG_LONG,
    VERSION_MISMATCH,
    FakeNvml,
    Refusal,
    install,
)
from wan22.gpu.nvml_call import (
    FieldSet,
    Ladder,
    NeverAnswersError,
    NotNowError,
    UnknownAnswerError,
    answer_or_none,
    call,
    start_driver,
    stop_driver,
)
from wan22.schema.problem import AppError


@pytest.fixture
def handle(nvml: FakeNvml):
    start_driver()
    yield call("nvmlDeviceGetHandleByIndex", 0)
    stop_driver()


def test_the_private_names_of_the_binding_that_the_fake_needs_are_there():
    assert isinstance(pynvml._nvmlGetFunctionPointer_cache, dict)
    assert hasattr(pynvml, "nvmlLib")


def test_an_answer_comes_through(nvml: FakeNvml, handle):
    assert call("nvmlDeviceGetPowerUsage", handle) == 73194
    assert call("nvmlDeviceGetUtilizationRates", handle).gpu == 0
    assert call("nvmlDeviceGetName", handle) == "NVIDIA H100 80GB HBM3"


@pytest.mark.parametrize("code", [2, NOT_SUPPORTED, NO_PERMISSION, 13, 25, DEPRECATED])
def test_codes_that_mean_never(nvml: FakeNvml, handle, code: int):
    nvml.errors["nvmlDeviceGetPowerUsage"] = code
    with pytest.raises(NeverAnswersError):
        call("nvmlDeviceGetPowerUsage", handle)
    assert answer_or_none("nvmlDeviceGetPowerUsage", handle) is None


@pytest.mark.parametrize("code", [6, 7, 8, TIMEOUT, 11, 14, 17, 19, 20, 21, 23, 27, 29, 12345])
def test_codes_that_mean_not_now(nvml: FakeNvml, handle, code: int):
    nvml.errors["nvmlDeviceGetPowerUsage"] = code
    with pytest.raises(NotNowError):
        call("nvmlDeviceGetPowerUsage", handle)


@pytest.mark.parametrize("code", [1, 9, 12, GPU_IS_LOST, 16, 28])
def test_codes_that_mean_the_driver_is_gone(nvml: FakeNvml, handle, code: int):
    nvml.errors["nvmlDeviceGetPowerUsage"] = code
    with pytest.raises(AppError) as caught:
        answer_or_none("nvmlDeviceGetPowerUsage", handle)
    assert caught.value.problem.code == "driver_lost"
    assert f"error {code}" in caught.value.problem.message
    assert caught.value.problem.detail == f"nvmlDeviceGetPowerUsage returned {code}"


def test_a_mismatch_and_an_unknown_error_are_told_apart(nvml: FakeNvml, handle):
    nvml.errors["nvmlDeviceGetPowerUsage"] = VERSION_MISMATCH
    with pytest.raises(AppError) as caught:
        call("nvmlDeviceGetPowerUsage", handle)
    assert caught.value.problem.code == "driver_mismatch"
    nvml.errors["nvmlDeviceGetPowerUsage"] = UNKNOWN
    with pytest.raises(UnknownAnswerError):
        call("nvmlDeviceGetPowerUsage", handle)


def test_functions_that_the_driver_or_the_binding_lack(nvml: FakeNvml, handle):
    nvml.missing.add("nvmlDeviceGetPowerUsage")
    with pytest.raises(NeverAnswersError):
        call("nvmlDeviceGetPowerUsage", handle)
    with pytest.raises(NeverAnswersError, match="nvmlDeviceGetWisdom"):
        call("nvmlDeviceGetWisdom", handle)


def test_a_crash_inside_the_library_is_a_lost_driver(nvml: FakeNvml, handle):
    nvml.crashes.add("nvmlDeviceGetPowerUsage")
    with pytest.raises(AppError) as caught:
        call("nvmlDeviceGetPowerUsage", handle)
    assert caught.value.problem.code == "driver_lost"


def test_text_that_is_not_utf8_is_no_answer(nvml: FakeNvml, handle):
    nvml._nvmlDeviceGetName = lambda _gpu, text, _size: setattr(text, "value", b"\xff\xfe") or 0
    with pytest.raises(NotNowError):
        call("nvmlDeviceGetName", handle)


@pytest.mark.parametrize(
    ("init_code", "code", "words"),
    [
        (9, "driver_missing", "not loaded"),
        (NO_PERMISSION, "driver_missing", "refused to start"),
        (VERSION_MISMATCH, "driver_mismatch", "different versions"),
        (GPU_IS_LOST, "driver_lost", "GPU is lost"),
        (UNKNOWN, "driver_lost", "Unknown Error"),
    ],
)
def test_a_start_that_fails(nvml: FakeNvml, init_code: int, code: str, words: str):
    nvml.init_code = init_code
    with pytest.raises(AppError, match=words) as caught:
        start_driver()
    assert caught.value.problem.code == code


def test_no_library_is_a_missing_driver(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch):
    def no_library(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file")

    install(None)
    monkeypatch.setattr(pynvml, "CDLL", no_library)
    with pytest.raises(AppError, match="No NVIDIA driver") as caught:
        start_driver()
    assert caught.value.problem.code == "driver_missing"


def test_a_ladder_forgets_ways_that_never_answer():
    asked: list[str] = []

    def first() -> int:
        asked.append("first")
        raise NeverAnswersError

    def second() -> int:
        asked.append("second")
        return 7

    ladder = Ladder(first, second)
    assert [ladder(), ladder()] == [7, 7]
    assert asked == ["first", "second", "second"]
    with pytest.raises(NeverAnswersError):
        Ladder(first)()


def test_a_ladder_keeps_a_way_that_only_fails_now():
    answers = iter([NotNowError(), 3])

    def moody() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    ladder = Ladder(moody, lambda: 99)
    with pytest.raises(NotNowError):
        ladder()
    assert ladder() == 3


def test_fields_are_read_by_their_type_tag(nvml: FakeNvml, handle):
    nvml.gpus[0].fields = {
        1: (UNSIGNED, 4294967288),
        2: (SIGNED, -8),
        3: (UNSIGNED_LONG_LONG, 27979336032),
        4: (DOUBLE, 0.5),
        5: (UNSIGNED, 0xFFFFFFFF),
    }
    found = FieldSet(handle, (1, 2, 3, 4, 5)).read()
    assert found == {1: 4294967288, 2: -8, 3: 27979336032, 4: 0.5}


def test_each_field_has_its_own_return_code(nvml: FakeNvml, handle):
    nvml.gpus[0].fields = {1: (UNSIGNED, 10), 2: Refusal(NOT_SUPPORTED), 3: Refusal(TIMEOUT)}
    fields = FieldSet(handle, (1, 2, 3, 308))
    assert fields.read() == {1: 10}
    assert fields.read() == {1: 10}
    assert fields.ids == (1, 3)
    assert nvml.asked_fields == {1: 2, 2: 1, 3: 2, 308: 1}
    nvml.gpus[0].fields[1] = Refusal(GPU_IS_LOST)
    with pytest.raises(AppError) as caught:
        fields.read()
    assert caught.value.problem.code == "driver_lost"


def test_fields_that_nobody_has_are_given_up(nvml: FakeNvml, handle):
    fields = FieldSet(handle, (500, 501))
    with pytest.raises(NeverAnswersError):
        fields.read()
    nvml.errors["nvmlDeviceGetFieldValues"] = NOT_SUPPORTED
    whole = FieldSet(handle, (185,))
    with pytest.raises(NeverAnswersError):
        whole.read()
    assert whole.ids == ()
