"""dramatiq's own limiter that keeps a counter for each minute, asked again when it says no."""

from dramatiq.rate_limits import BucketRateLimiter
from dramatiq.rate_limits.backends import RedisBackend

from bench.clocks.kit import AGAIN_S, Take, Wanted, main


def clock(wanted: Wanted) -> Take:
    backend = RedisBackend(url=wanted.redis_url)
    limiter = BucketRateLimiter(
        backend, wanted.key, limit=wanted.limit, bucket=wanted.seconds * 1000
    )

    def take() -> float:
        with limiter.acquire(raise_on_failure=False) as granted:
            return 0.0 if granted else AGAIN_S

    return take


if __name__ == "__main__":
    main(clock)
