"""The one way to call NVML: every error becomes "never", "not now" or an AppError about the driver."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pynvml

from wan22.schema.problem import AppError, app_error

T = TypeVar("T")

SUCCESS = 0
UNKNOWN_ERROR = 999
_NOT_SUPPORTED = 3
_DRIVER_NOT_LOADED = 9
_LIBRARY_NOT_FOUND = 12
_VERSION_MISMATCH = 18
_ACCESS_VIOLATION = -1

# invalid argument, not supported, no permission, function not found, struct version mismatch, deprecated
_NEVER = frozenset({2, _NOT_SUPPORTED, 4, 13, 25, 26})
# uninitialized, driver not loaded, library not found, GPU lost, reset required, GPU not found; -1: the call crashed
_LOST = frozenset({1, _DRIVER_NOT_LOADED, _LIBRARY_NOT_FOUND, 15, 16, 28, _ACCESS_VIOLATION})
# at the start these may pass by themselves: timeout, interrupt trouble, GPU lost, reset required, unknown
_LOST_AT_START = frozenset({10, 11, 15, 16, UNKNOWN_ERROR, _ACCESS_VIOLATION})

_ABSENT_U32 = 0xFFFFFFFF
_ABSENT_U64 = 0xFFFFFFFFFFFFFFFF
_UNION_MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}


class NeverAnswersError(Exception):
    """This driver or this board does not have it; asking again is useless."""


class NotNowError(Exception):
    """No answer this time; the next time may be better."""


class UnknownAnswerError(NotNowError):
    """The driver said "unknown error": a passing fault of one value, or the first sign that it is gone."""


def call(function: str, *arguments: Any, **options: Any) -> Any:
    """Call `function` of the binding.

    Raises NeverAnswersError, NotNowError, or AppError `driver_lost` or `driver_mismatch`.
    """
    try:
        return getattr(pynvml, function)(*arguments, **options)
    except AttributeError as error:
        raise NeverAnswersError(f"this version of the binding has no {function}") from error
    except pynvml.NVMLError as error:
        code = int(error.value)
    except pynvml.NVMLLibraryMismatchError as error:
        raise NeverAnswersError(str(error)) from error
    except UnicodeDecodeError as error:
        raise NotNowError(f"{function} answered with text that is not UTF-8") from error
    except OSError:  # Windows: ctypes turns an access violation inside the library into this
        code = _ACCESS_VIOLATION
    raise translated(code, function)


def translated(code: int, what: str) -> Exception:
    """The exception for an NVML return code other than success."""
    if code in _NEVER:
        return NeverAnswersError(error_text(code))
    if code in _LOST:
        return driver_lost(code, what)
    if code == _VERSION_MISMATCH:
        return _mismatch()
    if code == UNKNOWN_ERROR:
        return UnknownAnswerError(error_text(code))
    return NotNowError(error_text(code))


def error_text(code: int) -> str:
    """NVML's own words for a code, with the number."""
    words = "the call crashed" if code == _ACCESS_VIOLATION else str(pynvml.NVMLError(code)).rstrip(".")
    return f"{words}, error {code}"


def driver_lost(code: int, what: str) -> AppError:
    """AppError `driver_lost`, saying at which call."""
    return app_error(
        "driver_lost", f"The NVIDIA driver stopped answering ({error_text(code)}).", detail=f"{what} returned {code}"
    )


def _mismatch() -> AppError:
    return app_error(
        "driver_mismatch",
        f"The NVIDIA driver and its library have different versions ({error_text(_VERSION_MISMATCH)}).",
    )


def start_driver() -> None:
    """Initialize NVML. Raises AppError `driver_missing`, `driver_mismatch` or `driver_lost`."""
    code = SUCCESS
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        code = int(error.value)
    except OSError:
        code = _ACCESS_VIOLATION
    if code == SUCCESS:
        return
    if code == _VERSION_MISMATCH:
        raise _mismatch()
    if code in _LOST_AT_START:
        raise driver_lost(code, "nvmlInit")
    if code == _LIBRARY_NOT_FOUND:
        message = "No NVIDIA driver was found on this machine: its library NVML is missing."
    elif code == _DRIVER_NOT_LOADED:
        message = "NVIDIA's library is there, but its driver is not loaded."
    else:
        message = f"NVIDIA's library NVML refused to start ({error_text(code)})."
    raise app_error("driver_missing", message, detail=f"nvmlInit returned {code}")


def stop_driver() -> None:
    """Shut NVML down; harmless when the driver is gone."""
    with contextlib.suppress(pynvml.NVMLError, OSError):
        pynvml.nvmlShutdown()


def answer_or_none(function: str, *arguments: Any, **options: Any) -> Any:
    """As `call`, None instead of "never" and "not now"."""
    try:
        return call(function, *arguments, **options)
    except (NeverAnswersError, NotNowError):
        return None


class Ladder:
    """Ways to learn one thing, the best first. A way that this driver or board does not have is forgotten."""

    def __init__(self, *ways: Callable[[], Any]) -> None:
        self._ways = list(ways)

    def __call__(self) -> Any:
        """Result of the best way left; raises NeverAnswersError when none is."""
        while self._ways:
            try:
                return self._ways[0]()
            except NeverAnswersError:
                del self._ways[0]
        raise NeverAnswersError("no way left")


class FieldSet:
    """Field values read in one driver call; an id that this board does not have is not asked for again."""

    def __init__(self, handle: Any, ids: Sequence[int]) -> None:
        self._handle = handle
        self._ids = list(ids)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids that are still asked for."""
        return tuple(self._ids)

    def read(self) -> dict[int, float]:
        """Id → number (int or float by the driver's own tag); ids without an answer are left out.

        Raises NeverAnswersError once no id is left.
        """
        if not self._ids:
            raise NeverAnswersError("no field left")
        found: dict[int, float] = {}
        try:
            items = call("nvmlDeviceGetFieldValues", self._handle, self._ids)
        except NeverAnswersError:
            self._ids.clear()
            raise
        for item in items:
            code, number = int(item.nvmlReturn), int(item.fieldId)
            if code == SUCCESS:
                value = field_number(item)
                if value is not None:
                    found[number] = value
            elif code in _NEVER:
                self._ids.remove(number)
            elif code in _LOST or code == _VERSION_MISMATCH:
                raise translated(code, f"field {number}")
        if not found and not self._ids:
            raise NeverAnswersError("no field left")
        return found


def field_number(item: Any) -> float | None:
    """The number in a field value, read by its type tag (T.Limit offsets are SIGNED: tag 5); None if there is none."""
    member = _UNION_MEMBERS.get(int(item.valueType))
    if member is None:
        return None
    value: float = getattr(item.value, member)
    if (member == "uiVal" and value == _ABSENT_U32) or (member == "ullVal" and value == _ABSENT_U64):
        return None
    return value
