import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from simulators.medirecords import Knobs
from simulators.medirecords.codes import length
from simulators.setup import Setup
from tests.simulators.medirecords_desk import DAYS, INTERVALS, WHOLE, Desk, opened

MELBOURNE = ZoneInfo("Australia/Melbourne")
NOBODY = "00000000-0000-4000-8000-000000000000"
MINUTES = {"min": 1, "mins": 1, "hr": 60, "hrs": 60}


def minutes(text: str) -> int:
    words = text.split()
    return sum(
        int(number) * MINUTES[unit] for number, unit in zip(words[::2], words[1::2], strict=True)
    )


def booked(desk: Desk) -> dict[str, Any]:
    return next(
        row for row in desk.rows(appointmentStatus=2) if row["patientId"] and row["providerId"]
    )


def test_a_request_without_a_good_token_is_401(read: Desk) -> None:
    reply = httpx.get(f"{read.url}{read.path}/appointments")

    assert reply.status_code == 401
    assert reply.json() == {"status": 401, "message": "Unauthorized"}


def test_each_token_opens_one_api_only() -> None:
    with opened() as desk:
        assert desk.http.get("/fhir/v1/Practitioner").status_code == 401
        desk.sign("fhir-credentials")
        assert desk.http.get("/fhir/v1/Practitioner").status_code == 200
        assert desk.page().status_code == 401


def test_a_token_is_bound_to_its_practice() -> None:
    with opened(Setup(tenants=2, days=DAYS, limits=())) as desk:
        _, other = desk.simulator.clinics
        theirs = f"/v1/practices/{other}/appointments"

        assert desk.http.get(theirs).status_code == 403
        desk.control("POST", "knobs", uncovered_status=401)
        assert desk.http.get(theirs).status_code == 401
        desk.control("POST", "knobs", covers_all=True)
        desk.sign()
        assert desk.http.get(theirs).status_code == 200


def test_a_patient_of_a_practice_not_covered_is_not_found() -> None:
    with opened(Setup(tenants=2, days=DAYS, limits=())) as desk:
        mine, theirs = (next(iter(each.patients)) for each in desk.simulator.clinics.values())

        codes = [desk.http.get(f"/v1/patients/{each}").status_code for each in (mine, theirs)]
        assert codes == [200, 404]


def test_a_revoked_token_is_401_until_another_is_handed_out(desk: Desk) -> None:
    assert desk.control("POST", "expire-tokens") == {"expired": 1}
    assert desk.page().status_code == 401

    desk.sign()
    assert desk.page().status_code == 200


def test_pages_count_from_0_and_have_20_rows_unless_asked(read: Desk) -> None:
    page = read.page().json()

    assert page.keys() == {
        "data", "first", "last", "totalPages", "totalElements", "numberOfElements", "size", "page",
    }  # fmt: skip
    assert (page["first"], page["last"], page["page"], page["size"]) == (True, False, 0, 20)
    assert (page["totalElements"], page["totalPages"], page["numberOfElements"]) == (120, 6, 20)
    assert read.page(page=5).json()["last"] is True
    assert read.page(page=6).json()["data"] == []


def test_following_every_page_reads_every_row_once(read: Desk) -> None:
    ids = [row["id"] for row in read.rows(size=7)]

    assert len(ids) == len(set(ids)) == 120
    assert set(ids) == set(read.truth())


@pytest.mark.parametrize(
    ("oversize", "status", "size"), [("clamp", 200, 200), ("refuse", 400, None)]
)
def test_a_page_has_at_most_200_rows(oversize: Any, status: int, size: int | None) -> None:
    with opened(knobs=Knobs(oversize=oversize)) as desk:
        reply = desk.page(size=500)

        assert (reply.status_code, reply.json().get("size")) == (status, size)


@pytest.mark.parametrize(
    "query",
    [
        {"page": "-1"},
        {"page": "x"},
        {"size": "0"},
        {"appointmentStatus": "9"},
        {"appointmentStatus": "booked"},
        {"urgency": "high"},
        {"appointmentDateRangeStart": "2026-06-02T00:00:00Z"},
        {"appointmentDateRangeEnd": "today"},
    ],
)
def test_a_malformed_query_is_400(read: Desk, query: dict[str, str]) -> None:
    reply = read.page(**query)

    assert reply.status_code == 400
    assert reply.json()["status"] == 400


def test_rows_are_in_no_order_of_time(read: Desk) -> None:
    times = [row["scheduleTime"] for row in read.rows()]

    assert times != sorted(times)


def test_rows_can_be_in_order_of_time() -> None:
    with opened(knobs=Knobs(order="start")) as desk:
        times = [row["scheduleTime"] for row in desk.rows()]

        assert times == sorted(times)


@pytest.mark.parametrize(("window", "is_there"), [("half-open", False), ("inclusive", True)])
def test_the_range_begins_inclusively_on_the_practices_own_clock(
    window: Any, is_there: bool
) -> None:
    with opened(knobs=Knobs(window=window)) as desk:
        begin, end = {"appointmentDateRangeStart": "2026-06-03T00:00"}, "2026-06-03T00:00"
        rows = desk.rows(**begin)
        before = desk.rows(appointmentDateRangeEnd=end)

        assert "2026-06-03T00:00" in {row["scheduleTime"] for row in rows}
        assert (end in {row["scheduleTime"] for row in before}) is is_there


@pytest.mark.parametrize(
    "name",
    ["providerId", "patientId", "appointmentStatus", "appointmentTypeId", "roomId", "urgency"],
)
def test_each_filter_keeps_its_own(read: Desk, name: str) -> None:
    every = read.rows()
    value = next(row[name] for row in every if row[name] and row["appointmentStatus"] == 2)

    found = read.rows(**{name: value})
    assert [row["id"] for row in found] == [row["id"] for row in every if row[name] == value]


def test_times_are_local_without_seconds_and_without_an_offset(read: Desk) -> None:
    truth = read.truth()

    for row in read.rows():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", row["scheduleTime"])
        when = datetime.fromisoformat(row["scheduleTime"]).replace(tzinfo=MELBOURNE)
        assert when == datetime.fromisoformat(truth[row["id"]]["start_utc"])


def test_stamps_have_milliseconds_and_an_offset_without_a_colon(read: Desk) -> None:
    rows = read.rows()

    stamps = [row[name] for row in rows for name in ("createdDateTime", "updatedDateTime")]
    assert all(re.fullmatch(r".+T\d\d:\d\d:\d\d\.\d{3}\+0000", stamp) for stamp in stamps)
    assert all(row["createdDateTime"] <= row["updatedDateTime"] for row in rows)


def test_a_repeated_hour_is_told_as_its_first() -> None:
    with opened(Setup(days=(date(2026, 4, 5),), limits=())) as desk:
        twos = [
            datetime.fromisoformat(row["start_utc"]).astimezone(MELBOURNE)
            for row in desk.truth().values()
        ]

        assert {when.fold for when in twos if when.hour == 2} == {0}


def test_a_skipped_time_may_be_told_and_means_an_hour_later() -> None:
    setup, knobs = Setup(days=(date(2026, 10, 4),), limits=()), Knobs(gap_times=1.0)
    with opened(setup, knobs) as desk:
        start = "2026-10-03T16:20:00Z"
        made = desk.control("POST", "appointments", start_utc=start)

        assert desk.get(f"/appointments/{made['id']}").json()["scheduleTime"] == "2026-10-04T02:20"
        assert desk.truth()[made["id"]]["start_utc"] == start


def test_a_row_has_the_documented_fields(read: Desk) -> None:
    row = read.page().json()["data"][0]

    assert row.keys() == {
        "id", "practiceId", "patientId", "appointmentTypeId", "scheduleTime", "appointmentStatus",
        "appointmentIntervalCode", "roomId", "referralId", "notes", "providerId", "walkIn",
        "firstAvailableDoctor", "urgency", "cancellationReason", "emailReminder", "reminderMethod",
        "reminderType", "confirmationLink", "telehealthLinkForProvider",
        "telehealthLinkForPatient", "createdBy", "createdDateTime", "updatedBy", "updatedDateTime",
    }  # fmt: skip
    assert read.get(f"/appointments/{row['id']}").json() == row


def test_statuses_are_numbers_and_a_cancelled_one_has_a_numbered_reason() -> None:
    with opened(Setup(appointments=300, days=DAYS, limits=())) as desk:
        rows = desk.rows()

        seen = {row["appointmentStatus"] for row in rows}
        assert set(range(2, 9)) < seen <= {1, 2, 3, 4, 5, 6, 7, 8, 9, 12}
        for row in rows:
            assert isinstance(row["cancellationReason"], int) is (row["appointmentStatus"] == 8)


def test_a_no_show_is_a_cancellation_unless_a_reason_is_kept_for_it() -> None:
    with opened() as plain, opened(knobs=Knobs(tells_no_show=True)) as kept:
        assert "no_show" not in {row["meaning"] for row in plain.truth().values()}

        missed = {id_ for id_, row in kept.truth().items() if row["meaning"] == "no_show"}
        reasons = {row["cancellationReason"] for row in kept.rows() if row["id"] in missed}
        assert missed and reasons == {5}


def test_a_practice_may_keep_to_the_published_codes() -> None:
    with opened(knobs=Knobs(odd_statuses=False, null_patients=False)) as desk:
        rows = desk.rows()

        assert {row["appointmentStatus"] for row in rows} <= set(range(2, 9))
        assert all(row["patientId"] for row in rows)


def test_cancelled_rows_may_be_left_out_of_lists() -> None:
    with opened(knobs=Knobs(keeps_cancelled=False)) as desk:
        rows = desk.truth().values()
        gone = next(row["id"] for row in rows if row["meaning"] == "cancelled")

        assert gone not in {row["id"] for row in desk.rows()}
        assert desk.get(f"/appointments/{gone}").status_code == 200


def test_the_interval_table_gives_the_length_by_code(read: Desk) -> None:
    table = {
        each["code"]: minutes(each["display"]) for each in read.http.get(INTERVALS).json()["data"]
    }
    truth = read.truth()

    assert all(code != length for code, length in table.items())
    known = [row for row in read.rows() if row["appointmentIntervalCode"] in table]
    assert len(known) > 100
    for row in known:
        told = truth[row["id"]]
        start, end = (datetime.fromisoformat(told[name]) for name in ("start_utc", "end_utc"))
        assert end - start == timedelta(minutes=table[row["appointmentIntervalCode"]])


def test_some_rows_have_an_interval_code_the_table_lacks(read: Desk) -> None:
    codes = {row["appointmentIntervalCode"] for row in read.rows()}

    assert {99, None} <= codes


@pytest.mark.parametrize(("shape", "key"), [("list", None), ("concept", "concept")])
def test_the_interval_table_may_have_another_shape(shape: Any, key: str | None) -> None:
    with opened(knobs=Knobs(interval_shape=shape)) as desk:
        told = desk.http.get(f"/v1{INTERVALS}").json()

        assert (told[key] if key else told)[0] == {"code": 1, "display": "10 mins"}


def test_the_interval_table_minds_its_capital(read: Desk) -> None:
    assert read.http.get("/code-system/appointment-interval-code").status_code == 404


def test_types_tell_their_length_in_words(read: Desk) -> None:
    types = read.get("/appointment-types").json()["data"]

    texts = {each["name"]: each["duration"] for each in types}
    assert texts["Day procedure"] == "4 hrs"
    assert (texts["Procedure"], texts["Long consult"], texts["Recall"]) == ("1 hr", "30 mins", "")
    day_procedure = next(each["id"] for each in types if each["name"] == "Day procedure")
    assert read.rows(appointmentTypeId=day_procedure)


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 min"), (15, "15 mins"), (60, "1 hr"), (90, "1 hr 30 mins")]
)
def test_lengths_are_worded_as_staff_read_them(number: int, text: str) -> None:
    assert length(number) == text


def test_types_can_be_filtered_and_read_one_by_one(read: Desk) -> None:
    types = read.get("/appointment-types", telehealth="true").json()["data"]

    assert len(types) == 5 and all(each["telehealth"] for each in types)
    assert read.get("/appointment-types", activeStatus="false").json()["data"] == []
    assert read.get(f"/appointment-types/{types[0]['id']}").json() == types[0]
    assert read.get(f"/appointment-types/{NOBODY}").status_code == 404


def test_telehealth_is_the_type_or_either_link(read: Desk) -> None:
    kinds = {
        each["id"]: each["telehealth"] for each in read.get("/appointment-types").json()["data"]
    }
    truth, seen = read.truth(), set()

    for row in read.rows():
        by_type = kinds.get(row["appointmentTypeId"], False)
        link = row["telehealthLinkForProvider"]
        seen.add((by_type, link if not link else "link"))
        assert truth[row["id"]]["is_telehealth"] is bool(by_type or link)
    assert {(True, "link"), (True, ""), (True, None), (False, "link"), (False, "")} <= seen


def test_links_are_sessions_of_the_video_vendor_with_a_side_each(read: Desk) -> None:
    row = next(row for row in read.rows() if row["telehealthLinkForPatient"])

    links = read.truth()[row["id"]]["telehealth_links"]
    assert links["practitioner"] == row["telehealthLinkForProvider"]
    assert links["patient"] == row["telehealthLinkForPatient"]
    assert links["patient"].startswith("https://coviu.example/session/")
    assert links["patient"] != links["practitioner"]


def test_some_rows_are_for_whichever_doctor_is_free(read: Desk) -> None:
    truth = read.truth()
    rows = [row for row in read.rows() if row["providerId"] is None]

    assert rows and all(row["firstAvailableDoctor"] for row in rows)
    assert {truth[row["id"]]["practitioner_id"] for row in rows} == {None}


def test_text_that_is_not_there_is_empty_or_null(read: Desk) -> None:
    assert {"", None} <= {row["notes"] for row in read.rows()}


def test_notes_have_500_characters_at_most(desk: Desk) -> None:
    made = desk.control("POST", "appointments", start_utc="2026-06-02T03:00:00Z", notes="x" * 900)

    assert len(desk.get(f"/appointments/{made['id']}").json()["notes"]) == 500


def test_some_rows_have_nobody(read: Desk) -> None:
    assert any(row["patientId"] is None for row in read.rows())


def test_a_patient_is_read_by_id(read: Desk) -> None:
    row = next(row for row in read.rows() if row["patientId"])
    person = read.http.get(f"/v1/patients/{row['patientId']}").json()

    told = read.truth()[row["id"]]["patients"][0]
    assert person.keys() == {
        "id", "firstName", "lastName", "gender", "dob", "email", "mobilePhone",
        "defaultPracticeId",
    }  # fmt: skip
    assert (person["lastName"], person["mobilePhone"]) == (told["last"], told["phone"])
    assert person["gender"] in {1, 2, 3, None}
    assert read.http.get(f"/v1/patients/{NOBODY}").status_code == 404


def test_a_patient_has_no_first_name(read: Desk) -> None:
    people = read.simulator.clinics[read.practice].patients.values()
    id_ = next(each.id for each in people if each.first is None)

    assert read.http.get(f"/v1/patients/{id_}").json()["firstName"] is None


def test_patients_are_searched_by_posting(read: Desk) -> None:
    person = next(iter(read.simulator.clinics[read.practice].patients.values()))
    found = read.http.post("/v1/patients/search", json={"lastName": person.last.lower()}).json()

    assert person.id in {each["id"] for each in found["data"]}
    assert {each["lastName"].lower() for each in found["data"]} == {person.last.lower()}
    nobody = read.http.post("/v1/patients/search", json={"lastName": "Nobody"})
    assert nobody.json()["totalElements"] == 0
    assert read.http.post("/v1/patients/search", content=b"{").status_code == 400


def test_the_practice_tells_its_name_and_no_zone_unless_asked_to(desk: Desk) -> None:
    assert desk.get("").json() == {
        "id": desk.practice, "name": "Example Rooms 1", "activeStatus": True,
    }  # fmt: skip
    desk.control("POST", "knobs", tells_zone=True)
    assert desk.get("").json()["timeZone"] == "Australia/Melbourne"


@pytest.mark.parametrize("name", ["practitioners", "providers", "users"])
def test_there_is_no_list_of_practitioners(read: Desk, name: str) -> None:
    assert read.get(f"/{name}").status_code == 404


def test_practitioners_have_their_names_in_the_other_api(desk: Desk) -> None:
    provider = booked(desk)["providerId"]
    desk.sign("fhir-credentials")

    bundle = desk.http.get("/fhir/v1/Practitioner").json()
    person = desk.http.get(f"/fhir/v1/Practitioner/{provider}").json()
    truth = desk.simulator.clinics[desk.practice].practitioners[provider]
    assert person["name"][0]["family"] == truth.last
    assert person in [each["resource"] for each in bundle["entry"]]
    missing = desk.http.get(f"/fhir/v1/Practitioner/{NOBODY}")
    assert (missing.status_code, missing.json()["resourceType"]) == (404, "OperationOutcome")
    assert desk.http.get("/fhir/v1/Nonsense").status_code == 404


def test_put_blanks_what_is_left_out(desk: Desk) -> None:
    row = booked(desk)
    path = f"{desk.path}/appointments/{row['id']}"
    partial = {"scheduleTime": "2026-06-02T10:40", "appointmentStatus": 3}

    after = desk.http.put(path, json=partial).json()
    assert (after["scheduleTime"], after["appointmentStatus"]) == ("2026-06-02T10:40", 3)
    for name in ("patientId", "providerId", "appointmentTypeId", "appointmentIntervalCode"):
        assert after[name] is None
    assert not after["notes"] and after["telehealthLinkForPatient"] is None
    assert desk.truth()[row["id"]]["patients"] == []


def test_put_of_the_whole_object_changes_only_what_was_changed(desk: Desk) -> None:
    row = booked(desk)
    changed = {**row, "scheduleTime": "2026-06-02T10:40", "appointmentStatus": 6}

    after = desk.http.put(f"{desk.path}/appointments/{row['id']}", json=changed).json()
    stamps = {"updatedDateTime"}
    assert {k: v for k, v in after.items() if k not in stamps and v} == {
        k: v for k, v in changed.items() if k not in stamps and v
    }
    assert desk.truth()[row["id"]]["start_utc"] == "2026-06-02T00:40:00Z"
    assert desk.truth()[row["id"]]["meaning"] == "completed"


def test_an_edit_bumps_the_update_stamp_and_a_move_keeps_the_id(desk: Desk) -> None:
    row, now = booked(desk), datetime.now(UTC)
    desk.control(
        "POST", f"appointments/{row['id']}", action="reschedule", start_utc="2026-06-09T01:00:00Z"
    )

    after = desk.get(f"/appointments/{row['id']}").json()
    stamp = datetime.strptime(after["updatedDateTime"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert stamp >= now - timedelta(milliseconds=1)
    assert row["id"] not in {each["id"] for each in desk.rows()}


def test_a_move_to_another_doctor_shows(desk: Desk) -> None:
    row = booked(desk)
    clinic = desk.simulator.clinics[desk.practice]
    other = next(each for each in clinic.practitioners if each != row["providerId"])
    desk.control("POST", f"appointments/{row['id']}", action="move", practitioner_id=other)

    assert desk.get(f"/appointments/{row['id']}").json()["providerId"] == other


@pytest.mark.parametrize(
    "change",
    [
        {"scheduleTime": None},
        {"scheduleTime": "2026-06-02T10:40:00+10:00"},
        {"appointmentStatus": None},
        {"appointmentStatus": 9},
        {"appointmentStatus": 8, "cancellationReason": None},
        {"patientId": NOBODY},
        {"appointmentTypeId": NOBODY},
        {"providerId": NOBODY},
        {"appointmentIntervalCode": 98},
        {"notes": "x" * 501},
    ],
)
def test_a_senseless_put_is_400_and_changes_nothing(desk: Desk, change: dict[str, Any]) -> None:
    row = booked(desk)

    reply = desk.http.put(f"{desk.path}/appointments/{row['id']}", json={**row, **change})
    assert reply.status_code == 400
    assert desk.get(f"/appointments/{row['id']}").json() == row


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
def test_a_body_that_is_no_object_is_400(desk: Desk, body: bytes) -> None:
    reply = desk.http.put(f"{desk.path}/appointments/{booked(desk)['id']}", content=body)

    assert reply.status_code == 400


def test_cancelling_by_put_needs_a_reason_and_keeps_it(desk: Desk) -> None:
    row = booked(desk)
    changed = {**row, "appointmentStatus": 8, "cancellationReason": 3}

    after = desk.http.put(f"{desk.path}/appointments/{row['id']}", json=changed).json()
    assert after["cancellationReason"] == 3
    assert desk.truth()[row["id"]]["meaning"] == "cancelled"


def test_an_appointment_is_made_by_posting(desk: Desk) -> None:
    told = {name: booked(desk)[name] for name in ("patientId", "providerId", "appointmentTypeId")}
    body = {
        **told,
        "scheduleTime": "2026-06-02T16:20",
        "appointmentStatus": 2,
        "appointmentIntervalCode": 4,
    }

    reply = desk.http.post(f"{desk.path}/appointments", json=body)
    assert reply.status_code == 201
    made = desk.truth()[reply.json()["id"]]
    assert (made["start_utc"], made["end_utc"]) == ("2026-06-02T06:20:00Z", "2026-06-02T06:35:00Z")


def test_delete_really_deletes(desk: Desk) -> None:
    id_ = booked(desk)["id"]
    reply = desk.http.delete(f"{desk.path}/appointments/{id_}")

    assert reply.json().keys() == {"id", "message"}
    assert desk.get(f"/appointments/{id_}").status_code == 404
    assert id_ not in {row["id"] for row in desk.rows()}
    assert desk.http.delete(f"{desk.path}/appointments/{id_}").status_code == 404
    assert desk.control("GET", "truth")["deleted"] == [id_]


def test_rows_shift_between_pages_when_the_book_changes(desk: Desk) -> None:
    first = desk.page(size=50).json()
    desk.http.delete(f"{desk.path}/appointments/{first['data'][0]['id']}")

    second = desk.page(size=50, page=1).json()
    seen = {row["id"] for row in [*first["data"], *second["data"]]}
    third = desk.page(size=50, page=2).json()
    missed = set(desk.truth()) - seen - {row["id"] for row in third["data"]}
    assert second["totalElements"] == first["totalElements"] - 1
    assert len(missed) == 1


def test_the_book_may_change_by_itself_between_pages() -> None:
    with opened(knobs=Knobs(drift=1.0)) as desk:
        pages = list(desk.pages())

        assert desk.control("GET", "truth")["version"] == len(pages) - 1


def test_other_paths_are_404(read: Desk) -> None:
    assert read.get("/nonsense").status_code == 404
    assert read.http.get("/v1/nonsense").status_code == 404
    assert read.http.post(f"{read.path}/appointment-types", json={}).status_code == 404
    assert read.get(f"/appointments/{NOBODY}").status_code == 404


def test_without_a_range_every_row_is_listed(read: Desk) -> None:
    every = read.get("/appointments", **dict.fromkeys(WHOLE, "")).json()

    assert every["totalElements"] == len(read.truth())
