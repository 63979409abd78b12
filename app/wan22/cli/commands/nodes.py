"""`wan22 nodes`: which node packs a workflow needs, and installing, switching on and off."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.console import Console, as_started, console_from_flag
from wan22.cli.exit_codes import ExitCode, exit_code_for
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.pack_printer import PackPrinter
from wan22.comfy.pack_status_text import STATE_WORDS, names, status_text
from wan22.job.pack_check import ServerView
from wan22.job.pack_job import PackInstall, Restart
from wan22.job.pack_plan import Consent, PackPlan, plan_lines
from wan22.launch.pack_folder import find_pack, installed_packs
from wan22.launch.pack_place import move_folder
from wan22.schema.node_pack import PackSource, PackState, PackStatus
from wan22.schema.problem import app_error
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.wiring.packs import (
    PackReport,
    manager_client,
    needed_classes,
    pack_catalog,
    pack_folders,
    pack_install,
    pack_report,
    server_view,
    short_start,
)

app = typer.Typer(no_args_is_help=True, help="Node packs: what a workflow needs, install, disable.")

WORKFLOW = typer.Argument(metavar="[WORKFLOW]", help="File or name; without it all installed packs are shown.")
COMFYUI = typer.Option("--comfyui", metavar="DIR", help="ComfyUI's folder.")
PYTHON = typer.Option("--python", metavar="FILE", help="The Python that runs it, if not found by itself.")
URL = typer.Option("--url", help="A running ComfyUI to ask.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")
YES = typer.Option("--yes", "-y", help="Do not ask.")
_GOOD = (PackState.core, PackState.loaded)
_BAD = (PackState.failed, PackState.core_too_old, PackState.class_missing)


@app.command("check")
def check(
    workflow: Annotated[str | None, WORKFLOW] = None,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    url: Annotated[str | None, URL] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say how each node pack stands. The exit code is 7 if a workflow cannot have all its nodes.

    With --url the running server is asked, which knows what is loaded and why something is not; without it the
    folders are looked at.
    """
    console = console_from_flag(as_json)
    settings = wiring.settings({"comfyui": comfyui, "url": url}, choice=("comfyui", "url") if comfyui is None else ())
    report = pack_report(settings, workflow, _view(settings))
    if as_json:
        for status in report.statuses:
            console.json(_document(status))
    else:
        _print(console, report, workflow)
    if workflow is not None and report.absent:
        raise typer.Exit(ExitCode.workflow)


@app.command("install")
def install(
    packs: Annotated[
        list[str], typer.Argument(metavar="PACK...", help="Name, owner/name or https address; @REVISION.")
    ],
    yes: Annotated[bool, YES] = False,
    workflow: Annotated[
        str | None, typer.Option("--workflow", metavar="FILE", help="Its nodes have to be there afterwards.")
    ] = None,
    script: Annotated[bool, typer.Option("--run-script", help="Also run the pack's own install.py.")] = False,
    sources: Annotated[
        bool, typer.Option("--allow-sources", help="Take packages from other places than the package index.")
    ] = False,
    build: Annotated[bool, typer.Option("--allow-build", help="Build packages that have no ready-made build.")] = False,
    proof: Annotated[
        bool, typer.Option("--proof/--no-proof", help="Start ComfyUI before and after, and look for the nodes.")
    ] = True,
    keep: Annotated[bool, typer.Option("--keep", help="Leave a pack that does not load where it is.")] = False,
    manager: Annotated[
        bool, typer.Option("--manager", help="Let the Manager of the running server (--url) do it.")
    ] = False,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    url: Annotated[str | None, URL] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Install node packs. Shows exactly what will happen and asks; PyTorch is never changed.

    A pack that is here already is brought to the wanted state: switched on, updated, or given its missing packages.
    Whatever fails or is stopped is put back.
    """
    console = console_from_flag(as_json)
    settings = wiring.settings({"comfyui": comfyui, "python": python, "url": url})
    catalog = pack_catalog()
    chosen = [catalog.chosen(name) for name in packs]
    if manager:
        _by_manager(console, settings, chosen, yes=yes)
        return
    needed = pack_report(settings, workflow) if workflow is not None else None
    consent = Consent(script=script, odd_lines=sources, build=build, keep=keep)
    work = _Work(console, settings, consent, yes=yes, proof=proof)
    for source in chosen:
        work.do(source, needed_classes(needed, source) if needed is not None else ())


@app.command("disable")
def disable(
    packs: Annotated[list[str], typer.Argument(metavar="PACK...", help="Name of an installed pack.")],
    comfyui: Annotated[Path | None, COMFYUI] = None,
) -> None:
    """Switch node packs off: the folder gets the ending .disabled. `wan22 nodes install` switches on again."""
    console = Console()
    folders = pack_folders(wiring.settings({"comfyui": comfyui}))
    for name in packs:
        known = pack_catalog().named(name)
        found = find_pack(
            installed_packs(folders),
            identity=known.id if known else name,
            url=known.url if known else None,
            names=[name, known.folder if known else ""],
        )
        if found is None:
            raise app_error("pack_not_installed", f"No node pack '{name[:80]}' is installed here.")
        if not found.is_enabled:
            console.text(f"– {found.name} is disabled already")  # noqa: RUF001 - a dash for nothing
            continue
        target = found.path.with_name(f"{found.path.name}.disabled")
        move_folder(found.path, target)
        console.text(f"✓ {found.name} is disabled: {target}")


class _Work:
    """Installs one pack after another with the same consent; what the server showed last is what came before."""

    def __init__(self, console: Console, settings: Settings, consent: Consent, *, yes: bool, proof: bool) -> None:
        self._console = console
        self._settings = settings
        self._consent = consent
        self._yes = yes
        self._proof = proof
        self._before: ServerView | None = None
        self._parts = wiring.parts()

    def do(self, source: PackSource, needed: tuple[str, ...]) -> None:
        """Plan, ask, install. Leaves the program with the exit code of what failed."""
        job = pack_install(self._settings, source, self._parts)
        with PackPrinter(self._console, self._parts.bus):
            with self._stoppable() as cancel:
                plan = job.plan(cancel)
            try:
                self._agree(plan)  # outside of the above: Ctrl-C at a question is a no
                with self._stoppable() as cancel:
                    look = self._look(plan)
                    if look is not None and self._before is None:
                        self._console.text("▸ Starting ComfyUI once, to see what loads before")
                        self._before = look(cancel)
                    self._run(job, look, needed, cancel)
            finally:
                job.close()

    @contextmanager
    def _stoppable(self) -> Iterator[CancelToken]:
        cancel = CancelToken()
        with stop_on_signal(cancel, lambda: self._console.text("Stopping … what was done is put back.")):
            yield cancel

    def _run(self, job: PackInstall, look: Restart | None, needed: tuple[str, ...], cancel: CancelToken) -> None:
        seen: list[ServerView] = []

        def kept(token: CancelToken) -> ServerView:
            assert look is not None
            seen.append(look(token))
            return seen[-1]

        restart = kept if look is not None else None
        ended = job.run(self._consent, cancel, restart=restart, before=self._before, needed=needed)
        if ended.problem is not None:
            self._console.problem(ended.problem)
            raise typer.Exit(exit_code_for(ended.problem))
        self._before = seen[-1] if seen else self._before

    def _look(self, plan: PackPlan) -> Restart | None:
        return short_start(self._settings, self._parts) if self._proof and not plan.does_nothing else None

    def _agree(self, plan: PackPlan) -> None:
        if self._console.as_json:
            self._console.json({"kind": "pack_plan", "pack": plan.source.id, "lines": plan_lines(plan)})
        self._console.text("")
        self._console.text(f"{plan.source.name}", "bold")
        for line in plan_lines(plan):
            self._console.text(f"  {line}")
        if not self._yes and not plan.does_nothing:
            _ask(self._console, "Do this?")


def _by_manager(console: Console, settings: Settings, chosen: list[PackSource], *, yes: bool) -> None:
    """Through a running server's Manager, which decides itself what it installs and how."""
    if settings.url is None:
        raise app_error("bad_argument", "--manager needs --url: the Manager is a part of a running ComfyUI.")
    client = manager_client(settings.url)
    found = client.manager()
    if found is None:
        raise app_error("pack_manager_missing", f"The ComfyUI at {client.url} has no Manager that answers.")
    for source in chosen:
        console.text(f"{found.name} at {client.url} installs {source.name} ({source.url}) with its own rules.")
    console.text("  It does not show beforehand which packages change.")
    if not yes:
        _ask(console, "Do this?")
    cancel = CancelToken()
    with stop_on_signal(cancel):
        for source in chosen:
            words = client.install(source, cancel, lambda line: console.text(f"    {line}", "dim"))
            if console.as_json:
                console.json({"kind": "pack_manager", "pack": source.id, "result": words})
            console.text(f"✓ {source.name}: {words}")
    console.text("  Restart the server, then look: " + as_started(f"wan22 nodes check --url {client.url}"))


def _view(settings: Settings) -> ServerView | None:
    return server_view(settings.url) if settings.url is not None else None


def _document(status: PackStatus) -> dict[str, object]:
    more = {"usable": status.is_usable, "text": status_text(status)}
    return {"kind": "pack_status", **status.model_dump(mode="json"), **more}


def _print(console: Console, report: PackReport, workflow: str | None) -> None:
    if report.url is not None:
        console.text(f"ComfyUI at {report.url}", "bold")
    for folder in report.folders:
        console.text(f"  packs in {folder}")
    if workflow is None and not report.statuses:
        console.text("No node pack is installed.")
    width = max((len(status.need.name) for status in report.statuses), default=0)
    for status in report.statuses:
        for line in _lines(status, width, is_needed=workflow is not None):
            console.text(line)
    absent = [status for status in report.absent if status.is_installable and not status.need.is_core]
    if workflow is not None and not report.absent:
        console.text("✓ Everything that the workflow needs is here." if report.url else "✓ Nothing is missing.")
    elif workflow is not None and absent:
        wanted = " ".join(status.need.id or status.need.url or "" for status in absent)
        console.text(as_started(f"! To install: wan22 nodes install {wanted}"))


def _lines(status: PackStatus, width: int, *, is_needed: bool) -> Iterator[str]:
    version = f" {status.version}" if status.version else f" {status.commit[:9]}" if status.commit else ""
    yield f"  {_glyph(status)} {status.need.name:<{width}}  {STATE_WORDS[status.state]}{version}"
    if is_needed:
        yield f"      {names(status.need.classes)}"
    elif status.state is PackState.absent and status.purpose:
        yield f"      {status.purpose}"
    text = status_text(status)
    if text:
        yield f"      {text}"


def _glyph(status: PackStatus) -> str:
    if status.state in _GOOD:
        return "✓"
    if status.state in _BAD:
        return "✕"
    if status.state is PackState.on_disk:
        return "?"
    return "–" if status.state is PackState.absent else "!"  # noqa: RUF001 - a dash for nothing


def _ask(console: Console, question: str) -> None:
    """Go on only after a yes. AppError `pack_not_agreed` where nobody can be asked."""
    if console.as_json or not (sys.stdin.isatty() and console.is_terminal):
        message = "Nothing was done: it has to be agreed to first, and this is not a terminal to ask in."
        raise app_error("pack_not_agreed", message, hint="Say --yes to agree on the command line.")
    console.text(f"{question} [y/N]")
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if answer.strip().casefold() not in ("y", "yes"):
        console.text("Nothing was done.")
        raise typer.Exit(ExitCode.cancelled)
