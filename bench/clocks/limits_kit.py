"""A clock of the library limits, whichever way it counts, waiting as long as it says."""

import time

from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import RateLimiter

from bench.clocks.kit import AGAIN_S, Take, Wanted


def take_from(kind: type[RateLimiter], wanted: Wanted) -> Take:
    limiter = kind(storage_from_string(f"redis+{wanted.redis_url}"))
    item = RateLimitItemPerSecond(wanted.limit, wanted.seconds)

    def take() -> float:
        if limiter.hit(item, wanted.key):
            return 0.0
        # Where it names an instant that is past, it is asked again soon.
        told = limiter.get_window_stats(item, wanted.key).reset_time
        return max(AGAIN_S, told - time.time())

    return take
