"""New orders of the jobs that wait. Pure."""

from collections.abc import Collection, Sequence


def moved_by(order: Sequence[int], chosen: Collection[int], step: int) -> list[int]:
    """The chosen ones one place up (`step` -1) or down (+1); at the end of the list they stay together."""
    moved = list(order) if step < 0 else list(reversed(order))
    for place in range(1, len(moved)):
        if moved[place] in chosen and moved[place - 1] not in chosen:
            moved[place - 1], moved[place] = moved[place], moved[place - 1]
    return moved if step < 0 else list(reversed(moved))


def moved_to(order: Sequence[int], chosen: Collection[int], before: int | None) -> list[int]:
    """The chosen ones in their order before another one; None = behind all. One that is chosen itself stays behind."""
    picked = [one for one in order if one in chosen]
    if before is None or before not in order:
        return [one for one in order if one not in chosen] + picked
    place = sum(one not in chosen for one in order[: order.index(before)])
    rest = [one for one in order if one not in chosen]
    return rest[:place] + picked + rest[place:]
