"""limits with a counter by the minute."""

from functools import partial

from limits.strategies import FixedWindowRateLimiter

from bench.clocks.kit import main
from bench.clocks.limits_kit import take_from

if __name__ == "__main__":
    main(partial(take_from, FixedWindowRateLimiter))
