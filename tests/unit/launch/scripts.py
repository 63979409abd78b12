"""A start script with every awkward value, and the stand-in for main.py that tells what it was given."""

import json
from pathlib import Path
from typing import Any

from wan22.launch.start_script import ScriptFlag, ScriptPlace, ScriptVariable, StartScript

PRINTER = """
import json, os, sys
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "seen.json"), "w", encoding="utf-8") as handle:
    json.dump({"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}, handle)
sys.exit(int(os.environ.get("END_WITH", "0")))
"""
VALUES = {
    "T_ALLOCATOR": "expandable_segments:True,garbage_collection_threshold:0.8",
    "T_SPACES": " a b  c ",
    "T_PERCENT": "100% %PATH% 50%%",
    "T_SIGNS": "a&b|c<d>e^f",
    "T_BRACKETS": "C:\\Program Files (x86)\\X (1)\\",
    "T_BANG": "hello! wow!! !PATH!",
    "T_EQUALS": "a=b=c;d,e",
    "T_CARET": "^^x^",
    "T_TILDE": "~dp0 %~dp0",
    "T_DOLLAR": "$HOME `id` $(id) 'single' \\n",
    "T_TAB": "a\tb",
}
WORDS = (
    "plain",
    "a b",
    "c%d% %PATH%",
    "e&f|g",
    "h(i)",
    "!j!",
    "^k^",
    "C:\\end\\",
    "C:\\end with space\\\\",
    "*",
    "'l'",
)
NOTE = "It & that | so > there; 100% of %PATH% is ^\nsaid (here) /? \u2013 \u00fcber \u65e5 ^"


def awkward(place: ScriptPlace) -> StartScript:
    variables = tuple(ScriptVariable(name, value, NOTE) for name, value in VALUES.items())
    return StartScript(
        place, (NOTE,), variables, (ScriptFlag(("--first", *WORDS), NOTE), ScriptFlag(("--last",), NOTE))
    )


def seen(folder: Path) -> Any:
    """What the stand-in was given; None when it never ran."""
    path = folder / "seen.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def awkward_environment(found: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if name.startswith("T_")}
