"""How fast bytes arrive, over the last seconds."""

from collections import deque

_WINDOW_S = 10.0
_SHORTEST_S = 1.0


class FetchPace:
    """Bytes by time, of which the last `_WINDOW_S` seconds count: old stalls do not spoil the forecast for long."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, at_s: float, received_bytes: int) -> None:
        """`received_bytes` have come over the line in all, at `at_s` on a monotonic clock."""
        if self._seen and received_bytes < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at_s, received_bytes))
        while len(self._seen) > 2 and self._seen[1][0] <= at_s - _WINDOW_S:
            self._seen.popleft()

    def rate_bytes_s(self) -> float | None:
        """Bytes a second; None until there is a second to judge by."""
        if len(self._seen) < 2:
            return None
        (began_s, first), (ended_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended_s - began_s) if ended_s - began_s >= _SHORTEST_S else None
