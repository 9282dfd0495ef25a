"""limits with a log of every grant."""

from functools import partial

from limits.strategies import MovingWindowRateLimiter

from bench.clocks.kit import main
from bench.clocks.limits_kit import take_from

if __name__ == "__main__":
    main(partial(take_from, MovingWindowRateLimiter))
