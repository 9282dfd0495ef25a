"""A worker process of the product whose vendor clock has limits that no bench reaches.

python -m bench.wide_worker, with the product's own environment
"""

from dataclasses import replace

from bench.passes import Wide
from console.wiring import wired
from infra import logging
from workers import main as worker

POOL, THREADS, SPARE_CONNECTIONS = "sync", 8, 3


def main() -> None:
    logging.configure(json=True, level="ERROR")
    with wired(migrated=False, connections=THREADS + SPARE_CONNECTIONS) as wiring:
        parts = wiring.parts()
        opener = replace(parts.opener, throttle=Wide(parts.opener.throttle))
        parts = replace(parts, opener=opener)
        worker.run(parts, redis_url=wiring.redis_url, pool=POOL, threads=THREADS)


if __name__ == "__main__":
    main()
