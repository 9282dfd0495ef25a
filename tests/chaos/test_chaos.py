"""Everything goes wrong at once, and nothing is lost, doubled, wrong or overwritten.

The short run is part of every run of the tests; `make chaos` is the long one, with a table.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.plan import SHORT
from tests.chaos.report import canaries, contradictions, table, violations
from tests.chaos.run import carry_out, new_seed

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CHAOS = os.environ.get("CHAOS")
FAULTS = int(CHAOS or SHORT)
SEED = int(os.environ.get("SEED") or (new_seed() if CHAOS else 20261121))
"""The tests' own run is always the same one; `make chaos` draws another each time."""

KEEP = os.environ.get("CHAOS_HISTORY")
"""A folder for the history and the logs of the run."""


def test_nothing_is_lost_whatever_goes_wrong() -> None:
    run = carry_out(FAULTS, seed=SEED, keep=Path(KEEP) if KEEP else None)

    print(table(run))  # noqa: T201 - what `make chaos` is run for
    for one in run.verdict.findings:
        print(one)  # noqa: T201
    assert run.problems == []
    assert run.verdict.findings == []
    assert violations(run) == 0
    assert canaries(run) == 0
    assert [one["without"] for one in run.history if one["what"] == "settled"] == [[], []]
    assert contradictions(run) > 0, "nothing could have been overwritten"
    assert run.verdict.rows > 0 and run.verdict.edits > 0 and run.verdict.readings > 0
