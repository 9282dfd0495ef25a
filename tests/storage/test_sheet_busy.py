"""What stands on the sheet and not in the practice's own book is taken, too."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from adapters.storage.phone.sheet_busy import sheet_busy
from adapters.storage.sheet import overlap_policies
from adapters.storage.sheet.overlap_policies import Chosen
from domain.overlaps import Policy
from domain.slots import PRACTITIONER
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import START, VISIT, WINDOW, Desk, desk_of
from tests.storage.rig import Rig
from tests.storage.test_linking import post
from tests.storage.test_overlaps import at, typed

pytestmark = pytest.mark.integration

MAPPING = text(
    """
    INSERT INTO pms_clinician_mappings (account_id, pms_connection_id, pms_practitioner_id,
                                        pms_practitioner_name, run_sheet_clinician_id)
    VALUES (:account, :connection, :practitioner, 'Dr Who', :clinician)
    """
)


@pytest.fixture
def desk(rig: Rig) -> Desk:
    made = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
    with transaction(made.engine, account_id=made.account) as db:
        for practitioner, clinician in made.connection.clinicians.items():
            about = {"practitioner": practitioner, "clinician": clinician}
            whose = {"account": made.account, "connection": made.connection.id}
            db.execute(MAPPING, {**about, **whose})
    return made


def taken(desk: Desk) -> list[tuple[int, int, str | None]]:
    """From and to in minutes of the day that is tested, and whose appointment it is at the PMS."""
    with transaction(desk.engine, account_id=desk.account) as db:
        found = sheet_busy(db, desk.connection.id, WINDOW, account_id=desk.account)
    resources = {(thing.kind, thing.pms_id) for one in found for thing in one.resources}
    assert resources <= {(PRACTITIONER, "dr-1")}
    return [
        (_minutes(one.window.start - START), _minutes(one.window.end - START), one.pms_id)
        for one in found
    ]


def _minutes(since: timedelta) -> int:
    return round(since.total_seconds() / 60)


def test_what_the_pms_lists_is_left_to_the_pms(desk: Desk) -> None:
    desk.told(VISIT)

    assert taken(desk) == []


def test_a_typed_visit_is_taken_until_it_is_called_off(desk: Desk) -> None:
    post(desk, typed(desk, 60), source="manual")
    assert taken(desk) == [(60, 90, None)]

    post(desk, typed(desk, 60, status="cancelled"), source="manual")

    assert taken(desk) == []


def test_a_visit_that_a_person_moved_is_taken_where_they_put_it_and_known_as_itself(
    desk: Desk,
) -> None:
    desk.told(VISIT)

    desk.type_in(VISIT, start=at(120))

    assert taken(desk) == [(120, 150, VISIT.pms_id)]


def test_where_overlaps_are_allowed_nothing_of_the_sheet_is_taken(desk: Desk) -> None:
    post(desk, typed(desk, 60), source="manual")

    with transaction(desk.engine, account_id=desk.account) as db:
        overlap_policies.change(db, Chosen(policy=Policy.ALLOW), hand=desk.hand)

    assert taken(desk) == []


def test_rows_of_a_practice_that_is_no_longer_connected_hold_nobody_up(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start=at(120))

    with transaction(desk.engine, account_id=desk.account) as db:
        gone = text("UPDATE pms_connections SET removed_at = now() WHERE id = :id")
        db.execute(gone, {"id": desk.connection.id})

    assert taken(desk) == []
