"""What is written to AdvancedMD's scheduler, and what is not written over."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.rest.auth import Ask
from domain.appointments import Appointment, Status
from domain.desk import OutcomeUnknown, PatientQuery, PracticeDesk, Verdict
from domain.errors import Refused
from domain.pushes import ChangedThere
from domain.wishes import Booking, Cancellation, Move, NewNote, StatusChange, Wish, Write
from infra.clock import system_clock
from infra.http import NotSent
from infra.network import deadline
from tests.adapters.advancedmd.offices import FIRST, Office, office

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic() -> Iterator[Office]:
    with office(appointments=6) as connected:
        yield connected


def a_visit(clinic: Office) -> Appointment:
    """Somebody's, that nothing has happened to yet."""
    return next(row for row in clinic.rows() if row.status is Status.BOOKED and row.patient_id)


def submit(desk: PracticeDesk, wish: Wish) -> str:
    receipt = desk.submit(Write(wish=wish, submitted_at=system_clock()))
    assert receipt.is_final and receipt.pms_id
    return receipt.pms_id


def move(row: Appointment, **told: Any) -> Move:
    """The row's own place, but for what is told."""
    kept = {
        "start": row.start,
        "minutes": row.duration_minutes,
        "practitioner_id": row.practitioner_id,
        "expected_version": row.version,
        "day": FIRST,
    }
    return Move(appointment_id=row.pms_id, **{**kept, **told})


def writes(clinic: Office) -> list[str]:
    return [one for one in clinic.asked() if one.startswith(("PUT", "POST"))]


def test_a_visit_is_moved_to_another_time_and_column(clinic: Office) -> None:
    row = a_visit(clinic)
    column = next(
        str(one["id"]) for one in clinic.tenant["columns"] if str(one["id"]) != row.practitioner_id
    )

    submit(clinic.desk(), move(row, start=clinic.at(20), minutes=25, practitioner_id=column))

    now = clinic.truth()[row.pms_id]
    assert datetime.fromisoformat(now["start_utc"]) == clinic.at(20).astimezone(UTC)
    assert now["column_id"] == column


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.ARRIVED, 1),
        (Status.IN_PROGRESS, 2),
        (Status.COMPLETED, 3),
        (Status.NO_SHOW, 12),
        (Status.CANCELLED, 10),
    ],
)
def test_a_status_is_written_as_its_code(clinic: Office, status: Status, code: int) -> None:
    row = a_visit(clinic)

    submit(clinic.desk(), StatusChange(appointment_id=row.pms_id, status=status.value))

    assert clinic.truth()[row.pms_id]["statuscode"] == code


def test_a_practices_own_code_is_written_instead(clinic: Office) -> None:
    row = a_visit(clinic)
    desk = clinic.desk(status_codes="3=arrived; 2=completed")

    submit(desk, StatusChange(appointment_id=row.pms_id, status="completed"))

    assert clinic.truth()[row.pms_id]["statuscode"] == 2


def test_a_status_it_does_not_have_is_refused_before_anything_leaves(clinic: Office) -> None:
    row = a_visit(clinic)

    with pytest.raises(Refused, match="no status for 'confirmed'"):
        submit(clinic.desk(), StatusChange(appointment_id=row.pms_id, status="confirmed"))

    assert writes(clinic) == []


def test_a_visit_is_called_off_and_its_reason_stays_with_us(clinic: Office) -> None:
    row = a_visit(clinic)

    submit(clinic.desk(), Cancellation(appointment_id=row.pms_id, reason="Canary Example"))

    assert clinic.truth()[row.pms_id]["meaning"] == "cancelled"
    assert "Canary" not in str(clinic.told("requests"))


def test_a_visit_is_booked_for_a_patient(clinic: Office) -> None:
    row = a_visit(clinic)
    wish = Booking(
        patient_id=row.patient_id,
        start=clinic.at(20),
        minutes=30,
        practitioner_id=str(row.practitioner_id),
        type_id=row.type_id,
    )

    made = submit(clinic.desk(), wish)

    now = clinic.truth()[made]
    assert datetime.fromisoformat(now["start_utc"]) == clinic.at(20).astimezone(UTC)
    assert now["patients"][0]["id"] == row.patient_id
    write = Write(wish=wish, submitted_at=system_clock())
    assert clinic.desk().find(write).pms_id == made


@pytest.mark.parametrize("with_day", [True, False])
def test_what_was_changed_there_meanwhile_is_not_overwritten(
    clinic: Office, with_day: bool
) -> None:
    row = a_visit(clinic)
    clinic.control(f"statuscodes/{row.pms_id}", statuscode=1)
    day = FIRST if with_day else None

    with pytest.raises(ChangedThere, match="changed in AdvancedMD"):
        submit(clinic.desk(), move(row, start=clinic.at(20), day=day))

    assert writes(clinic) == []


def test_what_is_so_already_needs_no_write(clinic: Office) -> None:
    row = a_visit(clinic)
    clinic.control(f"statuscodes/{row.pms_id}", statuscode=1)

    wish = StatusChange(
        appointment_id=row.pms_id, status="arrived", expected_version=row.version, day=FIRST
    )

    assert submit(clinic.desk(), wish) == row.pms_id
    assert writes(clinic) == []


def test_a_visit_that_is_gone_is_told_so(clinic: Office) -> None:
    row = a_visit(clinic)
    clinic.control(f"appointments/{row.pms_id}", action="delete")

    with pytest.raises(ChangedThere, match="no longer"):
        submit(clinic.desk(), move(row, start=clinic.at(20)))


def test_an_overlap_is_refused_in_words(clinic: Office) -> None:
    row = a_visit(clinic)
    taken = next(
        one
        for one in clinic.rows()
        if one.pms_id != row.pms_id and one.status is Status.BOOKED and one.practitioner_id
    )

    with pytest.raises(Refused, match=r"AdvancedMD: (another appointment|that time)"):
        submit(
            clinic.desk(),
            move(row, start=taken.start, practitioner_id=taken.practitioner_id),
        )

    assert clinic.truth()[row.pms_id]["column_id"] == row.practitioner_id


@pytest.mark.parametrize("fault", ["lost-504", "lost-drop", "lost-silent", "cut", "reset", "500"])
def test_an_answer_that_was_lost_is_found_by_what_the_scheduler_shows(
    clinic: Office, fault: str
) -> None:
    row, desk = a_visit(clinic), clinic.desk()
    wish = Cancellation(appointment_id=row.pms_id, day=FIRST)
    clinic.control("faults", scripts=[{"fault": fault, "path": f"{row.pms_id}/cancel$"}])

    # A vendor that says nothing at all would be waited for half a minute.
    with deadline(2), pytest.raises(OutcomeUnknown):
        submit(desk, wish)
    at_once = desk.find(Write(wish=wish, submitted_at=system_clock()))
    later = desk.find(Write(wish=wish, submitted_at=system_clock() - timedelta(minutes=5)))

    is_done = clinic.truth()[row.pms_id]["meaning"] == "cancelled"
    assert at_once.verdict is (Verdict.DONE if is_done else Verdict.PENDING)
    assert later.verdict is (Verdict.DONE if is_done else Verdict.FAILED)


def test_what_somebody_else_is_writing_at_that_moment_may_be_tried_again(clinic: Office) -> None:
    row, desk = a_visit(clinic), clinic.desk()
    wish = StatusChange(appointment_id=row.pms_id, status="arrived", expected_version=row.version)
    desk.appointments(clinic.window)
    asked = Ask(
        method="PUT",
        url=f"{clinic.connection.base_url}/scheduler/appointments/{row.pms_id}",
        name="a change",
        buckets=("tier3",),
        json={"statuscode": 1},
        writes=True,
    )
    clinic.control("ppmd-faults", scripts=[{"code": -2147217398, "action": "scheduler"}])

    with pytest.raises(NotSent):
        clinic.caller().signed(asked)

    assert submit(desk, wish) == row.pms_id


def test_an_hour_that_comes_twice_is_not_written_into(clinic: Office) -> None:
    row = a_visit(clinic)
    second = datetime(2031, 11, 2, 6, 30, tzinfo=UTC)

    with pytest.raises(Refused, match="clocks are set back"):
        submit(clinic.desk(), move(row, start=second))

    assert writes(clinic) == []


def test_visits_read_by_messages_are_not_written_to(clinic: Office) -> None:
    with pytest.raises(Refused, match="read by messages"):
        submit(clinic.desk(reads="xml"), Cancellation(appointment_id="1"))


def test_nothing_but_the_schedule_is_written(clinic: Office) -> None:
    with pytest.raises(Refused):
        submit(clinic.desk(), NewNote(patient_id="1", text="Canary"))

    assert clinic.asked() == []


def a_person(clinic: Office) -> Mapping[str, Any]:
    people = (each for one in clinic.truth().values() for each in one["patients"])
    found: Mapping[str, Any] = next(one for one in people if one["date_of_birth"])
    return found


@pytest.mark.parametrize("wire", ["json", "xml"])
def test_a_patient_is_found_by_name_and_birth_date(clinic: Office, wire: str) -> None:
    person = a_person(clinic)
    born = datetime.fromisoformat(person["date_of_birth"]).date()
    query = PatientQuery(
        last_name=person["last"].title(), first_name=person["first"], date_of_birth=born
    )

    found = clinic.desk(wire=wire).search_patients(query)

    assert [card.patient.pms_id for card in found] == [person["id"]]
    assert found[0].patient.date_of_birth == person["date_of_birth"]


def test_a_patient_is_found_by_what_somebody_types(clinic: Office) -> None:
    person = a_person(clinic)

    found = clinic.desk().search_patients(PatientQuery(text=f"{person['first']} {person['last']}"))

    assert person["id"] in {card.patient.pms_id for card in found}


def test_somebody_else_of_the_same_name_is_not_found(clinic: Office) -> None:
    person = a_person(clinic)
    query = PatientQuery(last_name=person["last"], first_name=person["first"], date_of_birth=FIRST)

    assert clinic.desk().search_patients(query) == []


def test_a_number_alone_finds_nobody_and_says_why(clinic: Office) -> None:
    with pytest.raises(Refused, match="by their name"):
        clinic.desk().search_patients(PatientQuery(phone="+12125550199"))
