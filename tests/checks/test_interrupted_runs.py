"""R4, R11, R12, R16: a run whose worker is killed, frozen or told to stop at any of its pages."""

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from infra.database import transaction
from tests.checks.field import (
    DAYS,
    PAGES,
    STOP_SECONDS,
    Field,
    LongListing,
    again,
    in_the_field,
    long_listing,
)
from tests.checks.trials import IS_WHOLE, spread, tell, trials
from tests.sync.practice import ACCOUNT

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

MOST_AGAIN, MOST_AGAIN_UNCHANGED = 2, 3
"""A page that changed nothing is stored with the next one of its like; one is asked for ahead."""

WAKES = ("in the middle", "afterwards") if IS_WHOLE else ("in the middle",)
"""While another worker carries its run, or once that has ended."""


@pytest.fixture(scope="module")
def practice() -> Iterator[Field]:
    with in_the_field() as made:
        yield made


@pytest.fixture
def listing(practice: Field) -> Iterator[LongListing]:
    with long_listing(practice) as made:
        yield made


def test_a_run_killed_at_any_page_goes_on_there_elsewhere_within_20_seconds(
    practice: Field,
) -> None:
    """Some leases run their ten seconds, which R4 asks; of the others they count as over."""
    waits: list[float] = []
    repeated: Counter[int] = Counter()
    read: list[int] = []
    while len(read) < trials(1, 50):
        before, rows = len(practice.requests()), practice.running.saved()
        job_id = practice.sync()
        held = practice.kill_at_a_page(job_id, rows=rows)
        if len(waits) < trials(1, 30):
            waits.append(practice.until_tried_again(job_id, 1))
        else:
            practice.lapse(job_id)
        practice.replace(held)
        practice.ended(job_id)

        pages = practice.requests()[before:]
        repeated[again(pages)] += 1
        read.append(len(set(pages)))
    tell("R4", kills=len(waits), next_attempt=spread(waits))
    tell("R16", kills=len(read), pages=min(read), read_again=dict(sorted(repeated.items())))
    assert max(waits) <= 20
    assert min(read) >= PAGES - 1
    assert max(repeated) <= MOST_AGAIN


def test_a_run_killed_in_the_middle_of_one_long_listing_goes_on_there(
    practice: Field, listing: LongListing
) -> None:
    """Of a PMS whose places keep; where they do not, the listing is read anew (ADR 8)."""
    new, unchanged = Counter[int](), Counter[int]()
    read: list[int] = []
    for number in range(trials(1, 50)):
        before, rows = len(listing.requests()), practice.running.saved()
        job_id = listing.sync()
        held = practice.kill_at_a_page(job_id, rows=rows)
        practice.lapse(job_id)
        practice.replace(held)
        practice.until_ended(job_id)

        pages = listing.requests()[before:]
        found = new if number < len(DAYS) else unchanged
        found[again(pages)] += 1
        read.append(len(set(pages)))
        assert listing.is_shown_whole()
    again_of = {"new": dict(sorted(new.items())), "unchanged": dict(sorted(unchanged.items()))}
    tell("R16 in one listing", kills=len(read), pages=min(read), read_again=again_of)
    assert min(read) >= PAGES
    assert max(new) <= MOST_AGAIN
    assert max(unchanged, default=0) <= MOST_AGAIN_UNCHANGED


def test_whoever_is_told_to_stop_ends_by_itself_and_reads_a_page_again_at_most(
    practice: Field,
) -> None:
    repeated: Counter[int] = Counter()
    took = []
    for _ in range(trials(1, 50)):
        before = len(practice.requests())
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held = practice.holder(job_id)

        held.signal(signal.SIGTERM)
        took.append(practice.until_gone(held))
        assert held.code == 0
        practice.replace(held)
        practice.ended(job_id)
        repeated[again(practice.requests()[before:])] += 1

    tell("R12", stops=len(took), ended=spread(took), read_again=dict(sorted(repeated.items())))
    assert max(took) < STOP_SECONDS
    assert max(repeated) <= 1


@pytest.mark.parametrize("wakes", WAKES)
def test_a_frozen_worker_that_wakes_writes_nothing(practice: Field, wakes: str) -> None:
    count = trials(1, 5)
    repeated: Counter[int] = Counter()
    for _ in range(count):
        asked = len(practice.requests())
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held, attempts = practice.holder(job_id), practice.row(job_id).attempts

        held.signal(signal.SIGSTOP)
        practice.lapse(job_id)
        practice.until_tried_again(job_id, attempts)
        if wakes == "afterwards":
            practice.ended(job_id)
        before = written(practice)
        held.signal(signal.SIGCONT)
        practice.until_told(held, b"job.taken_over")

        if wakes == "afterwards":
            assert written(practice) == before
        practice.ended(job_id)
        assert is_one_of_each(practice)
        repeated[again(practice.requests()[asked:])] += 1
    tell(f"R11 woken {wakes}", freezes=count, refused_its_writes=count,
         read_again=dict(sorted(repeated.items())))  # fmt: skip
    # Whoever may not store a page does not come to the next one.
    assert max(repeated) <= MOST_AGAIN + 1


def written(practice: Field) -> dict[Any, Any]:
    """What changes with every write of a row, and how every run and job stands."""
    query = text(
        "SELECT 'row', id::text, version::text FROM run_sheet_appointments"
        " UNION ALL SELECT 'run', id::text, row_to_json(pms_sync_log)::text FROM pms_sync_log"
        " UNION ALL SELECT 'job', id::text, row_to_json(jobs)::text FROM jobs"
    )
    with transaction(practice.running.clinic.engine, account_id=ACCOUNT) as db:
        return {(kind, key): value for kind, key, value in db.execute(query)}


def is_one_of_each(practice: Field) -> bool:
    keys = [
        (row["pms_appointment_id"], row["pms_patient_id"]) for row in practice.running.clinic.rows()
    ]
    return len(keys) == len(set(keys))
