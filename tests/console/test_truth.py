"""A simulator spoken to as judge, whatever it can be told."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from console.simulators import Running
from console.truth import Simulator

pytestmark = pytest.mark.integration
SMALL = ["--appointments", "1", "--practitioners", "1", "--days", "today"]


@pytest.fixture(params=["sikka", "advancedmd", "gentu"])
def described(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Any]]:
    with Running(request.param, SMALL) as found:
        yield found


def test_it_is_hurried_where_it_takes_its_time_and_let_be_where_it_does_not(
    described: Mapping[str, Any],
) -> None:
    Simulator(described["url"]).hurry()

    knobs = httpx.post(f"{described['url']}/_sim/knobs", json={}).json()
    assert knobs.get("fastest_write", 0.3) == 0.3


def test_a_simulator_that_fails_is_not_taken_for_one_that_needs_no_hurry() -> None:
    with Running("sikka", SMALL) as found:
        url = found["url"]

    with pytest.raises(httpx.TransportError):
        Simulator(url).hurry()
