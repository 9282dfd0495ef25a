"""A row of ours becomes the practice's own visit: once, and only for a patient who is theirs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from adapters.storage.phone.writes import WriteLedger
from adapters.storage.runs.timelines import read_outward
from adapters.storage.two_way import patient_links, push_standing
from domain.appointments import Patient
from domain.desk import OutcomeUnknown
from domain.errors import NeedsReconnect, Refused, Transient
from domain.patient_links import Choice, LinkState
from domain.pushes import LOCKED_OUT, NO_PATIENT
from domain.wishes import Booking, WriteKind
from infra.clock import system_clock
from infra.database import dispatch, transaction
from tests.pushes.book import ANN, COLUMNS, DAY, NINE
from tests.pushes.office import SEALER, Office

pytestmark = pytest.mark.integration

EVERYTHING = """{"auto_create": true}"""
TWELVE = NINE + timedelta(hours=3)
ADA: dict[str, Any] = {
    "start": f"{DAY}T12:00",
    "clinician": COLUMNS[ANN],
    "patient_name": "Example, Ada",
    "patient_date_of_birth": "1970-01-01",
    "duration_minutes": 45,
}
OTHER_ADA = Patient(
    pms_id="p-2",
    full_name="Ada Example",
    first_name="Ada",
    last_name="Example",
    date_of_birth="1970-01-01",
)


@pytest.fixture
def eager(db: Engine) -> Office:
    """A practice that is to have every row people add."""
    made = Office(db, features=EVERYTHING)
    made.book.books("a-1")
    made.sync()
    return made


def test_a_row_that_is_added_becomes_a_visit_there_and_stays_one_row(eager: Office) -> None:
    eager.adds(**ADA)

    eager.push()

    (new,) = [one for pms_id, one in eager.book.visits.items() if pms_id != "a-1"]
    assert (new.start, new.minutes, new.column, new.patient_id) == (TWELVE, 45, ANN, "p-1")
    assert [one["source"] for one in eager.shown()] == ["pms", "pms"]
    eager.sync()
    assert len(eager.shown()) == 2


def test_a_visit_that_our_filters_keep_off_the_sheet_is_booked_once(eager: Office) -> None:
    tomorrow = DAY + timedelta(days=1)
    entry_id = eager.adds(**{**ADA, "start": f"{tomorrow}T12:00"})

    eager.push()
    eager.retypes(entry_id, notes="Bring the form.")
    eager.push()

    assert len(eager.book.visits) == 2
    assert [one["kind"] for one in eager.all("SELECT kind FROM pms_writes")] == ["book"]


def test_the_visit_stands_as_sent_and_its_writes_are_on_its_own_list(eager: Office) -> None:
    eager.adds(**ADA)
    eager.push()

    (row,) = [one for one in eager.shown() if one["pms_appointment_id"] != "a-1"]
    (write,) = eager.all("SELECT * FROM pms_writes")
    assert (row["push_state"], write["entry_id"]) == ("synced", row["id"])
    assert write["patient_link_id"] is not None
    assert write["asked_by"] == "person:ann"


def test_the_row_it_was_made_of_stands_as_the_visit_with_its_history(eager: Office) -> None:
    made_of = eager.adds(**ADA)
    eager.push()

    (row,) = [one for one in eager.shown() if one["pms_appointment_id"] != "a-1"]
    with transaction(eager.engine, account_id=eager.account) as db:
        stands = push_standing.standing(db, made_of, vendors=[eager.vendor])
        found = push_standing.find(db, str(made_of)[:12])
        assert stands is not None
        steps = push_standing.steps(db, stands.entry_id)

    assert made_of != row["id"] == stands.entry_id == found
    assert stands.pms_id == row["pms_appointment_id"]
    assert [(one.what, one.state) for one in steps] == [("book", "done")]


def test_a_visit_has_the_type_that_the_practice_chose_for_such(eager: Office) -> None:
    with transaction(eager.engine, account_id=eager.account) as db:
        chosen = """{"map_all": true, "default_type": "77"}"""
        db.execute(text("UPDATE pms_connections SET settings = CAST(:s AS jsonb)"), {"s": chosen})
    eager.adds(**ADA)

    eager.push()

    (write,) = eager.all("SELECT id FROM pms_writes")
    ledger = WriteLedger(eager.engine, SEALER, account_id=eager.account, clock=system_clock)
    wish = ledger.load(write["id"]).write.wish
    assert isinstance(wish, Booking)
    assert wish.type_id == "77"


def test_what_a_booking_cannot_say_is_sent_after_it(eager: Office) -> None:
    eager.adds(**ADA, status="confirmed")

    eager.push()

    (row,) = [one for one in eager.shown() if one["pms_appointment_id"] != "a-1"]
    assert [one.kind for one in eager.book.writes] == [WriteKind.BOOK, WriteKind.SET_STATUS]
    assert (row["status"], eager.conflicts()) == ("confirmed", [])


def test_without_the_feature_a_row_goes_out_only_where_somebody_asks(office: Office) -> None:
    entry_id = office.adds(**ADA)
    office.push()
    assert (office.book.writes, office.entry(entry_id)["push_state"]) == ([], None)

    office.ask_push(entry_id, create=True)
    office.push()

    assert len(office.book.writes) == 1


def test_a_lost_answer_books_once(eager: Office) -> None:
    eager.book.after = [OutcomeUnknown("no answer")]
    eager.adds(**ADA)

    eager.push()

    assert len(eager.book.visits) == 2
    assert len(eager.shown()) == 2


def test_a_sync_that_shows_the_new_visit_first_makes_no_second_row(eager: Office) -> None:
    eager.book.after = [eager.sync]
    eager.adds(**ADA)

    eager.push()

    assert len(eager.shown()) == 2
    assert len(eager.book.visits) == 2


def test_a_no_is_told_and_a_correction_goes_out_anew(eager: Office) -> None:
    eager.book.before = [Refused("That time is taken in the book.")]
    entry_id = eager.adds(**ADA)
    eager.push()
    assert eager.entry(entry_id)["push_state"] == "error"

    eager.retypes(entry_id, start="12:30")
    eager.push()

    starts = [one.start for pms_id, one in eager.book.visits.items() if pms_id != "a-1"]
    assert starts == [TWELVE + timedelta(minutes=30)]


def test_what_waited_for_a_locked_practice_is_created_after_its_first_sync(office: Office) -> None:
    office.book.before = [NeedsReconnect("the account is locked")]
    entry_id = office.adds(**ADA)
    office.ask_push(entry_id, create=True)
    office.push()
    assert office.entry(entry_id)["push_reason"] == LOCKED_OUT

    office.all("UPDATE pms_connections SET state = 'ACTIVE' RETURNING id")
    office.sync()
    office.push()

    assert len(office.book.visits) == 2


PEOPLE: dict[str, tuple[list[Patient], dict[str, Any], LinkState]] = {
    "nobody of that name": ([], {"patient_name": "Cleo Curtis"}, LinkState.NOT_FOUND),
    "two born the same day": ([OTHER_ADA], {}, LinkState.MANY),
    "no day of birth": ([], {"patient_date_of_birth": None}, LinkState.MANY),
    "another first name": ([], {"patient_name": "Alice Example"}, LinkState.PROPOSED),
}


@pytest.mark.parametrize("who", PEOPLE)
def test_whoever_is_not_known_beyond_doubt_waits_for_a_person(eager: Office, who: str) -> None:
    others, about, state = PEOPLE[who]
    eager.book.people |= {one.pms_id: one for one in others}

    entry_id = eager.adds(**{**ADA, **about})
    eager.push()

    row = eager.entry(entry_id)
    assert eager.book.writes == []
    assert row["push_state"] == "needs_patient"
    assert str(row["push_reason"]).startswith(NO_PATIENT)
    assert [one["state"] for one in eager.all("SELECT state FROM patient_links")] == [state]


def test_whom_a_person_chose_is_booked(eager: Office) -> None:
    eager.book.people["p-2"] = OTHER_ADA
    entry_id = eager.adds(**ADA)
    eager.push()

    chooses(eager, "p-2")
    eager.ask_push(entry_id, create=True)
    eager.push()

    (new,) = [one for pms_id, one in eager.book.visits.items() if pms_id != "a-1"]
    assert new.patient_id == "p-2"


def test_a_person_once_chosen_is_not_looked_for_again(eager: Office) -> None:
    eager.book.people["p-2"] = OTHER_ADA
    entry_id = eager.adds(**ADA)
    eager.push()
    chooses(eager, "p-2")

    eager.adds(**{**ADA, "start": f"{DAY}T15:00"})
    eager.push()

    assert [one.patient_id for pms_id, one in eager.book.visits.items() if pms_id != "a-1"] == [
        "p-2"
    ]
    assert eager.entry(entry_id)["push_state"] == "needs_patient"


def test_a_search_that_fails_says_so_and_can_be_tried_again(eager: Office) -> None:
    def away(query: Any) -> Any:
        raise Transient("no line")

    eager.book.search_patients = away  # type: ignore[method-assign]
    eager.adds(**ADA)

    eager.push()

    (link,) = eager.all("SELECT * FROM patient_links")
    assert (link["state"], link["reason"]) == ("error", "no line")


def test_what_was_typed_before_it_was_clear_which_visit_is_meant_is_for_a_person_to_settle(
    office: Office,
) -> None:
    office.book.books("a-2", start=TWELVE)
    office.sync()
    typed = {**ADA, "start": f"{DAY}T12:10", "patient_name": "Example"}
    unclear = office.adds(**{**typed, "patient_date_of_birth": None})
    assert office.entry(unclear)["linked_to"] is None

    office.adds(**typed)

    assert office.entry(unclear)["linked_to"] == office.id_of("a-2")
    assert {one["field"] for one in office.conflicts()} == {"start", "duration_minutes"}


def test_a_visit_that_is_to_be_made_is_counted_at_its_practice(eager: Office) -> None:
    del eager.book.people["p-1"]
    eager.adds(**ADA)
    eager.push()
    eager.adds(**{**ADA, "start": f"{DAY}T15:00"})

    with dispatch(eager.engine) as db:
        owed = read_outward(db)[eager.connection_id]

    assert (owed.stuck, owed.waiting, owed.since is not None) == (1, 1, True)


def test_a_row_that_names_nobody_says_so(office: Office) -> None:
    entry_id = office.adds(start=ADA["start"], clinician=ADA["clinician"], kind="block")

    office.ask_push(entry_id, create=True)
    office.push()

    assert office.entry(entry_id)["push_state"] == "error"


def test_nothing_of_a_person_can_be_read_from_their_link(eager: Office) -> None:
    eager.adds(**ADA)
    eager.push()

    dump = eager.all("SELECT link::text AS dump FROM patient_links AS link")[0]["dump"]
    for hidden in ("Ada", "Example", "1970"):
        assert hidden not in dump
        assert hidden.encode().hex() not in dump


def chooses(office: Office, pms_id: str) -> UUID:
    """A person says who is meant."""
    (row,) = office.all("SELECT id FROM patient_links")
    with transaction(office.engine, account_id=office.account) as db:
        link = patient_links.load(db, SEALER, row["id"])
        patient_links.chosen(
            db,
            SEALER,
            link,
            Choice(state=LinkState.LINKED, pms_patient_id=pms_id),
            account_id=office.account,
            by="person:ann",
            at=office.time(),
        )
    return link.id
