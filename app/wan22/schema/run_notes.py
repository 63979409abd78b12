"""What the user wrote about a run: `notes.json` in its folder, apart from everything that was measured."""

from wan22.schema.frozen import Tolerant

FORMAT = 1
LONGEST_NOTE = 20_000
"""Letters; more is a document, not a note."""


class RunNotes(Tolerant):
    """A star and a text. Both are the user's: nothing is computed from them."""

    format: int = FORMAT
    starred: bool = False
    note: str = ""
