"""dramatiq, whose consumers look every 10 ms instead of up to every second."""

from functools import partial

from bench.voice_hops.dramatiq_stock import calling, work
from bench.voice_hops.kit import main

if __name__ == "__main__":
    main(partial(work, worker_timeout=10), calling)
