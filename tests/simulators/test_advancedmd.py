import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.truth import differences
from simulators.advancedmd import Knobs
from tests.simulators.advancedmd_desk import DAYS, Desk, opened, setup

NEW_YORK = ZoneInfo("America/New_York")
MEANINGS = {1: "arrived", 2: "in_progress", 3: "completed", 12: "no_show"}
CANCELLED = {5, 10, 11}


def test_a_row_has_the_documented_fields(read: Desk) -> None:
    for row in read.rows():
        assert row.keys() == {
            "id", "startdatetime", "duration", "columnid", "profileid", "provider", "heading",
            "facility", "facilityid", "appointmenttypeids", "patientid", "firstname", "lastname",
            "confirmdate", "confirmmethod", "status", "lastupdated",
        }  # fmt: skip


def test_the_rows_of_both_days_are_all_but_those_that_were_moved(read: Desk) -> None:
    ids = {str(row["id"]) for day in DAYS for row in read.rows(startDate=day.isoformat())}
    told = read.control("GET", f"truth?tenant={read.tenant}")

    assert ids == set(read.truth())
    assert told["moved"] and not ids & set(told["moved"])
    assert len(ids) + len(told["moved"]) == 120


def test_moved_rows_may_be_listed() -> None:
    with opened(knobs=Knobs(hides_moved=False)) as desk:
        moved = desk.control("GET", "truth")["moved"]

        ids = {str(row["id"]) for day in DAYS for row in desk.rows(startDate=day.isoformat())}
        assert set(moved) < ids == set(desk.truth())


def test_a_moved_row_is_still_there_by_itself(read: Desk) -> None:
    [moved, *_] = read.control("GET", "truth")["moved"]

    assert read.get(f"scheduler/appointments/{moved}").json()["status"] == 5


@pytest.mark.parametrize(
    "query",
    [
        {"columnId": ""},
        {"columnId": "16,17"},
        {"columnId": "col16"},
        {"forView": "year"},
        {"forView": ""},
        {"startDate": "6/2/2026"},
        {"startDate": ""},
    ],
)
def test_a_malformed_query_is_400(read: Desk, query: dict[str, str]) -> None:
    assert read.list_(**query).status_code == 400


def test_columns_are_obligatory(read: Desk) -> None:
    query = {"forView": "day", "startDate": "2026-06-02"}
    reply = read.get("scheduler/appointments", **query)

    assert reply.status_code == 400 and "columnId" in reply.text


def test_only_the_columns_named_are_listed(read: Desk) -> None:
    named = read.columns.split("-")[1:3]

    found = {row["columnid"] for row in read.rows(columnId="-".join(named))}
    assert found == set(map(int, named))
    assert read.rows(columnId="9999") == []


def test_a_person_may_have_two_columns(read: Desk) -> None:
    first, second = map(int, read.columns.split("-")[:2])
    rows = read.rows(columnId=f"{first}-{second}")

    assert {row["columnid"] for row in rows} == {first, second}
    assert len({row["profileid"] for row in rows}) == 1


def test_a_lone_row_is_no_array() -> None:
    with opened(setup(appointments=1)) as desk:
        assert isinstance(desk.list_().json(), dict)
        assert desk.list_(startDate="2027-01-01").json() == []
        desk.knob(lone_row="array")
        assert isinstance(desk.list_().json(), list)


def test_times_are_naive_and_of_the_office(read: Desk) -> None:
    truth, rows = read.truth(), read.rows()

    forms = {len(row["startdatetime"]) for row in rows}
    assert forms == {len("2026-06-02T09:00"), len("2026-06-02T09:00:00")}
    for row in rows:
        when = datetime.fromisoformat(row["startdatetime"])
        assert when.tzinfo is None
        told = datetime.fromisoformat(truth[str(row["id"])]["start_utc"])
        assert when.replace(tzinfo=NEW_YORK) == told


def test_rows_are_in_no_order_of_time(read: Desk) -> None:
    times = [row["startdatetime"] for row in read.rows()]

    assert times != sorted(times)


@pytest.mark.parametrize(
    ("view_from", "start", "days"),
    [
        ("start", "2026-06-02", {2, 3}),
        ("start", "2026-06-03", {3}),
        ("calendar", "2026-06-06", {2, 3}),
    ],
)
def test_a_week_begins_where_it_is_said_to(view_from: Any, start: str, days: set[int]) -> None:
    with opened(knobs=Knobs(view_from=view_from)) as desk:
        rows = desk.rows(forView="week", startDate=start)

        assert {datetime.fromisoformat(row["startdatetime"]).day for row in rows} == days


def test_a_month_has_fewer_statuses() -> None:
    with opened(setup(appointments=300)) as desk:
        day = {row["status"] for row in desk.rows()}
        month = {row["status"] for row in desk.rows(forView="month", startDate="2026-06-01")}

        assert {0, 1, 2, 3, 10, 11, 12} < day and day - {0, 1, 2, 3, 10, 11, 12} <= {4, 7, 99}
        assert month == {0, 1, 2, 3, 10, 12}
        desk.knob(month_statuses=[])
        assert day <= {row["status"] for row in desk.rows(forView="month", startDate="2026-06-01")}


def test_statuses_are_numbers_and_a_date_tells_the_confirmed_ones(read: Desk) -> None:
    truth = read.truth()

    for row in read.rows():
        code, meant = row["status"], truth[str(row["id"])]["meaning"]
        booked = "confirmed" if row["confirmdate"] else "booked"
        expected = "cancelled" if code in CANCELLED else MEANINGS.get(code, "unknown")
        assert meant == (booked if code == 0 else expected)
        assert (row["confirmdate"] is None) is (row["confirmmethod"] is None)


def test_some_rows_have_no_patient(read: Desk) -> None:
    nobody = [row for row in read.rows() if row["patientid"] is None]

    assert nobody
    assert all(row["firstname"] is None and row["lastname"] is None for row in nobody)


def test_names_are_in_capitals_and_fit_into_latin_1(read: Desk) -> None:
    rows = [row for day in DAYS for row in read.rows(startDate=day.isoformat())]
    names = [row[name] for row in rows for name in ("firstname", "lastname", "provider")]

    for name in filter(None, names):
        assert name == name.upper()
        assert name.encode("latin-1") and "\u2019" not in name
    assert any(row["lastname"] and row["firstname"] is None for row in rows)
    providers = {row["provider"] for row in rows}
    assert all(re.fullmatch(r"[^,]+,[^,]+", name) for name in providers)
    assert any(re.fullmatch(r".+,\S+ [A-Z]", name) for name in providers)


def test_ids_are_bare_numbers_and_columns_are_not_their_people(read: Desk) -> None:
    row = read.rows()[0]

    assert all(isinstance(row[name], int) for name in ("id", "columnid", "profileid", "facilityid"))
    assert row["columnid"] != row["profileid"]


def test_some_rows_have_two_types_and_any_may_be_by_video() -> None:
    with opened(setup(appointments=300)) as desk:
        truth = desk.truth()
        video = set(desk.control("GET", "tenants")["tenants"][0]["telehealth_type_ids"])
        rows = desk.rows()

        assert any(len(row["appointmenttypeids"]) > 1 for row in rows)
        assert any(row["appointmenttypeids"] == [] for row in rows)
        for row in rows:
            is_video = bool(video & set(map(str, row["appointmenttypeids"])))
            assert truth[str(row["id"])]["is_telehealth"] is is_video


def test_one_appointment_can_be_read_by_itself(read: Desk) -> None:
    row = read.rows()[0]

    assert read.get(f"scheduler/appointments/{row['id']}").json() == row
    assert read.get("scheduler/appointments/1").status_code == 404
    assert read.get("scheduler/nothing").status_code == 404


def test_an_edit_shows_in_when_a_row_was_updated_even_while_time_stands_still(desk: Desk) -> None:
    id_ = desk.rows()[0]["id"]

    stamps = [desk.get(f"scheduler/appointments/{id_}").json()["lastupdated"]]
    for start in ("2026-06-02T16:00:00Z", "2026-06-02T17:00:00Z"):
        desk.control("POST", f"appointments/{id_}", action="reschedule", start_utc=start)
        stamps.append(desk.get(f"scheduler/appointments/{id_}").json()["lastupdated"])
    assert len(set(stamps)) == 3 and stamps == sorted(stamps)
    assert stamps[1].startswith("2026-06-02T08:00:00")  # in Denver


def test_holds_are_listed_apart_and_their_lengths_are_not_to_be_believed(read: Desk) -> None:
    query = {"columnId": read.columns, "forView": "day", "startDate": "2026-06-02"}
    holds = read.get("scheduler/blockholds", **query).json()

    assert holds
    for hold in holds:
        begins, ends = (datetime.fromisoformat(hold[f"{end}datetime"]) for end in ("start", "end"))
        assert (ends - begins).total_seconds() == 45 * 60
        assert hold["duration"] != 45


def test_openings_are_as_long_as_their_slots(read: Desk) -> None:
    column = read.columns.split("-")[0]
    query = {"columnId": column, "forView": "day", "startDate": "2026-06-02"}
    openings = read.get("scheduler/columnopenings", **query).json()

    free = [span(each, 5 * each["duration"]) for each in openings]
    busy = [
        span(row, row["duration"])
        for row in read.rows(columnId=column)
        if row["status"] not in {*CANCELLED, 12}
    ]
    assert free and busy
    assert not any(
        begins < until and since < ends for begins, ends in free for since, until in busy
    )


def span(told: dict[str, Any], minutes: int) -> tuple[datetime, datetime]:
    begins = datetime.fromisoformat(told["startdatetime"])
    return begins, begins + timedelta(minutes=minutes)


def test_a_repeated_hour_is_told_as_its_first() -> None:
    with opened(setup(days=(date(2026, 11, 1),))) as desk:
        starts = [
            datetime.fromisoformat(row["start_utc"]).astimezone(NEW_YORK)
            for row in desk.truth().values()
        ]

        assert {when.fold for when in starts if when.hour == 1} <= {0}


def test_a_faithful_reader_has_no_differences_from_the_truth(read: Desk) -> None:
    reader = Reader(read)
    truth = read.control("GET", f"truth?tenant={read.tenant}")
    rows = [row for day in DAYS for row in read.rows(startDate=day.isoformat())]
    sheet = [reader.sheet_row(row) for row in rows]

    assert differences(truth, sheet, first=DAYS[0], last=DAYS[1]) == []
    assert len(differences(truth, sheet[1:], first=DAYS[0], last=DAYS[1])) == 1


class Reader:
    """Reads rows by the document alone."""

    def __init__(self, desk: Desk) -> None:
        types = desk.asked("getappttypes").iter("appttype")
        self.types = {each.get("id"): each.get("name") for each in types}
        people = desk.asked("getupdatedpatients", datechanged="1/1/2026 12:00:00 AM")
        self.people = {each.get("id"): each for each in people.iter("patient")}
        self.video = desk.control("GET", "tenants")["tenants"][0]["telehealth_type_ids"]

    def sheet_row(self, row: dict[str, Any]) -> dict[str, Any]:
        start, end = (each.replace(tzinfo=NEW_YORK) for each in span(row, row["duration"]))
        types = [str(each) for each in row["appointmenttypeids"]]
        return {
            "pms_appointment_id": str(row["id"]),
            "removed": False,
            "start": start,
            "end": end,
            "status": status(row),
            "practitioner": {"pms_id": str(row["columnid"])},
            "appointment_type": self.types[f"ap_type{types[0]}"] if types else None,
            "is_telehealth": bool(set(types) & set(self.video)),
            "notes": None,
            "patient": self._patient(row) if row["patientid"] else None,
        }

    def _patient(self, row: dict[str, Any]) -> dict[str, Any]:
        person = self.people[f"pat{row['patientid']}"]
        contact, born = person.find("contactinfo"), person.get("dob")
        assert contact is not None
        month, day, year = born.split("/") if born else ("", "", "")
        return {
            "pms_id": str(row["patientid"]),
            "first_name": row["firstname"],
            "last_name": row["lastname"],
            "full_name": " ".join(filter(None, (row["firstname"], row["lastname"]))),
            "phone": contact.get("homephone") or None,
            "email": contact.get("email") or None,
            "date_of_birth": f"{year}-{month}-{day}" if born else None,
        }


def status(row: dict[str, Any]) -> str:
    if row["status"] in CANCELLED:
        return "cancelled"
    is_confirmed = row["status"] == 0 and row["confirmdate"]
    return MEANINGS.get(row["status"], "confirmed" if is_confirmed else "booked")
