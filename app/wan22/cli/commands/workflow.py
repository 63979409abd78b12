"""`wan22 workflow`: convert, analyse and mend workflows of every kind, and list those of an installation."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from wan22.cli.console import Console, console_from_flag
from wan22.comfy.analysis_chain import drawn_chain
from wan22.comfy.analysis_text import analysis_markdown, finding_lines, origin_line, summary_line
from wan22.comfy.client import Graph
from wan22.comfy.lint import fix_graph, lint_graph
from wan22.comfy.object_info import NodeDefinitions
from wan22.schema.analysis import FindingLevel, WorkflowAnalysis
from wan22.schema.problem import Severity, app_error, problem
from wan22.system.files import write_text_atomic
from wan22.wiring import settings
from wan22.wiring.workflow import (
    analysed_workflow,
    imported_workflow,
    installation_workflows,
    model_file_finder,
    node_definitions,
)

app = typer.Typer(no_args_is_help=True, help="Workflows: convert, analyse, fix, list.")

FILE = typer.Argument(
    metavar="FILE", help="Workflow (.json), picture or video made by ComfyUI, or the name of a shipped workflow."
)
OBJECT_INFO = typer.Option("--object-info", metavar="FILE", help="Node definitions saved from /object_info.")
URL = typer.Option("--url", help="Take the node definitions of this running ComfyUI.")
COMFYUI = typer.Option("--comfyui", metavar="DIR", help="Folder of the ComfyUI whose models and workflows count.")
JSON = typer.Option("--json", help="Print JSON, one document a line.")
_STYLES = {FindingLevel.wrong: "bold red", FindingLevel.doubtful: "bold yellow", FindingLevel.note: "bold cyan"}


@app.command("convert")
def convert(
    file: Annotated[str, FILE],
    object_info: Annotated[Path | None, OBJECT_INFO] = None,
    url: Annotated[str | None, URL] = None,
    titles: Annotated[bool, typer.Option("--titles", help="Keep the nodes' titles, under _meta.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to standard output.")
    ] = None,
) -> None:
    """Print a workflow in the API form that a server takes; what a person should know goes to standard error.

    Without --object-info and --url the node definitions that come with this program are used.
    """
    console = Console()
    definitions, _ = _definitions(object_info, url)
    imported = imported_workflow(file, definitions, lenient=False, titles=titles)
    for note in imported.notes:
        console.problem(problem("conversion_note", note, Severity.warning, hint=""))
    text = _document(imported.workflow.graph)
    if output is not None:
        write_text_atomic(output, text)
    else:
        sys.stdout.write(text)


@app.command("analyse")
def analyse(
    file: Annotated[str, FILE],
    as_json: Annotated[bool, JSON] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown document.")] = False,
    comfyui: Annotated[Path | None, COMFYUI] = None,
    object_info: Annotated[Path | None, OBJECT_INFO] = None,
    url: Annotated[str | None, URL] = None,
) -> None:
    """Say what a workflow will do, stage by stage, and what is doubtful about it.

    With --comfyui (or the setting) LoRA files are looked into: whether they fit the model they are put on.
    """
    if as_json and markdown:
        raise app_error("bad_argument", "--json and --markdown exclude each other.")
    console = console_from_flag(as_json)
    definitions, _ = _definitions(object_info, url)
    _, analysis = analysed_workflow(file, definitions, model_file_finder(settings({"comfyui": comfyui})))
    if as_json:
        console.json({"kind": "workflow_analysis"} | analysis.model_dump(mode="json"))
    elif markdown:
        for line in analysis_markdown(analysis).splitlines():
            console.text(line)
    else:
        _print(console, analysis)


@app.command("fix")
def fix(
    file: Annotated[str, FILE],
    rule: Annotated[str, typer.Option("--rule", metavar="ID", help="What to mend, as `analyse` names it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new copy, in API form.")],
    comfyui: Annotated[Path | None, COMFYUI] = None,
    object_info: Annotated[Path | None, OBJECT_INFO] = None,
    url: Annotated[str | None, URL] = None,
) -> None:
    """Write a copy of a workflow in which one finding is mended; the original stays as it is."""
    console = Console()
    definitions, _ = _definitions(object_info, url)
    graph, analysis = analysed_workflow(
        file, definitions, model_file_finder(settings({"comfyui": comfyui})), lenient=False
    )
    if output.exists():
        message = f"{output} exists already; a mended copy never takes the place of a file."
        raise app_error("bad_argument", message, hint="Name a new file.")
    mended = fix_graph(graph, rule, analysis.findings)
    write_text_atomic(output, _document(mended))
    found = next(item for item in analysis.findings if item.rule == rule)
    console.text(f"Mended: {found.message}")
    console.text(f"        {found.fix}")
    left = lint_graph(mended)
    console.text(f"Written to {output}; {len(left)} finding{'s' if len(left) != 1 else ''} left.")


@app.command("list")
def list_command(
    comfyui: Annotated[Path | None, COMFYUI] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the workflows that were saved in the editor of a ComfyUI (its user/default/workflows)."""
    console = console_from_flag(as_json)
    folder, paths = installation_workflows(settings({"comfyui": comfyui}))
    if as_json:
        console.json({"kind": "workflows", "folder": str(folder), "files": [str(path) for path in paths]})
        return
    rows = [(path.relative_to(folder).as_posix(), f"{path.stat().st_size / 1000:,.0f} kB") for path in paths]
    console.table("", ("workflow", "size>"), rows)
    console.text(f"{len(rows)} workflow{'s' if len(rows) != 1 else ''} in {folder}")


def _definitions(object_info: Path | None, url: str | None) -> tuple[NodeDefinitions, str]:
    if object_info is not None and url is not None:
        raise app_error("bad_argument", "--object-info and --url exclude each other: give one source of definitions.")
    return node_definitions(object_info, url)


def _document(graph: Graph) -> str:
    """Indented JSON; letters that the terminal cannot show are escaped."""
    text = json.dumps(graph, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = json.dumps(graph, indent=2, ensure_ascii=True, allow_nan=False)
    return text + "\n"


def _print(console: Console, analysis: WorkflowAnalysis) -> None:
    console.text(f"{analysis.name} · {summary_line(analysis)}", style="bold")
    console.text(origin_line(analysis))
    console.text()
    for line in drawn_chain(analysis.chain):
        console.text(line, style="bold cyan" if line.startswith("■") else "")
    console.text()
    console.text("Findings" if analysis.findings else "Findings: none", style="bold")
    for finding in analysis.findings:
        first, *rest = finding_lines(finding)
        console.text(first, style=_STYLES[finding.level])
        for line in rest:
            console.text(line)
    for title, texts in (("Not understood", analysis.not_understood), ("Notes", analysis.notes)):
        if texts:
            console.text()
            console.text(title, style="bold")
            for text in texts:
                console.text(f"- {text}")
