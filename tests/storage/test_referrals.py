"""The PMS's id of a referral comes to the sheet, goes with it, and costs nothing where none is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from adapters.storage.sheet.reading import read_entry
from domain.appointments import Appointment
from infra.database import transaction
from tests.saying import hearing
from tests.storage.desk import START, VISIT, Desk

pytestmark = pytest.mark.integration

REFERRED = replace(VISIT, referral_id="ref-7")
OTHER = replace(VISIT, pms_id="a-2")


def referral(desk: Desk, visit: Appointment) -> str | None:
    with transaction(desk.engine, account_id=desk.account) as db:
        return read_entry(
            db,
            desk.seal,
            desk.id_of(visit),
            account_id=desk.account,
            access=desk.hand.access,
        ).referral_id


@contextmanager
def written(engine: Engine) -> Iterator[list[str]]:
    """The statements that write rows meanwhile."""
    seen: list[str] = []

    def note(_: object, statement: str) -> None:
        if "INSERT INTO run_sheet_appointments" in statement:
            seen.append(statement)

    with hearing(engine, note):
        yield seen


def test_a_referral_comes_with_its_visit_and_goes_when_the_pms_takes_it_back(desk: Desk) -> None:
    desk.told(REFERRED, OTHER)
    assert (referral(desk, VISIT), referral(desk, OTHER)) == ("ref-7", None)

    desk.told(replace(REFERRED, referral_id="ref-8"), OTHER)
    assert (referral(desk, VISIT), referral(desk, OTHER)) == ("ref-8", None)

    desk.told(VISIT, OTHER)
    assert referral(desk, VISIT) is None


def test_a_referral_that_is_told_later_is_noticed(desk: Desk) -> None:
    desk.told(VISIT)

    found, _ = desk.told(REFERRED)

    assert len(found.fresh) == 1
    assert referral(desk, VISIT) == "ref-7"


def test_a_hand_on_the_row_leaves_the_referral_where_it_is(desk: Desk) -> None:
    desk.told(REFERRED)

    desk.type_in(REFERRED, start=START.isoformat(), notes="rang")

    assert referral(desk, VISIT) == "ref-7"


def test_rows_without_a_referral_are_written_without_its_column(desk: Desk) -> None:
    with written(desk.engine) as statements:
        desk.told(VISIT, OTHER)
        desk.told(replace(VISIT, notes="other"), OTHER)

    assert statements
    assert not [one for one in statements if "pms_referral_id" in one]
