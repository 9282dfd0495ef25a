import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulators.sikka import Knobs
from tests.simulators.sikka_desk import Desk, code, opened, setup

EASTERN = ZoneInfo("America/New_York")


def strings(value: Any) -> Iterator[Any]:
    """Every leaf of a document."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)
    else:
        yield value


def test_every_value_of_an_answer_is_a_string_and_absent_links_are_empty(read: Desk) -> None:
    page = read.get("appointments", limit=5000).json()

    assert page.keys() == {
        "offset", "limit", "total_count", "execution_time", "pagination", "items",
    }  # fmt: skip
    assert all(isinstance(each, str) for each in strings(page))
    assert page["pagination"]["previous"] == page["pagination"]["next"] == ""


def test_a_page_has_50_rows_unless_asked_and_offset_counts_pages(read: Desk) -> None:
    every = [row["appointment_sr_no"] for row in read.items("appointments")]
    first, second = (read.get("appointments", offset=page).json() for page in (0, 1))

    assert (first["limit"], second["offset"], first["total_count"]) == ("50", "1", "240")
    assert [row["appointment_sr_no"] for row in first["items"]] == every[:50]
    assert [row["appointment_sr_no"] for row in second["items"]] == every[50:100]


def test_following_pages_until_next_is_empty_reads_every_row_once(read: Desk) -> None:
    ids = [row["appointment_sr_no"] for row in read.items("appointments", limit=7)]
    true = {
        row["id"]
        for site in ("D90001", "D90001:1-1")
        for row in read.control("GET", f"truth?tenant={site}")["appointments"]
    }

    assert len(ids) == len(set(ids)) and set(ids) == true


def test_links_are_plain_http_and_the_last_one_is_nonsense(read: Desk) -> None:
    links = read.get("appointments", limit=1).json()["pagination"]

    assert all(link.startswith("http://") for link in links.values() if link)
    assert "offset=38967" in links["last"]


def test_a_page_has_at_most_5000_rows() -> None:
    with opened(setup(appointments=2600)) as desk:
        page = desk.get("appointments", limit=9000).json()

        assert (page["limit"], len(page["items"])) == ("5000", 5000)


@pytest.mark.parametrize(
    ("empty", "answer"), [("204", (204, "")), ("blank", (200, "")), ("items", (200, None))]
)
def test_nothing_found_is_told_in_one_of_three_ways(desk: Desk, empty: str, answer: Any) -> None:
    desk.knob(empty=empty)

    reply = desk.get("appointments", startdate="2020-01-01", enddate="2020-01-02")
    told = reply.text if answer[1] is not None else None
    assert (reply.status_code, told) == answer
    if empty == "items":
        assert reply.json()["items"] == [] and reply.json()["total_count"] == "0"


def test_any_envelope_may_come_in_a_list_of_one(desk: Desk) -> None:
    desk.knob(wrapped=["appointments"])

    assert isinstance(desk.get("appointments").json(), list)
    assert isinstance(desk.get("patients").json(), dict)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"offset": "-1"},
        {"startdate": "06/02/2026"},
        {"date_filter_on": "someday"},
        {"loaded_startdate": "yesterday"},
    ],
)
def test_a_malformed_query_is_400(read: Desk, query: dict[str, str]) -> None:
    assert code(read.get("appointments", **query)) == (400, "API1026")


def test_what_does_not_exist_is_404_and_the_wrong_method_405(read: Desk) -> None:
    assert code(read.get("nothing")) == (404, "API2009")
    assert code(read.get("patients/12345")) == (404, "API2009")
    assert code(read.http.delete("/appointments")) == (405, "API2014")


def test_an_appointment_has_the_documented_fields(read: Desk) -> None:
    row = read.get("appointments", limit=1).json()["items"][0]

    assert row.keys() == {
        "href", "patient_href", "patient_id", "guarantor_id", "provider_id", "provider_href",
        "practice_id", "practice_href", "guarantor_href", "amount", "status", "note",
        "surface_quadrant_type", "appointment_sr_no", "date", "time", "length", "description",
        "appointment_made_date", "type", "procedure_code1", "procedure_code2", "procedure_code3",
        "procedure_code1_amount", "procedure_code2_amount", "procedure_code3_amount",
        "procedure_code1_time", "procedure_code2_time", "procedure_code3_time", "patient_name",
        "guarantor_name", "surface_quadrant",
    }  # fmt: skip


def test_more_fields_are_added_all_are_given_or_only_some(read: Desk) -> None:
    def fields(**query: str) -> set[str]:
        return set(read.get("appointments", limit=1, **query).json()["items"][0])

    usual, every = fields(), fields(fields="get_all")
    assert fields(fields="operatory,cancelled") == usual | {"operatory", "cancelled"}
    assert usual | {
        "hygienist", "operatory", "last_changed_date", "procedure_code7_amount", "is_companion",
        "sooner_if_possible", "confirmed_on_date", "tooth_number", "schedule", "treatment_class",
        "cancelled", "location", "procedure_codes", "cust_id", "is_confirmed", "rowhash",
        "original_provider", "status_in_office", "multiple_statuses", "performed",
        "cancelled_date", "arrival_status", "arrival_time", "in_chair_time", "walkout_time",
        "service_category",
    } <= every  # fmt: skip
    assert fields(lightweight="true", fields="date,time") == {"date", "time"}


def test_times_are_the_practices_own_without_a_zone(read: Desk) -> None:
    truth = read.true_rows()

    for row in read.items("appointments", practice_id="1"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00", row["date"])
        when = datetime.fromisoformat(f"{row['date'][:10]}T{row['time']}").replace(tzinfo=EASTERN)
        assert when == datetime.fromisoformat(truth[row["appointment_sr_no"]]["start_utc"])


def test_a_repeated_hour_is_told_as_its_first() -> None:
    with opened(setup(days=(date(2026, 11, 1),))) as desk:
        folds = {
            datetime.fromisoformat(row["start_utc"]).astimezone(EASTERN).fold
            for row in desk.true_rows().values()
        }

        assert folds == {0}


def test_dates_include_the_last_day_unless_they_are_made_not_to(desk: Desk) -> None:
    day = {"startdate": "2026-06-02", "enddate": "2026-06-02", "practice_id": "1"}

    assert len(desk.items("appointments", **day)) == 60
    desk.knob(end="exclusive")
    assert desk.items("appointments", **day) == []


@pytest.mark.parametrize("name", ["date", "appointment_made_date", "last_changed_date"])
def test_a_date_filter_is_on_the_date_it_names(read: Desk, name: str) -> None:
    every = read.items("appointments", fields="get_all")
    day = every[0][name][:10]

    found = read.items("appointments", date_filter_on=name, startdate=day, enddate=day)
    assert len(found) == sum(row[name].startswith(day) for row in every) > 0


def test_cancelled_and_confirmed_days_can_be_filtered_on() -> None:
    with opened(setup(tenants=2)) as desk:
        desk.tenant = "D90002"
        desk.sign()
        year = {"startdate": "2026-01-01", "enddate": "2026-12-31", "fields": "get_all"}
        off = desk.items("appointments", date_filter_on="cancelled_date", **year)
        sure = desk.items("appointments", date_filter_on="confirmed_on_date", **year)

        assert off and {row["cancelled"] for row in off} == {"True"}
        assert sure and {row["is_confirmed"] for row in sure} == {"True"}


@pytest.mark.parametrize(
    "name",
    ["appointment_sr_no", "practice_id", "patient_id", "guarantor_id", "provider_id", "status",
     "operatory", "type", "arrival_status"],
)  # fmt: skip
def test_each_filter_keeps_its_own(read: Desk, name: str) -> None:
    every = read.items("appointments", fields="get_all")
    value = next(row[name] for row in every if row[name])

    found = read.items("appointments", fields="get_all", **{name: value})
    assert found == [row for row in every if row[name] == value]


def test_procedures_are_filtered_among_all_of_a_row(read: Desk) -> None:
    found = read.items("appointments", procedure_code="D2740")

    assert found and {row["procedure_code1"] for row in found} == {"D2740"}


def test_a_practice_of_the_office_must_be_asked_for_by_name(read: Desk) -> None:
    both = {row["practice_id"] for row in read.items("appointments")}
    second = {row["practice_id"] for row in read.items("appointments", practice_id="1-1")}

    assert (both, second) == ({"1", "1-1"}, {"1-1"})


def test_rows_are_sorted_by_number_unless_asked(read: Desk) -> None:
    numbers = [int(row["appointment_sr_no"]) for row in read.items("appointments")]
    times = [row["time"] for row in read.items("appointments", SortBy="appointment_time")]

    assert numbers == sorted(numbers)
    assert times == sorted(times) and len(times) == len(numbers)


WORDS = {
    "D90001": {"Unconfirmed", "Confirmed", "Complete", "Broken"},
    "D90002": {"open.unconfirm", "open.confirm", "complete.unconfirm", "complete.confirm"},
    "D90003": {"Scheduled", "Confirmed", "Complete", "Broken"},
    "D90004": {"Unconfirmed", "Confirmed", "Completed", "No show"},
}


@pytest.mark.parametrize("office", WORDS)
def test_each_pms_has_its_own_words_and_tells_them(office: str) -> None:
    with opened(setup(tenants=4)) as desk:
        desk.tenant = office
        desk.sign()

        seen = {row["status"] for row in desk.items("appointments")}
        listed = {row["status"] for row in desk.items("appointment_statuses")}
        told = {
            row["value"]
            for row in desk.items("practice_variables", service_name="Appointment Status")
        }
        assert WORDS[office] <= seen and WORDS[office] <= listed == told
        assert seen - listed  # and words of the practice's own


def test_a_cancellation_shows_as_a_word_or_a_flag_or_a_date() -> None:
    with opened(setup(tenants=4)) as desk:
        shown = {}
        for tenant in WORDS:
            desk.tenant = tenant
            desk.sign()
            off = {id_ for id_, row in desk.true_rows().items() if row["meaning"] == "cancelled"}
            rows = [row for row in desk.items("appointments", fields="get_all", practice_id="1")
                    if row["appointment_sr_no"] in off]  # fmt: skip
            shown[tenant] = [
                {(row[name] if name == "status" else bool(row[name])) for row in rows}
                for name in ("status", "cancelled", "cancelled_date")
            ]

    assert shown["D90001"] == shown["D90003"] == [{"Broken"}, {False}, {False}]
    assert shown["D90002"] == [{"open.unconfirm"}, {True}, {True}]
    assert shown["D90004"] == [{"Unconfirmed"}, {False}, {True}]


def test_a_patient_has_the_documented_fields_and_more_when_asked(read: Desk) -> None:
    usual = read.get("patients", limit=1).json()["items"][0]
    every = read.get("patients", limit=1, fields="get_all").json()["items"][0]

    assert {
        "firstname", "middlename", "lastname", "preferred_name", "salutation", "birthdate",
        "status", "address_line1", "address_line2", "city", "state", "zipcode", "cell", "email",
        "first_visit", "last_visit", "provider_id", "practice_id", "subscriber_id",
        "primary_insurance_company_id", "created_date", "preferred_contact",
    } < usual.keys()  # fmt: skip
    assert {
        "homephone", "workphone", "other_phone", "gender", "notes", "text_alert", "voice_alert",
        "email_alert",
    } == every.keys() - usual.keys() - {"guarantor_href", "practice_href"}  # fmt: skip


def test_patients_are_the_people_of_the_truth(read: Desk) -> None:
    rows = {row["patient_id"]: row for row in read.items("patients", fields="get_all")}
    people = [each for row in read.true_rows().values() for each in row["patients"]]

    for each in people:
        row = rows[each["id"]]
        born = each["date_of_birth"]
        assert (row["firstname"], row["lastname"]) == (each["first"] or "", each["last"])
        assert row["birthdate"] == (f"{born}T00:00:00" if born else "")
        assert (each["phone"] or "") in {row["cell"], row["homephone"]}


def test_some_patients_have_only_a_telephone_that_all_fields_tell(read: Desk) -> None:
    rows = read.items("patients", fields="get_all")

    assert [row for row in rows if row["homephone"] and not row["cell"]]
    assert [row for row in rows if row["guarantor_id"] != row["patient_id"]]


def test_a_patient_is_found_by_name_number_or_any_part_searched(read: Desk) -> None:
    rows = read.items("patients", fields="get_all")
    person = next(row for row in rows if row["firstname"] and row["cell"] and row["email"])
    plain = "".join(filter(str.isdecimal, person["cell"]))[-10:]

    def found(**query: str) -> set[str]:
        return {row["patient_id"] for row in read.items("patients", **query)}

    for query in (
        {"patient_id": person["patient_id"]},
        {"firstname": person["firstname"].lower(), "lastname": person["lastname"]},
        {"cell": plain},
        {"phone": f"+1{plain}"},
        {"email": person["email"]},
        {"search": person["lastname"][:4]},
        {"search": plain},
    ):
        assert person["patient_id"] in found(**query)
    assert len(found(patient_id=person["patient_id"])) == 1
    assert found(search="nobody of this name") == set()


def test_providers_are_initials_with_a_name(read: Desk) -> None:
    rows = read.items("providers", practice_id="1")
    true = {row["practitioner_id"] for row in read.true_rows().values()}

    assert true <= {row["provider_id"] for row in rows}
    assert {"Active", "Inactive"} == {row["status"] for row in rows}
    assert {"True", "False"} == {row["is_hidden"] for row in rows}


def test_a_practice_tells_no_time_zone(read: Desk) -> None:
    rows = read.items("practices", fields="get_all")

    assert [row["practice_id"] for row in rows] == ["1", "1-1"]
    assert not any("zone" in name for row in rows for name in row)


def test_operatories_want_the_customer_number(read: Desk) -> None:
    number = read.items("practices")[0]["cust_id"]

    assert code(read.get("operatories")) == (400, "API1020")
    rows = read.items("operatories", cust_id=number, is_hidden="F", practice_id="1")
    assert [row["operatory"] for row in rows][:2] == ["OP1", "OP2"]
    assert read.items("operatories", cust_id="1") == []


def test_one_pms_joins_the_providers_of_a_chair_by_a_pipe(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", pms="Eaglesoft")

    rows = desk.items("operatories", cust_id="100001", practice_id="1")
    assert "|" in rows[1]["provider_id"]


def test_a_schedule_is_a_row_a_week_for_each_resource(read: Desk) -> None:
    rows = read.items("practice_schedule", practice_id="1", date="2026-05-31")
    row = next(row for row in rows if row["resource_type"] == "provider")

    assert row["date"] == "2026-05-31T00:00:00"
    assert (row["monday_start_1"], row["monday_end_1"]) == ("08:00", "12:00")
    assert (row["monday_start_2"], row["monday_start_3"]) == ("12:45", "")
    assert (row["sunday_start_1"], row["sunday_holiday"]) == ("", "False")
    assert {row["resource_type"] for row in rows} == {"provider", "operatory"}
    assert read.items("practice_schedule", date="2026-06-01") == []


def test_only_a_pms_that_has_slots_tells_them(desk: Desk) -> None:
    day = {"startdate": "2026-06-02", "enddate": "2026-06-02", "practice_id": "1"}
    assert desk.items("appointments_available_slots", **day) == []
    desk.control("POST", "tenants/D90001", pms="OrthoTrac")

    slots = desk.items("appointments_available_slots", fields="get_all", **day)
    usual = desk.items("appointments_available_slots", **day)
    assert slots and "operatory" not in usual[0]
    taken = [
        (row["operatory"], row["time"])
        for row in desk.items("appointments", fields="get_all", **day)
        if row["appointment_sr_no"]
        in {id_ for id_, true in desk.true_rows().items() if true["meaning"] == "booked"}
    ]
    assert not set(taken) & {(row["operatory"], row["time"]) for row in slots}


def test_money_and_insurance_are_told(read: Desk) -> None:
    insured = read.items("subscribers")[0]
    patient = read.items("patients", patient_id=insured["patient_id"])[0]
    company = patient["primary_insurance_company_id"]
    plans = read.items("insurance_plan_coverage", insurance_company_id=company)
    balance = read.items("patient_balance", patient_id=patient["patient_id"])[0]

    assert patient["subscriber_id"] == insured["subscriber_id"]
    assert company in {row["insurance_company_id"] for row in read.items("insurance_companies")}
    assert {row["insurance_company_id"] for row in plans} <= {company}
    assert {"patient_amount_less_than_30", "insurance_amount_greater_than_90", "patient_due",
            "account_balance"} < balance.keys()  # fmt: skip


def test_legal_words_for_writes_are_told(read: Desk) -> None:
    assert {row["type"] for row in read.items("note_types")} >= {"General", "Phone call"}
    payments = read.items("payment_types")
    assert {row["is_insurance_type"] for row in payments} == {"True", "False"}


def test_what_a_write_needs_is_told_for_each_practice(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", pms="OrthoTrac")

    def items(kind: str, category: str) -> list[str]:
        rows = desk.items(
            "writeback_details", writeback_type=kind, category=category, practice_id="1"
        )
        return [row["item"] for row in rows]

    assert {"operatory", "staff", "type"} <= set(items("new_appointment", "required"))
    assert "Cancelled" in items("patch_appointment", "status")
    assert "Phone call" in items("medical_note", "type")
    assert code(desk.get("writeback_details")) == (400, "API1020")


def test_the_copy_says_whether_it_is_being_filled(desk: Desk) -> None:
    assert desk.get("appointments").headers["Data-Insert"] == "completed"
    assert "Data-Insert" not in desk.get("providers").headers
    desk.knob(insert_seconds=3)
    desk.control("POST", "refresh")

    assert desk.get("patients").headers["Data-Insert"] == "in progress"
    desk.wait(4)
    assert desk.get("patients").headers["Data-Insert"] == "completed"


def test_the_feed_tells_what_each_refresh_has_brought(desk: Desk) -> None:
    moved, gone, *_ = desk.true_rows()
    desk.control("POST", f"appointments/{moved}", action="reschedule", minutes=60)
    desk.control("POST", f"appointments/{gone}", action="delete")
    made = desk.control("POST", "appointments", start_utc="2026-06-02T19:00:00Z")["id"]
    desk.wait(10)

    rows = {
        row["appointment_sr_no"]: row
        for row in desk.items("practice_events", events="appointments", interval=15)
    }
    flags = {id_: row["flag"] for id_, row in rows.items()}
    assert flags == {moved: "updated", gone: "Deleted", made: "Added"}
    [change] = [each for each in rows[moved]["changes"] if each["field"] == "time"]
    assert change["old_value"] < change["new_value"]
    assert rows[moved]["loadeddate"].startswith("2026-06-02T10:00:")
    loaded = desk.items("appointments", loaded_startdate="2026-06-02T10:00:00")
    assert {row["appointment_sr_no"] for row in loaded} == {moved, made}


def test_the_feed_tells_only_the_latest_of_each_when_asked(desk: Desk) -> None:
    id_ = next(iter(desk.true_rows()))
    for _ in range(2):
        desk.control("POST", f"appointments/{id_}", action="reschedule", minutes=5)
        desk.wait(10)

    feed = {"events": "appointments,patients", "interval": "60"}
    assert len(desk.items("practice_events", **feed)) == 2
    assert len(desk.items("practice_events", status="current", **feed)) == 1


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({}, "API1020"),
        ({"events": "appointments"}, "API1020"),
        ({"events": "weather", "interval": "15"}, "API1026"),
        ({"events": "appointments", "interval": "1441"}, "API1026"),
    ],
)
def test_the_feed_wants_events_and_a_span_of_a_day(
    desk: Desk, query: dict[str, str], answer: str
) -> None:
    desk.wait(10)
    desk.control("POST", "live", changes=3)
    desk.wait(10)

    assert code(desk.get("practice_events", **query)) == (400, answer)


def test_an_edit_is_seen_after_the_next_refresh_and_not_before(desk: Desk) -> None:
    desk.knob(refresh_seconds=900)
    desk.wait(1000)
    made = desk.control("POST", "appointments", start_utc="2026-06-02T19:00:00Z")["id"]

    assert desk.items("appointments", appointment_sr_no=made) == []
    desk.wait(700)
    assert desk.items("appointments", appointment_sr_no=made) == []
    desk.wait(200)
    assert len(desk.items("appointments", appointment_sr_no=made)) == 1


def test_a_copy_grows_old_while_the_spu_is_away(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", is_online=False)
    made = desk.control("POST", "appointments", start_utc="2026-06-02T19:00:00Z")["id"]
    desk.wait(25 * 3600)

    sync = desk.http.get("/data_sync_status", headers=desk.app).json()["items"]
    health = desk.http.get("/health_check", headers=desk.app).json()["items"]
    assert {row["status"] for row in sync} == {"not_refresh"}
    assert {row["spu_status"] for row in health} == {"offline"}
    assert health[0]["timezone"] == "Eastern Standard Time"
    desk.sign()
    assert desk.items("appointments", appointment_sr_no=made) == []
    desk.control("POST", "tenants/D90001", is_online=True)
    assert len(desk.items("appointments", appointment_sr_no=made)) == 1


def test_a_refresh_can_be_commanded(desk: Desk) -> None:
    desk.knob(refresh_seconds=3600)
    made = desk.control("POST", "appointments", start_utc="2026-06-02T19:00:00Z")["id"]
    told = {"office_id": "D90001", "command_name": "refresh_data"}

    assert code(desk.http.post("/remote_command", json=told, headers=desk.app)) == (202, "API1029")
    assert len(desk.items("appointments", appointment_sr_no=made)) == 1


def test_what_each_pms_takes_is_a_list_to_filter(desk: Desk) -> None:
    def able(**query: str) -> list[str]:
        reply = desk.http.get("/supported_pmses", params=query, headers=desk.app)
        return [row["practice_management_system"] for row in reply.json()["items"]]

    assert able(new_appointment_writeback="available") == [
        "Dentrix", "Eaglesoft", "Open Dental", "OrthoTrac",
    ]  # fmt: skip
    assert able(payment_writeback="not available") == ["Eaglesoft"]


def test_rows_may_move_between_pages(desk: Desk) -> None:
    before = desk.truth()["version"]
    desk.knob(drift=1.0)
    desk.get("appointments", offset=1)

    assert desk.truth()["version"] == before + 1


def test_daily_quotas_are_429_with_a_code_of_their_own() -> None:
    with opened(knobs=Knobs(daily_requests=2)) as desk:
        codes = [desk.get("practices").status_code for _ in range(2)]
        assert codes == [200, 200]
        assert code(desk.get("practices")) == (429, "API2012")
        desk.wait(12 * 3600)
        assert desk.get("practices").status_code == 200

        desk.knob(daily_requests=0, daily_bytes=1)
        assert code(desk.get("practices")) == (429, "API2011")
