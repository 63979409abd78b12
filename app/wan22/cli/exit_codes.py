"""Exit codes: one for each family of problems, so that scripts can tell them apart."""

from enum import IntEnum

from wan22.schema.error_codes import ErrorKind
from wan22.schema.problem import Problem


class ExitCode(IntEnum):
    """What the process returns. 2 is also what the argument parser returns for a bad command line."""

    ok = 0
    internal = 1
    usage = 2
    settings = 3
    profile = 4
    installation = 5
    server = 6
    workflow = 7
    generation = 8
    gpu = 9
    run = 10
    machine = 11
    cancelled = 130


_BY_KIND = {
    ErrorKind.usage: ExitCode.usage,
    ErrorKind.settings: ExitCode.settings,
    ErrorKind.profile: ExitCode.profile,
    ErrorKind.installation: ExitCode.installation,
    ErrorKind.server: ExitCode.server,
    ErrorKind.workflow: ExitCode.workflow,
    ErrorKind.generation: ExitCode.generation,
    ErrorKind.gpu: ExitCode.gpu,
    ErrorKind.run: ExitCode.run,
    ErrorKind.machine: ExitCode.machine,
    ErrorKind.internal: ExitCode.internal,
}


def exit_code_for(problem: Problem) -> ExitCode:
    """Exit code of a problem's family; a stop on request is 130, as after Ctrl-C in a shell."""
    return ExitCode.cancelled if problem.code == "cancelled" else _BY_KIND[problem.kind]
