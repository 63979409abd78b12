"""Which part of time a Monitor shows: following the newest reading, held, or within a stored run. Pure."""

LIVE_LEAST_S = 60.0
LIVE_MOST_S = 86400.0
STORED_LEAST_S = 1.0
FOLLOWS_SHARE = 0.1
"""Zooming in this close to the right edge goes on following; further back, the picture is held."""


class TimeView:
    """Seconds on the axis count from `origin_s`: the start of a stored run, else the moment at which it was held (or
    now). All moments are seconds since the epoch.
    """

    def __init__(self, fixed: tuple[float, float] | None = None, span_s: float = 300.0) -> None:
        """`fixed`: first and last moment of a stored run; None = live."""
        self._fixed = fixed
        self._chosen_s = span_s
        self._held_s: float | None = None
        self._end_s = 0.0
        self.span_s = span_s
        if fixed is not None:
            self.fit()

    @property
    def is_stored(self) -> bool:
        """Whether this is a stored run, which has a first and a last moment."""
        return self._fixed is not None

    @property
    def is_held(self) -> bool:
        """Whether the picture of a live GPU stands still."""
        return self._held_s is not None

    @property
    def moves(self) -> bool:
        """Whether time carries the picture along."""
        return not self.is_stored and not self.is_held

    @property
    def whole_s(self) -> float | None:
        """Length of a stored run; None when live."""
        return None if self._fixed is None else max(STORED_LEAST_S, self._fixed[1] - self._fixed[0])

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` would change nothing."""
        return self.span_s == (self.whole_s or self._chosen_s) and (self.moves or self._end_s == self._last_s())

    def origin_s(self, now_s: float) -> float:
        """The moment at second 0 of the axis."""
        if self._fixed is not None:
            return self._fixed[0]
        return now_s if self._held_s is None else self._held_s

    def end_s(self, now_s: float) -> float:
        """The moment at the right edge."""
        return now_s if self.moves else self._end_s

    def axis(self, now_s: float) -> tuple[float, float]:
        """First and last second on the axis."""
        offset_s = self.end_s(now_s) - self.origin_s(now_s)
        return offset_s - self.span_s, offset_s

    def hold(self, now_s: float) -> None:
        """Let the picture stand still; nothing to do for a stored run."""
        if self.moves:
            self._held_s = self._end_s = now_s

    def follow(self) -> None:
        """Follow the newest reading again, with the span as it is."""
        self._held_s = None

    def choose_span(self, span_s: float) -> None:
        """Another live span, its right edge where it is; `fit` comes back to it."""
        self._chosen_s = self.span_s = span_s

    def fit(self) -> None:
        """The whole stored run; live, the span that was chosen last, up to the newest moment."""
        self.span_s = self.whole_s or self._chosen_s
        self._end_s = self._last_s()

    def zoom(self, factor: float, at_s: float, now_s: float, oldest_s: float | None) -> None:
        """Multiply the span by `factor` around second `at_s` of the axis, within the limits.

        `oldest_s`: the first moment there is anything of.
        """
        least_s, most_s = (STORED_LEAST_S, self.whole_s) if self.whole_s else (LIVE_LEAST_S, LIVE_MOST_S)
        span_s = min(most_s, max(least_s, self.span_s * factor))
        first_s, last_s = self.axis(now_s)
        at_s = min(last_s, max(first_s, at_s))
        if self.moves and span_s < self.span_s and last_s - at_s > FOLLOWS_SHARE * self.span_s:
            self.hold(now_s)
        if not self.moves:
            share = (at_s - first_s) / self.span_s
            self._end_s = self.origin_s(now_s) + at_s + (1.0 - share) * span_s
        self.span_s = span_s
        self._clamp(oldest_s)

    def pan(self, by_s: float, now_s: float, oldest_s: float | None) -> None:
        """Look `by_s` later (negative: earlier). What moves by itself is held first when one looks back."""
        if self.moves:
            if by_s >= 0:
                return
            self.hold(now_s)
        self._end_s += by_s
        self._clamp(oldest_s)

    def _last_s(self) -> float:
        """The latest moment that may stand at the right edge of a picture that does not move."""
        if self._fixed is not None:
            return self._fixed[0] + (self.whole_s or 0.0)
        return self._end_s if self._held_s is None else self._held_s

    def _clamp(self, oldest_s: float | None) -> None:
        if self.moves:
            return
        last_s = self._last_s()
        oldest_s = self._fixed[0] if self._fixed is not None else oldest_s
        least_s = last_s if oldest_s is None else min(last_s, oldest_s + self.span_s)
        self._end_s = min(last_s, max(least_s, self._end_s))
