"""A practitioner who is no longer in the practice's book leaves no rows behind and stops no run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text

from domain.appointments import Practitioner
from domain.errors import Gone
from domain.sources import Page, Query
from domain.window import Window
from infra.database import engine, transaction
from tests.sync.book import NINE, PRACTITIONER, TODAY, Book, Desk
from tests.sync.practice import Practice
from tests.sync.test_interrupted import visit

pytestmark = pytest.mark.integration

UNMAPPED = (
    "UPDATE pms_clinician_mappings SET sync_enabled = false"
    " WHERE pms_connection_id = :id AND pms_practitioner_id = '{}'"
)


def busiest(clinic: Practice) -> str:
    shown = Counter(row["pms_practitioner_id"] for row in clinic.live_rows().values())
    return str(shown.most_common(1)[0][0])


def leaves_the_book(clinic: Practice, who: str) -> None:
    (practice,) = clinic.simulator.clinics.values()
    practice.practitioners[who] = replace(practice.practitioners[who], in_book=False)


def shown(clinic: Practice) -> set[str]:
    return {row["pms_practitioner_id"] for row in clinic.live_rows().values()}


@pytest.mark.parametrize("is_in_book", [True, False])
def test_nobody_whose_column_was_switched_off_stays_on_the_sheet(
    clinic: Practice, is_in_book: bool
) -> None:
    clinic.sync()
    who = busiest(clinic)
    if not is_in_book:
        leaves_the_book(clinic, who)
        clinic.sync()
    clinic.change(UNMAPPED.format(who))

    run = clinic.sync(allow_removals=True)

    assert run["status"] == "success"
    assert who not in shown(clinic)


@dataclass
class Surgery(Book):
    """Two practitioners, each asked for by themselves; all visits are those of the first."""

    listed: tuple[str, ...] = (PRACTITIONER.pms_id, "e")
    unknown: frozenset[str] = frozenset()

    def practitioners(self) -> Sequence[Practitioner]:
        return [Practitioner(pms_id=one, full_name=f"Dr {one}") for one in self.listed]

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        asked = [one.pms_id for one in practitioners]
        return [Query(key=one, practitioner_id=one, window=window) for one in asked]

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        if query.practitioner_id in self.unknown:
            raise Gone("Surgery: GET /visits answered 404")
        if query.practitioner_id == PRACTITIONER.pms_id:
            yield from super().pages(query, resume=resume)


@pytest.fixture
def surgery() -> Surgery:
    return Surgery(visits={who: visit(NINE, who) for who in "abc"})


@pytest.fixture
def desk(database_url: str, surgery: Surgery) -> Iterator[Desk]:
    db = engine(database_url, application_name="tests", pool_size=5)
    opened = Desk(db, surgery)
    assert opened.carry(opened.ask(last=TODAY)) == "done"
    yield opened
    db.dispose()


def ended(desk: Desk) -> str:
    """How another sync of the day ends."""
    job = desk.ask(last=TODAY)
    assert desk.carry(job) == "done"
    query = text("SELECT status FROM pms_sync_log WHERE job_id = :id")
    with transaction(desk.engine, account_id=desk.account) as db:
        return str(db.execute(query, {"id": job}).scalar_one())


def left(desk: Desk) -> set[str]:
    return {row.values["patient_name"] for row in desk.rows().values() if not row.removed}


def test_somebody_the_pms_tells_nothing_more_of_makes_no_run_partial(
    desk: Desk, surgery: Surgery
) -> None:
    surgery.listed, surgery.unknown = ("e",), frozenset({PRACTITIONER.pms_id})
    del surgery.visits["b"]

    assert ended(desk) == "success"

    assert left(desk) == {"Ann a", "Ann c"}


def test_somebody_in_the_book_whom_the_pms_tells_nothing_of_is_a_failure(
    desk: Desk, surgery: Surgery
) -> None:
    surgery.unknown = frozenset({PRACTITIONER.pms_id})
    del surgery.visits["b"]

    assert ended(desk) == "partial"

    assert left(desk) == {"Ann a", "Ann b", "Ann c"}
