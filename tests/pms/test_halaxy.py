"""What is peculiar to Halaxy."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters import chosen
from adapters.pms import open_vendor
from adapters.pms.halaxy import VENDOR, parse, queries
from adapters.rest.memory import Memory
from adapters.rest.record import Record
from adapters.rest.surroundings import Surroundings
from domain.appointments import Appointment, Status
from domain.checks import shut_out
from domain.connections import Connection, KnownType
from domain.errors import BadInput, BadRecord, BrokenContract, NeedsReconnect
from domain.limits import Limit
from domain.sources import AppointmentSource
from domain.window import whole_day
from tests.contract.kit import (
    NOW,
    Fixture,
    Stage,
    answer,
    changed,
    fixture,
    is_page,
    once,
    with_first_page,
)

CONNECTION = Connection(
    id=UUID(int=1),
    account_id="acc-1",
    vendor="halaxy",
    site="OG-1",
    timezone="Australia/Melbourne",
    settings={"default_minutes": 20},
    telehealth_types=frozenset({"5102"}),
    types={
        "5101": KnownType(name="Telehealth consult", duration_minutes=40),
        "5102": KnownType(name="Review"),
    },
)
HOST = "https://au-api.halaxy.com"
STATUS_URL = "https://terminology.halaxy.com/StructureDefinition/appointment-participant-status"
START, END = "2026-06-02T09:00:00+10:00", "2026-06-02T09:50:00+10:00"
DURING, AFTER = datetime(2026, 6, 1, 23, 30, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
HELD: Mapping[str, Mapping[str, Any]] = {
    "/main/Patient/9001": {"id": "9001", "name": [{"family": "Example", "given": ["Ann"]}]},
    "/main/Patient/9002": {"id": "9002", "name": [{"family": "Sample", "given": ["Bo"]}]},
    "/main/PractitionerRole/PR-31": {
        "id": "PR-31",
        "practitioner": {"reference": "/main/Practitioner/PR-1"},
        "organization": {"reference": f"{HOST}/main/Organization/CL-7"},
    },
    "/main/PractitionerRole/PR-1": {
        "id": "PR-1",
        "practitioner": {"reference": f"{HOST}/main/Practitioner/PR-9"},
    },
    "/main/Practitioner/PR-1": {
        "id": "PR-1",
        "name": [{"family": "Demo", "given": ["Dana"], "prefix": ["Dr"]}],
    },
    "/main/Practitioner/PR-9": {"id": "PR-9", "name": [{"text": "Nurse Nia"}]},
    "/main/Practitioner/EP-5": {"id": "EP-5", "name": [{"family": "Guest", "given": "Gil"}]},
}


def actor(reference: str, kind: str | None = None) -> dict[str, Any]:
    told = {"reference": reference, "type": kind}
    return {"actor": {key: value for key, value in told.items() if value}}


def booked(reference: str = "/main/Patient/9001", code: str | None = "booked") -> dict[str, Any]:
    person = actor(reference, "Patient")
    if code is not None:
        coding = {"system": "example", "code": code}
        person["modifierExtension"] = [{"url": STATUS_URL, "valueCoding": coding}]
    return person


ROLE = actor("/main/PractitionerRole/PR-31", "PractitionerRole")


def resource(**fields: Any) -> dict[str, Any]:
    """A plain booked appointment with these fields changed."""
    return {
        "resourceType": "Appointment",
        "id": "700001",
        "start": START,
        "end": END,
        "supportingInformation": [],
        "participant": [ROLE, booked()],
        **fields,
    }


def record(*, now: datetime | None = NOW, **fields: Any) -> Record:
    """The same as a record whose references lead to what is held."""
    around = Surroundings(follow=lambda path, query, parts: HELD.get(path.format(**parts)), now=now)
    return Record(resource(**fields), around=around)


def rows(connection: Connection = CONNECTION, **fields: Any) -> list[Appointment]:
    return list(parse(record(**fields), connection))


def row(connection: Connection = CONNECTION, **fields: Any) -> Appointment:
    (only,) = rows(connection, **fields)
    return only


@pytest.mark.parametrize(
    ("code", "expected", "raw", "flags"),
    [
        ("booked", Status.BOOKED, None, set()),
        ("Booked", Status.BOOKED, None, set()),
        (None, Status.BOOKED, None, set()),
        ("confirmed", Status.CONFIRMED, None, set()),
        ("accepted", Status.CONFIRMED, None, set()),
        ("arrived", Status.ARRIVED, None, set()),
        ("attended", Status.COMPLETED, None, set()),
        ("cancelled", Status.CANCELLED, None, set()),
        ("Cancelled (No Charge)", Status.CANCELLED, None, set()),
        ("cancelled-(no-charge)", Status.CANCELLED, None, set()),
        ("rejected", Status.CANCELLED, None, set()),
        ("declined", Status.CANCELLED, None, set()),
        ("did not attend", Status.NO_SHOW, None, set()),
        ("did-not-attend", Status.NO_SHOW, None, set()),
        ("DID_NOT_ATTEND", Status.NO_SHOW, None, set()),
        ("tentative", Status.BOOKED, "tentative", set()),
        ("Check Response", Status.BOOKED, "Check Response", set()),
        ("on hold", Status.BOOKED, "on hold", {"unknown_status"}),
    ],
)
def test_status_is_the_word_beside_the_patient(
    code: str | None, expected: Status, raw: str | None, flags: set[str]
) -> None:
    found = row(now=AFTER, participant=[ROLE, booked(code=code)])

    assert (found.status, found.status_raw, set(found.flags)) == (expected, raw, flags)


@pytest.mark.parametrize(
    ("code", "now", "expected"),
    [
        ("attended", NOW, Status.IN_PROGRESS),
        ("attended", DURING, Status.IN_PROGRESS),
        ("Attended", AFTER, Status.COMPLETED),
        ("did not attend", DURING, Status.NO_SHOW),
        ("booked", AFTER, Status.BOOKED),
    ],
)
def test_attended_is_set_by_itself_and_so_ends_with_the_appointment_only(
    code: str, now: datetime, expected: Status
) -> None:
    assert row(now=now, participant=[ROLE, booked(code=code)]).status is expected


@pytest.mark.parametrize(
    ("written", "code", "expected"),
    [
        ("tentative=cancelled", "Tentative", Status.CANCELLED),
        ("accepted=booked; on hold=arrived", "on-hold", Status.ARRIVED),
        # By the practice's word, not by the clock.
        ("attended=arrived", "attended", Status.ARRIVED),
        ("attended=completed", "Attended", Status.COMPLETED),
    ],
)
def test_a_practice_says_what_a_word_means(written: str, code: str, expected: Status) -> None:
    own = replace(CONNECTION, settings={"status_words": written})

    found = row(own, now=DURING, participant=[ROLE, booked(code=code)])

    assert (found.status, found.status_raw, set(found.flags)) == (expected, None, set())


def test_a_meaning_that_is_none_of_ours_is_refused_when_it_is_entered() -> None:
    with pytest.raises(BadInput, match="the words are booked"):
        chosen.settings(VENDOR, {"status_words": "tentative=maybe"})


def test_the_engine_says_what_time_it_is() -> None:
    stage = Stage(fixture("halaxy"))
    stage.now = datetime(2026, 6, 1, 19, 45, tzinfo=UTC)

    (found,) = [one for one in stage.rows() if one.pms_id == "700004"]

    assert found.status is Status.IN_PROGRESS


def test_a_status_in_the_fhir_sense_or_in_another_extension_says_nothing() -> None:
    person = {**booked(code=None), "status": "declined"}
    person["extension"] = booked(code="cancelled")["modifierExtension"]
    person["modifierExtension"] = [{"url": "https://example.test/other", "valueCoding": {}}]

    assert row(participant=[ROLE, person]).status is Status.BOOKED


@pytest.mark.parametrize(
    ("people", "reason", "expected"),
    [
        ([ROLE], {"text": "moved"}, Status.CANCELLED),
        ([ROLE], "moved", Status.CANCELLED),
        ([ROLE], None, Status.BOOKED),
        ([ROLE], {}, Status.BOOKED),
        ([ROLE, booked(code=None)], "moved", Status.CANCELLED),
        ([ROLE, booked(code="booked")], "moved", Status.BOOKED),
        ([ROLE, booked(code="cancelled")], None, Status.CANCELLED),
    ],
)
def test_a_reason_for_cancelling_counts_where_no_patient_has_a_word_of_their_own(
    people: list[Any], reason: Any, expected: Status
) -> None:
    assert row(participant=people, cancellationReason=reason).status is expected


def test_every_patient_of_a_group_has_a_row_and_a_status_alone() -> None:
    people = [
        ROLE,
        booked("/main/Patient/9009", "on hold"),
        booked(f"{HOST}/main/Patient/9001", "cancelled"),
        booked("/main/Patient/9002"),
        booked("/main/Patient/9001", "cancelled"),
    ]

    gone, ann, bo = rows(participant=people)

    assert {gone.pms_id, ann.pms_id, bo.pms_id} == {"700001"}
    assert (ann.patient_id, ann.status, set(ann.flags)) == ("9001", Status.CANCELLED, set())
    assert (bo.patient_id, bo.status, set(bo.flags)) == ("9002", Status.BOOKED, set())
    assert gone.patient_id == "9009"
    assert gone.flags == {"patient_not_included", "unknown_status"}


def test_a_meeting_is_a_row_without_a_patient() -> None:
    assert row(participant=[ROLE]).patient is None


@pytest.mark.parametrize(
    ("people", "pms_id", "name"),
    [
        ([("/main/PractitionerRole/PR-31", "PractitionerRole")], "PR-1", "Dr Dana Demo"),
        ([(f"{HOST}/main/PractitionerRole/PR-31", None)], "PR-1", "Dr Dana Demo"),
        ([("/main/Practitioner/PR-1", "Practitioner")], "PR-1", "Dr Dana Demo"),
        ([("/main/PractitionerRole/PR-1", "PractitionerRole")], "PR-9", "Nurse Nia"),
        ([("/main/Practitioner/EP-5", None)], "EP-5", "Gil Guest"),
        ([("/main/Practitioner/EP-5", None), ("/main/Practitioner/PR-1", None)], "PR-1", None),
        ([("/main/PractitionerRole/PR-99", None)], None, None),
        ([("/main/Location/L-1", "Location")], None, None),
        ([], None, None),
    ],
)
def test_the_practitioner_is_the_person_behind_the_role(
    people: list[tuple[str, str | None]], pms_id: str | None, name: str | None
) -> None:
    found = row(participant=[*[actor(*one) for one in people], booked()])

    assert found.practitioner_id == pms_id
    assert name is None or found.practitioner_name == name


def test_a_role_that_leads_to_nobody_is_counted() -> None:
    lost = record(participant=[actor("/main/PractitionerRole/PR-99")])

    (found,) = parse(lost, CONNECTION)

    assert found.practitioner_id is None and lost.drift == ["practitioner:unresolved"]


def test_an_appointment_whose_role_may_not_be_read_is_set_aside_not_shown_in_no_column() -> None:
    unread = list[str]()
    around = Surroundings(follow=lambda path, query, parts: unread.append(path), unread=unread)
    kept_from_us = Record(resource(participant=[ROLE]), around=around)

    with pytest.raises(BadRecord, match="role that cannot be read"):
        list(parse(kept_from_us, CONNECTION))


@pytest.mark.parametrize(
    ("site", "wanted"), [("CL-7", True), ("CL-8", False), ("OG-1", True), ("7", True)]
)
def test_a_clinics_connection_leaves_out_the_groups_other_clinics(site: str, wanted: bool) -> None:
    here = replace(CONNECTION, site=site)

    assert bool(rows(here)) is wanted
    (query,) = queries(
        whole_day(date(2026, 6, 2), here.timezone), here, practitioners=(), since=None
    )
    clinic = (f"Organization/{site}",) if site.startswith("CL-") else None
    assert query.params.get("organization") == clinic


@pytest.mark.parametrize(
    ("told", "settings", "expected"),
    [
        ({"type": "location-type", "value": "telehealth"}, {}, True),
        ({"name": "location-type", "valueCode": "telehealth"}, {}, True),
        ({"url": "https://example.test/x/location-type", "valueString": "Telehealth"}, {}, True),
        ({"type": "location-type", "valueCoding": {"code": "telehealth"}}, {}, True),
        ({"type": "location-type", "value": "clinic"}, {}, False),
        ({"type": "location-type", "value": "organization"}, {}, False),
        ({"type": "location-type", "value": "online"}, {}, False),
        ({"type": "location-type", "value": "phone"}, {}, False),
        ({"type": "location-type", "value": "online"}, {"online_is_telehealth": True}, True),
        ({"type": "location-type", "value": "phone"}, {"phone_is_telehealth": True}, True),
        ({"type": "location-type", "value": "phone"}, {"online_is_telehealth": True}, False),
        ({"type": "location-type"}, {}, False),
        ({"type": "something-else", "value": "telehealth"}, {}, False),
        ({"type": {"coding": []}, "value": "telehealth"}, {}, False),
        ({"reference": "/main/HealthcareService/5101"}, {}, False),
        ({"reference": "/main/HealthcareService/5102", "type": "HealthcareService"}, {}, True),
        ({"reference": f"{HOST}/main/HealthcareService/5102"}, {}, True),
    ],
)
def test_telehealth_is_the_location_type_or_a_marked_service_never_a_name(
    told: dict[str, Any], settings: dict[str, Any], expected: bool
) -> None:
    connection = replace(CONNECTION, settings=settings)

    assert row(connection, supportingInformation=[told]).is_telehealth is expected


@pytest.mark.parametrize(
    ("end", "minutes", "service", "expected", "flags"),
    [
        (END, 50, "5101", 50, set()),
        ("2026-06-01T23:50:00Z", None, None, 50, set()),
        (None, 25, "5101", 25, set()),
        (None, None, "5101", 40, set()),
        (None, None, "5102", 20, {"estimated_duration"}),
        (START, 25, "5101", 25, set()),
    ],
)
def test_length_is_the_end_else_the_minutes_else_the_services_else_our_default(
    end: str | None, minutes: int | None, service: str | None, expected: int, flags: set[str]
) -> None:
    told = [{"reference": f"/main/HealthcareService/{service}"}] if service else []

    found = row(end=end, minutesDuration=minutes, supportingInformation=told)

    assert (found.duration_minutes, set(found.flags)) == (expected, flags)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-04-05T01:30:00+11:00", "2026-04-05T03:30:00+10:00", 180),
        ("2026-10-03T15:30:00+00:00", "2026-10-04T03:30:00+11:00", 60),
    ],
)
def test_length_is_time_that_passes_whatever_the_offsets(
    start: str, end: str, minutes: int
) -> None:
    assert row(start=start, end=end).duration_minutes == minutes


@pytest.mark.parametrize(
    ("names", "full", "first", "last"),
    [
        (
            [{"use": "usual", "given": ["Annie"]}, {"use": "official", "family": "Example"}],
            "Example",
            None,
            "Example",
        ),
        (
            [{"use": "usual", "given": ["Annie"]}, {"family": "van der Example", "given": ["Ann"]}],
            "Ann van der Example",
            "Ann",
            "van der Example",
        ),
        ([{"given": ["Annie"]}, {"text": "Ann Example"}], "Ann Example", None, None),
        ([{"family": "Example", "given": ["Ann", "May"]}], "Ann May Example", "Ann May", "Example"),
        ([{"family": "Example", "given": "Ann"}], "Ann Example", "Ann", "Example"),
        ([{"family": "Example", "prefix": ["Dr"]}], "Example", None, "Example"),
        ([{"given": ["Annie"]}], "Annie", "Annie", None),
        ([], None, None, None),
    ],
)
def test_the_official_name_wins_then_one_with_a_family_name(
    names: list[Any], full: str | None, first: str | None, last: str | None
) -> None:
    (found,) = parse(
        including({"resourceType": "Patient", "id": "9001", "name": names}), CONNECTION
    )

    assert found.patient is not None
    told = (found.patient.full_name, found.patient.first_name, found.patient.last_name)
    assert told == (full, first, last)


@pytest.mark.parametrize(
    ("telecom", "phone"),
    [
        ([("phone", "1"), ("sms", "2")], "2"),
        ([("phone", "1"), ("fax", "3")], "1"),
        ([("sms", None), ("phone", "1")], "1"),
        ([("fax", "3")], None),
        ([], None),
    ],
)
def test_the_mobile_is_called_sms(telecom: list[tuple[str, str | None]], phone: str | None) -> None:
    contacts = [{"system": system, "value": value} for system, value in telecom]

    (found,) = parse(including({"id": "9001", "telecom": contacts}), CONNECTION)

    assert found.patient is not None and found.patient.phone == phone


BESIDE = "supportingInformation"


@pytest.mark.parametrize(
    "odd",
    [
        "telehealth",
        {"type": "location-type", "value": "telehealth"},
        ["telehealth"],
        [{"type": "location-type", "value": ["telehealth"]}],
        [{"reference": ["/main/HealthcareService/5101"]}],
        [{"reference": "/main/HealthcareService/5101", "type": 7}],
    ],
)
def test_what_says_of_which_kind_it_is_costs_it_only_where_nothing_but_telehealth_is_wanted(
    odd: Any,
) -> None:
    told = record(**{BESIDE: odd})

    (found,) = parse(told, replace(CONNECTION, telehealth_only=False))

    assert found.is_telehealth is False
    assert told.drift and all(what.startswith("unreadable:") for what in told.drift)


@pytest.mark.parametrize("odd", ["telehealth", ["x"], [{"type": "location-type", "value": ["x"]}]])
def test_a_visit_that_may_be_telehealth_is_not_left_off_a_sheet_of_telehealth(odd: Any) -> None:
    with pytest.raises(BadRecord, match="not a"):
        rows(replace(CONNECTION, telehealth_only=True), **{BESIDE: odd})


@pytest.mark.parametrize(
    "participant",
    [None, [{}], [ROLE, {}], [ROLE, {"actor": {}}], [ROLE, {"actor": {"reference": "9001"}}]],
)
def test_an_appointment_that_does_not_say_whose_it_is_is_not_nobodys(participant: Any) -> None:
    with pytest.raises(BadRecord):
        rows(participant=participant)


def test_an_endless_name_is_left_out_and_told() -> None:
    told = including({"id": "9001", "name": [{"family": "Example", "given": ["A" * 30_000]}]})

    (found,) = parse(told, CONNECTION)

    assert found.patient is not None and found.patient.full_name == "Example"
    assert "unreadable:given" in told.drift


def test_a_role_that_another_answers_for_sets_the_appointment_aside() -> None:
    told = Record(
        resource(),
        around=Surroundings(follow=lambda path, query, parts: HELD["/main/PractitionerRole/PR-1"]),
    )

    with pytest.raises(BadRecord, match="names a role that cannot be read"):
        list(parse(told, CONNECTION))


def test_a_page_that_has_lost_what_it_counts_is_not_empty() -> None:
    told, lost = fixture("halaxy"), {"resourceType": "Bundle", "total": 5, "link": []}
    respond = changed(
        told,
        lambda request: request.url.path == "/main/Practitioner",
        lambda: httpx.Response(200, json=lost),
    )
    stage = Stage(told, respond)

    with pytest.raises(BrokenContract, match="'entry' is missing"):
        stage.source().practitioners()


def including(patient: Mapping[str, Any]) -> Record:
    """An appointment whose patient came along with the page."""
    around = replace(record().around, included={"Patient": {"9001": patient}})
    return Record(resource(), around=around)


@pytest.mark.parametrize(
    ("mark", "hours"),
    [
        ("Mon, 01 Jun 2026 22:00:00 GMT", ("ge2026-06-02T04:00:00", "lt2026-06-02T10:00:00")),
        ("Mon, 01 Jun 2026 15:00:00 GMT", ("ge2026-06-02T00:00:00", "lt2026-06-02T03:00:00")),
        ("Tue, 02 Jun 2026 13:30:00 GMT", ("ge2026-06-02T19:30:00", "lt2026-06-03T00:00:00")),
        ("Sun, 31 May 2026 22:00:00 GMT", None),
    ],
    ids=["at eight", "at one", "before midnight", "another day"],
)
def test_the_hours_around_are_read_with_the_changes(
    mark: str, hours: tuple[str, str] | None
) -> None:
    told = fixture("halaxy")
    stage = Stage(told, now=parsedate_to_datetime(mark))

    _, *around = stage.source().queries(told.window, (), since=mark)

    assert [one.params["date"] for one in around] == (
        [tuple(f"{at}+10:00" for at in hours)] if hours else []
    )
    assert all(not one.complete and "_lastUpdated" not in one.params for one in around)


def test_after_hours_without_a_sync_all_that_began_meanwhile_is_read() -> None:
    told = fixture("halaxy")
    stage = Stage(told, now=datetime(2026, 6, 2, 5, 0, tzinfo=UTC))

    _, around = stage.source().queries(told.window, (), since="Mon, 01 Jun 2026 22:00:00 GMT")

    assert around.params["date"] == ("ge2026-06-02T04:00:00+10:00", "lt2026-06-02T17:00:00+10:00")


@pytest.mark.parametrize(
    ("mark", "changed_since"),
    [
        (None, None),
        ("Mon, 01 Jun 2026 22:00:00 GMT", "gt2026-06-01T21:55:00+00:00"),
        ("Mon, 01 Jun 2026 22:00:00 -0000", "gt2026-06-01T21:55:00+00:00"),
        ("soon", None),
        ("", None),
        (f"Mon, 01 Jun {'9' * 30} 22:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:00 -1400", None),
    ],
)
def test_changes_are_asked_for_from_the_vendors_own_clock_with_an_overlap(
    mark: str | None, changed_since: str | None
) -> None:
    told = fixture("halaxy")

    query, *_ = Stage(told).source().queries(told.window, (), since=mark)

    asked = query.params.get("_lastUpdated")
    assert asked == ((changed_since,) if changed_since else None)
    assert query.complete is (changed_since is None)
    assert query.params["date"] == ("ge2026-06-02T00:00:00+10:00", "lt2026-06-03T00:00:00+10:00")


def test_a_page_carries_the_vendors_date_as_its_mark() -> None:
    first, *_ = Stage(fixture("halaxy")).pages()

    assert first.mark == "Mon, 01 Jun 2026 22:00:00 GMT"


@pytest.mark.parametrize(
    ("day", "bounds"),
    [
        (date(2026, 4, 5), ("ge2026-04-05T00:00:00+11:00", "lt2026-04-06T00:00:00+10:00")),
        (date(2026, 10, 4), ("ge2026-10-04T00:00:00+10:00", "lt2026-10-05T00:00:00+11:00")),
    ],
)
def test_each_bound_of_the_window_has_the_offset_of_its_own_date(
    day: date, bounds: tuple[str, str]
) -> None:
    window = whole_day(day, CONNECTION.timezone)

    (query,) = queries(window, CONNECTION, practitioners=(), since=None)

    assert query.params["date"] == bounds and query.window == window


def test_plus_signs_leave_encoded_and_what_belongs_to_a_row_comes_with_it() -> None:
    stage = Stage(fixture("halaxy"))

    list(stage.pages())

    asked = [one.url for one in stage.sender.requests if one.url.path == "/main/Appointment"]
    first = asked[0].query.decode()
    assert "date=ge2026-06-02T00%3A00%3A00%2B10%3A00" in first and "+" not in first
    assert asked[0].params.get_list("_include") == [
        "Appointment:patient",
        "Appointment:practitioner-role",
    ]
    assert asked[1].query == b"_count=100&page=2"


def test_every_request_says_who_asks_and_accepts_fhir() -> None:
    stage = Stage(fixture("halaxy"))

    stage.rows()

    told = {(one.headers["user-agent"], one.headers["accept"]) for one in stage.sender.requests}
    assert told == {("Example Sync (dev@example.test)", "application/fhir+json")}


@pytest.mark.parametrize("settings", [{}, {"vendor_name": "", "vendor_email": None}])
def test_who_asks_is_said_even_if_nobody_set_it(settings: dict[str, Any]) -> None:
    assert VENDOR.headers_of is not None

    told = VENDOR.headers_of(replace(CONNECTION, settings=settings))

    assert re.fullmatch(r"[^()]+ \([^()@]+@[^()@]+\)", told["user-agent"])


def test_a_name_that_would_break_the_header_is_refused_before_anything_leaves() -> None:
    odd = replace(CONNECTION, settings={"vendor_name": "a\r\nx: y"})
    stage = Stage(fixture("halaxy"))

    with pytest.raises(BadInput, match="vendor_name"):
        stage.source(odd).practitioners()
    assert stage.sender.requests == []


def test_the_key_buys_a_token_by_json_that_is_used_for_fourteen_minutes() -> None:
    stage = Stage(fixture("halaxy"))

    stage.rows()

    bought = stage.sender.requests[0]
    assert bought.method == "POST" and bought.headers["content-type"] == "application/json"
    assert b'"grant_type":"client_credentials"' in bought.content
    (token,) = stage.tokens.kept.values()
    assert token.expires_at is not None
    assert (token.expires_at - NOW).total_seconds() == 840


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_expired_outcome_renews_the_token_once_whatever_the_status(status: int) -> None:
    told = fixture("halaxy")
    stage = Stage(told)
    refusal = {**told.refusal, "status": status}
    stage.sender.handler = changed(
        told, once(lambda request: is_page(told, request)), lambda: answer(refusal)
    )

    assert len(stage.rows()) == len(told.told["expected"])
    assert stage.tokens.renewals == 1


def with_outcome(told: Fixture, severity: str, code: str, *, alone: bool = False) -> Fixture:
    """The first page with an outcome among its entries, or in their place."""
    issue = {"severity": severity, "code": code}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    entry = {"resource": outcome, "search": {"mode": "outcome"}}

    def put(body: Any) -> Any:
        if alone:
            return {**body, "total": 0, "entry": [entry], "link": []}
        return {**body, "entry": [*body["entry"], entry]}

    return with_first_page(told, put)


def test_a_page_that_tells_of_an_error_is_not_all_and_nothing_leaves_for_not_being_in_it() -> None:
    told = fixture("halaxy")

    pages = list(Stage(with_outcome(told, "error", "exception")).pages())

    assert pages[0].is_partial and pages[0].drift["listing:short"] == 1
    assert sum(len(page.records) for page in pages) == len(told.told["expected"])


@pytest.mark.parametrize("severity", ["warning", "information"])
def test_a_page_that_only_warns_is_whole(severity: str) -> None:
    pages = list(Stage(with_outcome(fixture("halaxy"), severity, "not-supported")).pages())

    assert not any(page.is_partial for page in pages)


def test_an_error_in_place_of_the_list_is_no_empty_book() -> None:
    told = with_outcome(fixture("halaxy"), "error", "exception", alone=True)

    with pytest.raises(BrokenContract, match="an error stands where"):
        Stage(told).rows()


def test_a_token_that_ended_may_be_told_of_among_the_entries() -> None:
    told = fixture("halaxy")
    ended = with_outcome(told, "error", "expired", alone=True).listed[0]
    stage = Stage(told)
    stage.sender.handler = changed(
        told, once(lambda request: is_page(told, request)), lambda: answer(ended)
    )

    assert len(stage.rows()) == len(told.told["expected"])
    assert stage.tokens.renewals == 1


@pytest.mark.parametrize(
    "body", [None, {}, [], {"issue": "expired"}, {"issue": [{"code": "forbidden"}, 7]}]
)
def test_any_other_403_needs_a_person_and_no_new_token(body: Any) -> None:
    told = fixture("halaxy")
    stage = Stage(told)
    stage.sender.handler = changed(
        told, lambda request: is_page(told, request), lambda: httpx.Response(403, json=body)
    )

    with pytest.raises(NeedsReconnect, match=r"scopes .* add-on") as refusal:
        stage.rows()
    assert stage.tokens.renewals == 0
    assert "scopes" in shut_out(refusal.value)


def test_a_next_link_to_another_host_is_never_followed() -> None:
    told = fixture("halaxy")
    link = {"relation": "next", "url": "https://au-api.halaxy.com.example.test/main/Appointment"}
    body = {"resourceType": "Bundle", "link": [link], "entry": []}
    stage = Stage(told)
    stage.sender.handler = changed(
        told, lambda request: is_page(told, request), lambda: httpx.Response(200, json=body)
    )

    with pytest.raises(BrokenContract, match="host"):
        stage.rows()
    assert {one.url.host for one in stage.sender.requests} == {"au-api.halaxy.com"}


def test_a_listing_that_shifts_while_it_is_read_is_read_again() -> None:
    told = fixture("halaxy")
    totals = iter([6, 7, 7, 7])

    def with_total(request: httpx.Request) -> httpx.Response:
        page = told.listed[1 if "page" in request.url.params else 0]
        return httpx.Response(200, json={**page["json"], "total": next(totals)})

    stage = Stage(told)
    recorded = stage.sender.handler
    stage.sender.handler = lambda one: with_total(one) if is_page(told, one) else recorded(one)

    pages = list(stage.pages())

    assert [page.is_last for page in pages] == [False, False, False, True]


def test_what_a_page_includes_is_not_asked_for_and_the_rest_once() -> None:
    stage = Stage(fixture("halaxy"))

    stage.rows()

    paths = [request.url.path for request in stage.sender.requests]
    followed = [path for path in paths if path.count("/") > 2 and "oauth" not in path]
    assert len(followed) == len(set(followed))
    assert "/main/Patient/9001" not in followed and "/main/Patient/9002" in followed


def test_what_was_followed_is_remembered_within_a_bound() -> None:
    told = fixture("halaxy")
    stage = Stage(told)
    few = Memory(most=1)
    ports = replace(stage.ports, remembered=few)
    source = open_vendor(VENDOR, told.connection, secrets=told.told["secrets"], ports=ports)

    pages = [page for query in stage.queries(source) for page in source.pages(query)]

    assert sum(len(page.records) for page in pages) == len(told.told["expected"])
    assert len(few) == 1


def test_an_outcome_among_the_entries_is_no_appointment() -> None:
    first, *_ = Stage(fixture("halaxy")).pages()

    assert first.rejects == () and len(first.records) == 3


def test_its_limit_is_the_keys_and_its_headers_are_heeded() -> None:
    stage = Stage(fixture("halaxy"))

    stage.rows()

    assert VENDOR.limits["default"] == (Limit(500, 60),) and VENDOR.limited_per == "application"
    (told,) = stage.throttle.observed
    assert (told["limit"], told["remaining"]) == (500, 498)


def test_a_number_in_place_of_an_id_is_rejected_and_kept_as_it_came() -> None:
    def renumbered(body: Any) -> Any:
        first = next(one for one in body["entry"] if one["search"]["mode"] == "match")
        first["resource"]["id"] = 17
        return body

    whole = Stage(fixture("halaxy")).rows()
    first, *_ = Stage(with_first_page(fixture("halaxy"), renumbered)).pages()

    (reject,) = first.rejects
    assert (reject.pms_id, reject.reason) == ("17", "an id that is not a text")
    assert reject.path.endswith(".id")
    assert {one.pms_id for one in first.records} < {one.pms_id for one in whole}


def probing(held: Mapping[str, Any]) -> AppointmentSource:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"access_token": "tok-1", "expires_in": 3600})
        return httpx.Response(200, json=held[request.url.path])

    return Stage(fixture("halaxy"), handler).source(CONNECTION)


def test_an_appointment_is_probed_by_its_id_with_all_that_it_refers_to() -> None:
    source = probing({**HELD, "/main/Appointment/1": resource(id="1")})

    (found,) = source.probe("1") or ()

    assert found.patient is not None and found.patient.full_name == "Ann Example"
    assert found.practitioner_id == "PR-1"


def test_an_id_in_other_letters_is_the_same_appointment() -> None:
    """As the page tells it by now: the row under the earlier spelling leaves, and only that."""
    source = probing({**HELD, "/main/Appointment/ab-1": resource(id="AB-1")})

    (found,) = source.probe("ab-1") or ()

    assert found.pms_id == "AB-1"


@pytest.mark.parametrize("told", [17, "17", None])
def test_a_probe_that_answers_another_id_is_no_answer(told: Any) -> None:
    source = probing({**HELD, "/main/Appointment/1": resource(id=told)})

    with pytest.raises(BadRecord):
        source.probe("1")


def test_the_practice_is_the_clinic_or_group_of_that_id() -> None:
    found = Stage(fixture("halaxy")).source().practice()

    assert (found.site, found.name, found.timezone) == ("CL-7", "Example Clinic", None)


def test_a_service_that_is_gone_leaves_the_appointment_without_a_name() -> None:
    found = row(supportingInformation=[{"reference": "/main/HealthcareService/5999"}])

    assert (found.type_id, found.type_name) == ("5999", None)
