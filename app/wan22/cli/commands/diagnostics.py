"""`wan22 diagnostics`: everything that a report of a fault needs, as one text."""

from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import console_from_flag
from wan22.cli.interrupt import stop_on_signal
from wan22.system.cancel import CancelToken
from wan22.system.files import write_text_atomic
from wan22.wiring.diagnostics import diagnostics as read_diagnostics

OUTPUT = typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to standard output.")


def diagnostics(output: Annotated[Path | None, OUTPUT] = None) -> None:
    """Print versions, settings, the last run and its problem, and the ends of the logs, for a report of a fault.

    Home folders, the machine's name, passwords and keys are left out. It is plain text: read it before you send it.
    """
    cancel = CancelToken()
    with stop_on_signal(cancel):
        text = read_diagnostics(wiring.parts(), cancel)
    console = console_from_flag(False)
    if output is None:
        for line in text.splitlines():
            console.text(line)
        return
    write_text_atomic(output, text)
    console.text(f"✓ {output}")
