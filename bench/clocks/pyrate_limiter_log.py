"""pyrate-limiter with its log in Redis, waiting inside the library until a turn is free."""

from pyrate_limiter import Limiter, Rate, RedisBucket
from redis import Redis

from bench.clocks.kit import AGAIN_S, Take, Wanted, main


def clock(wanted: Wanted) -> Take:
    rates = [Rate(wanted.limit, wanted.seconds * 1000)]
    bucket = RedisBucket.init(rates, Redis.from_url(wanted.redis_url), wanted.key)
    limiter = Limiter(bucket)

    def take() -> float:
        return 0.0 if limiter.try_acquire(wanted.key, timeout=5) else AGAIN_S

    return take


if __name__ == "__main__":
    main(clock)
