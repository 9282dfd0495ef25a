"""What is peculiar to AdvancedMD."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.advancedmd import slices
from adapters.advancedmd.bodies import changed as changed_there
from adapters.advancedmd.rows import parse, parse_visit
from adapters.advancedmd.times import read_clock, read_slashed, slashed, stamp
from adapters.advancedmd.words import CODES, bare, code_of, own_codes, split_name
from adapters.advancedmd.xml import read_xml, write_xml
from adapters.pms import open_source, registered
from adapters.rest.record import Record
from domain.appointments import Appointment, Status
from domain.connections import Connection
from domain.errors import BadInput, BadRecord, BrokenContract, Refused
from domain.sources import Page
from domain.window import Window, local_day, whole_days
from domain.wishes import StatusChange
from tests.contract.kit import Stage, changed, fixture, is_page, playing

ZONE = "America/New_York"
CONNECTION = Connection(
    id=UUID(int=1), account_id="a", vendor="advancedmd", site="130001", timezone=ZONE
)
ROW = {"id": 1001, "startdatetime": "2026-06-02T09:00:00", "duration": 30, "columnid": 16}
VISIT = {"id": "800101", "visitdate": "2026-06-02", "duration": "30", "columnheading": "DR EXAMPLE"}
VENDOR = registered()["advancedmd"]


def at(**settings: str) -> Connection:
    return Connection(
        id=UUID(int=1),
        account_id="a",
        vendor="advancedmd",
        site="130001",
        timezone=ZONE,
        settings=settings,
        telehealth_types=frozenset({"1006"}),
        practitioners={"16": "DR EXAMPLE", "17": "DR SAMPLE", "18": "DR SAMPLE"},
    )


def row(connection: Connection = CONNECTION, **told: Any) -> Appointment:
    (found,) = parse(Record({**ROW, **told}), connection)
    return found


def visit(**told: Any) -> Appointment:
    (found,) = parse_visit(Record({**VISIT, **told}), at())
    return found


@pytest.mark.parametrize(("code", "status"), sorted(CODES.items()))
def test_its_codes_are_statuses_of_ours(code: str, status: Status) -> None:
    found = row(status=int(code))

    assert (found.status, found.status_raw) == (status, None)


def test_a_visit_that_was_moved_says_so_unless_the_practice_knows_better() -> None:
    assert row(status=5).flags == {"moved"}
    assert row(at(status_codes="5=cancelled"), status=5).flags == set()
    assert row(status=10).flags == set()


def test_days_without_visits_may_be_told_by_no_content() -> None:
    told = fixture("advancedmd")
    stage = Stage(told, changed(told, lambda one: is_page(told, one), lambda: httpx.Response(204)))

    assert stage.rows() == []


def test_a_scheduled_visit_that_was_confirmed_is_confirmed() -> None:
    assert row(status=0, confirmdate="2026-06-01T08:00:00").status is Status.CONFIRMED
    assert row(status=12, confirmdate="2026-06-01T08:00:00").status is Status.NO_SHOW


@pytest.mark.parametrize("code", [7, 99, -1, "2A", "x" * 40])
def test_a_code_nobody_knows_is_booked_kept_and_flagged(code: Any) -> None:
    found = row(status=code)

    assert (found.status, found.status_raw) == (Status.BOOKED, str(code))
    assert "unknown_status" in found.flags


def test_a_practice_puts_the_table_right() -> None:
    connection = at(status_codes="20=completed; 1=in_progress")

    assert row(connection, status=20).status is Status.COMPLETED
    assert row(connection, status=1).status is Status.IN_PROGRESS
    assert row(connection, status=12).status is Status.NO_SHOW


@pytest.mark.parametrize("written", ["20=finished", "20", "=completed;20=", "20:completed"])
def test_a_table_that_cannot_be_read_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(BadInput, match="1=arrived; 20=completed"):
        own_codes(at(status_codes=written))


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({}, Status.COMPLETED, "3"),
        ({"status_codes": "20=completed"}, Status.COMPLETED, "3"),
        ({"status_codes": "3=arrived; 20=completed"}, Status.COMPLETED, "20"),
        ({"status_codes": "7=confirmed"}, Status.CONFIRMED, "7"),
    ],
)
def test_a_status_is_written_by_the_practices_own_table(
    settings: dict[str, str], status: Status, code: str
) -> None:
    assert code_of(status, at(**settings)) == code


def test_what_no_code_stands_for_is_not_written() -> None:
    with pytest.raises(Refused):
        code_of(Status.CONFIRMED, at())
    with pytest.raises(Refused):
        code_of(Status.COMPLETED, at(status_codes="3=arrived"))


@pytest.mark.parametrize(
    ("types", "kind", "is_telehealth"),
    [
        ([1004], "1004", False),
        ([1004, 1006], "1004", True),
        (["ap_type1006"], "1006", True),
        ([], None, False),
        (1006, "1006", True),
        ("ap_type1004", "1004", False),
        (None, None, False),
    ],
)
def test_any_marked_type_makes_telehealth(
    types: Any, kind: str | None, is_telehealth: bool
) -> None:
    found = row(at(), appointmenttypeids=types)

    assert (found.type_id, found.is_telehealth) == (kind, is_telehealth)


@pytest.mark.parametrize("types", [[None, {"id": 1}, True], {"id": 1006}, "x" * 30_000, [[1006]]])
def test_types_that_are_none_are_told_and_cost_a_visit_only_where_they_alone_decide(
    types: Any,
) -> None:
    told = {**ROW, "appointmenttypeids": types}
    record = Record(told)

    (found,) = parse(record, replace(at(), telehealth_only=False))

    assert (found.type_id, record.drift) == (None, ["unreadable:appointmenttypeids"])
    with pytest.raises(BadRecord):
        list(parse(Record(told), replace(at(), telehealth_only=True)))


def test_a_row_keeps_its_version_and_where_it_takes_place() -> None:
    found = row(lastupdated="2026-05-30T08:00:00.000", facilityid="fac11")

    assert (found.version, found.facility_id) == ("2026-05-30T08:00:00.000", "11")


@pytest.mark.parametrize(
    ("written", "start", "flags"),
    [
        ("2026-06-02T09:00", "2026-06-02T13:00", set()),
        ("2026-01-15T23:30:00", "2026-01-16T04:30", set()),
        ("2026-03-08T02:30:00", "2026-03-08T07:30", {"gap"}),
        ("2026-11-01T01:30:00", "2026-11-01T05:30", {"fold"}),
    ],
)
def test_a_time_is_the_offices_own(written: str, start: str, flags: set[str]) -> None:
    found = row(startdatetime=written)

    assert found.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert found.flags == flags


@pytest.mark.parametrize(
    ("written", "hour", "minute"),
    [
        ("9:00 AM", 9, 0),
        ("12:05 AM", 0, 5),
        ("12:05 pm", 12, 5),
        ("1:45:00 PM", 13, 45),
        ("11:59 p.m.", 23, 59),
        ("14:30", 14, 30),
    ],
)
def test_a_visits_time_is_on_a_twelve_hour_clock(written: str, hour: int, minute: int) -> None:
    found = visit(starttime=written)

    local = found.start.astimezone(datetime(2026, 6, 2, tzinfo=UTC).tzinfo)
    assert read_clock(written) == time(hour, minute)
    assert local == datetime(2026, 6, 2, tzinfo=UTC) + timedelta(hours=hour + 4, minutes=minute)


@pytest.mark.parametrize("written", ["0:30 AM", "13:00 PM", "9 AM", "25:00", "9:61 AM", "soon"])
def test_what_is_no_time_of_day_is_rejected(written: str) -> None:
    with pytest.raises(BadRecord, match="not a time of day"):
        visit(starttime=written)


@pytest.mark.parametrize("told", [{}, {"starttime": None}, {"starttime": " "}])
def test_a_visit_without_a_time_stands_at_the_beginning_of_its_day(told: dict[str, Any]) -> None:
    found = visit(**told)

    assert "missing_time" in found.flags
    assert found.start == datetime(2026, 6, 2, 4, tzinfo=UTC)


def test_a_heading_of_two_columns_is_nobodys() -> None:
    assert visit().practitioner_id == "16"
    assert visit(columnheading="DR SAMPLE").practitioner_id is None


@pytest.mark.parametrize(
    ("written", "given_name", "family"),
    [
        ("VAN DER BERG,ANNA M", "ANNA M", "VAN DER BERG"),
        ("O'NEIL,BOB", "BOB", "O'NEIL"),
        ("EXAMPLE", None, "EXAMPLE"),
        ("EXAMPLE,", None, "EXAMPLE"),
        (",ANN", "ANN", None),
        ("EXAMPLE,ANN,JR", "ANN,JR", "EXAMPLE"),
        (None, None, None),
    ],
)
def test_a_name_is_split_at_its_first_comma(
    written: str | None, given_name: str | None, family: str | None
) -> None:
    assert split_name(written) == (given_name, family)


@given(
    family=st.text(st.characters(exclude_characters=",", exclude_categories=["C", "Z"])),
    first=st.text(st.characters(exclude_categories=["C", "Z"])),
)
def test_a_name_put_together_comes_apart_again(family: str, first: str) -> None:
    assert split_name(f"{family},{first}") == (first or None, family or None)


@given(st.integers(0, 2**53), st.sampled_from(["", "pat", "prof", "col", "fac", "ap_type"]))
def test_an_id_is_the_same_with_and_without_its_prefix(number: int, prefix: str) -> None:
    assert bare(f"{prefix}{number}") == bare(number) == str(number)


@pytest.mark.parametrize(
    ("written", "read"), [("", None), (None, None), ("pat", "pat"), ("45x", "45x"), ("p 4", "p 4")]
)
def test_what_is_no_prefixed_number_stays_as_it_is(written: str | None, read: str | None) -> None:
    assert bare(written) == read


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - a wall clock
def test_a_stamp_says_the_time_it_was_made_of(when: datetime) -> None:
    day, _, clock = stamp(when).partition(" ")

    assert read_slashed(day) == when.date()
    assert read_clock(clock) == when.time().replace(microsecond=0)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_date_with_slashes_is_read_as_it_was_written(day: date) -> None:
    assert read_slashed(slashed(day)) == day


@given(st.text())
def test_whatever_stands_for_a_time_or_a_date_breaks_nothing(text: str) -> None:
    assert read_clock(text) is None or isinstance(read_clock(text), time)
    assert read_slashed(text) is None or isinstance(read_slashed(text), date)
    assert bare(text) is None or bare(text)


@given(
    st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.integers(0, 40),
    st.lists(st.integers(1, 10**6).map(str), min_size=1, max_size=130, unique=True),
)
def test_slices_cover_each_day_of_each_column_once(
    first: date, more: int, columns: list[str]
) -> None:
    last = first + timedelta(days=more)

    planned = slices.planned(whole_days(first, last, ZONE), ZONE, columns)

    shown = [
        (one.start + timedelta(days=number), column)
        for one in planned
        for number in range(7 if one.view == "week" else 1)
        for column in one.columns
    ]
    assert len(shown) == len(set(shown))
    wanted = {(first + timedelta(days=n), column) for n in range(more + 1) for column in columns}
    assert wanted <= set(shown)
    assert all(one.start.weekday() == 6 for one in planned if one.view == "week")
    assert slices.read(str(slices.written(planned))) == planned


def test_parts_bring_what_the_whole_would() -> None:
    window = whole_days(date(2026, 6, 1), date(2026, 6, 10), ZONE)
    week = slices.Slice("week", date(2026, 5, 31), ("16", "17", "18"))

    days = week.halves(window, ZONE)

    assert [one.start for one in days] == [date(2026, 6, day) for day in range(1, 7)]
    assert [one.columns for one in days[0].halves(window, ZONE)] == [("16",), ("17", "18")]
    assert slices.Slice("day", date(2026, 6, 1), ("16",)).halves(window, ZONE) == ()


def test_a_window_that_ends_at_midnight_does_not_ask_for_the_next_day() -> None:
    window = whole_days(date(2026, 6, 2), date(2026, 6, 2), ZONE)

    (one,) = slices.planned(window, ZONE, ["16"])

    assert (one.view, one.start) == ("day", local_day(window.start, ZONE))
    assert slices.planned(Window(window.start, window.start), ZONE, ["16"]) == (one,)


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["C"]))


@given(st.dictionaries(st.sampled_from(["@id", "@name", "@dob"]), TEXTS, min_size=1))
def test_attributes_survive_the_way_through_xml(attributes: dict[str, str]) -> None:
    document = {"ppmdmsg": {"visit": attributes}}

    assert read_xml(write_xml(document), named="it") == document


@given(st.binary(max_size=400))
def test_whatever_stands_for_xml_is_read_or_breaks_the_contract(body: bytes) -> None:
    try:
        found = read_xml(body, named="it")
    except BrokenContract:
        return

    assert isinstance(found, dict)


def test_one_child_comes_alone_and_two_in_a_list() -> None:
    one = b"<r><visitlist><visit id='1'/></visitlist><none/><t> text </t></r>"
    two = b"<r><visit id='1'/><visit id='2'><patient name='EXAMPLE,ANN'/>x</visit></r>"

    assert read_xml(one, named="it") == {
        "r": {"visitlist": {"visit": {"@id": "1"}}, "none": None, "t": "text"}
    }
    assert read_xml(two, named="it") == {
        "r": {
            "visit": [{"@id": "1"}, {"@id": "2", "patient": {"@name": "EXAMPLE,ANN"}, "#text": "x"}]
        }
    }


@pytest.mark.parametrize("prolog", ["", '<?xml version="1.0" encoding="ISO-8859-1"?>'])
def test_letters_beyond_ascii_are_iso_8859_1_whether_or_not_it_says_so(prolog: str) -> None:
    body = f"{prolog}<r name='M\u00dcLLER,ZO\u00cb'/>".encode("iso-8859-1")

    assert read_xml(body, named="it") == {"r": {"@name": "M\u00dcLLER,ZO\u00cb"}}


BOMB = (
    '<!DOCTYPE r [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><r>&c;</r>'
)
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        '<!DOCTYPE r SYSTEM "https://example.com/r.dtd"><r/>',
        "<!DOCTYPE r><r/>",
        "<r>&unknown;</r>",
        "<r><open></r>",
        "<r/><r/>",
        "",
        "<r>" + "<d>" * 40 + "</d>" * 40 + "</r>",
        '<?xml version="1.0" encoding="no-such"?><r/>',
    ],
)
def test_xml_that_declares_nests_or_breaks_is_not_read(body: str) -> None:
    with pytest.raises(BrokenContract, match="not plain XML"):
        read_xml(body.encode(), named="AdvancedMD: getdatevisits")


def test_its_limits_are_those_of_denvers_working_hours() -> None:
    told = {name: (VENDOR.limits[name][0], VENDOR.tiers[name][0]) for name in VENDOR.tiers}

    assert {name: base.requests for name, (base, _) in told.items()} == {
        "tier1": 60,
        "tier2": 120,
        "tier3": 120,
    }
    assert {name: tier.limits[0].requests for name, (_, tier) in told.items()} == {
        "tier1": 1,
        "tier2": 12,
        "tier3": 24,
    }
    assert {tier.zone for _, tier in told.values()} == {"America/Denver"}


def test_each_request_is_paid_for_in_the_tier_of_its_action() -> None:
    stage = Stage(fixture("advancedmd"))
    stage.rows()

    names = [one.bucket.split("/")[1] for spent in stage.throttle.spends for one in spent]

    assert names == ["login", "tier3", "tier3", "tier3", "tier1", "tier3", "tier3"]


def test_the_scheduler_is_paid_for_in_the_tier_that_the_practice_was_told() -> None:
    told = fixture("advancedmd")
    connection = {**told.told["connection"], "settings": {"scheduler_tier": "2"}}
    stage = Stage(replace(told, told={**told.told, "connection": connection}))
    stage.rows()

    names = [one.bucket.split("/")[1] for spent in stage.throttle.spends for one in spent]

    assert names == ["login", "tier3", "tier3", "tier3", "tier1", "tier2", "tier2"]


def test_two_connections_of_one_office_share_its_allowance() -> None:
    stage = Stage(fixture("advancedmd"))
    stage.source().practitioners()
    other = stage.told.told["secrets"] | {"username": "another", "password": "tok-other"}
    open_source(stage.told.connection, secrets=other, ports=stage.ports).practitioners()

    buckets = {one.bucket for spent in stage.throttle.spends for one in spent}

    assert len(buckets) == 2


def test_a_wait_for_the_servers_time_alone_does_not_hold_a_whole_pass_up() -> None:
    told = fixture("advancedmd")
    is_feed = b"getupdatedvisits"
    stage = Stage(
        told,
        changed(
            told,
            lambda one: is_feed in one.content,
            lambda: httpx.Response(429, headers={"retry-after": "60"}, json={}),
        ),
    )

    pages = list(stage.pages())

    assert sum(len(page.records) for page in pages) == len(told.told["expected"])
    assert {page.mark for page in pages} == {None}


@pytest.mark.parametrize(
    ("mark", "asked"),
    [
        ("6/1/2026 4:00:30 PM", "6/1/2026 3:59:30 PM"),
        ("6/1/2026 12:00:00 AM", "5/31/2026 11:59:00 PM"),
        ("2026-06-01T16:00:00.000", "2026-06-01T16:00:00.000"),
        ("63000517", "63000517"),
    ],
)
def test_changes_are_asked_for_from_a_little_before_the_mark(mark: str, asked: str) -> None:
    stage = Stage(fixture("advancedmd"))
    stage.source().queries(stage.told.window, (), since=mark)

    assert f'"@datechanged":"{asked}"'.encode() in stage.sender.requests[-1].content


@pytest.mark.parametrize(
    ("columns", "name"), [("", "MAIN STREET"), ("16", "MAIN STREET"), ("17", "MAIN STREET")]
)
def test_an_office_goes_by_the_name_of_its_place(columns: str, name: str) -> None:
    told = fixture("advancedmd")
    stage = Stage(told)

    practice = stage.source(replace(told.connection, settings={"columns": columns})).practice()

    assert (practice.site, practice.name) == ("130001", name)


def test_what_is_sent_and_who_it_is_about_stays_out_of_reprs() -> None:
    found = row(patientid=45, firstname="CANARY", lastname="EXAMPLE")
    wish = StatusChange(appointment_id="1001", status="arrived")
    request = changed_there(wish, found, CONNECTION)

    assert found.patient is not None and found.patient.full_name
    assert "CANARY" not in repr(found)
    assert "statuscode" not in repr(request) and request.body == {"statuscode": 1}


def test_no_message_asks_for_more_of_a_patient_than_the_book_shows() -> None:
    stage = Stage(fixture("advancedmd"))
    stage.rows()

    asked = {one.url.path.rpartition("/")[2] for one in stage.sender.requests}
    bodies = b"".join(one.content for one in stage.sender.requests)

    assert asked == {"processrequest.aspx", "appointments"}
    assert b"getdemographic" not in bodies
    assert not any(is_page(stage.told, one) and one.content for one in stage.sender.requests)


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        ("6/1/2026 3:59:00 PM", ["nothing"]),
        ("6/1/2026 4:00:00 PM", ["nothing"]),
        ("6/1/2026 4:30:00 PM", ["all"]),
    ],
)
def test_where_the_servers_clock_was_put_back_no_change_is_taken_on_trust(
    since: str, asked: list[str]
) -> None:
    """It is four there: stamps of the hour that comes twice lie before the mark."""
    source = Stage(fixture("advancedmd")).source()

    queries = source.queries(fixture("advancedmd").window, source.practitioners(), since=since)

    assert [one.key for one in queries] == asked


def by_message(visit: Any, **about: Any) -> Page:
    """A day of an office that is read by messages and has this visit."""
    results = {"@success": "1", "visitlist": {"visit": visit}, **about}
    answer = httpx.Response(200, json={"PPMDResults": {"Results": results, "Error": None}})
    told = fixture("advancedmd")
    stage = Stage(told, changed(told, lambda one: b"getdatevisits" in one.content, lambda: answer))
    source = stage.source(replace(told.connection, settings={"reads": "xml"}))
    return next(iter(source.pages(*stage.queries(source))))


def test_a_visit_that_cannot_be_read_is_told_by_the_id_of_its_row() -> None:
    page = by_message({"@id": "vis800101", "@starttime": "noonish", "@duration": "30"})

    assert [one.pms_id for one in page.rejects] == ["800101"]


@pytest.mark.parametrize(
    ("about", "is_short"),
    [({}, False), ({"@visitcount": "1"}, False), ({"@visitcount": "2"}, True)],
)
def test_a_day_that_counts_more_visits_than_it_tells_is_not_whole(
    about: dict[str, str], *, is_short: bool
) -> None:
    page = by_message({"@id": "800101", "@starttime": "9:00 AM", "@duration": "30"}, **about)

    assert (page.is_partial, "listing:short" in page.drift) == (is_short, is_short)


def test_names_with_characters_that_cannot_be_stored_cost_no_sync() -> None:
    told = fixture("advancedmd")
    column = {"@id": "col16", "@name": "DR\0 EXAM\ud800PLE\n" + "X" * 300}
    results = {"@success": "1", "columnlist": {"column": column}}
    body = json.dumps({"PPMDResults": {"Results": results, "Error": None}}).encode()
    setup = httpx.Response(200, content=body)
    when = changed(told, lambda one: b"getschedulersetup" in one.content, lambda: setup)

    (found,) = Stage(told, when).source().practitioners()

    assert found.full_name == ("DR EXAM\N{REPLACEMENT CHARACTER}PLE " + "X" * 300)[:200]


def test_messages_may_be_told_in_the_encoding_of_their_older_twin() -> None:
    told = fixture("advancedmd")
    recorded = playing(told.exchanges)

    def as_iso_8859_1(request: httpx.Request) -> httpx.Response:
        answer = recorded(request)
        if not request.url.path.endswith("processrequest.aspx"):
            return answer
        text = json.dumps(answer.json(), ensure_ascii=False).replace("DR EXAMPLE", "DR MUÑOZ")
        return httpx.Response(answer.status_code, content=text.encode("iso-8859-1"))

    names = [one.full_name for one in Stage(told, as_iso_8859_1).source().practitioners()]

    assert "MUÑOZ" in " ".join(names)


def with_setup(change: Callable[[dict[str, Any]], Any]) -> Stage:
    """An office whose answers on its columns are changed."""
    told = fixture("advancedmd")
    exchanges = json.loads(json.dumps(told.told["exchanges"]))
    (setup,) = [one for one in exchanges if "columnlist" in json.dumps(one.get("json"))]
    change(setup["json"]["PPMDResults"]["Results"]["columnlist"])
    return Stage(replace(told, told={**told.told, "exchanges": exchanges}))


@pytest.mark.parametrize("odd", [None, "16", {}, {"@id": ""}, {"@id": ["col16"]}, {"@id": {}}])
def test_a_column_without_its_id_is_not_left_out_with_all_its_visits(odd: Any) -> None:
    stage = with_setup(lambda columns: columns["column"].append(odd))

    with pytest.raises(BrokenContract, match="a column without its id"):
        stage.source().practitioners()


@pytest.mark.parametrize("odd", [["DR EXAMPLE"], {"text": "DR EXAMPLE"}, None, ""])
def test_a_column_that_has_lost_its_name_keeps_the_one_it_had(odd: Any) -> None:
    stage = with_setup(
        lambda columns: [one.update({"@name": odd, "@profile": ""}) for one in columns["column"]]
    )
    known = replace(stage.told.connection, practitioners={"16": "Dr Known"})

    found = {one.pms_id: one.full_name for one in stage.source(known).practitioners()}

    assert found["16"] == "Dr Known"


SINCE = "6/1/2026 10:00:00 AM"
A_VISIT = {"@id": "800101", "@starttime": "9:00 AM", "@duration": "30"}


@pytest.mark.parametrize("odd", [None, "x", 7, [], {"@starttime": "9:30 AM"}, {"@id": {}}])
def test_nothing_looks_gone_of_a_day_with_a_visit_that_does_not_say_which_it_is(odd: Any) -> None:
    page = by_message([A_VISIT, odd])

    assert [one.pms_id for one in page.records] == ["800101"]
    assert [one.pms_id for one in page.rejects] == [None]
    assert page.is_partial


def test_a_day_is_whole_where_what_cannot_be_read_says_which_it_is() -> None:
    page = by_message([A_VISIT, {"@id": "800102", "@starttime": "noonish"}])

    assert ([one.pms_id for one in page.rejects], page.is_partial) == (["800102"], False)


@pytest.mark.parametrize("odd", ["none", 7, True, ["x"]])
def test_a_day_whose_visits_are_no_list_is_not_empty(odd: Any) -> None:
    with pytest.raises(BrokenContract, match="'visitlist' is no list of 'visit'"):
        by_message([], visitlist=odd)


@pytest.mark.parametrize("nothing", [None, "", [], {}, {"visit": None}, {"visit": []}])
def test_an_empty_day_may_come_without_its_list(nothing: Any) -> None:
    page = by_message([], visitlist=nothing)

    assert (page.records, page.rejects, page.is_partial) == ([], (), False)


@pytest.mark.parametrize("odd", [None, "x", {}, {"@id": ["800101"]}, {"@id": {}}])
def test_a_change_that_does_not_say_of_what_has_the_days_read(odd: Any) -> None:
    told = fixture("advancedmd")
    results = {"@success": "1", "@servertime": SINCE, "visitlist": {"visit": [odd]}}
    answer = httpx.Response(200, json={"PPMDResults": {"Results": results, "Error": None}})
    when = changed(told, lambda one: b"getupdatedvisits" in one.content, lambda: answer)
    source = Stage(told, when).source()

    (query,) = source.queries(told.window, source.practitioners(), since=SINCE)

    assert query.key == "all"
