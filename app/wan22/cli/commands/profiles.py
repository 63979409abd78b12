"""`wan22 profiles`: which there are, what is in them, and what that is worth."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands import profile_files
from wan22.cli.console import console_from_flag
from wan22.cli.exit_codes import ExitCode
from wan22.cli.profile_text import print_lint, print_list, print_profile
from wan22.launch.discovery import probe_python
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.profile_file import profile_toml
from wan22.launch.profile_lint import lint_profile
from wan22.launch.profile_store import LoadedProfile
from wan22.schema.board import is_board
from wan22.schema.problem import AppError, Problem
from wan22.schema.setting_lint import Effect

app = typer.Typer(no_args_is_help=True, help="GPU profiles: list, show, lint, compare, and files of your own.")
app.command("clone")(profile_files.clone)
app.command("diff")(profile_files.diff)
app.command("export")(profile_files.export)
app.command("import")(profile_files.import_command)
app.command("rename")(profile_files.rename)
app.command("delete")(profile_files.delete)
app.command("restore")(profile_files.restore)

NAME = typer.Argument(metavar="NAME", help="Name of a profile, or a file that ends with .toml.")
SOME = typer.Argument(metavar="NAME", help="Name of a profile or a .toml file; left out = all.", show_default=False)
COMFYUI = typer.Option("--comfyui", metavar="DIR", help="Judge for this ComfyUI: its version, flags and torch.")
PYTHON = typer.Option("--python", metavar="EXE", help="Python that runs it, when it is not found by itself.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")


@app.command("list")
def list_command(as_json: Annotated[bool, JSON] = False) -> None:
    """List all profiles; your own ones that cannot be read are named with the reason."""
    console = console_from_flag(as_json)
    store = wiring.profile_store()
    profiles: list[LoadedProfile] = []
    problems: list[Problem] = []
    for name in store.names():
        try:
            profiles.append(store.load(name))
        except AppError as error:
            problems.append(error.problem)
    if as_json:
        console.json({"kind": "profiles", "profiles": [_document(one) for one in profiles]})
    else:
        print_list(console, profiles)
    for found in problems:
        console.problem(found)


@app.command("show")
def show(
    name: Annotated[str, NAME],
    as_toml: Annotated[bool, typer.Option("--toml", help="Print it as a file of your own could say it.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show a profile: every setting with its note, what must show after the start, the targets of its board."""
    console = console_from_flag(as_json)
    store = wiring.profile_store()
    loaded = store.load(name)
    if as_json:
        boards = loaded.profile.gpu.match
        targets = [one for one in store.targets() if any(is_board(word, one.key.gpu) for word in boards)]
        console.json(
            {"kind": "profile"} | _document(loaded) | {"profile": loaded.profile, "targets": targets},
        )
    elif as_toml:
        for line in profile_toml(loaded.profile).splitlines():
            console.text(line)
    else:
        print_profile(console, loaded, store.targets())


@app.command("lint")
def lint(
    name: Annotated[str | None, SOME] = None,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    python: Annotated[Path | None, PYTHON] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", metavar="BOARD", help="Judge for this board.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with code 4 when a setting is harmful.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Say for every setting whether it works, has no effect or does harm, and why.

    Without --comfyui the newest known ComfyUI and torch are assumed, and the board that the profile is made for.
    """
    console = console_from_flag(as_json)
    store = wiring.profile_store()
    schema, comfyui_version, torch_version = _asked(comfyui, python)
    where = "for any current ComfyUI" if comfyui is None else f"for ComfyUI {comfyui_version or 'of unknown version'}"
    where += f" and torch {torch_version}" if torch_version else ""
    harmful = False
    for number, one in enumerate(store.names() if name is None else (name,)):
        profile = store.load(one).profile
        found = lint_profile(
            profile,
            known_flags=schema,
            comfyui_version=comfyui_version,
            torch_version=torch_version,
            gpu_name=gpu,
            platform=sys.platform,
        )
        harmful |= any(item.effect is Effect.harmful for item in found)
        if as_json:
            versions = {"comfyui_version": comfyui_version, "torch_version": torch_version}
            console.json({"kind": "profile_lint", "profile": profile.name} | versions | {"settings": found})
            continue
        if number:
            console.text()
        print_lint(console, profile, found, where)
    if strict and harmful:
        raise typer.Exit(ExitCode.profile)


def _asked(comfyui: Path | None, python: Path | None) -> tuple[FlagSchema | None, str | None, str | None]:
    """Flags, version and torch of the ComfyUI in that folder; nothing is known without one."""
    if comfyui is None:
        return None, None, None
    installation, schema = wiring.flag_schema(comfyui, python)
    try:
        torch_version = probe_python(installation).torch_version
    except AppError:  # the flags alone are worth a judgement
        torch_version = None
    return schema, installation.version, torch_version


def _document(loaded: LoadedProfile) -> dict[str, object]:
    return {
        "name": loaded.profile.name,
        "title": loaded.profile.title,
        "recommended": loaded.profile.recommended,
        "gpu": loaded.profile.gpu,
        "origin": loaded.origin,
        "path": str(loaded.path),
        "overlays": [str(path) for path in loaded.overlays],
        "bases": [str(path) for path in loaded.bases],
    }
