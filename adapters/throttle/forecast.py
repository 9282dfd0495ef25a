"""When a queue of requests would be through, worked out from what the clock knows now."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.throttle.instants import from_micros
from adapters.throttle.windows import Window
from domain.limits import Allowance, Budget, Limit, Outlook


@dataclass(slots=True)
class Line:
    """One bucket: what it knows, and the instants already taken in it, in order."""

    budget: Budget
    windows: Sequence[Window]
    now: int
    pause: int
    cap: int
    left: int
    left_until: int
    grants: list[int]
    turns: list[int]
    voice: bool
    taken: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = sorted(self.grants + self.turns)

    def open_to(self, window: Window) -> int:
        """The caller's part of a limit; one the vendor named tightens the shortest window."""
        limit = window.limit
        if self.cap and window.span == min(each.span for each in self.windows):
            limit = Limit(min(limit.requests, self.cap), limit.seconds)
        open_to = limit.open_to(voice=self.voice, voice_share=self.budget.voice_share)
        return max(open_to, 1)

    def allowances(self) -> list[Allowance]:
        return [
            self._allowance(each) for each in self.windows if each.start <= self.now < each.stop
        ]

    def _allowance(self, window: Window) -> Allowance:
        spent = sum(1 for at in self.grants if at > self.now - window.span)
        left = max(0, self.open_to(window) - spent)
        if self.left_until > self.now:
            left = min(left, max(0, self.left))
        if self.pause > self.now:
            left = 0
        return Allowance(self.budget.bucket, window.limit, left)

    def earliest(self, at: int) -> tuple[int, Window]:
        """The first instant from `at` that every window of the bucket allows, and what set it."""
        binding = self.windows[0]
        for floor in (self.pause, self.left_until if self.left < 1 else 0):
            at = max(at, floor)
        for window in self.windows:
            free = self._free(window, at)
            if free > at:
                at, binding = free, window
        return at, binding

    def _free(self, window: Window, at: int) -> int:
        place = self.open_to(window)
        if not window.start <= at < window.stop or len(self.taken) < place:
            return at
        return min(self.taken[-place] + window.span, window.stop)

    def take(self, at: int) -> None:
        self.taken.append(at)
        if self.left_until > at:
            self.left -= 1


def forecast(lines: Sequence[Line], *, requests: int) -> Outlook:
    """Let the requests through one after another, behind everything already taken."""
    now = max(line.now for line in lines)
    allowances = tuple(each for line in lines for each in line.allowances())
    binding = min(allowances, key=lambda each: each.left)
    at, first = now, now
    for number in range(requests):
        at, window, bucket = _next(lines, at)
        if window is not None:
            binding = next(
                (a for a in allowances if (a.bucket, a.limit) == (bucket, window.limit)), binding
            )
        first = at if number == 0 else first
        for line in lines:
            line.take(at)
    return Outlook(
        at=from_micros(now),
        allowances=allowances,
        first_at=from_micros(first),
        through_at=from_micros(at),
        binding=binding,
    )


def _next(lines: Sequence[Line], at: int) -> tuple[int, Window | None, str]:
    """The first instant all buckets agree to, and the window that held it back."""
    held: tuple[Window | None, str] = None, ""
    settled = False
    while not settled:
        settled = True
        for line in lines:
            free, window = line.earliest(at)
            if free > at:
                at, held, settled = free, (window, line.budget.bucket), False
    return at, *held
