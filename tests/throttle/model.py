"""The vendor clock by brute force: slow, in one process, and seen to be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.limits import Budget, Limit

SECOND = 1_000_000
GUARD, LAPSE, FORGET = SECOND // 4, 2 * SECOND, 60 * SECOND


@dataclass(frozen=True, order=True)
class Turn:
    at: int
    voice: bool
    holder: str
    among: str


def has_room(taken: Sequence[int], x: int, limit: Limit, requests: int) -> bool:
    """Whether every window that holds `x` would still hold at most `requests`."""
    span = limit.seconds * SECOND + GUARD
    starts = [x, *(at for at in taken if x - span < at <= x)]
    counts = (sum(start <= at < start + span for at in taken) for start in starts)
    return all(count < requests for count in counts)


@dataclass
class Model:
    grants: dict[str, list[int]] = field(default_factory=dict)
    turns: dict[str, set[Turn]] = field(default_factory=dict)
    pauses: dict[str, int] = field(default_factory=dict)
    served: dict[tuple[str, str], int] = field(default_factory=dict)

    def pause(self, bucket: str, until: int) -> None:
        self.pauses[bucket] = max(until, self.pauses.get(bucket, 0))

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool, now: int) -> int | None:
        """None when granted, else when to come back: the first of the instants that could be it."""
        among = ",".join(sorted(each.bucket for each in budgets))
        taken = {each.bucket: self._taken(each, holder, among, voice, now) for each in budgets}
        spans = {limit.seconds * SECOND + GUARD for each in budgets for limit in each.limits}
        could_be = {at + span for each in taken.values() for at in each for span in spans}
        held = [self._held(each, holder, among, voice, taken[each.bucket], now) for each in budgets]
        soonest = max(now, *held)
        could_be |= {soonest, *self.pauses.values()}
        turn = min(x for x in could_be if x >= soonest and self._fits(budgets, taken, x, voice))
        for each in budgets:
            waiting = self.turns.setdefault(each.bucket, set())
            mine = {turn for turn in waiting if is_mine(turn, holder, among, voice)}
            waiting -= mine
            if turn > now:
                waiting.add(Turn(turn, voice, holder, among))
            else:
                self.grants.setdefault(each.bucket, []).append(now)
                since = max((turn.at for turn in mine), default=now)
                if not voice:
                    self.served[each.bucket, holder] = max(since, now - LAPSE)
        return turn if turn > now else None

    def _fits(
        self, budgets: Iterable[Budget], taken: dict[str, list[int]], x: int, voice: bool
    ) -> bool:
        return all(
            x >= self.pauses.get(each.bucket, 0)
            and has_room(
                taken[each.bucket],
                x,
                limit,
                limit.open_to(voice=voice, voice_share=each.voice_share),
            )
            for each in budgets
            for limit in each.limits
        )

    def _held(
        self,
        budget: Budget,
        holder: str,
        among: str,
        voice: bool,
        taken: list[int],
        now: int,
    ) -> int:
        """A turn once given stands; a new one leaves an interval to each who waits already."""
        waiting = self.turns[budget.bucket]
        for turn in waiting:
            if is_mine(turn, holder, among, voice):
                return turn.at
        grants = len(self.grants.get(budget.bucket, []))
        served = self.served.get((budget.bucket, holder))
        if voice or served is None or len(taken) == grants:
            return 0
        interval = min(
            -(
                -(each.seconds * SECOND + GUARD)
                // each.open_to(voice=False, voice_share=budget.voice_share)
            )
            for each in budget.limits
        )
        ahead = sorted(taken)[grants:]
        turns = {n: served + (1 + n) * interval for n in range(len(ahead) + 1)}
        return max(turn for n, turn in turns.items() if n == 0 or ahead[n - 1] <= turn)

    def _taken(self, budget: Budget, holder: str, among: str, voice: bool, now: int) -> list[int]:
        """Every grant, and the turns this caller must leave room for."""
        waiting = self.turns.setdefault(budget.bucket, set())
        waiting -= {each for each in waiting if each.at < now - FORGET}
        mine = [each for each in waiting if is_mine(each, holder, among, voice)]
        before = [
            each
            for each in sorted(waiting - set(mine))
            if each.at >= now - LAPSE and (each.voice or not voice)
            if (each.voice and not voice) or not mine or each < mine[0]
        ]
        ahead = [max(each.at, now) for each in before]
        return sorted(self.grants.get(budget.bucket, []) + ahead)


def is_mine(turn: Turn, holder: str, among: str, voice: bool) -> bool:
    return (turn.holder, turn.among, turn.voice) == (holder, among, voice)
