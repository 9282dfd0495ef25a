"""limits with two counters, weighed."""

from functools import partial

from limits.strategies import SlidingWindowCounterRateLimiter

from bench.clocks.kit import main
from bench.clocks.limits_kit import take_from

if __name__ == "__main__":
    main(partial(take_from, SlidingWindowCounterRateLimiter))
