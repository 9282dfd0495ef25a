"""Our own: one script call reserves a turn, exactly, and in fair turns."""

from collections.abc import Sequence
from datetime import UTC, datetime

from redis import Redis

from adapters.throttle.clock import RedisThrottle
from bench.clocks.kit import Take, Wanted, main
from domain.errors import Throttled
from domain.limits import Budget, Limit


class NothingStored:
    """A bench that starts with an empty window."""

    def since(self, bucket: str, instant: datetime) -> Sequence[datetime]:
        return ()

    def unsaved(self, bucket: str) -> int | None:
        return None


def clock(wanted: Wanted) -> Take:
    throttle = RedisThrottle(
        Redis.from_url(wanted.redis_url), NothingStored(), prefix=f"bench:{wanted.key}"
    )
    budgets = [Budget("bench", (Limit(wanted.limit, wanted.seconds),))]

    def take() -> float:
        try:
            throttle.spend(budgets, holder=wanted.holder)
        except Throttled as wait:
            return max(0.001, (wait.until - datetime.now(UTC)).total_seconds())
        return 0.0

    return take


if __name__ == "__main__":
    main(clock)
