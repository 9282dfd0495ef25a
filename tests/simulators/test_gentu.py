import base64
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from simulators.gentu import GentuSimulator, Knobs
from simulators.records import Meaning
from simulators.serving import running
from simulators.setup import Setup
from tests.simulators.desk import DAYS, WHOLE, Desk, opened

BLOCKED = "00000000-0000-4000-8000-000000000000"


def test_the_token_reply_has_the_documented_fields(desk: Desk) -> None:
    keys = desk.simulator.credentials
    reply = desk.http.post(
        "/oauth2/token",
        auth=(keys.client_id, keys.client_secret),
        data={"grant_type": "client_credentials"},
    ).json()

    assert reply["token_type"] == "Bearer"  # noqa: S105 - a word of the protocol
    assert reply["expires_in"] == 3599
    assert isinstance(reply["issued_at"], str) and len(reply["issued_at"]) == 13
    assert {"developer.email", "api_product_list", "application_name", "status"} < reply.keys()
    assert "refresh_token" not in reply


def test_credentials_in_the_form_are_not_accepted(desk: Desk) -> None:
    keys = desk.simulator.credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": keys.client_id,
        "client_secret": keys.client_secret,
    }
    with httpx.Client() as stranger:
        reply = stranger.post(f"{desk.url}/v1/oauth2/token", data=form)

    assert reply.status_code == 401


@pytest.mark.parametrize("header", ["Basic !!!", "Basic /w==", "Bearer x", ""])
def test_a_spoilt_basic_header_is_401(desk: Desk, header: str) -> None:
    reply = desk.http.post("/oauth2/token", headers={"Authorization": header})

    assert reply.status_code == 401


def test_another_grant_is_400(desk: Desk) -> None:
    keys = desk.simulator.credentials
    both = base64.b64encode(f"{keys.client_id}:{keys.client_secret}".encode()).decode()
    reply = desk.http.post(
        "/oauth2/token",
        headers={"Authorization": f"Basic {both}"},
        data={"grant_type": "refresh_token"},
    )

    assert reply.status_code == 400


def test_without_a_token_the_answer_is_401(desk: Desk) -> None:
    desk.http.headers["Authorization"] = "Bearer nonsense"

    assert desk.get("/status").status_code == 401


def test_tokens_expire_at_once_when_told_to(desk: Desk) -> None:
    desk.control("POST", "expire-tokens")

    assert desk.get("/status").status_code == 401
    desk.sign()
    assert desk.get("/status").status_code == 200


def test_a_token_lives_no_longer_than_it_says() -> None:
    with opened(knobs=Knobs(token_seconds=0)) as desk:
        assert desk.get("/status").status_code == 401


def pair(desk: Desk, code: str) -> httpx.Response:
    return desk.http.put(f"/apps/{desk.simulator.credentials.app_id}/pairing/{code}")


def test_pairing_takes_a_code_once_and_tells_the_tenant() -> None:
    with opened(knobs=Knobs(is_paired=False)) as desk:
        code = desk.control("GET", "pairing-code")["code"]

        assert desk.http.get("/tenants").json() == []
        assert desk.get("/practitioners").status_code == 404
        assert len(code) == 8
        assert pair(desk, code).json()["tenantId"] == desk.tenant
        assert pair(desk, code).status_code == 409
        assert [each["tenantId"] for each in desk.http.get("/tenants").json()] == [desk.tenant]
        assert desk.get("/practitioners").status_code == 200


def test_an_unknown_code_is_404_and_another_app_403(desk: Desk) -> None:
    code = desk.control("GET", "pairing-code")["code"]

    assert pair(desk, "ZZZZZZZZ").status_code == 404
    assert desk.http.put(f"/apps/{BLOCKED}/pairing/{code}").status_code == 403


def test_one_token_serves_every_practice_of_the_app() -> None:
    with opened(Setup(tenants=3, days=DAYS, limits=())) as desk:
        tenants = [each["tenantId"] for each in desk.http.get("/tenants").json()]
        names = {desk.http.get(f"/tenants/{each}").json()["tenantName"] for each in tenants}

        assert len(names) == 3


def test_a_disabled_practice_stays_listed_and_answers_403(desk: Desk) -> None:
    desk.control("POST", f"tenants/{desk.tenant}", access="disabled")

    assert desk.http.get("/tenants").json()[0]["status"] == "disabled"
    assert desk.get("/status").json() == {"status": "disabled"}
    assert desk.get("/practitioners").status_code == 403
    assert desk.page().status_code == 403


def test_tenant_details_may_be_null() -> None:
    with opened(knobs=Knobs(has_null_details=True)) as desk:
        assert desk.get("").json() == {
            "tenantId": desk.tenant,
            "tenantNumber": None,
            "tenantName": None,
            "timezone": None,
        }


def test_tenant_details_name_the_zone(desk: Desk) -> None:
    assert desk.get("").json()["timezone"] == "Australia/Melbourne"
    assert desk.http.get(f"/tenants/{BLOCKED}").status_code == 404


def test_practitioners_are_a_plain_array_with_one_hidden(desk: Desk) -> None:
    people = desk.get("/practitioners").json()

    assert len(people) == 6
    assert sum(not each["shownInAppointmentBook"] for each in people) == 1
    assert sum(not each["active"] for each in people) == 1
    assert people[0].keys() == {"id", "name", "contact", "active", "shownInAppointmentBook"}
    assert people[0]["name"].keys() == {"family", "given", "prefix"}


def test_a_practitioner_their_sites_and_the_users_can_be_asked_for(desk: Desk) -> None:
    person = desk.get("/practitioners").json()[0]

    assert desk.get(f"/practitioners/{person['id']}").json() == person
    assert desk.get(f"/practitioners/{person['id']}/sites").json()[0]["name"]
    assert len(desk.get("/users").json()) == 6
    assert desk.get(f"/practitioners/{BLOCKED}").status_code == 404


def test_appointment_types_are_a_plain_array_with_a_null_duration(desk: Desk) -> None:
    types = desk.get("/appointment-types").json()

    assert any(each["duration"] is None for each in types)
    assert all(
        each.keys() == {"id", "text", "duration", "colour", "onlineBookable"} for each in types
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "4"),
        ("limit", "101"),
        ("limit", "many"),
        ("limit", ""),
        ("practitionerId", ""),
        ("practitionerId", "17"),
        ("fromDate", "2026-06-02"),
        ("fromDate", "2026-06-02T00:00:00"),
        ("toDate", ""),
        ("toDate", "soon"),
        ("include", "patients,everything"),
        ("cursor", BLOCKED),
    ],
)
def test_a_bad_query_is_400(desk: Desk, name: str, value: str) -> None:
    reply = desk.page(**{name: value})

    assert reply.status_code == 400
    assert reply.json()["message"]


@pytest.mark.parametrize("limit", ["5", "100"])
def test_limits_at_either_end_are_fine(desk: Desk, limit: str) -> None:
    assert desk.page(limit=limit).json()["pagination"]["limit"] == int(limit)


def test_a_bare_plus_arrives_as_a_space_and_is_400(desk: Desk) -> None:
    bare = "&".join(f"{name}={value}" for name, value in WHOLE.items())
    encoded = bare.replace("+", "%2B")
    path = f"/tenants/{desk.tenant}/appointments?practitionerId={desk.busiest}&limit=5&"

    assert desk.http.get(httpx.URL(f"{desk.url}/v1{path}{bare}")).status_code == 400
    assert desk.http.get(httpx.URL(f"{desk.url}/v1{path}{encoded}")).status_code == 200


def test_an_unknown_practitioner_is_404(desk: Desk) -> None:
    assert desk.page(practitionerId=BLOCKED).status_code == 404


def test_pages_hold_each_row_once_and_cursors_are_uuids(desk: Desk) -> None:
    pages = list(desk.pages())

    rows = [row["id"] for page in pages for row in page["appointments"]]
    assert len(rows) == len(set(rows))
    assert set(rows) == {row.id for row in desk.simulator.clinics[desk.tenant].book(desk.busiest)}
    assert all(UUID(page["pagination"]["next"]) for page in pages[:-1])


def test_a_page_may_be_short_while_next_is_set() -> None:
    with opened(knobs=Knobs(short_pages=1.0)) as desk:
        sizes = [len(page["appointments"]) for page in desk.pages(limit="10")]

        assert len(sizes) > 1
        assert set(sizes[:-1]) == {3}


def test_a_cursor_works_only_with_its_own_query(desk: Desk) -> None:
    cursor = desk.page().json()["pagination"]["next"]

    assert desk.page(cursor=cursor).status_code == 200
    assert desk.page(cursor=cursor, limit="6").status_code == 400


def test_a_cursor_grows_old() -> None:
    with opened(knobs=Knobs(cursor_seconds=0)) as desk:
        cursor = desk.page().json()["pagination"]["next"]

        assert desk.page(cursor=cursor).status_code == 400


def test_side_lists_exist_only_when_asked_for(desk: Desk) -> None:
    asked = desk.page(include="patients,practitioners,referrals").json()

    assert desk.page().json().keys() == {"appointments", "pagination"}
    assert {"patients", "practitioners", "referrals"} < asked.keys()


def test_side_lists_are_per_page_and_without_repeats(desk: Desk) -> None:
    for page in desk.pages(include="patients"):
        named = {
            each["referenceId"]
            for row in page["appointments"]
            for each in row["participant"]
            if each["referenceType"] == "patient"
        }
        listed = [each["id"] for each in page["patients"]]
        assert len(listed) == len(set(listed))
        assert set(listed) == named


def test_a_side_list_may_lack_a_patient_who_can_be_asked_for() -> None:
    with opened(knobs=Knobs(side_list_gaps=1.0)) as desk:
        page = desk.page(include="patients", limit="100").json()
        person = next(
            each["referenceId"]
            for row in page["appointments"]
            for each in row["participant"]
            if each["referenceType"] == "patient"
        )

        assert page["patients"] == []
        assert desk.get(f"/patients/{person}").json()["id"] == person


def test_rows_come_in_no_order_of_time(desk: Desk) -> None:
    starts = [row["startAt"] for row in desk.rows()]

    assert starts != sorted(starts)


def all_rows(desk: Desk) -> list[dict[str, object]]:
    people = desk.get("/practitioners").json()
    return [row for each in people for row in desk.rows(practitionerId=each["id"], limit="100")]


def test_an_appointment_has_the_documented_fields_and_nulls(desk: Desk) -> None:
    rows = all_rows(desk)

    assert {frozenset(row) for row in rows} == {
        frozenset(
            [
                "id",
                "startAt",
                "endAt",
                "minutesDuration",
                "status",
                "comment",
                "description",
                "participant",
                "appointmentType",
                "extension",
            ]
        )
    }
    for name in ("endAt", "minutesDuration", "status", "comment", "description"):
        assert {row[name] is None for row in rows} == {True, False}
    assert any(row["endAt"] is None and row["minutesDuration"] is None for row in rows)
    assert any(row["appointmentType"] == {"reference": None} for row in rows)


def test_instants_have_milliseconds_and_the_practices_offset(desk: Desk) -> None:
    starts = [str(row["startAt"]) for row in all_rows(desk)]

    assert all(start.endswith(":00.000+10:00") for start in starts)


def test_instants_may_end_in_z() -> None:
    with opened(knobs=Knobs(zulu=1.0)) as desk:
        assert all(row["startAt"].endswith(".000Z") for row in desk.rows())


def test_a_type_reference_may_be_a_path() -> None:
    with opened(knobs=Knobs(type_reference="path")) as desk:
        references = {row["appointmentType"]["reference"] for row in desk.rows()} - {None}

        assert references
        assert all(each.startswith("appointment-types/") for each in references)


def test_a_practitioner_is_called_provider_among_the_participants(desk: Desk) -> None:
    kinds = {each["referenceType"] for row in desk.rows() for each in row["participant"]}

    assert kinds == {"patient", "provider", "location", "health_care_service"}


def test_a_cancelled_row_stays_listed_and_says_when(desk: Desk) -> None:
    row = desk.rows()[0]
    desk.control("POST", f"appointments/{row['id']}", action="cancel")

    after = next(each for each in desk.rows() if each["id"] == row["id"])
    assert any(each["system"] == "cancelled-at" for each in after["extension"])
    assert str(after["status"]).lower() in {"cancelled", "canceled", "none"}


def test_cancelled_rows_may_leave_the_list_but_not_the_practice() -> None:
    with opened(knobs=Knobs(keeps_cancelled=False)) as desk:
        row = desk.rows()[0]
        desk.control("POST", f"appointments/{row['id']}", action="cancel")

        assert row["id"] not in {each["id"] for each in desk.rows()}
        assert desk.get(f"/appointments/{row['id']}").status_code == 200


def test_an_arrived_patient_has_an_instant(desk: Desk) -> None:
    row = next(each for each in desk.rows() if each["participant"][0]["referenceType"] == "patient")
    desk.control("POST", f"appointments/{row['id']}", action="arrive")

    after = desk.get(f"/appointments/{row['id']}").json()
    assert datetime.fromisoformat(after["participant"][0]["arrivedAt"]).tzinfo


def test_a_deleted_row_vanishes_and_is_404(desk: Desk) -> None:
    row = desk.rows()[0]
    desk.control("POST", f"appointments/{row['id']}", action="delete")

    assert row["id"] not in {each["id"] for each in desk.rows()}
    assert desk.get(f"/appointments/{row['id']}").status_code == 404


def test_a_row_that_moves_between_polls_is_found_with_the_other_practitioner(desk: Desk) -> None:
    row, busiest = desk.rows()[0], desk.busiest
    other = next(each["id"] for each in desk.get("/practitioners").json() if each["id"] != busiest)
    desk.control("POST", f"appointments/{row['id']}", action="move", practitioner_id=other)

    assert row["id"] not in {each["id"] for each in desk.rows(practitionerId=busiest)}
    assert row["id"] in {each["id"] for each in desk.rows(practitionerId=other)}
    assert desk.get(f"/appointments/{row['id']}").status_code == 200


@pytest.mark.parametrize(
    ("window", "at_start", "at_end", "across_start"),
    [
        ("inclusive", True, True, False),
        ("half-open", True, False, False),
        ("overlap", True, False, True),
    ],
)
def test_the_window_is_a_knob(
    window: str, at_start: bool, at_end: bool, across_start: bool
) -> None:
    with opened() as desk:
        desk.control("POST", "knobs", window=window)
        row = next(each for each in desk.rows(limit="100") if each["endAt"])
        start = datetime.fromisoformat(row["startAt"])

        def is_listed(early: timedelta, late: timedelta) -> bool:
            bounds = {
                "fromDate": (start + early).isoformat(),
                "toDate": (start + late).isoformat(),
            }
            return row["id"] in {each["id"] for each in desk.rows(**bounds)}

        hour, minute, now = timedelta(hours=1), timedelta(minutes=1), timedelta()
        assert is_listed(now, hour) is at_start
        assert is_listed(-hour, now) is at_end
        assert is_listed(minute, hour) is across_start


def test_a_patient_has_the_documented_fields(desk: Desk) -> None:
    listed = desk.page(include="patients", limit="100").json()["patients"]

    one = desk.get(f"/patients/{listed[0]['id']}").json()
    assert one == listed[0]
    assert one.keys() == {
        "id",
        "name",
        "birthDate",
        "gender",
        "address",
        "contact",
        "identifier",
        "deceased",
        "indigenousStatus",
        "extension",
    }
    assert {each["system"] for person in listed for each in person["contact"]} <= {
        "email", "fax", "phone",
    }  # fmt: skip
    assert desk.get(f"/patients/{BLOCKED}").status_code == 404


def test_some_contacts_have_no_value_or_no_rank() -> None:
    with opened(Setup(days=DAYS, limits=(), practitioners=2, appointments=200)) as desk:
        people = desk.page(include="patients", limit="100").json()["patients"]
        contacts = [each for person in people for each in person["contact"]]

        assert any(each["value"] is None for each in contacts)
        assert any(each["rank"] is None for each in contacts)


def test_the_smallest_rank_with_a_value_is_the_true_phone(desk: Desk) -> None:
    for person in desk.page(include="patients", limit="100").json()["patients"]:
        ranked = [
            (each["rank"], each["value"])
            for each in person["contact"]
            if each["system"] == "phone" and each["value"] and each["rank"] is not None
        ]
        known = desk.simulator.clinics[desk.tenant].patients[person["id"]].phone
        assert (min(ranked)[1] if ranked else None) == known


def test_referrals_need_a_patient(desk: Desk) -> None:
    person = next(iter(desk.simulator.clinics[desk.tenant].patients))

    assert desk.get("/referrals").status_code == 400
    assert isinstance(desk.get("/referrals", patientId=person).json(), list)


def test_the_list_equals_the_truth(desk: Desk) -> None:
    truth = {row["id"]: row for row in desk.control("GET", "truth")["appointments"]}

    rows = {str(row["id"]): row for row in all_rows(desk)}
    assert rows.keys() == truth.keys()
    for id_, row in rows.items():
        assert row["status"] == truth[id_]["status"]
        assert datetime.fromisoformat(str(row["startAt"])) == datetime.fromisoformat(
            truth[id_]["start_utc"]
        )


def test_every_meaning_has_a_text_or_none(desk: Desk) -> None:
    truth = desk.control("GET", "truth")["appointments"]
    texts = {row["meaning"]: row["status"] for row in truth}

    assert texts.keys() >= set(Meaning) - {Meaning.UNKNOWN}
    assert all(texts[each] for each in ("confirmed", "completed", "no_show", "in_progress"))


def test_knobs_start_as_the_document_assumes() -> None:
    assert (Knobs().token_seconds, Knobs().window) == (3599, "inclusive")


def test_two_simulators_of_one_seed_tell_the_same_truth() -> None:
    setup = Setup(seed=11, days=DAYS)
    with opened(setup) as one, opened(setup) as other:
        assert one.control("GET", "truth") == other.control("GET", "truth")


def test_a_simulator_runs_in_process() -> None:
    with running(GentuSimulator(Setup(days=DAYS))) as url:
        assert httpx.get(f"{url}/_sim/tenants").json()["tenants"]
