"""Files that nodes report: found under whatever key a node pack chose."""

from collections.abc import Mapping, Sequence
from typing import Any

from wan22.schema.events import OutputFile


def files_from_output(output: Any) -> tuple[OutputFile, ...]:
    """All files of one node's output: every list of objects with a "filename", under any key.

    SaveVideo lists its video under "images", VideoHelperSuite under "gifs"; entries that name no file are skipped.
    """
    if not isinstance(output, Mapping):
        return ()
    found: list[OutputFile] = []
    for entries in output.values():
        if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
            continue
        for entry in entries:
            file = _file_from_entry(entry)
            if file is not None and file not in found:
                found.append(file)
    return tuple(found)


def _file_from_entry(entry: Any) -> OutputFile | None:
    if not isinstance(entry, Mapping):
        return None
    name = entry.get("filename")
    if not isinstance(name, str) or not name:
        return None
    subfolder, kind = entry.get("subfolder"), entry.get("type")
    return OutputFile(
        filename=name,
        subfolder=subfolder if isinstance(subfolder, str) else "",
        type=kind if isinstance(kind, str) and kind else "output",
    )
