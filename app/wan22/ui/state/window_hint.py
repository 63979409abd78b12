"""An advice as it reads in the window, where there are no options of a command line. Pure."""

import re

_OPTION = re.compile(r"\b(with|another) --(comfyui|python|url|port|output|profile)\b(?: [A-Z]+\b)?")


def window_hint(hint: str) -> str:
    """`choose another --port` becomes `choose another port under Setup`; what is no option of Setup stays."""
    return _OPTION.sub(lambda found: "under Setup" if found[1] == "with" else f"another {found[2]} under Setup", hint)
