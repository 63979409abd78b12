"""Options of the command line that become a request. Each raises AppError `bad_argument`, naming what was given."""

import typer

from wan22.schema.problem import app_error
from wan22.schema.request import MAX_SEED

WORKFLOW = typer.Option("--workflow", "-w", help="Name of a shipped workflow, or a workflow, picture or video file.")
NEGATIVE = typer.Option("--negative", help="What to avoid; without effect at CFG 1.")
SIZE = typer.Option("--size", metavar="WxH", help="Both at once, as in 1280x720.")
WIDTH = typer.Option("--width", help="Pixels, a multiple of 16.")
HEIGHT = typer.Option("--height", help="Pixels, a multiple of 16.")
LENGTH = typer.Option("--length", help="Frames, 4n+1; 81 are five seconds.")
PREVIEWS = typer.Option("--previews", help="Ask for preview pictures; they cost time.")


def text_of(name: str, text: str | None) -> str | None:
    """`text` if it is one: a command line on Linux may hold any bytes."""
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError as error:
        raise app_error("bad_argument", f"{name} holds bytes that are no UTF-8 text.") from error
    return text


def seed_of(text: str | None) -> int | None:
    """`--seed` as a number."""
    if text is None:
        return None
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise app_error("bad_argument", f"--seed {text} is not a whole number from 0 to {MAX_SEED}.")
    return int(text)


def size_of(text: str | None, width: int | None, height: int | None) -> tuple[int | None, int | None]:
    """Width and height out of `--size`, or as given one by one."""
    if text is None:
        return width, height
    if width is not None or height is not None:
        raise app_error("bad_argument", "--size already says width and height: leave --width and --height out.")
    parts = text.lower().replace("\N{MULTIPLICATION SIGN}", "x").split("x")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise app_error("bad_argument", f"--size {text} is not a size such as 1280x720.")
    return int(parts[0]), int(parts[1])


def number_of(name: str, value: int | None, low: int, high: int) -> int | None:
    """`value`, if it is within its limits."""
    if value is not None and not low <= value <= high:
        raise app_error("bad_argument", f"{name} {value} is not between {low} and {high}.")
    return value
