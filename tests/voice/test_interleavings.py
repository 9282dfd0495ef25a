"""Random interleavings of callers, staff, workers that die and a practice's system in trouble.

Once the dust has settled, everybody was told the truth or hears it in the end, nobody was told of
others, no time was given away twice and nothing is left behind. `make soak` tries hundreds; with
SEED set every run is another one, which that seed repeats.
`tests.voice.mutants` tries what they find.
"""

import os

import pytest
import redis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.voice.moments import Moments
from tests.voice.town import exchange

pytestmark = pytest.mark.integration

EXAMPLES = 13
STEPS = 14
LENGTH = int(os.environ.get("SOAK", "1"))
SEED = os.environ.get("SEED")


def test_callers_are_told_the_truth_whatever_happens(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with exchange(database_url, redis_client, redis_url) as lines:
        Moments.lines = lines
        chosen = settings(
            max_examples=EXAMPLES * LENGTH,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.generate,),
            derandomize=SEED is None,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(
                seed(int(SEED))(Moments) if SEED else Moments, settings=chosen
            )
        finally:
            print(_figures())  # noqa: T201 - the figures of a soak
    assert Moments.tried > 0


def _figures() -> str:
    return (
        f"\n{Moments.tried} interleavings: {dict(Moments.told)}; writes: {dict(Moments.ends)};"
        f" befell a worker: {dict(Moments.befell)}"
    )
