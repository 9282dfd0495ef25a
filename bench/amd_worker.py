"""A worker process of the product whose clocks are steered, see `bench.steered`.

python -m bench.amd_worker, with the product's own environment
"""

from dataclasses import replace

from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from adapters.tokens import RedisTokens
from bench.steered import SteeredStopping, clock_over
from console.wiring import Wiring, wired
from infra import logging
from workers import main as worker
from workers.works import Parts

THREADS = 3
SPARE_CONNECTIONS = 3


def parts(wiring: Wiring) -> Parts:
    """As the product has them, with steered clocks in their places."""
    clock = clock_over(wiring.redis)
    throttle = RedisThrottle(wiring.redis, StoredSpent(wiring.engine), test_time=True)
    tokens = RedisTokens(wiring.redis, wiring.sealer, clock)
    opener = replace(wiring.opener, clock=clock, throttle=throttle, tokens=tokens)
    stopping = SteeredStopping(redis=wiring.redis)
    return replace(wiring.parts(), clock=clock, opener=opener, stopping=stopping)


def main() -> None:
    logging.configure(json=True, level="WARNING")
    with wired(connections=THREADS + SPARE_CONNECTIONS) as wiring:
        worker.run(parts(wiring), redis_url=wiring.redis_url, pool="all", threads=THREADS)


if __name__ == "__main__":
    main()
