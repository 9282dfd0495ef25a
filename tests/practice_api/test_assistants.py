"""An assistant at the practice's API: let in by Vapi's signature, it acts for its caller alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import text

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.vapi.verifying import short_plans
from domain.desk import Coverage, Note
from domain.desk_calls import UNPROVED
from domain.people import Role
from infra.sealing import Keyring, Sealer
from producers.callers import Voice
from tests.practice_api.client import Client, dispatch_all
from tests.practice_api.test_practice_api import ANN, booked, booking, every_route
from tests.voice.line import ACCOUNT, KEY, SECRET
from tests.webhooks.serving import served

pytestmark = pytest.mark.integration

BOB = "PAT-1002"
BOB_SAYS = {"query": "Bob Baker", "dateOfBirth": "1990-07-15"}


@pytest.fixture
def call(api: Client) -> str:
    """A call under way that has proved nothing; nobody knows its number."""
    return api.rings()


@pytest.fixture
def bob(api: Client, call: str) -> str:
    """A call that has proved to be Bob's."""
    assert api.signed("POST", "/patients/search", BOB_SAYS, call=call).status_code == 200
    return call


def routes_of_patients(api: Client) -> list[tuple[str, str, Any, dict[str, Any]]]:
    return [one for one in every_route(api) if "availability" not in one[1]]


def test_without_a_call_nothing_of_a_patient_is_told_or_done(api: Client) -> None:
    answers = [api.signed(*one[:3], **one[3]) for one in routes_of_patients(api)]

    assert {one.status_code for one in answers} == {403}
    assert {one.json()["detail"] for one in answers} == {
        "Name the phone call in the address, ?callId=...: an assistant acts for its caller alone."
    }
    assert api.line.desk.asked == []


@pytest.mark.parametrize("named", ["made-up", "api:K1", "x" * 300, "a b"])
def test_a_call_that_nobody_knows_is_no_call(api: Client, named: str) -> None:
    answer = api.signed("GET", f"/patients/{ANN}", call=named)

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.line.desk.asked == []


def test_a_call_that_has_ended_tells_no_more(api: Client, bob: str) -> None:
    before = api.signed("GET", f"/patients/{BOB}", call=bob)
    api.says("end-of-call-report", endedReason="customer-ended-call")

    after = api.signed("GET", f"/patients/{BOB}", call=bob)

    assert (before.status_code, after.status_code) == (200, 403)
    assert "under way" in after.json()["detail"]


def test_a_caller_who_has_proved_nothing_hears_of_nobody(api: Client, call: str) -> None:
    skipped = {"/patients", "/patients/search"}
    asked = [one for one in routes_of_patients(api) if one[1] not in skipped]

    answers = [api.signed(*one[:3], call=call, **one[3]) for one in asked]

    assert {one.status_code for one in answers} == {403}
    assert {one.json()["detail"] for one in answers} == {UNPROVED}
    assert api.line.desk.asked == []


@pytest.mark.parametrize(
    "said",
    [
        {"query": "Bob Baker"},
        {"query": "Bob Baker", "dateOfBirth": "1990-07-16"},
        {"query": "+12025550178"},
        {"query": "Baker"},
        {"query": BOB},
    ],
    ids=str,
)
def test_a_search_finds_nobody_until_name_and_birthday_fit(
    api: Client, call: str, said: dict[str, str]
) -> None:
    answer = api.signed("POST", "/patients/search", said, call=call)
    after = api.signed("GET", f"/patients/{BOB}", call=call)

    assert (answer.status_code, after.status_code) == (403, 403)
    assert "Baker" not in answer.text


def test_a_fourth_guess_is_not_looked_at(api: Client, call: str) -> None:
    guesses = [{**BOB_SAYS, "dateOfBirth": f"1990-07-1{day}"} for day in (1, 2, 3)]
    for guess in guesses:
        api.signed("POST", "/patients/search", guess, call=call)

    answer = api.signed("POST", "/patients/search", BOB_SAYS, call=call)

    assert answer.status_code == 403
    assert "Somebody at the practice has to help" in answer.json()["detail"]


def test_whoever_proved_it_hears_of_their_own_record_and_no_other(api: Client, bob: str) -> None:
    own = api.signed("GET", f"/patients/{BOB}", call=bob)
    other = api.signed("GET", f"/patients/{ANN}", call=bob)
    found = api.signed("GET", "/patients/search", call=bob, query="Ann Ames")

    patient = own.json()["patient"]
    assert (patient["id"], patient["firstName"], patient["phone"]) == (BOB, "Bob", "…0178")
    assert (patient["dateOfBirth"], patient["email"], patient["address"]) == (None, None, None)
    assert (other.status_code, found.status_code) == (403, 403)


def test_a_proof_of_one_call_is_none_in_the_next(api: Client, bob: str) -> None:
    answer = api.signed("GET", f"/patients/{BOB}", call=api.rings())

    assert answer.status_code == 403


def test_what_the_tools_of_the_call_have_proved_counts_here(api: Client) -> None:
    with api.line.worker():
        api.line.ask("search-patients")

    answer = api.signed("GET", f"/patients/{ANN}", call=api.line.call_id)

    assert answer.status_code == 200


def test_a_caller_sees_moves_and_cancels_only_their_own(api: Client, bob: str) -> None:
    theirs = booked(api, "10:30")["id"]
    made = api.signed("POST", "/appointments", booking(api, patientId=BOB), call=bob)
    day = api.line.day.isoformat()
    own = made.json()["appointment"]["id"]

    listed = api.signed("GET", "/appointments", call=bob, startDate=day).json()["appointments"]
    cancelled = [api.signed("DELETE", f"/appointments/{one}", call=bob) for one in (theirs, own)]

    assert [one["id"] for one in listed] == [own]
    assert [one.status_code for one in cancelled] == [404, 200]


def test_a_caller_hears_of_their_own_appointments_a_year_ahead_and_changes_them(
    api: Client, bob: str
) -> None:
    desk, first = api.line.desk, api.line.desk.works[0].window.start
    own, theirs = (desk.add(one, first + timedelta(days=360)) for one in (BOB, ANN))
    year = {"startDate": api.line.day.isoformat(), "endDate": own.start.date().isoformat()}

    listed = api.signed("GET", "/appointments", call=bob, **year)
    refused = api.signed("DELETE", f"/appointments/{theirs.pms_id}", call=bob)
    cancelled = api.signed("DELETE", f"/appointments/{own.pms_id}", call=bob)

    assert [one["id"] for one in listed.json()["appointments"]] == [own.pms_id]
    assert (refused.status_code, cancelled.status_code) == (404, 200)


def test_a_call_makes_one_appointment_whichever_way_it_asks(api: Client, bob: str) -> None:
    first = api.signed("POST", "/appointments", booking(api, patientId=BOB), call=bob, key="K1")
    again = api.signed("POST", "/appointments", booking(api, patientId=BOB), call=bob, key="K1")
    other = api.signed(
        "POST", "/appointments", booking(api, "11:00", patientId=BOB), call=bob, key="K2"
    )
    mixed = api.signed(
        "POST", "/appointments", booking(api, "11:00", patientId=BOB), call=bob, key="K1"
    )

    assert (first.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["detail"]) == (
        409,
        "An appointment was made in this call already; move it instead.",
    )
    assert mixed.status_code == 422
    assert len(api.line.desk.sent) == 1


def test_a_key_stands_for_one_request_of_a_call_while_the_encryption_key_is_changed(
    api: Client, bob: str, redis_client: redis.Redis, redis_url: str
) -> None:
    wanted = booking(api, patientId=BOB)
    first = api.signed("POST", "/appointments", wanted, call=bob, key="K1")
    changed = Sealer(Keyring.from_hex("fedcba9876543210" * 4, old=[KEY]))
    voice = Voice(
        plans=short_plans(SECRET, allow_bare=False),
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url),
    )

    with served(api.line.engine, api.database_url, redis_client, changed, voice=voice) as ingress:
        after = replace(api, line=replace(api.line, client=ingress))
        again = after.signed("POST", "/appointments", wanted, call=bob, key="K1")
        other = after.signed(
            "POST", "/appointments", booking(api, "11:00", patientId=BOB), call=bob, key="K1"
        )

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert len(api.line.desk.sent) == 1


def test_a_write_is_told_of_in_the_call_that_made_it(api: Client, bob: str) -> None:
    api.signed("POST", "/appointments", booking(api, patientId=BOB), call=bob)
    write = api.line.value("SELECT id FROM pms_writes")

    own = api.signed("GET", f"/writes/{write}", call=bob)
    other = api.signed("GET", f"/writes/{write}", call=api.rings())

    assert (own.status_code, other.status_code) == (200, 404)
    assert api.signed("GET", f"/writes/{write}").status_code == 403


def test_somebody_new_is_registered_and_then_spoken_for(api: Client, call: str) -> None:
    new = {"firstName": "Nora", "lastName": "North", "dateOfBirth": "1990-02-03"}
    known = {"firstName": "Bob", "lastName": "Baker", "dateOfBirth": "1990-07-15"}

    made = api.signed("POST", "/patients", new, call=call)
    shown = api.signed("GET", f"/patients/{made.json()['patient']['id']}", call=call)
    twice = api.signed("POST", "/patients", known, call=call)
    unborn = api.signed("POST", "/patients", {"firstName": "A", "lastName": "B"}, call=call)

    assert [one.status_code for one in (made, shown, twice, unborn)] == [201, 200, 409, 422]


def test_policies_are_told_by_their_end_and_few_notes_shortly(api: Client, bob: str) -> None:
    api.line.desk.covers = [Coverage(provider="Example Dental", policy="POL-778899")]
    api.line.desk.kept_notes = [Note(text="x" * 500, pms_id=str(n)) for n in range(5)]

    insurance = api.signed("GET", f"/patients/{BOB}/insurance", call=bob).json()["insurance"]
    notes = api.signed("GET", f"/patients/{BOB}/notes", call=bob).json()["notes"]

    assert insurance[0]["policyNumber"] == "…8899"
    assert [len(one["content"]) for one in notes] == [200, 200, 200]


def test_free_times_need_no_caller_and_a_forged_signature_opens_nothing(api: Client) -> None:
    free = api.signed("GET", "/appointments/availability", date=api.line.day.isoformat())
    forged = api.signed("GET", "/patients/x", secret="another secret")  # noqa: S106 - made up
    configuring = api.signed("POST", "/setup", {"provider": "SIKKA"})

    assert (free.status_code, free.json()["success"]) == (200, True)
    assert (forged.status_code, forged.json()["detail"]) == (401, "Invalid Vapi signature")
    assert configuring.status_code == 403


def test_an_assistant_of_several_accounts_names_its_own_in_the_address(
    api: Client, bob: str
) -> None:
    with dispatch_all(api) as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Theirs')"))

    unnamed = api.signed("GET", f"/patients/{BOB}", call=bob)
    named = api.signed("GET", f"/patients/{BOB}", call=bob, accountId=ACCOUNT)
    foreign = api.signed("GET", f"/patients/{BOB}", call=bob, accountId="other")

    assert [one.status_code for one in (unnamed, named, foreign)] == [403, 200, 403]


def test_whose_call_it_was_is_audited(api: Client, bob: str) -> None:
    api.signed("GET", f"/patients/{BOB}", call=bob)

    rows = api.line.rows(
        "SELECT action, user_id, vapi_call_id, patient_id FROM pms_audit_logs ORDER BY created_at"
    )

    assert [tuple(row) for row in rows] == [
        ("api.search_patients", "vapi", bob, BOB),
        ("api.patient", "vapi", bob, BOB),
    ]


def test_a_person_with_a_token_needs_no_call(api: Client) -> None:
    answer = api.send("GET", f"/patients/{ANN}", role=Role.BILLING)

    assert answer.json()["patient"]["dateOfBirth"] == "1985-03-02"


def test_a_callers_time_is_the_practices_however_a_model_ends_it(api: Client, bob: str) -> None:
    start = f"{api.line.day}T09:30:00Z"
    wish = booking(api, patientId=BOB, startTime=start)

    by_person = api.send("POST", "/appointments", wish)
    in_a_call = api.signed("POST", "/appointments", wish, call=bob)

    assert by_person.status_code != 201, "for a script it is Greenwich, and nobody works then"
    assert in_a_call.json()["appointment"]["startTime"].startswith(f"{api.line.day}T09:30:00-0")
