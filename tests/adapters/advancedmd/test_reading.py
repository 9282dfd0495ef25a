"""The book at AdvancedMD, however it is asked for: by REST, by messages, in either format."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.advancedmd.faults import TooMany
from domain.errors import NeedsReconnect, Refused, SyncError, Transient
from tests.adapters.advancedmd.offices import Office, office
from tests.contract.kit import Fixture, Stage, changed, fixture, is_page

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shared() -> Iterator[Office]:
    """For tests that leave the office as it was."""
    with office() as connected:
        yield connected


@pytest.fixture
def clinic() -> Iterator[Office]:
    with office() as connected:
        yield connected


def test_both_formats_tell_the_same(shared: Office) -> None:
    by_json, by_xml = shared.rows(), shared.rows(wire="xml")

    assert len(by_json) > 50
    assert by_json == by_xml


def test_messages_tell_the_same_in_both_formats(shared: Office) -> None:
    assert shared.rows(reads="xml") == shared.rows(reads="xml", wire="xml")


def test_where_rest_is_off_the_days_are_read_by_messages(shared: Office) -> None:
    """A visit has another id there, its time may be missing, and its type always is."""
    told = {one["visit_id"]: one for one in shared.truth().values()}

    rows = {row.pms_id: row for row in shared.rows(reads="xml")}

    assert set(told) <= set(rows)
    for visit_id, one in told.items():
        row = rows[visit_id]
        assert row.practitioner_id == one["column_id"]
        assert row.patient_id == next((each["id"] for each in one["patients"]), "")
        if "missing_time" not in row.flags:
            assert row.start.isoformat() == one["start_utc"].replace("Z", "+00:00")
    flagged = [row for row in rows.values() if "missing_time" in row.flags]
    assert 0 < len(flagged) < len(rows) / 2
    assert all(row.start.astimezone().minute == 0 for row in flagged)


def test_a_mark_brings_the_days_only_where_something_changed(clinic: Office) -> None:
    source = clinic.source()
    mark = clinic.pages(source)[0].mark
    assert mark is not None

    (quiet,) = clinic.pages(source, since=mark)
    clinic.control("live", tenant=clinic.connection.site, changes=5)
    after = clinic.pages(source, since=mark)

    assert not quiet.records and quiet.is_last and quiet.mark
    assert {row.pms_id for page in after for row in page.records} == set(clinic.truth())


def test_a_user_who_may_not_read_changes_has_the_days_read_whole(clinic: Office) -> None:
    clinic.control(f"tenants/{clinic.connection.site}", may_read_updates=False)
    source = clinic.source()

    pages = [*clinic.pages(source), *clinic.pages(source, since="6/2/2031 9:00:00 AM")]

    assert all("feed:refused" in page.drift for page in pages)
    assert {row.pms_id for row in pages[-1].records} == set(clinic.truth())
    assert clinic.asked().count("getupdatedvisits") == 1


def test_what_an_office_is_like_is_asked_for_once(shared: Office) -> None:
    opener = shared.opener()
    before = len(shared.asked())

    for _ in range(3):
        source = opener(shared.connection)
        source.practitioners()
        source.types()

    asked = shared.asked()[before:]
    assert asked.count("getschedulersetup") == asked.count("getappttypes") == 1


def test_a_test_of_the_connection_asks_anew(shared: Office) -> None:
    source = shared.source()
    source.practitioners()
    before = len(shared.asked())

    source.practice()

    assert shared.asked()[before:] == ["getschedulersetup"]


def test_only_the_columns_that_are_set_are_read(shared: Office) -> None:
    chosen = str(shared.tenant["columns"][0]["id"])

    rows = shared.rows(columns=f"col{chosen}")

    assert rows and {row.practitioner_id for row in rows} == {chosen}


def test_one_appointment_is_found_by_its_id(shared: Office) -> None:
    wanted = next(iter(shared.truth()))

    source = shared.source()
    found = source.probe(wanted)

    assert found is not None and [row.pms_id for row in found] == [wanted]
    assert source.probe("1") is None
    assert not shared.source(reads="xml").capabilities.probe_by_id


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (-2147217398, Transient),
        (-2147217350, TooMany),
        (2049, Refused),
        (1026, NeedsReconnect),
        (1030, NeedsReconnect),
        (1055, NeedsReconnect),
    ],
)
def test_a_fault_inside_a_success_says_what_happens_next(
    clinic: Office, code: int, error: type[SyncError]
) -> None:
    source = clinic.source()
    source.practitioners()
    clinic.control("ppmd-faults", scripts=[{"code": code, "action": "getappttypes"}])

    with pytest.raises(error, match="AdvancedMD"):
        source.types()


def test_rows_that_the_scheduler_finds_too_many_are_asked_for_in_parts(clinic: Office) -> None:
    # The first that it fits is the scheduler's setup.
    crowded = {"code": -2147217350, "action": "scheduler", "after": 1, "times": 1}
    clinic.control("ppmd-faults", scripts=[crowded])

    assert {row.pms_id for row in clinic.rows()} == set(clinic.truth())
    assert clinic.asked().count("GET appointments") == 4


TOO_MANY = {
    "PPMDResults": {
        "Results": {"@success": "0"},
        "Error": {"Fault": {"faultcode": "1", "detail": {"code": "-2147217350"}}},
    }
}


def crowded(told: Fixture, *, most_columns: int) -> Stage:
    """An office that gives no week, and of a day only so many columns."""

    def is_too_much(request: httpx.Request) -> bool:
        query = request.url.params
        columns = query.get("columnId", "").split("-")
        return is_page(told, request) and (
            query["forView"] == "week" or len(columns) > most_columns
        )

    recorded = changed(told, is_too_much, lambda: httpx.Response(200, json=TOO_MANY))

    def handler(request: httpx.Request) -> httpx.Response:
        if is_page(told, request) and not is_too_much(request):
            return httpx.Response(200, json=[])
        return recorded(request)

    return Stage(told, handler)


def test_too_many_rows_are_asked_for_by_days_and_then_by_columns() -> None:
    stage = crowded(fixture("advancedmd"), most_columns=1)

    pages = list(stage.pages())

    asked = [one.url.params for one in stage.sender.requests if is_page(stage.told, one)]
    days = {one["startDate"] for one in asked if one["forView"] == "day"}
    assert len(days) == 7 and len(pages) == 14
    assert {one["columnId"] for one in asked if one["forView"] == "day"} == {"16", "17", "16-17"}
    assert [page.is_last for page in pages] == [False] * 13 + [True]


def test_one_column_of_one_day_with_too_many_rows_is_refused() -> None:
    with pytest.raises(Refused, match="1,000 records"):
        list(crowded(fixture("advancedmd"), most_columns=0).pages())


def test_a_wait_in_the_midst_of_parts_repeats_none_of_them() -> None:
    stage = crowded(fixture("advancedmd"), most_columns=1)
    source = stage.source()
    (query,) = stage.queries(source)
    pages = list(source.pages(query))
    before = len(stage.sender.requests)

    rest = list(stage.source().pages(query, resume=pages[9].onward))

    assert len(rest) == 4
    asked = [one.url.params for one in stage.sender.requests[before:] if is_page(stage.told, one)]
    assert "2026-06-02" not in {one["startDate"] for one in asked}
