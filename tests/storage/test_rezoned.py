"""A practice whose time zone was set wrongly at first: what people typed stays what they typed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.storage.by_hand.given_rows import read_rows
from adapters.storage.by_hand.history import history_of
from adapters.storage.by_hand.own_rows import Placed, place
from adapters.storage.by_hand.rezoned_rows import stay_on_the_clock
from adapters.storage.practices import connection_list, connections
from adapters.storage.practices.connections import NewConnection
from adapters.storage.sheet import linking
from domain.appointments import Appointment
from domain.fields import Source
from domain.intake import wall_time
from domain.rezoning import NO_ZONE_YET, Rezoned
from domain.window import local_day
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_run_sheet import KEY

pytestmark = pytest.mark.integration

WRONG, RIGHT = "Australia/Perth", "Australia/Melbourne"


@pytest.fixture
def desk(rig: Rig) -> Desk:
    made = desk_of(rig.engine, Sealer(Keyring.from_hex(KEY)), rig.connect("site"))
    made.connection = replace(made.connection, timezone=WRONG)
    return made


def put_right(desk: Desk) -> None:
    desk.connection = replace(desk.connection, timezone=RIGHT)


def as_its_clock_shows(visit: Appointment) -> Appointment:
    """As a PMS that tells the practice's own clock is understood once its zone is right."""
    shown = wall_time(visit.start, WRONG).replace(tzinfo=ZoneInfo(RIGHT)).astimezone(UTC)
    return moved(visit, int((shown - visit.start).total_seconds() / 60))


def on_the_clock(desk: Desk, zone: str = RIGHT) -> str:
    start: datetime = desk.row(VISIT)["start"]
    return f"{wall_time(start, zone):%H:%M}"


def test_a_typed_time_is_still_the_one_that_was_typed(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    assert on_the_clock(desk, WRONG) == "14:45"

    put_right(desk)
    desk.told(VISIT)

    assert on_the_clock(desk) == "14:45"
    assert desk.row(VISIT)["provenance"]["start"]["by"] == "reception"
    assert desk.open_conflicts() == []


def test_a_pms_that_tells_wall_times_is_in_no_conflict_with_it(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")

    put_right(desk)
    desk.told(as_its_clock_shows(VISIT))

    assert on_the_clock(desk) == "14:45"
    assert desk.open_conflicts() == []


def test_a_time_that_the_pms_changed_meanwhile_is_still_a_conflict(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")

    put_right(desk)
    desk.told(moved(VISIT, 20))

    assert on_the_clock(desk) == "14:45"
    assert len(desk.open_conflicts()) == 1


def test_a_conflict_about_a_time_can_be_settled_after_the_zone_was_put_right(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    desk.told(moved(VISIT, 20))
    (conflict,) = desk.open_conflicts()

    put_right(desk)
    desk.told(moved(VISIT, 20))
    desk.settle(conflict["id"], "mine")

    assert on_the_clock(desk) == "14:45"
    assert desk.open_conflicts() == []


def test_undoing_a_typed_time_leads_back_to_the_time_of_the_pms(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    put_right(desk)
    told = as_its_clock_shows(VISIT)
    desk.told(told)

    desk.type_in(VISIT, start=told.start.isoformat())

    assert desk.row(VISIT)["start"] == told.start
    assert "start" not in desk.row(VISIT)["provenance"]


def test_what_else_was_typed_is_as_it_was(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    put_right(desk)
    desk.told(rephoned(VISIT, "(03) 9000 0001"))

    row = desk.row(VISIT)
    assert (row["start"], row["patient_phone"]) == (VISIT.start, "(03) 9555 0199")


@pytest.fixture
def mapped(desk: Desk) -> Desk:
    """Its clinician has a column of the practice."""
    (clinician,) = desk.connection.clinicians.values()
    desk.all(
        """
        INSERT INTO pms_clinician_mappings (account_id, pms_connection_id, pms_practitioner_id,
                                            pms_practitioner_name, run_sheet_clinician_id)
        VALUES (:account, :id, 'dr-1', 'Dr Who', :clinician) RETURNING id
        """,
        account=desk.account,
        id=desk.connection.id,
        clinician=clinician,
    )
    return desk


def typed(desk: Desk, start: str, *, source: Source = Source.MANUAL, **others: Any) -> UUID:
    """A row of nobody's practice but by the clinician's, as the sheet's dialog sends it."""
    row = {"start": start, "patient_name": "Grace Example", "clinician": "Dr Who", **others}
    hand = desk.hand
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        given = read_rows(db, source, [row], timezone=WRONG, hand=hand)
        (placed,) = place(db, desk.seal, given, hand=hand)
    assert isinstance(placed, Placed)
    return placed.id


def correct_the_zone(desk: Desk) -> None:
    """As a change of the connection does it."""
    held, hand = desk.connection, desk.hand
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        clock = Rezoned(was=held.timezone, now=RIGHT)
        stay_on_the_clock(db, desk.seal, held.id, clock, hand=hand)
    put_right(desk)


def by_hand(desk: Desk, row_id: UUID) -> Mapping[str, Any]:
    return desk.one("SELECT * FROM run_sheet_appointments WHERE id = :id", id=row_id)


def says(desk: Desk, row_id: UUID) -> str:
    row = by_hand(desk, row_id)
    return f"{wall_time(row['appointment_time'], row['timezone']):%-d %H:%M} {row['timezone']}"


def believes_wrongly(desk: Desk) -> None:
    """The zone that the practice is told to keep, as it stands in the database."""
    zone = {"zone": WRONG, "id": desk.connection.id}
    desk.all("UPDATE pms_connections SET timezone = :zone WHERE id = :id RETURNING id", **zone)


def test_a_row_typed_by_hand_stays_at_the_time_it_was_typed_for(mapped: Desk) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T23:45", notes="bring the letter")
    scan = typed(mapped, "2026-06-03T09:00", source=Source.OCR, patient_name="Alan Example")
    was = by_hand(mapped, row)

    correct_the_zone(mapped)

    assert says(mapped, row) == "2 23:45 Australia/Melbourne"
    assert by_hand(mapped, row)["appointment_time"] < was["appointment_time"]
    assert says(mapped, scan) == "3 09:00 Australia/Melbourne"
    moved_scan = by_hand(mapped, scan)
    assert moved_scan["pms_start"] == moved_scan["appointment_time"]
    (told,) = mapped.all("SELECT * FROM pms_audit_logs WHERE action = 'run_sheet.rezoned'")
    assert (told["request_summary"], told["user_id"]) == ("2 rows typed or scanned", "reception")


def test_the_history_of_a_row_tells_that_its_zone_was_put_right_and_keeps_other_steps(
    mapped: Desk,
) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T14:45")

    correct_the_zone(mapped)

    access = mapped.hand.access
    with transaction(mapped.engine, account_id=mapped.account) as db:
        newest, first = history_of(db, mapped.seal, row, account_id=mapped.account, access=access)
    assert (newest.what, newest.by, newest.moves) == ("rezoned", "reception", ())
    assert not newest.can_undo, "it would come to stand where nobody typed it"
    assert first.what == "created"


def test_a_visit_that_its_practice_was_sent_is_not_sent_once_more(mapped: Desk) -> None:
    """Nobody changed it, and what stands there for 14:45 stands there for 14:45."""
    believes_wrongly(mapped)
    two_way = "UPDATE pms_connections SET connector = 'advancedmd' WHERE id = :id RETURNING id"
    mapped.all(two_way, id=mapped.connection.id)
    row = typed(mapped, "2026-06-02T14:45")
    sent = "UPDATE run_sheet_appointments SET push_state = 'synced' WHERE id = :id RETURNING id"
    mapped.all(sent, id=row)

    correct_the_zone(mapped)

    assert says(mapped, row) == "2 14:45 Australia/Melbourne"
    assert by_hand(mapped, row)["push_state"] == "synced"
    assert mapped.all("SELECT * FROM jobs WHERE kind = 'push_entry'") == []


def test_days_that_are_over_stay_as_they_were(mapped: Desk) -> None:
    believes_wrongly(mapped)
    past = typed(mapped, "2026-06-01T14:45")

    correct_the_zone(mapped)

    assert says(mapped, past) == "1 14:45 Australia/Perth"


def test_what_may_be_read_by_another_practices_clock_stays(mapped: Desk, rig: Rig) -> None:
    believes_wrongly(mapped)
    other = rig.connect("other")
    mapped.all(
        "UPDATE pms_connections SET timezone = :zone WHERE id = :id RETURNING id",
        zone=WRONG,
        id=other,
    )
    its = typed(mapped, "2026-06-02T14:45")
    nobodys = typed(mapped, "2026-06-02T15:45", clinician="Dr Nobody")
    elsewhere = typed(mapped, "2026-06-02T16:45", timezone="Pacific/Auckland")

    correct_the_zone(mapped)

    assert says(mapped, its) == "2 14:45 Australia/Melbourne"
    assert says(mapped, nobodys) == "2 15:45 Australia/Perth"
    assert says(mapped, elsewhere) == "2 16:45 Pacific/Auckland"


def test_a_column_of_nobody_goes_by_the_only_practice_of_that_zone(mapped: Desk) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T15:45", clinician="Dr Nobody")

    correct_the_zone(mapped)

    assert says(mapped, row) == "2 15:45 Australia/Melbourne"


def test_a_typed_row_is_found_to_be_the_visit_of_a_pms_that_tells_instants(mapped: Desk) -> None:
    """It was two hours off before; the PMS tells the same instant as ever."""
    believes_wrongly(mapped)
    mapped.told(VISIT)
    row = typed(
        mapped, f"{wall_time(VISIT.start, RIGHT):%Y-%m-%dT%H:%M}", patient_name="Ada Example"
    )
    assert by_hand(mapped, row)["linked_to"] is None

    correct_the_zone(mapped)
    mapped.told(VISIT)

    assert by_hand(mapped, row)["linked_to"] == mapped.id_of(VISIT)


def test_a_row_is_filed_under_the_day_its_practice_has_it(mapped: Desk) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T23:45")

    correct_the_zone(mapped)

    filed = "SELECT day FROM run_sheets WHERE id = :id"
    now = by_hand(mapped, row)
    day = mapped.one(filed, id=now["run_sheet_id"])["day"]
    assert day == local_day(now["appointment_time"], RIGHT)


def connect_again(desk: Desk, zone: str) -> None:
    """As the wizard does it once the practice was removed."""
    hand, own = desk.hand, desk.connection
    new = NewConnection(account_id=desk.account, vendor="gentu", site=own.site, timezone=zone)
    with transaction(desk.engine, account_id=desk.account) as db:
        connection_list.remove(db, own.id)
        linking.alone(db, desk.account)
        on_the_clock = partial(stay_on_the_clock, db, desk.seal, hand=hand)
        assert connections.add(db, new, at=hand.at, on_the_clock=on_the_clock) == own.id


def test_a_practice_connected_again_by_another_zone_keeps_what_was_typed_at_its_time(
    mapped: Desk,
) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T14:45")

    connect_again(mapped, RIGHT)

    assert says(mapped, row) == "2 14:45 Australia/Melbourne"


def test_a_practice_connected_again_without_a_word_of_its_zone_keeps_it(mapped: Desk) -> None:
    believes_wrongly(mapped)
    row = typed(mapped, "2026-06-02T14:45")

    connect_again(mapped, NO_ZONE_YET)

    assert says(mapped, row) == "2 14:45 Australia/Perth"
    held = mapped.one(
        "SELECT timezone FROM pms_connections WHERE id = :id", id=mapped.connection.id
    )
    assert held["timezone"] == WRONG
