"""An hour of an AdvancedMD office over the end of the peak; `bench.amd_week` has a week of it."""

from dataclasses import replace

import pytest

from bench.amd_week import WEEK, lived

pytestmark = pytest.mark.e2e

AN_HOUR = replace(WEEK, days=1, visits=16, workers=2, working=(((17, 30), (18, 30)),), rushes={})


def test_over_the_end_of_the_peak_nothing_is_billed_and_both_sides_agree() -> None:
    found = lived(AN_HOUR)

    assert (found.cents, found.violations) == (0, 0)
    assert found.here > 0
    assert found.there > 0
    assert (found.wrong, found.conflicts, found.given_up) == (0, 0, 0)
    assert found.of_tier(1, at_peak=True) > 20
    assert found.of_tier(1, at_peak=False) > 20
