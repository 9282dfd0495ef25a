"""When a vendor that refused says to come back, by whichever of its headers it does."""

from datetime import UTC, datetime

import pytest

from adapters.rest.waits import RateHeaders, allowance

NOW = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
RESET = RateHeaders(reset="x-ratelimit-reset")
EPOCH = RateHeaders(reset="x-ratelimit-reset", reset_is_epoch=True)


@pytest.mark.parametrize(
    ("names", "told", "seconds"),
    [
        (RESET, "17", 17),
        (EPOCH, "1780351240", 40),
        (EPOCH, "1780351100", 1),
        (RESET, "soon", None),
        (EPOCH, "", None),
    ],
)
def test_a_reset_is_believed_where_nothing_else_is_told(
    names: RateHeaders, told: str, seconds: float | None
) -> None:
    found = allowance(names, {"x-ratelimit-reset": told}, now=NOW)

    assert (found and found.reset_seconds) == seconds
