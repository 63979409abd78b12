"""The text for a report of a fault: read from the user's folders, without names and secrets."""

import os
import platform
from pathlib import Path

from wan22.audit.diagnostics_text import DiagnosticsSources, diagnostics_text
from wan22.audit.privacy import Privacy
from wan22.schema.problem import AppError, Problem
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.system.settings_file import load_settings, setting_origins
from wan22.wiring.parts import Parts, runs_folder
from wan22.wiring.run_history import run_history

__all__ = ["diagnostics", "privacy"]


def diagnostics(shared: Parts, cancel: CancelToken) -> str:
    """The whole text; also where settings or runs cannot be read, which it then says. AppError `cancelled`."""
    problems: list[Problem] = []
    path = shared.folders.config / "settings.toml"
    settings, origins = Settings(), {}
    try:
        settings = load_settings(path, os.environ)
        origins = {key: one.variable or one.kind for key, one in setting_origins(path, os.environ).items()}
    except AppError as error:  # a broken file is a reason to ask for help, so it must not be in the way of it
        problems.append(error.problem)
    root = runs_folder(settings)
    try:
        rows = run_history(root, shared.folders).index.rows(cancel)
    except AppError as error:
        if error.problem.code == "cancelled":
            raise
        problems.append(error.problem)
        rows = ()
    folders = {**shared.folders._asdict(), "runs": root}
    return diagnostics_text(DiagnosticsSources(settings, origins, folders, root, rows, privacy(), problems))


def privacy() -> Privacy:
    """What is personal on this machine."""
    return Privacy(Path.home(), platform.node())
