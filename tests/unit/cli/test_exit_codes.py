import pytest

from wan22.cli.exit_codes import ExitCode, exit_code_for
from wan22.schema.error_codes import ERROR_CODES
from wan22.schema.problem import Problem, problem


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
def test_every_code_has_an_exit_code(code: str):
    assert exit_code_for(problem(code, "Something.")) is not ExitCode.ok


def test_stopping_is_130_and_an_unknown_code_is_an_internal_fault():
    assert exit_code_for(problem("cancelled", "Stopped.")) == 130
    assert exit_code_for(Problem(code="from_the_future", message="?")) is ExitCode.internal
