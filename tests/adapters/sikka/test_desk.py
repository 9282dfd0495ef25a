"""What the desk looks up: patients, the book, working hours, free slots, money."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.desk import Ability, Paid, PatientQuery, Resource
from domain.errors import BrokenContract, Refused, Transient
from domain.window import Window
from domain.wishes import NewCoverage, Write
from tests.adapters.sikka.counter import NOW, Counter, failure, listed

DAY = Window(datetime(2026, 6, 2, 4, tzinfo=UTC), datetime(2026, 6, 3, 4, tzinfo=UTC))
ANN = {
    "patient_id": "p-1",
    "firstname": "Ann",
    "lastname": "Example",
    "birthdate": "1984-12-10T00:00:00",
    "cell": "(212) 555-0101",
    "homephone": "",
    "email": "ann@example.com",
    "status": "Active",
    "guarantor_id": "p-8",
    "provider_id": "DR1",
    "last_visit": "1111-11-11T00:00:00",
    "primary_insurance_company_id": "i-1",
}
BOB = {**ANN, "patient_id": "p-2", "firstname": "Bob", "cell": "2125550102", "email": ""}
DR = {"provider_id": "DR1", "firstname": "Dana", "lastname": "Demo", "status": "Active"}
GONE = {"provider_id": "DR9", "firstname": "Terry", "lastname": "Trial", "status": "Inactive"}
PRACTICE = {"practice_id": "1", "cust_id": "c-1"}
CHAIRS = ({"operatory": "OP1", "practice_id": "1"}, {"operatory": "OP2", "practice_id": "1"})


def visit(number: str, time: str, **told: Any) -> dict[str, Any]:
    return {
        "appointment_sr_no": number,
        "practice_id": "1",
        "patient_id": "p-1",
        "provider_id": "DR1",
        "operatory": "OP1",
        "date": "2026-06-02T00:00:00",
        "time": time,
        "length": "30",
        "status": "Open",
        **told,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (PatientQuery(phone="+12125550101"), ["p-1"]),
        (PatientQuery(phone="+12125550101", last_name="Else"), []),
        (PatientQuery(email="ANN@example.com"), ["p-1"]),
        (PatientQuery(first_name="ann", last_name="example"), ["p-1"]),
        (PatientQuery(last_name="Example"), ["p-1", "p-2"]),
        (PatientQuery(last_name="Example", date_of_birth=date(1984, 12, 10)), ["p-1", "p-2"]),
        (PatientQuery(last_name="Example", date_of_birth=date(1984, 12, 11)), []),
        (PatientQuery(text="Ann Example"), ["p-1"]),
        (PatientQuery(text="212 555 0102"), ["p-2"]),
        (PatientQuery(text="nobody"), []),
        (PatientQuery(text=" , "), []),
        (PatientQuery(last_name="Example", limit=1), ["p-1"]),
    ],
)
def test_only_those_are_found_who_agree_whatever_sikka_makes_of_the_filter(
    query: PatientQuery, found: list[str]
) -> None:
    counter = Counter({"GET /patients": listed(ANN, BOB)})

    cards = counter.desk.search_patients(query)

    assert [one.patient.pms_id for one in cards] == found


def test_a_card_has_numbers_to_dial_and_no_visit_that_never_was() -> None:
    card = Counter({"GET /patients": listed(ANN, BOB)}).desk.patient("p-1")

    assert card is not None
    assert card.phones == ("+12125550101",)
    assert (card.guarantor_id, card.last_visit, card.is_active) == ("p-8", None, True)


@pytest.mark.parametrize(
    ("told", "shared"),
    [
        ({"workphone": "(212) 555-0199"}, ("+12125550199",)),
        ({"workphone": "212-555-0199", "homephone": "2125550199"}, ()),
        ({"homephone": "2125550199"}, ()),
    ],
    ids=str,
)
def test_a_number_at_work_is_known_as_one_that_others_call_from(
    told: dict[str, str], shared: tuple[str, ...]
) -> None:
    card = Counter({"GET /patients": listed({**ANN, **told})}).desk.patient("p-1")

    assert card is not None
    assert card.phones == ("+12125550101", "+12125550199")
    assert card.shared == shared


def test_of_one_patient_a_year_ahead_is_one_request() -> None:
    counter = Counter({"GET /appointments": listed(visit("a-1", "09:00"))})
    year = Window(DAY.start, DAY.start + timedelta(days=365))

    found = counter.desk.appointments(year, patient_id="p-1")

    assert [one.pms_id for one in found] == ["a-1"]
    (asked,) = counter.asked("/appointments")
    params = asked.url.params
    assert (params["patient_id"], params["enddate"]) == ("p-1", "2027-06-02")


def test_an_appointment_is_found_by_its_id_on_any_day_in_one_request() -> None:
    far = visit("a-1", "09:00", date="2028-06-02T00:00:00")
    counter = Counter(
        {"GET /appointments": {**listed(visit("a-2", "10:00"), far), "pagination": {"next": "x"}}}
    )

    found, none = counter.desk.appointment("a-1"), counter.desk.appointment("a-3")

    assert found is not None
    assert (found.pms_id, found.start.year, none) == ("a-1", 2028, None)
    params = [dict(one.url.params) for one in counter.asked("/appointments")]
    assert [one["appointment_sr_no"] for one in params] == ["a-1", "a-3"]
    assert all(one["practice_id"] == "1" and "startdate" not in one for one in params)


def test_a_patient_who_is_not_there_is_none() -> None:
    empty = httpx.Response(204)

    assert Counter({"GET /patients": empty}).desk.patient("p-1") is None


def test_what_is_in_the_way_takes_its_practitioner_and_its_chair() -> None:
    rows = [
        visit("a-1", "09:00"),
        visit("a-2", "10:00", status="Broken"),
        visit("a-3", "11:00", cancelled="True"),
        visit("a-4", "12:00", hygienist="HY1", operatory=""),
        visit("a-5", ""),
    ]

    busy = Counter({"GET /appointments": listed(*rows)}).desk.busy(DAY)

    assert {one.pms_id: {thing.pms_id for thing in one.resources} for one in busy} == {
        "a-1": {"DR1", "OP1"},
        "a-4": {"DR1", "HY1"},
    }
    assert busy[0].window.start == datetime(2026, 6, 2, 13, tzinfo=UTC)


def test_whoever_stands_on_the_last_day_is_seen_though_sikka_may_leave_that_day_out() -> None:
    """Whether `enddate` is included is not documented."""

    def without_the_last_day(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        is_asked = asked["startdate"] <= "2026-06-02" < asked["enddate"]
        return httpx.Response(200, json=listed(*([visit("a-1", "09:00")] if is_asked else [])))

    desk = Counter({"GET /appointments": without_the_last_day}).desk
    half_past = datetime(2026, 6, 2, 13, 15, tzinfo=UTC)

    (busy,) = desk.busy(Window(half_past, half_past + timedelta(minutes=30)))

    assert busy.pms_id == "a-1"


def test_a_visit_that_lasts_into_the_day_from_the_one_before_is_in_the_way() -> None:
    def of_the_days_asked(request: httpx.Request) -> httpx.Response:
        is_asked = request.url.params["startdate"] <= "2026-06-01"
        row = visit("a-1", "22:00", date="2026-06-01T00:00:00", length="660")
        return httpx.Response(200, json=listed(*([row] if is_asked else [])))

    desk = Counter({"GET /appointments": of_the_days_asked}).desk
    half_past_eight = datetime(2026, 6, 2, 12, 30, tzinfo=UTC)

    (busy,) = desk.busy(Window(half_past_eight, half_past_eight + timedelta(minutes=30)))

    assert busy.pms_id == "a-1"


def test_a_visit_whose_length_has_a_fraction_is_in_the_way_as_long_as_it_takes() -> None:
    rows = [visit("a-1", "09:00") | {"length": told} for told in ("30.0", "29.5")]

    for row in rows:
        (busy,) = Counter({"GET /appointments": listed(row)}).desk.busy(DAY)
        assert busy.window.end - busy.window.start == timedelta(minutes=30)


@pytest.mark.parametrize("told", [{"length": "half an hour"}, {"time": "9:00 AM"}, {"time": 900}])
def test_a_visit_whose_time_cannot_be_read_is_in_the_way_all_day(told: dict[str, Any]) -> None:
    row = visit("a-1", "09:00") | told

    (busy,) = Counter({"GET /appointments": listed(row)}).desk.busy(DAY)

    assert busy.window == DAY
    assert {one.pms_id for one in busy.resources} == {"DR1", "OP1"}


@pytest.mark.parametrize("odd", [{}, ["a"], True, "x" * 300, 7.5])
@pytest.mark.parametrize(
    "field", ["appointment_sr_no", "patient_id", "status", "flag", "hygienist"]
)
def test_a_visit_of_which_something_else_cannot_be_read_is_in_the_way_all_the_same(
    field: str, odd: Any
) -> None:
    row = visit("a-1", "09:00") | {field: odd}
    answers = {"GET /appointments": listed(row), "GET /providers": listed()}

    (busy,) = Counter(answers).desk.busy(DAY)

    assert busy.window.start == datetime(2026, 6, 2, 13, tzinfo=UTC)
    assert {"DR1", "OP1"} <= {one.pms_id for one in busy.resources}


@pytest.mark.parametrize("odd", [None, "", "2nd of June", 20260602, "0000-00-00"])
def test_a_visit_whose_day_cannot_be_read_is_in_the_way_on_all_that_were_asked_for(
    odd: Any,
) -> None:
    """It is one of them: nothing else was asked for."""
    row = visit("a-1", "09:00") | {"date": odd}

    (busy,) = Counter({"GET /appointments": listed(row)}).desk.busy(DAY)

    assert busy.window.start <= DAY.start and DAY.end <= busy.window.end
    assert {one.pms_id for one in busy.resources} == {"DR1", "OP1"}


def test_a_book_that_is_still_being_taken_in_is_not_judged() -> None:
    loading = httpx.Response(200, headers={"Data-Insert": "in progress"}, json=listed())

    with pytest.raises(Transient):
        Counter({"GET /appointments": loading}).desk.busy(DAY)


def test_a_book_that_is_answered_with_null_is_not_taken_for_an_empty_one() -> None:
    null = httpx.Response(200, content=b"null")

    with pytest.raises(BrokenContract, match="null"):
        Counter({"GET /appointments": null}).desk.busy(DAY)


def test_a_full_page_that_does_not_say_whether_more_follows_is_not_the_whole_book() -> None:
    full = {"items": [visit(f"a-{number}", "09:00") for number in range(500)]}

    with pytest.raises(BrokenContract, match="'pagination' is missing"):
        Counter({"GET /appointments": full}).desk.busy(DAY)
    few = {"items": full["items"][:3]}
    assert len(Counter({"GET /appointments": few}).desk.busy(DAY)) == 3


def test_a_book_whose_pages_repeat_is_given_up_at_once() -> None:
    again = {**listed(visit("a-1", "09:00")), "pagination": {"next": "more"}}
    counter = Counter({"GET /appointments": again})

    with pytest.raises(BrokenContract, match="the same page twice"):
        counter.desk.busy(DAY)

    assert len(counter.asked("/appointments")) == 2


@pytest.mark.parametrize("site", ["D90001:1", "d90001:1", "D90001"])
def test_a_book_has_one_name_however_its_site_is_written(site: str) -> None:
    office = {"office_id": site.partition(":")[0], "practice_id": "1"}
    counter = Counter({"GET /authorized_practices": listed(office)}, site=site)

    assert counter.desk.held_as == "SIKKA/D90001:1"


def schedule(**told: str) -> dict[str, str]:
    return {
        "resource_id": "DR1",
        "resource_type": "Provider",
        "date": "2026-05-31T00:00:00",
        "tuesday_start_1": "08:00",
        "tuesday_end_1": "12:00",
        "tuesday_start_2": "13:00",
        "tuesday_end_2": "17:00",
        "tuesday_start_3": "",
        "tuesday_end_3": "",
        "tuesday_holiday": "",
        **told,
    }


def counter_with(*rows: dict[str, str], **more: Any) -> Counter:
    answers: dict[str, Any] = {
        "GET /providers": listed(DR, GONE),
        "GET /practices": listed(PRACTICE),
        "GET /operatories": listed(*CHAIRS),
        "GET /practice_schedule": listed(*rows),
    }
    return Counter(answers, **more)


def shown(counter: Counter) -> list[tuple[str, str, str]]:
    return [
        (one.resource.pms_id, f"{one.window.start:%H:%M}", f"{one.window.end:%H:%M}")
        for one in counter.desk.shifts(DAY)
    ]


def test_shifts_are_the_practices_schedule_and_every_chair_is_open_meanwhile() -> None:
    assert shown(counter_with(schedule())) == [
        ("DR1", "12:00", "16:00"),
        ("DR1", "17:00", "21:00"),
        ("OP1", "12:00", "16:00"),
        ("OP1", "17:00", "21:00"),
        ("OP2", "12:00", "16:00"),
        ("OP2", "17:00", "21:00"),
    ]


def test_chairs_with_a_schedule_of_their_own_keep_it() -> None:
    chair = schedule(resource_id="OP1", resource_type="Operatory", tuesday_start_2="")

    assert shown(counter_with(schedule(tuesday_start_2=""), chair)) == [
        ("DR1", "12:00", "16:00"),
        ("OP1", "12:00", "16:00"),
    ]


@pytest.mark.parametrize(
    "told", [{"tuesday_holiday": "True"}, {"date": "2026-05-24T00:00:00"}, {"tuesday_start_1": "x"}]
)
def test_holidays_other_weeks_and_unreadable_hours_are_no_shifts(told: dict[str, str]) -> None:
    assert shown(counter_with(schedule(tuesday_start_2="", **told))) == []


@pytest.mark.parametrize(
    ("whose", "is_closed"),
    [
        ({"resource_type": "Practice"}, True),
        ({"resource_type": ""}, True),
        ({"resource_type": "Practice", "date": "2026-05-24T00:00:00"}, False),
        ({"resource_type": "Assistant"}, False),
        ({"resource_type": "Provider", "resource_id": "DR2"}, False),
    ],
    ids=str,
)
def test_on_a_holiday_of_the_practice_nobody_works_whatever_their_own_hours_are(
    whose: dict[str, str], *, is_closed: bool
) -> None:
    off = schedule(**{"resource_id": "", "tuesday_holiday": "True", **whose})

    found = shown(counter_with(schedule(tuesday_start_2=""), off))

    assert (found == []) is is_closed


def test_whoever_has_left_is_offered_no_more_whatever_the_schedule_says() -> None:
    still = schedule(resource_id="DR9", tuesday_start_2="")

    assert [who for who, _, _ in shown(counter_with(schedule(tuesday_start_2=""), still))] == [
        "DR1",
        "OP1",
        "OP2",
    ]


def test_the_practices_hours_are_everybodys() -> None:
    row = schedule(resource_id="", resource_type="Practice", tuesday_start_2="")

    assert shown(counter_with(row))[0] == ("DR1", "12:00", "16:00")


def test_without_a_schedule_the_hours_we_were_told_hold_and_without_those_nothing() -> None:
    hours = {"tue": [["09:00", "10:00"]]}

    assert shown(counter_with(opening_hours=hours))[0] == ("DR1", "13:00", "14:00")
    assert shown(counter_with()) == []


def test_where_the_plan_has_no_schedules_the_hours_we_were_told_hold() -> None:
    counter = counter_with(opening_hours={"tue": [["09:00", "10:00"]]})
    counter.answers["GET /practice_schedule"] = failure(401, "API2004")

    assert shown(counter)[0] == ("DR1", "13:00", "14:00")


def test_only_some_pmss_have_slots_of_their_own() -> None:
    slot = {
        "provider_id": "DR1",
        "practice_id": "1",
        "date": "2026-06-02T00:00:00",
        "time": "10:00",
        "end_time": "10:40",
        "operatory": "OP2",
    }
    answers = {"GET /appointments_available_slots": listed(slot, {"provider_id": "DR1"})}

    (opening,) = Counter(answers, pms="Orthotrac").desk.openings(DAY) or ()

    assert opening.resources == (
        Resource(kind="practitioner", pms_id="DR1"),
        Resource(kind="operatory", pms_id="OP2"),
    )
    assert (opening.window.end - opening.window.start).total_seconds() == 2400
    assert Counter({}, pms="Dentrix").desk.openings(DAY) is None


def test_insurance_is_joined_from_company_and_subscriber() -> None:
    counter = Counter(
        {
            "GET /patients": listed(ANN),
            "GET /insurance_companies": listed(
                {"insurance_company_id": "i-9", "name": "Other"},
                {"insurance_company_id": "i-1", "name": "Sample Dental", "group_number": "G7"},
            ),
            "GET /subscribers": listed({"patient_id": "p-1", "subscriber_id": "S-1"}),
        }
    )

    (cover,) = counter.desk.insurance("p-1")

    assert (cover.provider, cover.policy, cover.group) == ("Sample Dental", "S-1", "G7")


def test_a_balance_is_the_patients_own() -> None:
    row = {"patient_id": "p-1", "patient_balance": "120.50", "insurance_due": "20.00"}

    balance = Counter({"GET /patient_balance": listed({"patient_id": "p-2"}, row)}).desk.balance(
        "p-1"
    )

    assert balance is not None and (balance.total, balance.insurance) == ("120.50", "20.00")


def transaction(on: str, **told: str) -> dict[str, str]:
    return {
        "patient_id": "p-1",
        "transaction_type": "Payment",
        "transaction_date": f"{on}T00:00:00",
        "amount": "-60.00",
        "payment_type": "Check",
        **told,
    }


def test_the_last_payment_is_the_patients_newest_whatever_sikka_makes_of_the_filter() -> None:
    counter = Counter(
        {
            "GET /transactions": listed(
                transaction("2026-01-05", amount="-20.00", payment_type="Cash"),
                transaction("2026-03-31", amount="-1,060.5", payment_type=""),
                transaction("2026-02-11"),
                transaction("2026-05-01", patient_id="p-2"),
                transaction("2026-05-02", transaction_type="Procedure", amount="90.00"),
                transaction("2026-05-03", amount="0.00"),
                transaction("2026-05-04", amount="nothing"),
                transaction("31/05/2026"),
                transaction("1111-11-11"),
            )
        }
    )

    paid = counter.desk.last_payment("p-1")

    assert paid == Paid(amount="1060.50", on=date(2026, 3, 31), method=None)
    asked = counter.asked("/transactions")[0].url.params
    assert (asked["patient_id"], asked["practice_id"]) == ("p-1", "1")
    assert asked["transaction_type"] == "Payment"


@pytest.mark.parametrize(
    "answer",
    [listed(), failure(401, "API2004"), listed({"patient_id": "p-1", "amount": 60})],
    ids=["nothing paid", "not in the plan", "not told what it is"],
)
def test_where_no_payment_can_be_told_none_is(answer: Any) -> None:
    assert Counter({"GET /transactions": answer}).desk.last_payment("p-1") is None


@pytest.mark.parametrize(
    ("left_out", "query"),
    [
        ("phone", PatientQuery(phone="+12125550101")),
        ("email", PatientQuery(email="ann@example.com")),
        ("birth_date", PatientQuery(last_name="Example", date_of_birth=date(1984, 12, 10))),
    ],
)
def test_nobody_is_looked_for_by_what_the_practice_leaves_out(
    left_out: str, query: PatientQuery
) -> None:
    counter = Counter({"GET /patients": listed(ANN)}, settings={"leave_out": left_out})

    assert counter.desk.search_patients(query) == []
    assert counter.asked("/patients") == []


def test_what_the_practice_leaves_out_is_neither_asked_for_nor_believed_if_it_comes() -> None:
    settings = {"leave_out": "phone,email,birth_date"}
    counter = Counter({"GET /patients": listed(ANN)}, settings=settings)

    card = counter.desk.patient("p-1")

    assert card is not None and card.patient.full_name == "Ann Example"
    person = card.patient
    assert (person.phone, person.email, person.date_of_birth, card.phones) == (None,) * 3 + ((),)
    asked = set(counter.asked("/patients")[0].url.params["fields"].split(","))
    assert asked.isdisjoint({"cell", "homephone", "workphone", "other_phone", "email", "birthdate"})


def test_without_a_birth_date_nobody_is_registered_and_without_notes_none_are_read() -> None:
    usual = Counter({}).desk.abilities
    narrowed = Counter({}, settings={"leave_out": "birth_date,notes"}).desk

    assert usual - narrowed.abilities == {Ability.CREATE_PATIENT, Ability.READ_NOTES}
    with pytest.raises(Refused):
        narrowed.notes("p-1")


@pytest.mark.parametrize(("left_out", "notes"), [("", "Line one"), ("notes", None)])
def test_the_notes_of_an_appointment_are_read_for_whoever_asks_unless_left_out(
    left_out: str, notes: str | None
) -> None:
    book = {"GET /appointments": listed(visit("a-1", "09:00", note="Line one"))}
    counter = Counter(book, settings={"leave_out": left_out})

    [found] = counter.desk.appointments(DAY)

    assert found.notes == notes
    params = counter.asked("/appointments")[0].url.params
    assert params.get("lightweight") == ("true" if left_out else None)


def test_notes_come_with_their_kind() -> None:
    row = {"patient_id": "p-1", "text": "Prefers mornings", "type": "Chart", "date": ""}

    (note,) = Counter({"GET /medical_notes": listed(row, {"text": ""})}).desk.notes("p-1")

    assert (note.text, note.kind, note.at) == ("Prefers mornings", "Chart", None)


@pytest.mark.parametrize(
    ("pms", "has", "lacks"),
    [
        ("Dentrix G6", Ability.BOOK, Ability.UPDATE_PATIENT),
        ("Open Dental", Ability.CREATE_PATIENT, Ability.OPENINGS),
        ("OrthoTrac", Ability.UPDATE_PATIENT, Ability.ADD_INSURANCE),
        ("OrthoTrac", Ability.CHANGE_NAME, Ability.CHANGE_CONTACT),
        ("Dolphin Management", Ability.OPENINGS, Ability.ADD_INSURANCE),
        ("Some New PMS", Ability.READ_BALANCE, Ability.BOOK),
    ],
)
def test_what_can_be_done_depends_on_the_pms(pms: str, has: Ability, lacks: Ability) -> None:
    found = Counter({}, pms=pms).desk.abilities

    assert has in found and lacks not in found


def test_what_sikka_says_of_a_pms_overrules_the_table() -> None:
    row = {
        "practice_management_system": "Dentrix G6",
        "new_appointment_writeback": "available",
        "note_writeback": "not available",
    }
    found = Counter({"GET /supported_pmses": listed(row)}).desk.abilities

    assert Ability.BOOK in found and Ability.ADD_NOTE not in found


@pytest.mark.parametrize("status", [400, 401, 500])
def test_the_table_holds_where_sikka_says_nothing(status: int) -> None:
    counter = Counter({"GET /supported_pmses": failure(status, "API0000")})

    assert Ability.BOOK in counter.desk.abilities


def test_a_visit_of_another_practices_patient_is_nobodys_here_whose_number_is_the_same() -> None:
    there = "https://api.example/v4/practices/2/patients/p-1"
    theirs = visit("a-9", "10:00", patient_href=there, patient_name="Stranger, Sam")
    desk = Counter({"GET /appointments": listed(visit("a-1", "09:00"), theirs)}).desk

    found = desk.appointments(DAY, patient_id="p-1")
    taken = {one.pms_id: one.patient_id for one in desk.busy(DAY)}

    assert [one.pms_id for one in found if one.patient_id == "p-1"] == ["a-1"]
    assert taken == {"a-1": "p-1", "a-9": None}


def test_the_office_is_asked_once_for_what_it_is() -> None:
    counter = Counter(
        {
            "GET /authorized_practices": listed(
                {
                    "office_id": "D90001",
                    "practice_id": "1",
                    "practice_management_system": "Eaglesoft",
                }
            ),
            "GET /patients": listed(ANN),
        },
        pms="sikka",
    )

    assert Ability.BOOK in counter.desk.abilities
    counter.desk.patient("p-1")

    assert len(counter.asked("/authorized_practices")) == 1
    assert counter.asked("/authorized_practices")[0].headers["app-id"] == "a-example"


def test_what_is_not_offered_is_refused_with_a_sentence() -> None:
    write = Write(wish=NewCoverage(patient_id="p-1", provider="Sample", policy="1"))

    with pytest.raises(Refused, match="does not offer"):
        Counter({}).desk.submit(write)


def test_what_the_plan_lacks_is_refused_and_the_connection_stays() -> None:
    with pytest.raises(Refused, match="plan"):
        Counter({"GET /patient_balance": failure(401, "API2004")}).desk.balance("p-1")


def test_every_request_of_a_call_is_paid_for_as_voice() -> None:
    counter = Counter({"GET /patients": listed(ANN)})
    counter.desk.patient("p-1")

    assert counter.throttle.voices == {True}
    assert len(counter.desk.drain_spent()) == len(counter.sender.requests) > 0


def test_no_caller_hears_the_notes_of_somebody_else() -> None:
    rows = [
        {"patient_id": "p-2", "text": "Of another", "type": "Clinical"},
        {"patient_id": "", "text": "Of nobody", "type": "Clinical"},
        {"patient_id": "p-1", "text": "Their own", "type": "Clinical"},
    ]

    found = Counter({"GET /medical_notes": listed(*rows)}).desk.notes("p-1")

    assert [one.text for one in found] == ["Their own"]


def test_no_caller_hears_of_the_appointments_of_somebody_else() -> None:
    told = {"date": "2026-06-03T00:00:00", "time": "10:00", "length": "30", "practice_id": "1"}
    rows = [{**told, "appointment_sr_no": f"a-{n}", "patient_id": f"p-{n}"} for n in (1, 2)]
    desk = Counter({"GET /appointments": listed(*rows)}).desk
    window = Window(NOW, NOW + timedelta(days=7))

    assert [one.pms_id for one in desk.appointments(window, patient_id="p-1")] == ["a-1"]
    assert len(desk.appointments(window)) == 2


def test_a_patient_of_another_practice_who_has_the_same_number_is_not_ours() -> None:
    """Whoever overlooks the practice that was asked for tells those of all of them."""
    ann = {"patient_id": "5", "firstname": "Ann", "lastname": "Example", "practice_id": "2"}
    counter = Counter({"GET /patients": listed(ann)})
    named = PatientQuery(first_name="Ann", last_name="Example")

    assert counter.desk.patient("5") is None
    assert counter.desk.search_patients(named) == []

    ours = Counter({"GET /patients": listed(ann, {**ann, "practice_id": "1"})})
    assert ours.desk.patient("5") is not None
    assert [one.patient.pms_id for one in ours.desk.search_patients(named)] == ["5"]


@pytest.mark.parametrize("odd", [["x"], {"a": 1}, 1.5, "x" * 30_000])
def test_whatever_else_is_odd_of_a_patient_they_are_found(odd: Any) -> None:
    beside = ("address_line1", "city", "guarantor_id", "provider_id", "last_visit", "status")
    ann = {"patient_id": "5", "firstname": "Ann", "lastname": "Example", "practice_id": "1"}

    found = Counter({"GET /patients": listed({**ann, **dict.fromkeys(beside, odd)})})

    card = found.desk.patient("5")
    assert card is not None and card.patient.full_name == "Ann Example"
    assert (card.address, card.guarantor_id, card.practitioner_id) == ({}, None, None)
