"""Which frame of a clip is due: the clip's own time stamps against a clock."""

from bisect import bisect_right
from collections.abc import Sequence

_ROUNDING_S = 1e-6


class Playhead:
    """Place in a clip, at rest or running. Every `now_s` is of one monotonic clock, in seconds.

    Frame k is shown from `times_s[k]` until the next stamp, the last one until `duration_s`.
    """

    def __init__(self, times_s: Sequence[float], duration_s: float | None) -> None:
        self._times_s = times_s
        self.duration_s = self._end_s(duration_s)
        self.index = 0
        self.is_playing = False
        self.loops = True
        self._speed = 1.0
        self._from_s = 0.0  # place in the clip when the clock showed `_since_s`
        self._since_s = 0.0

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self._times_s)

    @property
    def time_s(self) -> float:
        """When the present frame begins."""
        return self._times_s[self.index]

    def play(self, now_s: float) -> None:
        """Run from the present frame; from the first one when the end was reached."""
        if not self.loops and self.index == self.count - 1:
            self.index = 0
        self.is_playing = True
        self._anchor(self.time_s, now_s)

    def pause(self) -> None:
        """Stay on the present frame."""
        self.is_playing = False

    def seek(self, index: int, now_s: float) -> None:
        """Go to a frame, held to those that there are; a running clip runs on from there."""
        self.index = min(max(index, 0), self.count - 1)
        self._anchor(self.time_s, now_s)

    def set_speed(self, speed: float, now_s: float) -> None:
        """Clip seconds a second of the clock."""
        self._anchor(self._place_s(now_s) if self.is_playing else self.time_s, now_s)
        self._speed = speed

    def hold(self, now_s: float) -> None:
        """The present frame cannot be shown yet: no time passes."""
        self._anchor(self.time_s, now_s)

    def advance(self, now_s: float) -> int:
        """The frame that is due now. Without a loop the clip comes to rest on its last frame."""
        if not self.is_playing:
            return self.index
        place_s = self._place_s(now_s)
        if place_s >= self.duration_s - _ROUNDING_S:
            if not self.loops:
                self.index = self.count - 1
                self.is_playing = False
                return self.index
            place_s = (place_s + _ROUNDING_S) % self.duration_s
            self._anchor(place_s, now_s)
        self.index = max(0, bisect_right(self._times_s, place_s + _ROUNDING_S) - 1)
        return self.index

    def wait_s(self, now_s: float) -> float | None:
        """Clock seconds until another frame is due; None at rest."""
        if not self.is_playing:
            return None
        following = self.index + 1
        end_s = self._times_s[following] if following < self.count else self.duration_s
        return max(0.0, (end_s - self._place_s(now_s)) / self._speed)

    def cut(self, count: int) -> None:
        """The clip turned out to have fewer frames."""
        if 0 < count < self.count:
            self.duration_s = self._times_s[count]
            self._times_s = self._times_s[:count]
            self.index = min(self.index, count - 1)

    def _place_s(self, now_s: float) -> float:
        return self._from_s + (now_s - self._since_s) * self._speed

    def _anchor(self, place_s: float, now_s: float) -> None:
        self._from_s, self._since_s = place_s, now_s

    def _end_s(self, duration_s: float | None) -> float:
        last_s = self._times_s[-1]
        step_s = last_s / (self.count - 1) if self.count > 1 else 0.0
        return duration_s if duration_s is not None and duration_s > last_s else last_s + (step_s or 1.0)
