from typing import Any

import pytest

from simulators.sikka import Knobs
from simulators.sikka.rql import Sought
from tests.simulators.sikka_desk import Desk, code, opened


def people(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    return desk.items("patients", fields="get_all", **query)


def any_of(name: str, values: list[str]) -> str:
    return "::OR::".join(f"{name}=eq_{value}" for value in values)


def test_equality_finds_whom_it_names_in_either_case(read: Desk) -> None:
    every = people(read)
    name = next(row["firstname"] for row in every if row["firstname"])

    found = people(read, find=f"firstname=eq_{name.upper()}")
    assert found == [row for row in every if row["firstname"] == name]
    assert people(read, find=f"firstname=neq_{name}") == [row for row in every if row not in found]


def test_one_of_many_numbers_finds_exactly_those(read: Desk) -> None:
    ids = [row["patient_id"] for row in people(read)][3:60:2]

    found = people(read, find=any_of("patient_id", [*reversed(ids), "999999999"]))
    assert [row["patient_id"] for row in found] == ids


def test_a_prefix_finds_what_begins_so_and_not_what_only_holds_it(read: Desk) -> None:
    every = people(read)
    start, rest = every[0]["lastname"][:2], every[0]["lastname"][2:]

    found = people(read, find=f"lastname=like_{start}")
    assert found == [row for row in every if row["lastname"].startswith(start)]
    assert every[0] in found and every[0] not in people(read, find=f"lastname=like_{rest}")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("gt_9", ["60", "100"]),
        ("gte_60.0", ["60", "100"]),
        ("lt_60", ["9"]),
        ("lte_60", ["9", "60"]),
        ("eq_60.00", ["60"]),
        ("neq_060", ["9", "100"]),
        ("like_6", ["60"]),
    ],
)
def test_numbers_are_compared_as_numbers(asked: str, found: list[str]) -> None:
    find = Sought.read(f"length={asked}")

    assert [each for each in ("9", "60", "100") if find.holds({"length": each})] == found


def test_an_appointment_is_found_by_its_length(read: Desk) -> None:
    every = read.items("appointments")
    longest = max(int(row["length"]) for row in every)

    found = read.items("appointments", find=f"length=gte_{longest}")
    assert found == [row for row in every if int(row["length"]) == longest]
    assert read.items("appointments", find=f"length=gt_{longest}") == []


def test_what_is_no_number_on_one_side_is_compared_as_text(read: Desk) -> None:
    every = read.items("appointments")

    late = read.items("appointments", find="date=gte_2026-06-03::AND::time=lt_10:00")
    assert late and late == [
        row for row in every if row["date"] >= "2026-06-03" and row["time"] < "10:00"
    ]
    assert read.items("appointments", find="date=eq_2026-06-03") == []


def test_and_binds_closer_than_or(read: Desk) -> None:
    every = people(read)
    one, other = (row["patient_id"] for row in every[:2])

    find = f"patient_id=eq_{one}::OR::patient_id=eq_{other}::AND::lastname=eq_nobody"
    assert people(read, find=find) == [every[0]]


def test_the_other_parameters_hold_as_well(read: Desk) -> None:
    row = read.items("appointments", practice_id="1-1")[0]
    find = f"patient_id=eq_{row['patient_id']}"

    found = read.items("appointments", find=find, startdate=row["date"][:10], practice_id="1-1")
    assert row in found and {each["practice_id"] for each in found} == {"1-1"}
    assert read.items("appointments", find=find, enddate="2020-01-01") == []


def test_fields_the_answer_does_not_show_can_be_asked_for(read: Desk) -> None:
    number = next(row["homephone"] for row in people(read) if row["homephone"])

    [found, *_] = read.items("patients", find=f"homephone=eq_{number}")
    assert "homephone" not in found


def test_an_empty_value_finds_the_empty_ones_and_an_empty_filter_everybody(read: Desk) -> None:
    every = people(read)

    assert people(read, find="cell=eq_") == [row for row in every if not row["cell"]]
    assert people(read, find="") == every


@pytest.mark.parametrize(
    "find",
    [
        "shoe_size=eq_44",
        "patient_id=eq_1::OR::shoe_size=eq_44",
        "firstname=is_joe",
        "firstname=EQ_joe",
        "firstname=joe",
        "firstname",
        "=eq_joe",
        "firstname=eq_joe::OR::",
        "::AND::firstname=eq_joe",
        "firstname=eq_joe::or::lastname=eq_doe",
        "firstname=eq_joe::XOR::lastname=eq_doe",
    ],
)
def test_what_cannot_be_understood_is_refused(read: Desk, find: str) -> None:
    assert code(read.get("patients", find=find)) == (400, "API1026")


def test_a_field_is_unknown_even_where_nothing_is_left_to_look_at(read: Desk) -> None:
    query = {"startdate": "2020-01-01", "enddate": "2020-01-02"}

    assert read.get("appointments", find="operatory=eq_OP1", **query).status_code == 204
    assert code(read.get("appointments", find="shoe_size=eq_44", **query)) == (400, "API1026")


def test_pages_and_their_count_are_of_what_was_found(read: Desk) -> None:
    ids = [row["patient_id"] for row in people(read)][:5]
    find = any_of("patient_id", ids)

    pages = [read.get("patients", find=find, limit=2, offset=page).json() for page in range(3)]
    assert {page["total_count"] for page in pages} == {"5"}
    assert [row["patient_id"] for page in pages for row in page["items"]] == ids
    assert [bool(page["pagination"]["next"]) for page in pages] == [True, True, False]
    assert read.get("patients", find=find, limit=2, offset=3).status_code == 204


def test_nobody_found_is_told_like_any_other_empty_list(desk: Desk) -> None:
    assert desk.get("patients", find="patient_id=eq_999999999").status_code == 204
    desk.knob(empty="items")

    assert desk.get("patients", find="patient_id=eq_999999999").json()["total_count"] == "0"


@pytest.mark.parametrize("find", ["patient_id=eq_999999999", "shoe_size=eq_44", "nonsense"])
def test_an_office_may_ignore_the_filter_and_answer_everybody(find: str) -> None:
    with opened(knobs=Knobs(ignores_find=True)) as desk:
        every = people(desk)

        assert every and people(desk, find=find) == every
        desk.knob(ignores_find=False)
        assert desk.get("patients", find=find).status_code in {204, 400}


def test_lists_of_every_kind_are_filtered(desk: Desk) -> None:
    moved, gone, *_ = desk.true_rows()
    desk.control("POST", f"appointments/{moved}", action="reschedule", minutes=60)
    desk.control("POST", f"appointments/{gone}", action="delete")
    desk.wait(10)

    feed = {"events": "appointments", "interval": 15}
    events = desk.items("practice_events", find="flag=eq_Deleted", **feed)
    assert [row["appointment_sr_no"] for row in events] == [gone]
    hidden = desk.items("providers", find="is_hidden=eq_True")
    assert {row["is_hidden"] for row in hidden} == {"True"}
    query = {"find": "practice_management_system=like_open"}
    told = desk.http.get("/supported_pmses", params=query, headers=desk.app).json()["items"]
    assert [row["practice_management_system"] for row in told] == ["Open Dental"]
