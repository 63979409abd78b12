"""Small Python files that hand their arguments to this program, under the names that people know."""

from collections.abc import Sequence

from wan22.launch.start_script import MARK, plain_comment

_TEMPLATE = '''#!/usr/bin/env python3
"""{doc}

{mark}. Needs nothing but Python 3.8 or newer; {wanted}
"""

import os
import shutil
import subprocess
import sys

COMMAND = {command}
WORDS = {words}
DEFAULTS = {defaults}


def main() -> int:
    """Run the program; its exit code."""
    command = COMMAND if os.path.isfile(COMMAND[0]) else [shutil.which("wan22") or ""]
    if not command[0]:
        sys.stderr.write("wan22 was not found: it was at " + COMMAND[0] + ". Install it, or write this file anew.\\n")
        return 5
    given = sys.argv[1:] or [word.replace("{{here}}", os.path.dirname(os.path.abspath(__file__))) for word in DEFAULTS]
    try:
        return subprocess.call([*command, *WORDS, *given])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
'''

HERE = "{here}"
"""Stands in `defaults` for the folder that the file lies in."""


def forward_text(command: Sequence[str], words: Sequence[str], what: str, defaults: Sequence[str] = ()) -> str:
    """A Python file that runs `command` with `words` and whatever it is given; with nothing given, `defaults`.

    `what`: one sentence about it. Pure ASCII.
    """
    shown = " ".join(("wan22", *words))
    return _TEMPLATE.format(
        doc=plain_comment(what),
        mark=MARK,
        wanted=f"the arguments are those of `{shown}`.",
        command=_listed(command),
        words=_listed(words),
        defaults=_listed(defaults),
    )


def _listed(words: Sequence[str]) -> str:
    return f"[{', '.join(ascii(word) for word in words)}]"
