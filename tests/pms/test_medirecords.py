"""What is peculiar to MediRecords."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.chosen import settings
from adapters.pms import open_vendor
from adapters.pms.medirecords import VENDOR, intervals, minutes_in, parse, queries
from adapters.rest.record import Record
from adapters.rest.surroundings import Surroundings
from domain.appointments import Appointment, Status
from domain.connections import Connection, KnownType
from domain.errors import BadInput, NeedsReconnect, Transient
from domain.sources import AppointmentSource
from domain.window import whole_day
from tests.contract.kit import Stage, as_row, changed, fixture, is_page, once

CONNECTION = Connection(
    id=UUID(int=1),
    account_id="acc-1",
    vendor="medirecords",
    site="practice-1",
    timezone="Australia/Melbourne",
    settings={"default_minutes": 20, "no_show_reasons": "3, 7"},
    telehealth_only=False,
    telehealth_types=frozenset({"marked"}),
    types={
        "visit": KnownType(name="Visit", duration_minutes=30),
        "video": KnownType(name="Video", is_telehealth=True),
        "marked": KnownType(name="Phone"),
    },
)
CODES = [{"code": 4, "display": "15 mins"}, {"code": 12, "display": "1 hr 30 mins"}]
ANN = {"id": "p1", "firstName": "Ann", "lastName": "van der Example", "dob": "1984-12-10"}
ROOM = "https://video.example/room/1"


def record(*, patient: Mapping[str, Any] | None = None, **fields: Any) -> Record:
    """A plain booked appointment with these fields changed."""
    told = {
        "id": "a1",
        "patientId": "p1",
        "providerId": "d1",
        "appointmentTypeId": "visit",
        "scheduleTime": "2026-06-02T09:00",
        "appointmentStatus": 2,
        "appointmentIntervalCode": 4,
        "cancellationReason": None,
        "telehealthLinkForProvider": "",
        "telehealthLinkForPatient": "",
        **fields,
    }
    people = {"p1": {**ANN, **(patient or {})}}
    around = Surroundings(
        follow=lambda path, query, parts: people.get(parts["id"]),
        codes=lambda path, code, read: read(CODES).get(code),
    )
    return Record(told, around=around)


LISTED_AT = "/code-system/appointment-Interval-Code"


def row(connection: Connection = CONNECTION, **fields: Any) -> Appointment:
    (only,) = parse(record(**fields), connection)
    return only


@pytest.mark.parametrize(
    ("code", "reason", "expected", "raw"),
    [
        (2, None, Status.BOOKED, None),
        (3, None, Status.CONFIRMED, None),
        (4, None, Status.ARRIVED, None),
        (5, None, Status.IN_PROGRESS, None),
        (6, None, Status.COMPLETED, None),
        (7, None, Status.COMPLETED, None),
        (8, 1, Status.CANCELLED, None),
        (8, None, Status.CANCELLED, None),
        (8, 7, Status.NO_SHOW, None),
        (8, "3", Status.NO_SHOW, None),
        (7, 7, Status.COMPLETED, None),
        ("4", None, Status.ARRIVED, None),
        (1, None, Status.BOOKED, "1"),
        (9, 7, Status.BOOKED, "9"),
        (None, None, Status.BOOKED, None),
    ],
)
def test_status_is_a_code_and_chosen_reasons_turn_cancelled_into_no_show(
    code: Any, reason: Any, expected: Status, raw: str | None
) -> None:
    found = row(appointmentStatus=code, cancellationReason=reason)

    assert (found.status, found.status_raw) == (expected, raw)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (None, Status.CANCELLED),
        ("", Status.CANCELLED),
        ("17", Status.CANCELLED),
        ("7", Status.NO_SHOW),
        (["3", "7"], Status.NO_SHOW),
    ],
)
def test_no_reason_means_a_no_show_until_somebody_says_so(reasons: Any, expected: Status) -> None:
    chosen = replace(CONNECTION, settings={"no_show_reasons": reasons})

    assert row(chosen, appointmentStatus=8, cancellationReason=7).status is expected


@pytest.mark.parametrize(
    ("code", "kind", "minutes", "flags"),
    [
        (4, "visit", 15, set()),
        (12, "visit", 90, set()),
        ("12", "visit", 90, set()),
        (99, "visit", 30, set()),
        (None, "visit", 30, set()),
        (99, "video", 20, {"estimated_duration"}),
        (None, None, 20, {"estimated_duration"}),
    ],
)
def test_length_is_the_intervals_else_the_types_else_our_default(
    code: Any, kind: str | None, minutes: int, flags: set[str]
) -> None:
    found = row(appointmentIntervalCode=code, appointmentTypeId=kind)

    assert (found.duration_minutes, set(found.flags)) == (minutes, flags)


def test_the_codes_of_lengths_are_read_where_the_practice_says_that_they_are() -> None:
    told = fixture("medirecords")
    elsewhere = {**told.told["connection"]["settings"], "intervals_path": "/v1/lengths"}
    connection = {**told.told["connection"], "settings": elsewhere}
    moved = json.loads(json.dumps(told.exchanges).replace(LISTED_AT, "/v1/lengths"))
    stage = Stage(replace(told, told={**told.told, "connection": connection, "exchanges": moved}))

    assert [as_row(one)["minutes"] for one in stage.rows()] == [
        as_row(one)["minutes"] for one in Stage(told).rows()
    ]


@pytest.mark.parametrize("given", ["lengths", "https://other.example/x", "/v1/../x", "/x?y=1"])
def test_an_address_of_the_codes_that_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="intervals_path is written /code-system/"):
        settings(VENDOR, {"intervals_path": given})


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15 mins", 15),
        ("30 min", 30),
        ("1 hr", 60),
        ("4 hrs", 240),
        ("1 hr 30 mins", 90),
        ("1hr30min", 90),
        ("1.5 Hours", 90),
        ("45", 45),
        ("", None),
        ("long", None),
        ("two hrs", None),
    ],
)
def test_a_length_is_read_from_its_text(text: str, minutes: int | None) -> None:
    assert minutes_in(text) == minutes


@pytest.mark.parametrize(
    "body",
    [
        [{"code": 4, "display": "15 mins"}],
        {"data": [{"id": "4", "name": "15 mins"}], "last": True},
        {"resourceType": "CodeSystem", "concept": [{"code": "4", "display": "15 mins"}]},
        [{"value": 4, "label": "15 mins"}, {"value": 5, "label": "odd"}, "odd", {"label": "1 hr"}],
        [{"code": 4, "name": "Interval 1 hr block 2", "duration": "15 mins"}],
        [{"code": 4, "name": "30", "display": "15 mins"}],
        [{"code": 4, "display": "Up to 1 hour", "minutes": 15}],
    ],
)
def test_interval_codes_are_read_from_any_list_of_codes_with_texts(body: Any) -> None:
    assert intervals(body) == {"4": 15}


@pytest.mark.parametrize("body", [None, {}, [], "fine", 7])
def test_without_a_code_list_no_code_is_known(body: Any) -> None:
    assert intervals(body) == {}


@pytest.mark.parametrize(
    ("timezone", "told", "start", "flags"),
    [
        ("Australia/Melbourne", "2026-06-02T09:00", "2026-06-01T23:00+00:00", set()),
        ("Australia/Melbourne", "2026-04-05T02:30", "2026-04-04T15:30+00:00", {"fold"}),
        ("Australia/Melbourne", "2026-10-04T02:30", "2026-10-03T16:30+00:00", {"gap"}),
        ("Australia/Brisbane", "2026-10-04T02:30", "2026-10-03T16:30+00:00", set()),
        ("Australia/Adelaide", "2026-06-02T09:00", "2026-06-01T23:30+00:00", set()),
        ("Australia/Melbourne", "2026-06-02T09:00:00.000+0000", "2026-06-02T09:00+00:00", set()),
    ],
)
def test_times_are_the_practices_own_clock_unless_they_carry_an_offset(
    timezone: str, told: str, start: str, flags: set[str]
) -> None:
    found = row(replace(CONNECTION, timezone=timezone), scheduleTime=told)

    assert found.start == datetime.fromisoformat(start)
    assert found.flags == flags


@pytest.mark.parametrize(
    ("kind", "provider", "patient", "expected"),
    [
        ("visit", "", "", False),
        ("visit", None, None, False),
        ("visit", "  ", "", False),
        ("visit", ROOM, "", True),
        ("visit", "", ROOM, True),
        ("video", None, None, True),
        ("marked", None, None, True),
        (None, None, None, False),
    ],
)
def test_telehealth_is_the_types_flag_or_either_link_or_a_marked_type(
    kind: str | None, provider: str | None, patient: str | None, expected: bool
) -> None:
    found = row(
        appointmentTypeId=kind,
        telehealthLinkForProvider=provider,
        telehealthLinkForPatient=patient,
    )

    assert found.is_telehealth is expected


def test_both_links_are_kept_apart_for_the_hosts_lets_anyone_in() -> None:
    long = f"https://video.example/host/{'k' * 900}"

    found = row(telehealthLinkForProvider=long, telehealthLinkForPatient=ROOM)

    assert (found.telehealth_link, found.telehealth_host_link) == (ROOM, long)


@pytest.mark.parametrize(
    ("fields", "full_name", "phone"),
    [
        ({}, "Ann van der Example", None),
        ({"firstName": None}, "van der Example", None),
        ({"firstName": None, "lastName": None}, None, None),
        ({"mobilePhone": "0491 570 006", "homePhone": "03 5550 0001"}, None, "0491 570 006"),
        ({"mobilePhone": "", "homePhone": "03 5550 0001"}, None, "03 5550 0001"),
    ],
)
def test_everything_of_a_patient_but_the_id_may_be_missing(
    fields: dict[str, Any], full_name: str | None, phone: str | None
) -> None:
    found = row(patient=fields).patient

    assert found is not None and found.phone == phone
    if not phone:
        assert found.full_name == full_name


def test_an_appointment_may_have_neither_a_patient_nor_a_practitioner() -> None:
    found = row(patientId=None, providerId=None, firstAvailableDoctor=True)

    assert found.patient is None and found.practitioner_id is None
    assert found.flags == set()


def test_no_request_is_spent_on_the_patient_of_a_row_that_is_left_out() -> None:
    telehealth_only = replace(CONNECTION, telehealth_only=True)

    left_out, kept = row(telehealth_only), row(telehealth_only, appointmentTypeId="video")

    assert left_out.patient_id == kept.patient_id == "p1"
    assert left_out.patient is not None and left_out.patient.full_name is None
    assert left_out.flags == {"patient_not_included"} and kept.flags == set()


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 6, 2), "2026-06-01T23:00", "2026-06-03T01:00"),
        (date(2026, 4, 5), "2026-04-04T23:00", "2026-04-06T01:00"),
        (date(2026, 10, 4), "2026-10-03T23:00", "2026-10-05T01:00"),
    ],
)
def test_the_window_is_asked_for_on_the_local_clock_with_a_margin(
    day: date, start: str, end: str
) -> None:
    window = whole_day(day, "Australia/Melbourne")

    (one,) = queries(window, CONNECTION, practitioners=(), since=None)

    assert one.params["appointmentDateRangeStart"] == start
    assert one.params["appointmentDateRangeEnd"] == end
    assert (one.window, one.practitioner_id, one.complete) == (window, None, True)


@pytest.mark.parametrize(
    ("given", "size"), [(None, "100"), ("50", "50"), (200, "200"), ("500", "200")]
)
def test_the_page_size_may_be_chosen(given: Any, size: str) -> None:
    told = fixture("medirecords")
    chosen = {**told.connection.settings, "page_size": given}
    stage = Stage(told, lambda request: httpx.Response(200, json={"data": [], "last": True}))
    source = stage.source(replace(told.connection, settings=chosen))

    (query,) = source.queries(told.window, ())
    list(source.pages(query))

    assert stage.sender.requests[0].url.params["size"] == size
    assert stage.sender.requests[0].url.params["page"] == "0"


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5"])
def test_a_page_size_that_is_none_is_refused(given: str) -> None:
    odd = replace(CONNECTION, settings={"page_size": given})

    with pytest.raises(BadInput, match="page_size"):
        list(queries(fixture("medirecords").window, odd, practitioners=(), since=None))


@pytest.mark.parametrize("given", ["0", "many", "201", "500"])
def test_a_page_size_that_would_not_be_used_is_refused_where_it_is_given(given: str) -> None:
    with pytest.raises(BadInput, match="page_size"):
        settings(VENDOR, {"page_size": given})

    assert settings(VENDOR, {"page_size": "200"}) == {"page_size": "200"}


def test_each_patient_and_the_code_list_are_asked_for_once() -> None:
    stage = Stage(fixture("medirecords"))

    stage.rows()

    paths = [request.url.path for request in stage.sender.requests]
    followed = [path for path in paths if "/patients/" in path or "code-system" in path]
    assert len(followed) == len(set(followed)) == 4


def test_a_kept_code_list_is_read_again_only_for_a_code_it_lacks() -> None:
    stage = Stage(fixture("medirecords"))
    kept: dict[str, Any] = {}

    def asked() -> int:
        before = len(stage.sender.requests)
        source = sharing(stage, kept)
        for query in stage.queries(source):
            list(source.pages(query))
        made = stage.sender.requests[before:]
        return sum("code-system" in request.url.path for request in made)

    assert asked() == 1
    assert asked() == 1  # one row has a code that no list knows
    kept[next(iter(kept))]["99"] = 25
    assert asked() == 0


def is_code_list(request: httpx.Request) -> bool:
    return "code-system" in request.url.path


@pytest.mark.parametrize("status", [400, 403])
def test_a_code_list_that_may_not_be_read_costs_its_lengths_and_signs_nobody_out(
    status: int,
) -> None:
    told = fixture("medirecords")
    whole = {row.pms_id for row in Stage(told).rows()}
    stage = Stage(told, changed(told, is_code_list, lambda: httpx.Response(status, json={})))

    assert {row.pms_id for row in stage.rows()} == whole
    assert sum(map(is_code_list, stage.sender.requests)) == 2


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_code_list_that_cannot_be_read_anew_stands_as_it_was(status: int) -> None:
    told = fixture("medirecords")
    kept: dict[str, Any] = {}
    first = Stage(told)
    before = lengths(sharing(first, kept), first)
    failing = Stage(told, changed(told, is_code_list, lambda: httpx.Response(status, json={})))

    assert lengths(sharing(failing, kept), failing) == before
    assert sum(map(is_code_list, failing.sender.requests)) == 1


def test_a_code_list_that_was_never_read_is_waited_for_while_the_vendor_fails() -> None:
    told = fixture("medirecords")
    failing = Stage(told, changed(told, is_code_list, lambda: httpx.Response(500, json={})))

    with pytest.raises(Transient):
        failing.rows()


def lengths(source: AppointmentSource, stage: Stage) -> dict[str, int]:
    pages = [page for query in stage.queries(source) for page in source.pages(query)]
    return {row.pms_id: row.duration_minutes for page in pages for row in page.records}


def sharing(stage: Stage, kept: dict[str, Any]) -> AppointmentSource:
    """A source whose code lists outlive it."""
    return open_vendor(
        VENDOR,
        stage.told.connection,
        secrets=stage.told.told["secrets"],
        ports=replace(stage.ports, codes=kept),
    )


def test_a_listing_that_shifts_while_it_is_read_is_read_again() -> None:
    bodies = iter(
        [
            {"data": [raw("a1"), raw("a2")], "last": False, "totalElements": 3},
            {"data": [raw("a3")], "last": True, "totalElements": 4},
            {"data": [raw("a0"), raw("a1")], "last": False, "totalElements": 4},
            {"data": [raw("a2"), raw("a3")], "last": True, "totalElements": 4},
        ]
    )
    stage = Stage(fixture("medirecords"), lambda request: httpx.Response(200, json=next(bodies)))
    source = stage.source()
    (query,) = source.queries(stage.told.window, ())

    pages = list(source.pages(query))

    assert {row.pms_id for page in pages for row in page.records} == {"a0", "a1", "a2", "a3"}
    assert [page.is_last for page in pages] == [False, False, False, True]


def test_a_listing_that_counts_more_than_it_tells_takes_nothing_off() -> None:
    body = {"data": [raw("a1")], "last": True, "totalElements": 2}
    stage = Stage(fixture("medirecords"), lambda request: httpx.Response(200, json=body))
    source = stage.source()
    (query,) = source.queries(stage.told.window, ())

    pages = list(source.pages(query))

    assert [page.is_last for page in pages] == [False, True]
    assert [page.is_partial for page in pages] == [False, True]
    assert pages[-1].drift["listing:short"] == 1


def raw(pms_id: str, **more: Any) -> dict[str, Any]:
    return {"id": pms_id, "scheduleTime": "2026-06-02T09:00", "providerId": "d9", **more}


@pytest.mark.parametrize(("status", "asked"), [(401, 2), (403, 1)])
def test_a_token_that_is_refused_needs_a_new_one_from_a_person(status: int, asked: int) -> None:
    told = fixture("medirecords")
    stage = Stage(told, lambda request: httpx.Response(status, json={"status": status}))

    with pytest.raises(NeedsReconnect):
        stage.rows()
    assert len(stage.sender.requests) == asked


def test_one_stray_refusal_of_the_token_is_waited_out_and_costs_one_more_request() -> None:
    told = fixture("medirecords")
    wanted = Stage(told)
    rows = wanted.rows()
    refused = once(lambda request: is_page(told, request))
    stage = Stage(told, changed(told, refused, lambda: httpx.Response(401)))

    assert stage.rows() == rows

    assert len(stage.sender.requests) == len(wanted.sender.requests) + 1
    ((bucket, seconds),) = stage.throttle.pauses
    assert bucket.startswith("medirecords/default/") and 0 < seconds <= 2
    assert len(stage.throttle.spends) == len(stage.sender.requests)


@pytest.mark.parametrize("names", ["d1=Dr Dana Demo; d2=Sample, Jo", {"d1": "Dr Dana Demo"}])
def test_practitioners_are_those_a_person_named_and_those_stored(names: Any) -> None:
    connection = replace(
        CONNECTION,
        settings={"practitioner_names": names},
        practitioners={"d1": "d1", "d8": "Dr Fay Former"},
    )
    stage = Stage(fixture("medirecords"))

    found = {one.pms_id: one.full_name for one in stage.source(connection).practitioners()}

    assert found["d1"] == "Dr Dana Demo" and found["d8"] == "Dr Fay Former"
    assert stage.sender.requests == []


def test_names_that_cannot_be_read_say_how_they_are_written() -> None:
    odd = replace(CONNECTION, settings={"practitioner_names": "Dr Dana Demo"})

    with pytest.raises(BadInput, match="id=Name"):
        Stage(fixture("medirecords")).source(odd)


def test_at_first_the_coming_weeks_book_tells_who_works_there() -> None:
    body = {
        "data": [raw("a1"), raw("a2", providerId=None), raw("a3", patientId="p1")],
        "last": True,
    }
    stage = Stage(fixture("medirecords"), lambda request: httpx.Response(200, json=body))
    source = stage.source(replace(CONNECTION, practitioners={}))

    found = source.practitioners()

    assert [(one.pms_id, one.full_name) for one in found] == [("d9", "d9")]
    (request,) = stage.sender.requests
    assert request.url.params["appointmentDateRangeStart"] == "2026-06-01T07:00"
    assert request.url.params["appointmentDateRangeEnd"] == "2026-06-09T09:00"


def test_whoever_appears_in_the_book_is_announced_once() -> None:
    told = fixture("medirecords")
    listed = {"data": [raw("a1"), raw("a2", providerId="d1")], "last": True}
    stage = Stage(
        told,
        changed(
            told,
            lambda request: is_page(told, request),
            lambda: httpx.Response(200, json=listed),
        ),
    )
    source = stage.source(replace(told.connection, practitioners={"d1": "Dr D"}))
    (query,) = source.queries(told.window, ())

    first, again = (next(source.pages(query)).practitioners for _ in range(2))

    assert [(one.pms_id, one.full_name) for one in first] == [("d9", "d9")]
    assert again == []


@pytest.mark.parametrize("bare", [False, True])
def test_types_are_read_in_an_envelope_or_as_a_list(bare: bool) -> None:
    types = [
        {"id": 7, "name": "Video", "duration": "30 mins", "telehealth": True},
        {"id": 8, "name": "Procedure", "duration": "4 hrs", "telehealth": None},
        {"id": 9, "name": "Other", "duration": None},
    ]
    body = types if bare else {"data": types}
    stage = Stage(fixture("medirecords"), lambda request: httpx.Response(200, json=body))

    found = stage.source().types()

    assert [(one.pms_id, one.duration_minutes, one.is_telehealth) for one in found] == [
        ("7", 30, True),
        ("8", 240, False),
        ("9", None, False),
    ]
    assert len(stage.sender.requests) == 1


def test_an_appointment_is_probed_by_its_id_with_its_patient() -> None:
    told = fixture("medirecords")
    body = raw("a1", patientId="p1")
    people = {"/v1/patients/p1": ANN, "/v1/practices/practice-1/appointments/a1": body}
    stage = Stage(told, lambda request: httpx.Response(200, json=people[request.url.path]))

    (found,) = stage.source(CONNECTION).probe("a1") or ()

    assert found.patient is not None and found.patient.full_name == "Ann van der Example"


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500, 503])
def test_one_patient_who_may_not_be_read_stops_nobody_else(status: int) -> None:
    told = fixture("medirecords")
    who = next(row.patient_id for row in Stage(told).rows() if row.patient_id)
    refused = changed(
        told,
        lambda request: request.url.path == f"/v1/patients/{who}",
        lambda: httpx.Response(status, json={"status": status}),
    )

    pages = list(Stage(told, refused).pages())

    found = {row.pms_id: row for page in pages for row in page.records}
    assert found.keys() == {row.pms_id for row in Stage(told).rows()}
    lacking = [row for row in found.values() if row.patient_id == who]
    assert all("patient_not_included" in row.flags for row in lacking)
    rejects = [one for page in pages for one in page.rejects]
    assert {(one.path, one.pms_id) for one in rejects} >= {
        ("/v1/patients/{id}", row.pms_id) for row in lacking
    }


def test_an_appointment_of_such_a_patient_is_there_by_its_id() -> None:
    listed = raw("a1", patientId="p1")
    answers = {"/v1/practices/practice-1/appointments/a1": httpx.Response(200, json=listed)}
    refused = httpx.Response(403)
    stage = Stage(fixture("medirecords"), lambda request: answers.get(request.url.path, refused))

    (found,) = stage.source(CONNECTION).probe("a1") or ()

    assert (found.pms_id, found.patient_id) == ("a1", "p1")


def test_a_deleted_row_is_listed_no_more_and_is_gone_by_its_id() -> None:
    """So the pass that does not meet it asks for it, and only then takes it off the sheet."""
    bodies = iter(
        [
            httpx.Response(200, json={"data": [raw("a1")], "last": True, "totalElements": 1}),
            httpx.Response(404, json={"status": 404, "message": "Not found"}),
        ]
    )
    stage = Stage(fixture("medirecords"), lambda request: next(bodies))
    source = stage.source()
    (query,) = source.queries(stage.told.window, ())

    (page,) = source.pages(query)

    assert query.complete and page.is_last
    assert [row.pms_id for row in page.records] == ["a1"]
    assert source.probe("a2") is None


def test_the_practice_describes_itself_without_a_zone() -> None:
    found = Stage(fixture("medirecords")).source().practice()

    assert (found.name, found.timezone) == ("Example Clinic", None)


def test_a_type_that_is_gone_leaves_the_appointment_without_one() -> None:
    found = row(appointmentTypeId="gone", telehealthLinkForPatient=ROOM)

    assert (found.type_id, found.type_name, found.is_telehealth) == ("gone", None, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("ref-7", "ref-7", id="an id"),
        pytest.param(70012, "70012", id="a number"),
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param(["ref-7"], None, id="no id at all"),
        pytest.param("ref\x007", None, id="odd characters"),
    ],
)
def test_the_referral_is_told_and_an_odd_one_costs_nothing_else(
    given: object, expected: str | None
) -> None:
    (found,) = parse(record(referralId=given), CONNECTION)

    assert (found.pms_id, found.referral_id) == ("a1", expected)


@pytest.mark.parametrize("odd", [7, True, ["https://x"], {"url": "https://x"}, "x" * 3_000])
def test_a_link_that_cannot_be_shown_still_says_that_it_is_telehealth(odd: Any) -> None:
    found = row(telehealthLinkForPatient=odd, telehealthLinkForProvider=ROOM)
    alone = row(telehealthLinkForPatient=odd)

    assert (found.telehealth_link, found.telehealth_host_link) == (None, ROOM)
    assert (alone.is_telehealth, alone.telehealth_link) == (True, None)


@pytest.mark.parametrize("odd", [["4"], {"code": 4}, 1.5, True, "x" * 300, 10**25])
def test_an_odd_interval_code_leaves_the_length_to_the_type_and_is_told(odd: Any) -> None:
    told = record(appointmentIntervalCode=odd)

    (found,) = parse(told, CONNECTION)

    assert (found.duration_minutes, told.drift) == (30, ["unreadable:appointmentIntervalCode"])


@pytest.mark.parametrize("odd", [["7"], {"code": 7}, 1.5, True, "x" * 300, 10**25])
def test_whoever_cancelled_for_an_odd_reason_has_cancelled(odd: Any) -> None:
    found = row(appointmentStatus=8, cancellationReason=odd)

    assert found.status is Status.CANCELLED


@pytest.mark.parametrize("odd", ["yes", 1, [True], {"is": True}])
def test_a_type_of_which_it_is_not_said_whether_it_is_telehealth_stays_what_it_was(
    odd: Any,
) -> None:
    types = [{"id": "video", "name": odd, "duration": "30 mins", "telehealth": odd}]
    stage = Stage(fixture("medirecords"), lambda request: httpx.Response(200, json=types))

    (found,) = stage.source(CONNECTION).types()

    assert found.is_telehealth is None
    assert found.name in {"Video", "yes", "1"}


def test_an_odd_type_that_is_listed_no_more_does_not_cost_its_appointments() -> None:
    odd = {"id": "old", "name": ["Old"], "duration": {}, "telehealth": "yes"}
    told = Record(
        {"id": "a1", "scheduleTime": "2026-06-02T09:00", "appointmentTypeId": "old"},
        around=Surroundings(follow=lambda path, query, parts: odd),
    )

    (found,) = parse(told, CONNECTION)

    assert (found.type_id, found.type_name, found.is_telehealth) == ("old", "old", False)
