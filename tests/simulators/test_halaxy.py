import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from simulators.halaxy import Knobs
from simulators.setup import Setup
from tests.simulators.halaxy_desk import (
    AGENT,
    BETWEEN,
    DAYS,
    INCLUDES,
    TOKEN,
    Desk,
    actors,
    code,
    last_part,
    link,
    opened,
    resources,
)

STATUS = "https://terminology.halaxy.com/StructureDefinition/appointment-participant-status"
SYSTEM = "https://au-api.halaxy.com/presets/CodeSystem/appointment-participant-status"


def issue(reply: httpx.Response) -> str:
    document = reply.json()
    assert document["resourceType"] == "OperationOutcome"
    return str(document["issue"][0]["code"])


def locations(row: dict[str, Any]) -> list[Any]:
    return [
        each["value"] for each in row["supportingInformation"] if each["type"] == "location-type"
    ]


def test_a_token_is_announced_for_an_hour(read: Desk) -> None:
    told = read.http.post(TOKEN, json=read.key()).json()

    assert told.keys() == {"token_type", "expires_in", "access_token"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)


def test_a_token_serves_for_less_and_then_says_so() -> None:
    assert Knobs().token_seconds == 900
    with opened(knobs=Knobs(token_seconds=0)) as desk:
        reply = desk.search()

        assert (reply.status_code, issue(reply)) == (401, "expired")


def test_tokens_expire_at_once_when_told_to(desk: Desk) -> None:
    desk.control("POST", "expire-tokens")

    assert issue(desk.search()) == "expired"
    desk.sign()
    assert desk.search().status_code == 200


def test_a_token_never_issued_has_not_expired(read: Desk) -> None:
    reply = read.http.get("/main/Appointment", headers={"Authorization": "Bearer nonsense"})

    assert (reply.status_code, issue(reply)) == (401, "login")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"grant_type": "refresh_token"}, 400),
    ],
)
def test_a_wrong_key_buys_no_token(read: Desk, change: dict[str, str], status: int) -> None:
    assert read.http.post(TOKEN, json={**read.key(), **change}).status_code == status


@pytest.mark.parametrize("body", [b"grant_type=client_credentials", b"[]", b""])
def test_the_key_comes_as_json(read: Desk, body: bytes) -> None:
    assert read.http.post(TOKEN, content=body).status_code == 400


@pytest.mark.parametrize("agent", ["", "python-httpx/0.28", "Example Tools", "Tools (no address)"])
def test_without_a_user_agent_of_the_demanded_form_it_is_403(read: Desk, agent: str) -> None:
    for reply in (
        read.http.get("/main/Appointment", headers={"User-Agent": agent}),
        read.http.post(TOKEN, json=read.key(), headers={"User-Agent": agent}),
    ):
        assert (reply.status_code, issue(reply)) == (403, "forbidden")


def test_a_missing_scope_and_an_expired_add_on_are_403(desk: Desk) -> None:
    desk.control("POST", f"tenants/{desk.tenant}", refused=["Patient"])
    assert desk.http.get("/main/Patient").status_code == 403
    assert desk.search().status_code == 200

    desk.control("POST", f"tenants/{desk.tenant}", is_open=False)
    assert desk.search().status_code == 403


def test_one_key_opens_one_practice_group() -> None:
    with opened(Setup(tenants=2, days=DAYS, limits=())) as desk:
        mine = {row["id"] for row in desk.rows()}
        _, desk.tenant = desk.simulator.clinics
        desk.sign()
        theirs = {row["id"] for row in desk.rows()}

        assert mine and theirs and not mine & theirs
        assert desk.http.get(f"/main/Appointment/{mine.pop()}").status_code == 404


def test_answers_are_fhir_json_with_a_date(read: Desk) -> None:
    reply = read.search()

    assert reply.headers["Content-Type"] == "application/fhir+json"
    assert parsedate_to_datetime(reply.headers["Date"]) == datetime(2026, 6, 1, tzinfo=UTC)


def test_pages_have_30_rows_and_an_absolute_next(read: Desk) -> None:
    bundle = read.search().json()

    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == (
        "Bundle", "searchset", 120,
    )  # fmt: skip
    assert len(resources(bundle, "Appointment")) == 30
    assert (link(bundle, "next") or "").startswith(f"{read.url}/main/Appointment?")
    pages = list(read.bundles())
    assert len(pages) == 4 and link(pages[-1], "next") is None


def test_following_next_reads_every_row_once(read: Desk) -> None:
    pages = list(read.bundles(("_count", "7"), ("date", "ge2026-06-01")))

    ids = [row["id"] for page in pages for row in resources(page, "Appointment")]
    assert len(ids) == len(set(ids)) == 120
    assert set(ids) == {row["id"] for row in read.truth()}


def test_a_next_may_name_another_host() -> None:
    with opened(knobs=Knobs(next_host="https://elsewhere.example")) as desk:
        after = link(desk.search().json(), "next") or ""

        assert after.startswith("https://elsewhere.example/main/Appointment?")


@pytest.mark.parametrize(("oversize", "status"), [("refuse", 422), ("clamp", 200)])
def test_a_page_has_at_most_100_rows(oversize: Any, status: int) -> None:
    with opened(knobs=Knobs(oversize=oversize)) as desk:
        reply = desk.search(("_count", 101))

        assert reply.status_code == status
        if status == 200:
            assert len(resources(reply.json(), "Appointment")) == 100


@pytest.mark.parametrize(
    "pair",
    [
        ("page", "0"),
        ("page", "x"),
        ("_count", "0"),
        ("date", "ge02/06/2026"),
        ("date", "around2026-06-02"),
        ("date", "ge2026-06-02T00:00:00 10:00"),  # a plus that was not encoded
        ("_lastUpdated", "gtyesterday"),
        ("patient", "9001"),
        ("practitioner", "PR-31"),
    ],
)
def test_a_malformed_value_is_422(read: Desk, pair: tuple[str, str]) -> None:
    reply = read.search(pair)

    assert (reply.status_code, issue(reply)) == (422, "invalid")


@pytest.mark.parametrize(
    "pair",
    [
        ("patiant", "Patient/1"),
        ("clinician", "PR-31"),
        ("patient", "Practitioner/1"),
        ("pagination", "true"),
        ("_summary", "false"),
    ],
)
def test_an_unknown_filter_is_silently_ignored(read: Desk, pair: tuple[str, str]) -> None:
    assert read.search(pair).json()["total"] == 120


@pytest.mark.parametrize(
    ("pairs", "days"),
    [
        ([("date", "eq2026-06-02")], {2}),
        ([("date", "2026-06-02")], {2}),
        ([("date", "ne2026-06-02")], {3}),
        ([("date", "ge2026-06-02"), ("date", "lt2026-06-03")], {2}),
        ([("date", "gt2026-06-02")], {3}),
        ([("date", "le2026-06-02")], {2}),
        ([("date", "ge2026-06-03T00:00:00+10:00")], {3}),
        ([("date", "ge2026-06-02T14:00:00Z")], {3}),
        ([("date", "lt2026-06-03T00:00:00")], {2}),
    ],
)
def test_two_dates_bound_a_window_of_the_practices_own_days(
    read: Desk, pairs: list[tuple[str, str]], days: set[int]
) -> None:
    ids = {row["id"] for row in read.rows(*pairs)}

    clinic = read.simulator.clinics[read.tenant]
    found = {clinic.day_of(row).day for row in clinic.appointments.values() if row.id in ids}
    assert (found, len(ids)) == (days, 60)


def test_a_day_contains_cancelled_ones_too(read: Desk) -> None:
    rows = read.rows(("date", "eq2026-06-02"))

    codes = {code(each) for row in rows for each in actors(row, "Patient")}
    assert "cancelled" in {str(each).lower() for each in codes}


def test_sorting_by_date_and_back(read: Desk) -> None:
    def starts(*pairs: tuple[str, str]) -> list[datetime]:
        return [datetime.fromisoformat(row["start"]) for row in read.rows(*pairs)]

    assert starts() != sorted(starts())
    assert starts(("_sort", "date")) == sorted(starts())
    assert starts(("_sort", "-date")) == sorted(starts(), reverse=True)


@pytest.mark.parametrize(
    ("name", "type_"), [("patient", "Patient"), ("practitioner-role", "PractitionerRole")]
)
def test_a_reference_filters_the_rows_that_name_it(read: Desk, name: str, type_: str) -> None:
    row = next(row for row in read.rows() if actors(row, "Patient"))
    id_ = last_part(actors(row, type_)[0]["actor"]["reference"])

    found = read.rows((name, f"{type_}/{id_}"))
    assert row["id"] in {each["id"] for each in found}
    assert all(
        id_ in [last_part(one["actor"]["reference"]) for one in actors(each, type_)]
        for each in found
    )


def test_rows_are_found_by_practitioner_organization_id_and_status(read: Desk) -> None:
    told = read.truth()[0]
    of = {row["id"] for row in read.truth() if row["practitioner_id"] == told["practitioner_id"]}

    rows = read.rows(("practitioner", f"Practitioner/{told['practitioner_id']}"))
    assert {row["id"] for row in rows} == of
    assert len(read.rows(("organization", f"Organization/{read.tenant}"))) == 120
    assert [row["id"] for row in read.rows(("_id", told["id"]))] == [told["id"]]
    arrived = read.rows(("part-status", "arrived"))
    assert arrived and all(
        "arrived" in [code(each) for each in actors(row, "Patient")] for row in arrived
    )


def test_changed_rows_are_found_by_their_update(desk: Desk) -> None:
    since = BETWEEN.replace("Z", "+00:00")
    desk.control("POST", "clock", now=since)
    assert desk.search(("_lastUpdated", f"ge{since}")).json()["total"] == 0

    id_ = desk.truth()[0]["id"]
    desk.control("POST", f"appointments/{id_}", action="reschedule", minutes=10)
    [row] = desk.rows(("_lastUpdated", f"ge{since}"))
    assert row["id"] == id_ and row["meta"]["lastUpdated"] >= since
    assert desk.rows(("created", f"ge{since}")) == []


def test_a_change_to_the_patient_is_no_update_of_the_appointment(desk: Desk) -> None:
    since = BETWEEN
    desk.control("POST", "clock", now=since)
    id_ = next(row["id"] for row in desk.truth() if row["patients"])
    desk.control("POST", f"appointments/{id_}", action="phone", phone="0491 570 006")

    assert desk.rows(("_lastUpdated", f"ge{since}")) == []


def test_a_deleted_row_is_invisible_and_not_found(desk: Desk) -> None:
    id_ = desk.truth()[0]["id"]
    desk.control("POST", f"appointments/{id_}", action="delete")

    assert id_ not in {row["id"] for row in desk.rows()}
    assert issue(desk.http.get(f"/main/Appointment/{id_}")) == "not-found"


def test_nothing_is_deleted_through_the_api(read: Desk) -> None:
    for path in (f"/main/Appointment/{read.truth()[0]['id']}", "/main/Patient/1"):
        assert read.http.delete(path).status_code == 405


def test_ids_are_digits_with_a_prefix_for_those_who_work_there(read: Desk) -> None:
    clinic = read.simulator.clinics[read.tenant]

    assert all(each.isdecimal() for each in [*clinic.appointments, *clinic.patients, *clinic.types])
    assert all(re.fullmatch(r"PR-\d+", each) for each in clinic.practitioners)
    assert read.tenant.startswith("OG-")
    row = read.rows()[0]
    role = last_part(actors(row, "PractitionerRole")[0]["actor"]["reference"])
    assert re.fullmatch(r"PR-\d+", role) and role not in clinic.practitioners


def test_practitioners_may_be_external_contacts() -> None:
    with opened(knobs=Knobs(external_practitioners=1.0)) as desk:
        ids = {row["practitioner_id"] for row in desk.truth()}

        assert all(re.fullmatch(r"EP-\d+", each) for each in ids)
        assert desk.http.get(f"/main/Practitioner/{ids.pop()}").status_code == 200


def test_no_row_has_a_status_of_its_own(read: Desk) -> None:
    rows = read.rows()

    assert all("status" not in row for row in rows)
    for row in rows:
        for each in actors(row, "Patient"):
            assert each["status"] == "accepted" and "extension" not in each
            for extension in each.get("modifierExtension", []):
                assert extension["url"] == STATUS
                assert extension["valueCoding"].keys() == {"system", "code", "display"}
                assert extension["valueCoding"]["system"] == SYSTEM


def test_every_kind_of_status_occurs_and_some_have_none() -> None:
    with opened(Setup(appointments=300, days=DAYS, limits=())) as desk:
        codes = {code(each) for row in desk.rows() for each in actors(row, "Patient")}

        assert {
            None, "booked", "confirmed", "accepted", "arrived", "attended", "cancelled", "rejected",
            "declined", "did not attend", "did-not-attend",
        } <= codes  # fmt: skip


def test_the_truth_says_the_status_of_every_patient(read: Desk) -> None:
    told = {
        (row["id"], person["id"]): row["status"]
        for row in read.truth()
        for person in row["patients"]
    }

    assert told == {
        (row["id"], last_part(each["actor"]["reference"])): code(each)
        for row in read.rows()
        for each in actors(row, "Patient")
    }


def test_a_booked_row_is_attended_when_its_time_comes() -> None:
    with opened(now=BETWEEN) as desk:
        now = datetime.fromisoformat(BETWEEN)
        past = [row for row in desk.truth() if datetime.fromisoformat(row["start_utc"]) <= now]

        assert past and "booked" not in {row["status"] for row in past if row["patients"]}
        for row in past:
            if row["status"] == "attended":
                is_over = datetime.fromisoformat(row["end_utc"]) <= now
                assert row["meaning"] == ("completed" if is_over else "in_progress")

        desk.control("POST", "knobs", auto_attends=False)
        statuses = {row["status"] for row in desk.truth()}
        assert "booked" in statuses


def test_an_attended_row_may_still_become_a_no_show() -> None:
    with opened(now="2026-06-05T00:00:00Z") as desk:
        id_ = next(row["id"] for row in desk.truth() if row["meaning"] == "completed")
        edited = desk.control("POST", f"appointments/{id_}", action="status", meaning="no_show")

        assert edited["meaning"] == "no_show"


def test_a_group_has_several_patients_and_each_a_status_of_their_own() -> None:
    with opened(knobs=Knobs(absentees=0.5)) as desk:
        groups = [row for row in desk.rows() if len(actors(row, "Patient")) > 1]
        mixed = [row for row in groups if len({code(each) for each in actors(row, "Patient")}) > 1]

        assert mixed
        told = [row for row in desk.truth() if row["id"] == mixed[0]["id"]]
        assert "cancelled" in {row["meaning"] for row in told} and len(told) == 2


def test_some_rows_have_no_patient_and_a_cancelled_one_says_so_elsewhere(desk: Desk) -> None:
    id_ = next(row["id"] for row in desk.truth() if not row["patients"])
    assert "cancellationReason" not in desk.http.get(f"/main/Appointment/{id_}").json()

    edited = desk.control("POST", f"appointments/{id_}", action="cancel")
    row = desk.http.get(f"/main/Appointment/{id_}").json()
    assert "cancellationReason" in row and not actors(row, "Patient")
    assert (edited["meaning"], edited["status"]) == ("cancelled", None)


def test_a_cancellation_reason_misses_many_cancellations(read: Desk) -> None:
    off = {row["id"] for row in read.truth() if row["meaning"] == "cancelled" and row["patients"]}
    with_reason = {row["id"] for row in read.rows() if "cancellationReason" in row}

    assert off & with_reason and off - with_reason


def test_references_are_now_relative_and_now_absolute(read: Desk) -> None:
    references = [each["actor"]["reference"] for row in read.rows() for each in row["participant"]]

    assert any(each.startswith("/main/") for each in references)
    assert any(each.startswith(f"{read.url}/main/") for each in references)


def test_times_have_the_offset_of_the_clinic_or_of_utc(read: Desk) -> None:
    offsets = {row["start"][-6:] for row in read.rows()}

    assert offsets == {"+10:00", "+00:00"}


def test_the_length_is_the_end_and_minutes_only_a_fallback(read: Desk) -> None:
    truth = {row["id"]: row for row in read.truth()}
    shapes, is_contradicted = set(), False

    for row in read.rows():
        start = datetime.fromisoformat(row["start"])
        length = timedelta(minutes=row.get("minutesDuration", 0))
        end = datetime.fromisoformat(row["end"]) if "end" in row else start + length
        assert end == datetime.fromisoformat(truth[row["id"]]["end_utc"])
        shapes.add(("end" in row, "minutesDuration" in row))
        is_contradicted |= "minutesDuration" in row and end - start != length
    assert shapes == {(True, True), (True, False), (False, True)}
    assert is_contradicted


def test_includes_come_with_the_page_but_some_are_missing(read: Desk) -> None:
    bundle = read.search(("_count", 100), *INCLUDES).json()

    modes = {each["search"]["mode"] for each in bundle["entry"] if "fullUrl" in each}
    assert modes == {"match", "include"}
    assert bundle["total"] == 120 and len(resources(bundle, "Appointment")) == 100
    named = {
        last_part(each["actor"]["reference"])
        for row in resources(bundle, "Appointment")
        for each in actors(row, "Patient")
    }
    there = {each["id"] for each in resources(bundle, "Patient")}
    assert there < named
    missing = (named - there).pop()
    assert read.http.get(f"/main/Patient/{missing}").json()["id"] == missing
    for type_ in ("PractitionerRole", "Practitioner", "Organization"):
        assert resources(bundle, type_)


def test_includes_repeat_from_page_to_page(read: Desk) -> None:
    one, other, *_ = (
        {each["id"] for each in resources(page, "PractitionerRole")}
        for page in read.bundles(*INCLUDES)
    )

    assert one & other


def test_nothing_is_included_unasked(read: Desk) -> None:
    assert resources(read.search().json(), "Patient") == []


def test_an_operation_outcome_sits_among_the_entries() -> None:
    with opened(knobs=Knobs(outcome_entries=1.0)) as desk:
        bundle = desk.search().json()

        [entry] = [each for each in bundle["entry"] if each["search"]["mode"] == "outcome"]
        assert entry["resource"]["resourceType"] == "OperationOutcome"
        assert len(bundle["entry"]) == 31


def test_every_reference_can_be_read_by_itself(read: Desk) -> None:
    row = next(row for row in read.rows() if actors(row, "Patient") and locations(row))
    references = [each["actor"]["reference"] for each in row["participant"]]
    references += [
        each["reference"] for each in row["supportingInformation"] if "reference" in each
    ]
    role = read.http.get(actors(row, "PractitionerRole")[0]["actor"]["reference"]).json()
    references += [role["practitioner"]["reference"], role["organization"]["reference"]]
    references.append(f"/main/Organization/{read.tenant}")

    found = [read.http.get(each).json() for each in references]
    assert [each["id"] for each in found] == [last_part(each) for each in references]
    person = next(each["id"] for each in found if each["resourceType"] == "Practitioner")
    told = next(each for each in read.truth() if each["id"] == row["id"])
    assert person == told["practitioner_id"]


@pytest.mark.parametrize(
    "type_", ["Patient", "Practitioner", "PractitionerRole", "HealthcareService", "Organization"]
)
def test_other_resources_are_listed_and_found_by_id(read: Desk, type_: str) -> None:
    bundle = read.http.get(f"/main/{type_}").json()

    first = resources(bundle, type_)[0]["id"]
    found = read.http.get(f"/main/{type_}", params={"_id": first}).json()
    assert [each["id"] for each in resources(found, type_)] == [first]
    assert read.http.get(f"/main/{type_}/0").status_code == 404


@pytest.mark.parametrize(("role_ids", "is_shared"), [("same", True), ("clashing", True)])
def test_roles_may_have_the_ids_of_practitioners(role_ids: Any, is_shared: bool) -> None:
    with opened(knobs=Knobs(role_ids=role_ids)) as desk:
        bundle = desk.http.get("/main/PractitionerRole").json()
        roles = {
            each["id"]: last_part(each["practitioner"]["reference"])
            for each in resources(bundle, "PractitionerRole")
        }

        assert (
            roles.keys() == desk.simulator.clinics[desk.tenant].practitioners.keys()
        ) is is_shared
        assert all((id_ == person) is (role_ids == "same") for id_, person in roles.items())


def test_a_group_may_have_several_clinics_with_a_role_in_each() -> None:
    with opened(knobs=Knobs(clinics=2)) as desk:
        bundle = desk.http.get("/main/PractitionerRole").json()
        places = desk.control("GET", "tenants")["tenants"][0]["clinic_ids"]

        assert bundle["total"] == 12
        totals = [
            desk.search(("organization", f"Organization/{each}")).json()["total"] for each in places
        ]
        assert sum(totals) == 120 and all(totals)


def test_a_person_may_be_named_without_the_role() -> None:
    with opened(knobs=Knobs(direct_practitioners=1.0)) as desk:
        row = desk.rows()[0]

        assert actors(row, "Practitioner") and not actors(row, "PractitionerRole")


def test_the_type_is_a_service_with_minutes_in_an_extension(read: Desk) -> None:
    bundle = read.http.get("/main/HealthcareService").json()
    services = {each["name"]: each for each in resources(bundle, "HealthcareService")}

    quantity = services["Long consult"]["extension"][0]["valueQuantity"]
    assert quantity["value"] == 30
    assert "extension" not in services["Recall"]


def test_the_location_type_says_what_is_telehealth(read: Desk) -> None:
    telehealth = {row["id"] for row in read.truth() if row["is_telehealth"]}

    by_location = {row["id"] for row in read.rows() if "telehealth" in locations(row)}
    assert telehealth == by_location
    assert {"clinic", "telehealth", "phone"} <= {
        each for row in read.rows() for each in locations(row)
    }


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("valueCode", {"type", "valueCode"}),
        ("valueString", {"type", "valueString"}),
        ("valueCoding", {"type", "valueCoding"}),
        ("name", {"name", "valueCode"}),
        ("url", {"url", "valueCode"}),
    ],
)
def test_a_location_type_has_the_shape_it_is_told_to(shape: Any, keys: set[str]) -> None:
    with opened(knobs=Knobs(location_type=shape)) as desk:
        found = [
            each
            for row in desk.rows()
            for each in row["supportingInformation"]
            if "reference" not in each
        ]

        assert found and all(each.keys() == keys for each in found)


def test_without_a_location_type_telehealth_is_in_the_service_alone() -> None:
    with opened(knobs=Knobs(location_type="none")) as desk:
        ids = set(desk.control("GET", "tenants")["tenants"][0]["telehealth_type_ids"])

        for row in desk.truth():
            assert row["is_telehealth"] is (row["type_id"] in ids)
        assert all("type" in each for row in desk.rows() for each in row["supportingInformation"])
        assert any(row["is_telehealth"] for row in desk.truth())


def test_a_patient_has_an_official_name_and_perhaps_a_usual_one(read: Desk) -> None:
    people = read.simulator.clinics[read.tenant].patients
    seen: set[str] = set()

    for id_, truth in list(people.items())[:60]:
        person = read.http.get(f"/main/Patient/{id_}").json()
        names = {each["use"]: each for each in person["name"]}
        seen |= names.keys()
        assert names["official"]["family"] == truth.last
        assert names["official"].get("given") == ([truth.first] if truth.first else None)
        assert "family" not in names.get("usual", {})
    assert seen == {"usual", "official"}


def test_the_mobile_is_under_sms_and_the_first_number_is_the_one_to_call(read: Desk) -> None:
    people = read.simulator.clinics[read.tenant].patients
    systems = set()

    for id_, truth in list(people.items())[:60]:
        telecom = read.http.get(f"/main/Patient/{id_}").json()["telecom"]
        systems |= {each["system"] for each in telecom}
        told = [
            each["value"]
            for system in ("sms", "phone")
            for each in telecom
            if each["system"] == system
        ]
        assert (told[0] if told else None) == truth.phone
    assert systems == {"sms", "phone", "fax", "email"}


def test_a_patch_changes_what_it_names_and_keeps_the_rest(desk: Desk) -> None:
    row = next(row for row in desk.rows() if code(row["participant"][-1]) == "booked")
    coding = {"system": SYSTEM, "code": "cancelled (no charge)"}
    participant = {"modifierExtension": [{"url": STATUS, "valueCoding": coding}]}
    path = f"/main/Appointment/{row['id']}"

    moved = {"start": "2026-06-03T11:00:00+10:00", "end": "2026-06-03T11:25:00+10:00"}
    after = desk.http.patch(path, json=moved).json()
    assert (after["minutesDuration"], after["participant"]) == (25, row["participant"])
    off = desk.http.patch(path, json={"participant": [participant]}).json()
    assert code(off["participant"][-1]) == "cancelled"
    assert desk.http.patch(path, json={"start": "soon"}).status_code == 422
    assert desk.http.patch(path, json={"description": "Ring"}).json()["description"] == "Ring"


def test_an_appointment_is_booked_with_parameters(desk: Desk) -> None:
    clinic = desk.simulator.clinics[desk.tenant]
    patient, kind = next(iter(clinic.patients)), next(iter(clinic.types))
    draft = {"start": "2026-06-02T09:00:00+10:00", "end": "2026-06-02T09:20:00+10:00"}
    parameters = [
        {"name": "appt-resource", "resource": {"resourceType": "Appointment", **draft}},
        {"name": "patient-id", "valueReference": {"reference": f"Patient/{patient}"}},
        {
            "name": "healthcare-service-id",
            "valueReference": {"reference": f"HealthcareService/{kind}"},
        },
        {"name": "location-type", "valueCode": "telehealth"},
        {"name": "status", "valueCode": "confirmed"},
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}

    reply = desk.http.post("/main/Appointment/$book", json=body)
    assert reply.status_code == 201
    told = next(row for row in desk.truth() if row["id"] == reply.json()["id"])
    assert (told["meaning"], told["is_telehealth"]) == ("confirmed", True)
    assert told["start_utc"] == "2026-06-01T23:00:00Z"
    assert desk.http.post("/main/Appointment/$book", json={}).status_code == 422
    assert desk.http.post("/main/Appointment", json={}).status_code == 405


def test_other_paths_are_404(read: Desk) -> None:
    for path in ("/main/Nonsense", "/main", "/main/Appointment/1/2", "/nonsense"):
        assert read.http.get(path, headers={"User-Agent": AGENT}).status_code == 404
