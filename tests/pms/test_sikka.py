"""What is peculiar to Sikka."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters import chosen, drift_cures
from adapters.pms import open_source
from adapters.pms.sikka import VENDOR, parse
from adapters.rest.ports import Vault
from adapters.rest.record import Record
from adapters.sikka.feed import Newest
from adapters.sikka.zones import WINDOWS, iana
from domain.appointments import Appointment, Status
from domain.connections import Connection
from domain.drift import Drift
from domain.errors import (
    BadInput,
    NeedsReconnect,
    Refused,
    SaidNothing,
    SyncError,
    Throttled,
    Transient,
)
from domain.sources import Page
from domain.window import whole_day, zone
from tests.contract.kit import (
    NOW,
    Fixture,
    Stage,
    changed,
    fixture,
    is_page,
    is_token,
    once,
    playing,
)

CONNECTION = Connection(
    id=UUID(int=1), account_id="a", vendor="sikka", site="D90001:1", timezone="America/New_York"
)
VISIT = {
    "appointment_sr_no": "a-1",
    "practice_id": "1",
    "date": "2026-06-02T00:00:00",
    "time": "09:00",
    "length": "30",
}


def row(connection: Connection = CONNECTION, /, **told: Any) -> Appointment:
    (found,) = parse(Record({**VISIT, **told}), connection)
    return found


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Open", Status.BOOKED),
        ("Fixed", Status.BOOKED),
        ("Scheduled", Status.BOOKED),
        ("open.unconfirm", Status.BOOKED),
        ("Unconfirmed", Status.BOOKED),
        ("Not Confirmed", Status.BOOKED),
        ("Not Yet Confirmed", Status.BOOKED),
        ("Cannot confirm", Status.BOOKED),
        ("Not Arrived", Status.BOOKED),
        ("Not yet checked in", Status.BOOKED),
        ("Incomplete", Status.BOOKED),
        ("Cancelled, not confirmed", Status.CANCELLED),
        ("Complete, not confirmed", Status.COMPLETED),
        ("open.confirm", Status.CONFIRMED),
        (" CONFIRMED ", Status.CONFIRMED),
        ("Arrived", Status.ARRIVED),
        ("In Operatory", Status.IN_PROGRESS),
        ("complete.unconfirm", Status.COMPLETED),
        ("Checked Out", Status.COMPLETED),
        ("Broken", Status.CANCELLED),
        ("Cancelled by patient", Status.CANCELLED),
        ("No-Show", Status.NO_SHOW),
    ],
)
def test_the_words_of_the_pmss_are_statuses_of_ours(word: str, status: Status) -> None:
    found = row(status=word)

    assert (found.status, found.status_raw) == (status, None)


@pytest.mark.parametrize("word", ["On loan", "Needs confirmation", "Pending confirmation"])
def test_a_word_nobody_knows_is_booked_kept_and_flagged(word: str) -> None:
    found = row(status=word)

    assert (found.status, found.status_raw) == (Status.BOOKED, word)
    assert "unknown_status" in found.flags


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Recovery", Status.ARRIVED),
        ("IN-RECOVERY  room", Status.IN_PROGRESS),
        ("Moved, will call", Status.CANCELLED),
        ("Confirmed", Status.BOOKED),
    ],
)
def test_a_word_of_the_practices_own_means_what_it_says_of_it(word: str, status: Status) -> None:
    words = "Recovery=arrived; in recovery room = in_progress; Moved, will call=cancelled;"
    own = replace(CONNECTION, settings={"status_words": f"{words} confirmed=booked"})

    found = row(own, status=word)

    assert (found.status, found.status_raw) == (status, None)
    assert "unknown_status" not in found.flags


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Recovery=asleep", "no 'asleep'; the words are booked, confirmed"),
        ("Recovery", "is written Recovery=arrived; Rebook=cancelled"),
        ("=arrived", "is written Recovery=arrived; Rebook=cancelled"),
    ],
)
def test_a_word_without_a_meaning_of_ours_is_refused_at_once(written: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        chosen.settings(VENDOR, {"status_words": written})


def test_a_word_nobody_knows_comes_with_where_to_say_what_it_means() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    met = Drift(what="status:on_loan", times=1, first_seen_at=at, last_seen_at=at)
    own = replace(CONNECTION, settings={"status_words": "Rebook=cancelled"})

    told = drift_cures.sentence(met, VENDOR, own)
    page = drift_cures.sentence(met, VENDOR, own, how=drift_cures.on_its_page)
    since = replace(CONNECTION, settings={"status_words": "On Loan=cancelled"})

    assert told.endswith('"status_words=rebook=cancelled; on_loan=arrived"')
    assert "above, as the meaning of the practice's own words for a status, such as: " in page
    assert drift_cures.sentence(met, VENDOR, since).endswith(
        "Since then status_words says that it means cancelled."
    )


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"cancelled": "True"}, Status.CANCELLED),
        ({"cancelled": "t"}, Status.CANCELLED),
        ({"cancelled": "False"}, Status.BOOKED),
        ({"cancelled_date": "2026-06-01T00:00:00"}, Status.CANCELLED),
        ({"cancelled_date": "1111-11-11T00:00:00"}, Status.BOOKED),
        ({"cancelled_date": "0001-01-01T00:00:00"}, Status.BOOKED),
        ({"cancelled_date": "1900-01-01 00:00:00"}, Status.BOOKED),
        ({"cancelled_date": "01/01/1900"}, Status.BOOKED),
        ({"cancelled_date": "0"}, Status.BOOKED),
        ({"cancelled_date": 0}, Status.BOOKED),
        ({"cancelled_date": "N/A"}, Status.BOOKED),
        ({"cancelled_date": "none"}, Status.BOOKED),
        ({"cancelled_date": 7}, Status.BOOKED),
        ({"cancelled_date": "Jun 1, 2026"}, Status.CANCELLED),
        ({"cancelled_date": "20260601"}, Status.CANCELLED),
        ({"arrival_time": "N/A"}, Status.BOOKED),
        ({"arrival_time": "8:55 AM"}, Status.ARRIVED),
        ({"cancelled_date": "06/01/2026"}, Status.CANCELLED),
        ({"is_confirmed": "true"}, Status.CONFIRMED),
        ({"arrival_time": "08:55"}, Status.ARRIVED),
        ({"arrival_time": "08:55", "in_chair_time": "09:03"}, Status.IN_PROGRESS),
        ({"in_chair_time": "09:03", "walkout_time": "09:40"}, Status.COMPLETED),
        ({"walkout_time": "00:00"}, Status.BOOKED),
        ({"walkout_time": "1111-11-11T00:00:00"}, Status.BOOKED),
        ({"arrival_time": "0001-01-01 00:00:00"}, Status.BOOKED),
        ({"arrival_time": "1899-12-30T08:55:00"}, Status.ARRIVED),
        ({"arrival_time": "0855"}, Status.ARRIVED),
        ({"arrival_time": "12:00"}, Status.ARRIVED),
        ({"arrival_time": "01/01/1900 12:00:00 AM"}, Status.BOOKED),
        ({"walkout_time": "00:00:00.000"}, Status.BOOKED),
        ({"arrival_time": "2026-06-02T08:55:00"}, Status.ARRIVED),
    ],
)
def test_what_the_row_tells_beside_its_status_counts(
    told: Mapping[str, str], status: Status
) -> None:
    assert row(status="Open", **told).status is status


def test_what_the_feed_calls_deleted_is_taken_off() -> None:
    found = row(status="Open", flag="Deleted")

    assert found.removed and found.status is Status.CANCELLED


@pytest.mark.parametrize(
    ("told", "start"),
    [
        ({"time": "09:00"}, "2026-06-02T13:00"),
        ({"time": "9:00"}, "2026-06-02T13:00"),
        ({"time": "09:00:00"}, "2026-06-02T13:00"),
        ({"date": "2026-01-15T00:00:00", "time": "23:30"}, "2026-01-16T04:30"),
    ],
)
def test_a_time_is_the_practices_own(told: Mapping[str, str], start: str) -> None:
    assert row(**told).start == datetime.fromisoformat(start).replace(tzinfo=UTC)


def test_a_row_of_another_practice_of_the_office_is_left_out() -> None:
    assert list(parse(Record({**VISIT, "practice_id": "2"}), CONNECTION)) == []


def test_every_windows_name_stands_for_a_zone_there_is() -> None:
    assert all(zone(name).key == name for name in WINDOWS.values())
    assert iana("US Mountain Standard Time") == "America/Phoenix"
    assert iana(" mountain  standard time ") == "America/Denver"


def test_a_zone_nobody_knows_is_asked_for() -> None:
    with pytest.raises(BadInput, match="give the zone yourself"):
        iana("Mars Standard Time")


def test_the_practice_and_its_zone_are_those_of_the_site() -> None:
    told = fixture("sikka")
    west = replace(told.connection, site="D90001:2", timezone="UTC")

    practice = Stage(told).source(west).practice()

    assert (practice.name, practice.timezone) == ("Example Dental West", "America/Phoenix")


def test_the_pms_behind_it_is_the_practices_own() -> None:
    told = fixture("sikka")
    sites = {"D90001:1": "Dentrix", "D90002": "Eaglesoft"}

    found = {
        site: Stage(told).source(replace(told.connection, site=site)).practice().pms_type
        for site in sites
    }

    assert found == sites


def test_an_office_of_several_practices_wants_to_be_told_which() -> None:
    told = fixture("sikka")

    with pytest.raises(BadInput, match="D90001:1, D90001:2"):
        Stage(told).source(replace(told.connection, site="D90001")).practice()


def test_practices_are_asked_for_as_the_application_and_nothing_else_is() -> None:
    stage = Stage(fixture("sikka"))
    source = stage.source()
    source.practice()
    source.practitioners()

    keyed = {one.url.path for one in stage.sender.requests if "app-key" in one.headers}

    assert keyed == {"/v4/authorized_practices"}


def test_the_patients_of_a_page_cost_one_request_and_are_remembered() -> None:
    stage = Stage(fixture("sikka"))

    stage.rows()

    asked = [one for one in stage.sender.requests if one.url.path == "/v4/patients"]
    assert [one.url.params.get("find", "")[:15] for one in asked] == ["patient_id=eq_p", ""]
    assert [one.url.params.get("patient_id") for one in asked] == [None, "p-3"]


@pytest.mark.parametrize("status", [200, 400])
def test_where_the_filter_is_not_understood_patients_are_asked_for_one_by_one(status: int) -> None:
    told = fixture("sikka")
    stranger = {"items": [{"patient_id": "p-77", "firstname": "Eve", "lastname": "Other"}]}

    def respond() -> httpx.Response:
        return httpx.Response(status, json=stranger if status == 200 else {})

    one = {"pagination": {"next": ""}, "items": [{"patient_id": "p-1", "lastname": "Example"}]}
    alone = [{"path": "/v4/patients", "query": {"patient_id": "p-1"}, "json": one}]
    nobody = [
        {"path": "/v4/patients", "query": {"patient_id": pms_id}, "status": 204}
        for pms_id in ("p-2", "p-9")
    ]
    exchanges = [*alone, *nobody, *told.exchanges]
    told = replace(told, told={**told.told, "exchanges": exchanges})
    stage = Stage(told, changed(told, lambda one: "find" in one.url.params, respond))

    rows = stage.rows()

    assert [row.patient.last_name for row in rows[:3] if row.patient] == ["Example", None, None]
    assert "Eve" not in repr([row.patient for row in rows])


def test_whom_the_first_page_of_everybody_lacks_is_asked_for_alone() -> None:
    """A filter that is ignored brings the practice's first patients, some of ours among them."""
    told = fixture("sikka")
    first = {"items": [{"patient_id": one, "lastname": one} for one in ("p-0", "p-1")]}
    alone = [
        {"path": "/v4/patients", "query": {"patient_id": one}, "json": {"items": [later]}}
        for one in ("p-2", "p-9")
        for later in [{"patient_id": one, "lastname": "Later"}]
    ]
    told = replace(told, told={**told.told, "exchanges": [*alone, *told.exchanges]})
    page = httpx.Response(200, json=first)
    stage = Stage(told, changed(told, lambda one: "find" in one.url.params, lambda: page))

    rows = stage.rows()

    assert [row.patient.last_name for row in rows[:3] if row.patient] == ["p-1", "Later", "Later"]


def test_a_mark_beyond_the_calendar_asks_for_all() -> None:
    stage = Stage(fixture("sikka"))

    (query,) = stage.source().queries(
        stage.told.window, (), since=f"Mon, 01 Jun {'9' * 30} 22:00:00 GMT"
    )

    assert query.complete


def feed(stage: Stage, *, since: datetime) -> list[Page]:
    source = stage.source()
    mark = since.strftime("%a, %d %b %Y %H:%M:%S GMT")
    (query,) = source.queries(stage.told.window, (), since=mark)
    assert not query.complete
    return list(source.pages(query))


def with_feed(items: list[dict[str, Any]]) -> Fixture:
    told = fixture("sikka")
    answer = {"pagination": {"next": ""}, "items": items}
    exchanges = [
        {"path": "/v4/practice_events", "query": {"interval": "40"}, "json": [answer]},
        *told.exchanges,
    ]
    return replace(told, told={**told.told, "exchanges": exchanges})


def test_changes_come_from_the_feed_the_last_word_of_each() -> None:
    early = {**VISIT, "flag": "Added", "loadeddate": "2026-06-01T21:40:00", "status": "Open"}
    late = {**VISIT, "flag": "updated", "loadeddate": "2026-06-01T21:50:00", "status": "Arrived"}
    gone = {**VISIT, "appointment_sr_no": "a-2", "flag": "Deleted"}

    pages = feed(Stage(with_feed([late, early, gone])), since=NOW - timedelta(minutes=30))

    found = [(row.pms_id, row.status, row.removed) for page in pages for row in page.records]
    assert found == [("a-1", Status.ARRIVED, False), ("a-2", Status.CANCELLED, True)]


def test_practices_of_one_office_that_number_alike_lose_no_change() -> None:
    ours = {**VISIT, "loadeddate": "2026-06-01T21:40:00", "status": "Arrived"}
    theirs = {**VISIT, "practice_id": "2", "loadeddate": "2026-06-01T21:50:00", "status": "Open"}

    pages = feed(Stage(with_feed([ours, theirs])), since=NOW - timedelta(minutes=30))

    found = [(row.pms_id, row.status) for page in pages for row in page.records]
    assert found == [("a-1", Status.ARRIVED)]


def paged_feed(*items: dict[str, Any]) -> Fixture:
    """The feed with one of them on each page."""
    told = fixture("sikka")
    exchanges = [
        {
            "path": "/v4/practice_events",
            "query": {"offset": str(number)},
            "json": {
                "pagination": {"next": "more" if one is not items[-1] else ""},
                "items": [one],
            },
        }
        for number, one in enumerate(items)
    ]
    return replace(told, told={**told.told, "exchanges": [*exchanges, *told.exchanges]})


LATE = {**VISIT, "loadeddate": "2026-06-01T21:50:00", "status": "Cancelled"}
EARLY = {**VISIT, "loadeddate": "2026-06-01T21:40:00", "status": "Open"}


def test_the_last_word_counts_on_whichever_page_of_the_feed_it_stands() -> None:
    stage = Stage(paged_feed(LATE, EARLY))

    for _ in range(2):
        pages = feed(stage, since=NOW - timedelta(minutes=30))
        found = [(row.pms_id, row.status) for page in pages for row in page.records]
        assert found == [("a-1", Status.CANCELLED)]


@pytest.mark.parametrize("pages", [1, 8])
def test_pages_of_the_feed_that_tell_nothing_newer_do_not_end_it(pages: int) -> None:
    older = [{**EARLY, "loadeddate": f"2026-06-01T21:3{minute}:00"} for minute in range(pages)]
    another = {**VISIT, "appointment_sr_no": "a-2", "loadeddate": "2026-06-01T21:20:00"}
    stage = Stage(paged_feed(LATE, *older, another))

    found = feed(stage, since=NOW - timedelta(minutes=30))

    assert [row.pms_id for page in found for row in page.records] == ["a-1", "a-2"]


@pytest.mark.parametrize("kept", [None, "0 1"])
def test_over_a_wait_between_pages_of_the_feed_no_earlier_word_takes_the_place_of_the_last(
    kept: str | None,
) -> None:
    """Whoever goes on does not know what was told before; an earlier version kept its place."""
    stage = Stage(paged_feed(LATE, EARLY))
    source = stage.source()
    mark = (NOW - timedelta(minutes=30)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    (query,) = source.queries(stage.told.window, (), since=mark)

    before = next(iter(source.pages(query)))
    after = list(source.pages(query, resume=kept or before.onward))

    rows = [row.status for page in (before, *after) for row in page.records]
    assert rows[-1] is Status.CANCELLED
    assert (before.resume, before.onward) == (None, None)


def test_a_plan_without_the_feed_reads_the_days_whole_and_shuts_nobody_out() -> None:
    told = with_feed([])
    lacking = {"http_code": "401", "error_code": "API2004"}
    stage = Stage(
        told,
        changed(
            told,
            lambda request: request.url.path == "/v4/practice_events",
            lambda: httpx.Response(401, json=lacking),
        ),
    )
    ports = replace(stage.ports, codes={})
    mark = "Mon, 01 Jun 2026 21:30:00 GMT"
    first, second = (
        open_source(told.connection, secrets=told.told["secrets"], ports=ports) for _ in range(2)
    )
    (query,) = first.queries(told.window, (), since=mark)

    with pytest.raises(Refused, match="not in the plan"):
        list(first.pages(query))

    (again,) = second.queries(told.window, (), since=mark)
    assert not query.complete
    assert again.complete


@pytest.mark.parametrize("mark", ["nonsense", "Sun, 31 May 2026 22:00:00 GMT"])
def test_with_no_mark_of_today_the_days_are_read_whole(mark: str) -> None:
    stage = Stage(fixture("sikka"))

    (query,) = stage.source().queries(stage.told.window, (), since=mark)

    assert query.complete and query.params["startdate"] == "2026-06-02"


def test_while_data_are_taken_in_nothing_is_thought_gone() -> None:
    told = fixture("sikka")
    exchanges = [
        {**one, "headers": {"Data-Insert": "in progress"}} if one.get("is") == "page" else one
        for one in told.exchanges
    ]
    stage = Stage(replace(told, told={**told.told, "exchanges": exchanges}))

    assert {page.is_partial for page in stage.pages()} == {True}
    assert {page.is_partial for page in Stage(told).pages()} == {False}


def test_an_appointment_that_is_not_listed_while_data_are_taken_in_may_still_be_there() -> None:
    told = fixture("sikka")
    loading = httpx.Response(
        200, headers={"Data-Insert": "In Progress"}, json={"items": [], "pagination": {"next": ""}}
    )

    with pytest.raises(Transient):
        Stage(told, changed(told, lambda one: is_page(told, one), lambda: loading)).source().probe(
            "a-1"
        )


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "API2003", NeedsReconnect),
        (401, "API2004", NeedsReconnect),
        (401, "API2007", NeedsReconnect),
        (401, "API9999", NeedsReconnect),
        (200, "API0008", Refused),
        (200, "API4002", Refused),
        (500, "API2010", Transient),
        (503, "API2002", Transient),
        (409, "API2013", Refused),
        (412, "API2017", Refused),
    ],
)
def test_a_code_says_what_happens_next(status: int, code: str, error: type[SyncError]) -> None:
    told = fixture("sikka")
    body = [{"http_code": str(status), "error_code": code, "log_message": "Canary Example"}]
    stage = Stage(
        told,
        changed(told, lambda one: is_page(told, one), lambda: httpx.Response(status, json=body)),
    )

    with pytest.raises(error) as failure:
        stage.rows()

    assert "Canary" not in str(failure.value)
    assert stage.tokens.renewals == 0


@pytest.mark.parametrize("inside", ["404", "500"])
def test_a_failure_inside_a_success_is_one(inside: str) -> None:
    told = fixture("sikka")
    body = {"http_code": inside, "error_code": "API0000", "items": []}

    with pytest.raises(SyncError):
        Stage(
            told,
            changed(told, lambda one: is_page(told, one), lambda: httpx.Response(200, json=body)),
        ).rows()


@pytest.mark.parametrize("wrapped", [False, True])
def test_no_data_is_an_empty_list_however_it_is_told(*, wrapped: bool) -> None:
    told = fixture("sikka")
    nothing = {"http_code": "204", "error_code": "API2005", "long_message": "but no data"}
    body = [nothing] if wrapped else nothing
    pages = changed(told, lambda one: is_page(told, one), lambda: httpx.Response(200, json=body))

    (page,) = Stage(told, pages).pages()

    assert (page.records, page.rejects, page.is_last) == ([], (), True)
    assert Stage(told, pages).source().probe("a-1") is None


def test_an_empty_answer_says_that_a_visit_is_gone_by_its_status_alone() -> None:
    """A line that is cut off before the body looks the same."""
    told = fixture("sikka")

    def looked_up(status: int) -> object:
        empty = changed(told, lambda one: is_page(told, one), lambda: httpx.Response(status))
        return Stage(told, empty).source().probe("a-1")

    assert looked_up(204) is None
    with pytest.raises(SaidNothing):
        looked_up(200)


@pytest.mark.parametrize("code", ["API2011", "API2012"])
def test_a_used_up_day_pauses_until_the_practices_next_day(code: str) -> None:
    told = fixture("sikka")
    stage = Stage(
        told,
        changed(
            told,
            lambda one: is_page(told, one),
            lambda: httpx.Response(429, json={"error_code": code}),
        ),
    )

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert wait.value.until == whole_day(NOW.date(), "America/New_York").end


def test_a_full_minute_pauses_until_the_window_ends() -> None:
    told = fixture("sikka")
    headers = {"X-Rate-Limit-Limit": "20", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "9"}
    stage = Stage(
        told,
        changed(
            told,
            lambda one: is_page(told, one),
            lambda: httpx.Response(429, headers=headers, json={}),
        ),
    )

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert wait.value.until == NOW + timedelta(seconds=9)
    assert stage.throttle.observed[-1]["limit"] == 20


@pytest.mark.parametrize(("told", "requests"), [({}, 120), ({"requests_a_minute": "20"}, 20)])
def test_the_plan_decides_how_much_may_be_asked(told: Mapping[str, str], requests: int) -> None:
    stage = Stage(fixture("sikka"))
    stage.source(replace(stage.told.connection, settings=told)).practice()

    assert {one.limits[0].requests for (one,) in stage.throttle.spends} == {requests}
    assert {one.voice_share for (one,) in stage.throttle.spends} == {0.1}


class Kept(dict[str, str]):
    """A vault in memory."""

    def fresh(self) -> Mapping[str, str]:
        return self

    def keep(self, changes: Mapping[str, str | None]) -> None:
        self.update({name: one for name, one in changes.items() if one})


def grants(stage: Stage, vault: Vault) -> list[str]:
    source = open_source(
        stage.told.connection,
        secrets=stage.told.told["secrets"],
        ports=replace(stage.ports, vault=vault),
    )
    source.practitioners()
    told = [one for one in stage.sender.requests if is_token(stage.told, one)]
    return [httpx.Response(200, content=one.content).json()["grant_type"] for one in told]


def test_the_refresh_key_is_kept_and_used_from_then_on() -> None:
    stage, vault = Stage(fixture("sikka")), Kept(fixture("sikka").told["secrets"])

    assert grants(stage, vault) == ["request_key"]
    assert vault["refresh_key"] == "tok-9c9c"
    stage.tokens.kept.clear()
    assert grants(stage, vault) == ["request_key", "refresh_key"]


def test_a_refresh_key_that_is_no_longer_taken_gives_way_to_the_offices_secret() -> None:
    told = fixture("sikka")
    refused = once(lambda one: is_token(told, one))
    stage = Stage(told, changed(told, refused, lambda: httpx.Response(400, json={})))

    assert grants(stage, Kept({**told.told["secrets"], "refresh_key": "old"})) == [
        "refresh_key",
        "request_key",
    ]


def test_a_key_lives_for_what_remains_of_it() -> None:
    stage = Stage(fixture("sikka"))
    stage.source().practitioners()

    (token,) = stage.tokens.kept.values()

    assert token.expires_at == NOW + timedelta(seconds=85603 - 60)


def person(pms_id: str, name: str, phone: str) -> dict[str, str]:
    return {"patient_id": pms_id, "firstname": name, "lastname": "Example", "cell": phone}


def at_two_practices(elsewhere: Callable[[], httpx.Response]) -> Stage:
    """The practice's book with a patient of its own, and two of the office's other practice."""
    told = fixture("sikka")
    at_other = "https://api.example/v4/practices/2/patients/"
    book = [
        {**VISIT, "appointment_sr_no": number, "patient_id": pms_id, "patient_name": name}
        | ({"patient_href": f"{at_other}{pms_id}"} if number != "a-1" else {})
        for number, pms_id, name in (
            ("a-1", "p-1", "Example, Ann"),
            ("a-2", "p-1", "Example, Bob"),
            ("a-3", "p-2", "Example, Cleo"),
            ("a-4", "p-1", "Example, Ann"),
        )
    ]
    here = [person("p-1", "Ann", "2125550101")]

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v4/appointments":
            return httpx.Response(200, json={"pagination": {"next": ""}, "items": book})
        if request.url.path != "/v4/patients":
            return playing(told.exchanges)(request)
        if request.url.params["practice_id"] == "2":
            return elsewhere()
        is_ann = "p-1" in (request.url.params.get("find") or request.url.params["patient_id"])
        return httpx.Response(200, json={"items": here if is_ann else []})

    return Stage(told, respond)


def test_a_patient_is_found_whether_numbers_come_as_texts_or_not() -> None:
    book = [{**VISIT, "patient_id": 45}, {**VISIT, "appointment_sr_no": 2, "patient_id": "46"}]
    people = [person("45", "Ann", "2125550101"), {**person("", "Bob", ""), "patient_id": 46}]
    told = fixture("sikka")

    def respond(request: httpx.Request) -> httpx.Response:
        found = {"/v4/appointments": book, "/v4/patients": people}.get(request.url.path)
        if found is None:
            return playing(told.exchanges)(request)
        return httpx.Response(200, json={"pagination": {"next": ""}, "items": found})

    rows = Stage(told, respond).rows()

    assert [row.patient.full_name for row in rows if row.patient] == ["Ann Example", "Bob Example"]


def test_a_patient_of_another_practice_of_the_office_is_whoever_has_that_number_there() -> None:
    there = [person("p-1", "Bob", "2125550102"), person("p-2", "Cleo", "2125550103")]
    stage = at_two_practices(lambda: httpx.Response(200, json={"items": there}))

    found = [(row.patient.full_name, row.patient.phone) for row in stage.rows() if row.patient]

    assert found == [
        ("Ann Example", "2125550101"),
        ("Bob Example", "2125550102"),
        ("Cleo Example", "2125550103"),
        ("Bob Example", "2125550102"),
    ]
    asked = [one.url.params for one in stage.sender.requests if one.url.path == "/v4/patients"]
    assert [one["practice_id"] for one in asked] == ["2", "1"]


@pytest.mark.parametrize(
    "said", [httpx.Response(401, json={"error_code": "API2007"}), httpx.Response(204)]
)
def test_where_another_practice_tells_nobody_ours_counts_if_it_is_called_so(
    said: httpx.Response,
) -> None:
    stage = at_two_practices(lambda: said)

    found = [(row.patient.full_name, row.patient.phone) for row in stage.rows() if row.patient]

    assert found == [
        ("Ann Example", "2125550101"),
        ("Example, Bob", None),
        ("Example, Cleo", None),
        ("Ann Example", "2125550101"),
    ]


@pytest.mark.parametrize("odd", [7, ["2026-06-01"], {"at": "2026-06-01"}, True])
def test_a_word_of_the_feed_that_does_not_say_when_hides_no_other(odd: Any) -> None:
    told = {**VISIT, "flag": "Updated"}
    words = [{**told, "loadeddate": odd}, {**told, "loadeddate": "2026-06-01T10:00:00"}]

    found = Newest(words={}).open({"items": words, "pagination": {"next": ""}})

    assert (list(found.items), list(found.passed_over)) == (words, [])
