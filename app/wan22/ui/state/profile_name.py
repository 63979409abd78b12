"""Whether a name can be given to a profile, said while it is typed."""

from collections.abc import Container

from wan22.launch.profile_edit import renamed
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile


def name_complaint(profile: Profile, name: str, taken: Container[str]) -> str:
    """Why `profile` cannot be called so; empty when it can."""
    plain = name.strip()
    if not plain:
        return "Give it a name."
    try:
        made = renamed(profile, plain)
    except AppError:
        return "Small letters, digits, dots, dashes and underscores, such as rtx5090-quiet; no name of Windows' own."
    return f"There is a profile named {made.name} already." if made.name in taken else ""


def free_name(name: str, taken: Container[str]) -> str:
    """A name like `name` that nobody has: `rtx5090-2`."""
    number = 2
    while f"{name[:60]}-{number}" in taken:
        number += 1
    return f"{name[:60]}-{number}"
