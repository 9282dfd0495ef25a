"""How right the sheet is, at every moment, while practices live on and their PMSs fail.

`make soak` repeats it for longer and prints what was judged; `tests/judging.py` says what is wrong.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulators.faults import FAULTS
from simulators.setup import Setup
from tests.judging import HEADING, Fault, Tally
from tests.sync.living import SIMULATORS, Living, living

pytestmark = pytest.mark.integration

LENGTH = int(os.environ.get("SOAK", "1"))
RUNS = 12
SETUP = Setup(seed=5, practitioners=8, appointments=100)
TELEHEALTH_ROWS = 60
"""At least so many rows at each moment: about two in five appointments of the two days are."""

LIVELINESS = 0.15
CURIOSITY = 0.1
BETWEEN_RUNS = 5
"""Things that happen at the practice while nothing is asked of its PMS."""

FAULTY = 0.05
# A slow answer costs half a minute of waiting and an endless listing stays so until it is begun
# anew: both are broken on purpose by tests of their own.
PASSING = [name for name in FAULTS if name not in {"slow", "endless-cursor"}]
AT_ONCE = 11
"""How many of these faults fit the plainest request, so that each is a share of the dial."""

VENDORS = pytest.mark.parametrize("vendor", sorted(SIMULATORS))


@contextmanager
def synced(database_url: str, vendor: str) -> Iterator[Living]:
    """A practice whose days are on the sheet, looked at now and then from here on."""
    with living(database_url, vendor, setup=SETUP, seed=LENGTH, settings={}) as clinic:
        assert clinic.sync() == "success"
        clinic.liveliness, clinic.curiosity = LIVELINESS, CURIOSITY
        yield clinic


def live_on(clinic: Living) -> None:
    for _ in range(RUNS * LENGTH):
        clinic.sync()
        for _ in range(BETWEEN_RUNS):
            clinic.happen()
    report(clinic)
    assert clinic.tally.moments >= RUNS * LENGTH
    assert clinic.tally.rows >= clinic.tally.moments * TELEHEALTH_ROWS
    assert clinic.runs["whole"] > 1


def report(clinic: Living) -> None:
    """Seen with `-s`, as `make soak` runs it."""
    runs = ", ".join(f"{count} {what}" for what, count in sorted(clinic.runs.items()) if count)
    faulty = sum(1 for one in clinic.simulator.front.arrivals.all() if one.fault)
    asked = len(clinic.simulator.front.arrivals.all())
    requests = f"{asked} requests, {faulty} faulty, {clinic.history.now()} happenings"
    sys.stdout.write(f"\n{HEADING}\n{clinic.tally.line(clinic.vendor)}\n{requests}; {runs}\n")


def after_quiet(clinic: Living) -> Tally:
    """Faults off, nothing happening, one more whole pass."""
    clinic.simulator.front.faults.clear()
    clinic.liveliness = clinic.curiosity = 0
    assert clinic.sync() == "success"
    clinic.tally = Tally()
    clinic.look()
    return clinic.tally


def assert_all_right(tally: Tally) -> None:
    assert tally.rows >= TELEHEALTH_ROWS
    assert not tally.bad
    assert tally.faults[Fault.STALE] == 0


@VENDORS
def test_without_faults_every_telehealth_row_is_right_at_every_moment(
    database_url: str, vendor: str
) -> None:
    with synced(database_url, vendor) as clinic:
        live_on(clinic)

        assert clinic.tally.bad == []
        assert_all_right(after_quiet(clinic))


@VENDORS
def test_with_one_request_in_twenty_failing_99_rows_of_100_are_right_at_every_moment(
    database_url: str, vendor: str
) -> None:
    with synced(database_url, vendor) as clinic:
        share = FAULTY / AT_ONCE
        clinic.simulator.front.faults.turn(dict.fromkeys(PASSING, share))

        live_on(clinic)

        assert clinic.tally.worst > 0.99, clinic.tally.bad
        assert_all_right(after_quiet(clinic))
