"""What the window opens with: the settings, a demo when nothing is configured, a stored run."""

from functools import partial
from typing import TYPE_CHECKING

from wan22 import wiring
from wan22.demo.scenario import DEFAULT_SCENARIO
from wan22.runs.catalog import find_run
from wan22.runs.reader import open_run
from wan22.schema.problem import AppError, Problem
from wan22.schema.settings import Settings
from wan22.ui.context import Context
from wan22.ui.state.stored_run import source_of_run
from wan22.wiring.desk import ServerChoice, left_workplace

if TYPE_CHECKING:
    from wan22.ui.app import WindowOptions

FIRST_DEMO_SPEED = 10.0
"""A first look should not take three minutes."""


class Opening:
    """Reads the settings when it is made; `apply` does the rest once the context is there."""

    def __init__(self, parts: wiring.Parts, options: "WindowOptions") -> None:
        self._parts = parts
        self._options = options
        self._problem: Problem | None = None
        try:
            self.settings = wiring.settings({})
        except AppError as error:
            self._problem = error.problem
            self.settings = Settings()

    def apply(self, context: Context) -> None:
        """Choose the server, start the desk, and show the run that the options name."""
        options = self._options
        if self._problem is not None:
            context.tell_problem(self._problem)
        choice = ServerChoice(self.settings)
        is_first = options.demo is None and not choice.is_made
        if options.demo is not None:
            choice = ServerChoice(self.settings, wiring.Demo(options.demo, options.demo_speed))
        elif is_first:
            choice = ServerChoice(self.settings, wiring.Demo(DEFAULT_SCENARIO, FIRST_DEMO_SPEED))
        context.panel.choose(choice, is_first_start=is_first)
        if options.show is None and options.replay is None:
            context.desk.start()
            self._find_server(context)
            return
        try:
            self._open_run(context)
        except AppError as error:
            context.tell_problem(error.problem)

    def _find_server(self, context: Context) -> None:
        """The server that an earlier panel left running, else the stand-in, which costs nothing to start."""
        choice, desk = context.panel.choice, context.desk
        desk.adopt(partial(left_workplace, choice, self._parts, desk), or_connect=context.panel.is_demo)

    def _open_run(self, context: Context) -> None:
        name = self._options.show or self._options.replay or ""
        stored = open_run(find_run(wiring.runs_folder(self.settings), name))
        if self._options.show is not None:
            context.monitor = source_of_run(stored)
            context.window.show_simulated(stored.manifest.simulated)
        else:
            context.replay(stored, self._options.speed)
