"""What went wrong, in words for a person: a code, a message, a hint and details to copy."""

from collections.abc import Mapping
from enum import Enum

from wan22.schema.error_codes import ERROR_CODES, ErrorKind
from wan22.schema.frozen import Tolerant


class Severity(Enum):
    """How much a problem stops."""

    error = "error"
    warning = "warning"


class Problem(Tolerant):
    """An expected failure or doubt, ready to be shown.

    `code` is a key of `ERROR_CODES`; `hint` says what to do; `detail` is for copying into a report.
    `where` holds addresses such as node id, input name, file or port.
    """

    code: str
    message: str
    hint: str = ""
    detail: str = ""
    severity: Severity = Severity.error
    where: Mapping[str, str] = {}

    @property
    def kind(self) -> ErrorKind:
        """Family of the code; an unknown code (from a newer version) counts as internal."""
        entry = ERROR_CODES.get(self.code)
        return entry.kind if entry else ErrorKind.internal


class AppError(Exception):
    """Raised for an expected failure; carries the `Problem` that the faces show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem.code}: {self.problem.message}"


def problem(
    code: str,
    message: str,
    severity: Severity = Severity.error,
    *,
    hint: str | None = None,
    detail: str = "",
    **where: object,
) -> Problem:
    """Build a `Problem`; without `hint` the registry's own hint for `code` is used.

    Raises KeyError for a code that is not registered: a new code is added to `error_codes` first.
    """
    entry = ERROR_CODES[code]
    return Problem(
        code=code,
        message=message,
        hint=entry.hint if hint is None else hint,
        detail=detail,
        severity=severity,
        where={key: str(value) for key, value in where.items() if value is not None},
    )


def app_error(code: str, message: str, *, hint: str | None = None, detail: str = "", **where: object) -> AppError:
    """Build an `AppError` around `problem(...)`."""
    return AppError(problem(code, message, Severity.error, hint=hint, detail=detail, **where))
