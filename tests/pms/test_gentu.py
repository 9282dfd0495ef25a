"""What is peculiar to Gentu."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.pms import pair
from adapters.pms.gentu import VENDOR, parse, queries
from adapters.rest.record import Record
from adapters.rest.surroundings import Surroundings
from domain.appointments import Appointment, Practitioner, Status
from domain.connections import Connection, KnownType
from domain.errors import BadInput, BadRecord, NeedsReconnect, Refused
from domain.window import whole_day
from tests.contract.kit import Stage, changed, fixture, is_token, playing

CONNECTION = replace(
    fixture("gentu").connection,
    telehealth_types=frozenset({"video"}),
    types={
        "video": KnownType(name="Video consult", duration_minutes=15),
        "visit": KnownType(name="Visit"),
    },
)
ANN = {"id": "p1", "name": {"family": "van der Example", "given": "Ann", "prefix": "Dr"}}
PERSON = {"referenceType": "patient", "referenceId": "p1"}
PROVIDER = {"referenceType": "provider", "referenceId": "d1"}
CANCELLED_AT = {"system": "cancelled-at", "valueDateTime": "2026-06-01T09:00:00+10:00"}


def rows(*, patient: Mapping[str, Any] | None = None, **fields: Any) -> list[Appointment]:
    """The rows of a plain booked appointment with these fields changed."""
    told = {
        "id": "a1",
        "startAt": "2026-06-02T09:00:00.000+10:00",
        "endAt": None,
        "minutesDuration": 30,
        "status": None,
        "comment": None,
        "description": None,
        "participant": [PERSON, PROVIDER],
        "appointmentType": {"reference": "visit"},
        "extension": [],
        **fields,
    }
    included = {"patients": {"p1": {**ANN, **(patient or {})}}}
    return list(parse(Record(told, around=Surroundings(included)), CONNECTION))


def row(**fields: Any) -> Appointment:
    (only,) = rows(**fields)
    return only


@pytest.mark.parametrize(
    ("status", "arrived", "extension", "expected"),
    [
        (None, False, [], Status.BOOKED),
        ("booked", False, [], Status.BOOKED),
        ("Confirmed", False, [], Status.CONFIRMED),
        ("arrived", False, [], Status.ARRIVED),
        (None, True, [], Status.ARRIVED),
        ("confirmed", True, [], Status.ARRIVED),
        ("In Progress", True, [], Status.IN_PROGRESS),
        ("with-doctor", False, [], Status.IN_PROGRESS),
        ("Completed", True, [], Status.COMPLETED),
        ("finished", False, [], Status.COMPLETED),
        ("BILLED", False, [], Status.COMPLETED),
        ("DNA", False, [], Status.NO_SHOW),
        ("did not attend", True, [], Status.NO_SHOW),
        ("no_show", False, [], Status.NO_SHOW),
        ("CANCELLED", True, [], Status.CANCELLED),
        ("canceled", False, [], Status.CANCELLED),
        (None, True, [CANCELLED_AT], Status.CANCELLED),
        ("completed", True, [CANCELLED_AT], Status.CANCELLED),
        (None, False, [{"system": "cancelled-at", "valueDateTime": None}], Status.BOOKED),
        (None, False, [{"system": "is-new", "valueBoolean": True}], Status.BOOKED),
        ("tentative", False, [], Status.BOOKED),
        ("tentative", True, [], Status.ARRIVED),
    ],
)
def test_status_is_told_by_the_word_the_arrival_and_the_extension(
    status: str | None, arrived: bool, extension: list[Any], expected: Status
) -> None:
    person = {**PERSON, "arrivedAt": "2026-06-02T08:55:00+10:00" if arrived else None}

    found = row(status=status, participant=[person], extension=extension)

    assert found.status is expected
    assert found.status_raw == ("tentative" if status == "tentative" else None)


def test_a_row_entered_in_error_is_removed() -> None:
    assert row(status="entered-in-error").removed is True


@pytest.mark.parametrize(
    ("end", "minutes", "kind", "expected", "flags"),
    [
        ("2026-06-02T09:45:00+10:00", 30, "visit", 45, set()),
        ("2026-06-01T23:45:00Z", None, "visit", 45, set()),
        (None, 30, "video", 30, set()),
        (None, None, "video", 15, set()),
        (None, None, "visit", 20, {"estimated_duration"}),
        (None, None, None, 20, {"estimated_duration"}),
        (None, 0, "video", 15, set()),
        (None, -5, "visit", 20, {"estimated_duration"}),
        ("2026-06-02T08:00:00+10:00", 25, "visit", 25, set()),
        ("2126-06-02T08:00:00+10:00", 25, "visit", 25, set()),
    ],
)
def test_length_is_the_end_else_the_minutes_else_the_types_else_our_default(
    end: str | None, minutes: int | None, kind: str | None, expected: int, flags: set[str]
) -> None:
    found = row(endAt=end, minutesDuration=minutes, appointmentType={"reference": kind})

    assert found.duration_minutes == expected
    assert found.flags == flags


def test_an_end_that_disagrees_with_the_minutes_wins_and_is_counted() -> None:
    record = Record(
        {
            "id": "a1",
            "startAt": "2026-06-02T09:00:00Z",
            "endAt": "2026-06-02T10:00:00Z",
            "minutesDuration": 30,
            "participant": [],
        }
    )

    (found,) = parse(record, CONNECTION)

    assert found.duration_minutes == 60 and record.drift == ["duration:disagrees"]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-04-05T01:30:00+11:00", "2026-04-05T03:30:00+10:00", 180),
        ("2026-04-05T02:30:00+11:00", "2026-04-05T02:30:00+10:00", 60),
        ("2026-10-04T01:30:00+10:00", "2026-10-04T03:30:00+11:00", 60),
    ],
)
def test_length_is_time_that_passes_not_what_the_clock_on_the_wall_shows(
    start: str, end: str, minutes: int
) -> None:
    assert row(startAt=start, endAt=end, minutesDuration=None).duration_minutes == minutes


@pytest.mark.parametrize(
    ("day", "from_date", "to_date", "hours"),
    [
        (date(2026, 6, 2), "2026-06-01T00:00:00+10:00", "2026-06-04T00:00:00+10:00", 24),
        (date(2026, 4, 5), "2026-04-04T00:00:00+11:00", "2026-04-07T00:00:00+10:00", 25),
        (date(2026, 10, 4), "2026-10-03T00:00:00+10:00", "2026-10-06T00:00:00+11:00", 23),
        (date(2026, 4, 4), "2026-04-03T00:00:00+11:00", "2026-04-06T00:00:00+10:00", 24),
    ],
)
def test_each_bound_of_the_window_has_the_offset_of_its_own_date(
    day: date, from_date: str, to_date: str, hours: int
) -> None:
    window = whole_day(day, "Australia/Melbourne")
    people = [Practitioner(pms_id="d1", full_name="Dr D")]

    first, *_ = queries(window, CONNECTION, practitioners=people, since=None)

    assert first.params["fromDate"] == from_date and first.params["toDate"] == to_date
    assert first.window == window and window.end - window.start == timedelta(hours=hours)


def test_practitioners_are_asked_for_when_in_the_book_or_seen_before() -> None:
    people = [
        Practitioner(pms_id="shown", full_name="A"),
        Practitioner(pms_id="shown but inactive", full_name="B", active=False),
        Practitioner(pms_id="hidden", full_name="C", in_book=False),
        Practitioner(pms_id="hidden but seen", full_name="D", in_book=False),
    ]
    connection = replace(CONNECTION, practitioners={"hidden but seen": "D", "gone": "E"})
    window = whole_day(date(2026, 6, 2), "Australia/Melbourne")

    asked = queries(window, connection, practitioners=people, since=None)

    assert [(one.key, one.practitioner_id) for one in asked] == [
        (key, key) for key in ("shown", "shown but inactive", "hidden but seen", "gone")
    ]


def test_the_bounds_leave_with_their_plus_signs_encoded() -> None:
    stage = Stage(fixture("gentu"))

    list(stage.pages())

    asked = [request.url.query.decode() for request in stage.sender.requests]
    bounds = [query for query in asked if "fromDate" in query]
    assert bounds and all("+" not in query and "%2B10%3A00" in query for query in bounds)
    assert all("limit=100&" in f"{query}&" for query in bounds)


@pytest.mark.parametrize(
    ("ranked", "phone"),
    [
        ([], None),
        ([(None, "1")], "1"),
        ([(None, "1"), (5, "2")], "2"),
        ([(2, "1"), (1, "2")], "2"),
        ([(1, None), (9, "2")], "2"),
        ([(None, "1"), (None, "2")], "1"),
    ],
)
def test_the_contact_of_the_smallest_rank_with_a_value_wins(
    ranked: list[tuple[int | None, str | None]], phone: str | None
) -> None:
    contact = [{"system": "phone", "rank": rank, "value": value} for rank, value in ranked]
    fax = {"system": "fax", "rank": 0, "value": "9"}

    found = row(patient={"contact": [fax, *contact]}).patient

    assert found is not None and found.phone == phone


def test_a_family_name_is_never_split_and_a_title_is_no_name() -> None:
    found = row().patient

    assert found is not None
    assert (found.full_name, found.first_name, found.last_name) == (
        "Ann van der Example",
        "Ann",
        "van der Example",
    )


def test_every_patient_of_a_group_has_a_row_and_arrives_alone() -> None:
    other = {**PERSON, "referenceId": "p2", "arrivedAt": "2026-06-02T08:50:00+10:00"}

    unknown, ann = rows(participant=[other, PERSON, other, PROVIDER])

    assert (ann.pms_id, ann.patient_id, ann.status) == ("a1", "p1", Status.BOOKED)
    assert (unknown.pms_id, unknown.patient_id, unknown.status) == ("a1", "p2", Status.ARRIVED)
    assert unknown.patient is not None and unknown.patient.full_name is None
    assert "patient_not_included" in unknown.flags and ann.flags == set()


def test_a_block_without_a_patient_is_a_row_without_one() -> None:
    block = row(participant=[PROVIDER, {"referenceType": "location", "referenceId": "l1"}])

    assert block.patient is None and block.practitioner_id == "d1"


@pytest.mark.parametrize(
    ("reference", "type_id", "telehealth"),
    [
        ("video", "video", True),
        ("/tenants/t/appointment-types/video", "video", True),
        ("visit", "visit", False),
        ("new", "new", False),
        (None, None, False),
    ],
)
def test_telehealth_is_a_type_someone_marked_and_nothing_else(
    reference: str | None, type_id: str | None, telehealth: bool
) -> None:
    found = row(appointmentType={"reference": reference})

    assert (found.type_id, found.is_telehealth) == (type_id, telehealth)


@pytest.mark.parametrize(
    ("comment", "description", "notes"),
    [
        (None, None, None),
        ("Review", None, "Review"),
        ("Review", "Review", "Review"),
        ("Bring forms", "Review", "Bring forms\nReview"),
    ],
)
def test_comment_and_description_are_both_notes(
    comment: str | None, description: str | None, notes: str | None
) -> None:
    assert row(comment=comment, description=description).notes == notes


@pytest.mark.parametrize(
    ("start", "utc"),
    [
        ("2026-06-02T09:00:00.000+10:00", datetime(2026, 6, 1, 23, tzinfo=UTC)),
        ("2026-06-01T23:00:00Z", datetime(2026, 6, 1, 23, tzinfo=UTC)),
    ],
)
def test_times_are_read_by_their_own_offset(start: str, utc: datetime) -> None:
    assert row(startAt=start).start == utc


@pytest.mark.parametrize(
    "broken",
    [{"startAt": None}, {"startAt": "2026-06-02T09:00:00"}, {"id": ""}, {"participant": "p1"}],
)
def test_a_row_without_its_essentials_is_rejected(broken: Mapping[str, Any]) -> None:
    with pytest.raises(BadRecord):
        rows(**broken)


KEYS = ["id", "startAt", "endAt", "minutesDuration", "status", "comment", "description"]
KEYS += ["participant", "appointmentType", "extension"]
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes())
JSON = st.recursive(
    LEAVES.map(lambda leaf: leaf.isoformat() + "Z" if isinstance(leaf, datetime) else leaf),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["referenceType", "referenceId", "arrivedAt", "reference", "system"]),
            st.one_of(inner, st.sampled_from(["patient", "provider", "p1", "cancelled-at"])),
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_comes_is_read_or_set_aside(fields: dict[str, Any]) -> None:
    found, path = read(**fields)

    assert path is None or path.split(".")[0].split("[")[0] in KEYS
    assert all(one.end > one.start and one.start.tzinfo is UTC for one in found)


@given(st.dictionaries(st.sampled_from(["name", "birthDate", "contact"]), JSON))
def test_whatever_a_patient_is_made_of_the_row_is_read_or_set_aside(told: dict[str, Any]) -> None:
    found, path = read(patient=told)

    assert path is None or path.startswith("patients[]")
    assert {one.patient_id for one in found} <= {"p1"}


def read(**fields: Any) -> tuple[list[Appointment], str | None]:
    """The rows, or the path at which they cannot be read; anything else is a bug."""
    try:
        return rows(**fields), None
    except BadRecord as bad:
        return [], bad.path


def test_a_practice_says_its_name_and_zone() -> None:
    practice = Stage(fixture("gentu")).source().practice()

    assert (practice.name, practice.timezone) == ("Example Clinic", "Australia/Melbourne")
    assert practice.number == "1001"


def test_types_and_hidden_practitioners_are_listed() -> None:
    source = Stage(fixture("gentu")).source()

    assert [(one.name, one.duration_minutes) for one in source.types()] == [
        ("Video consult", 15),
        ("Telehealth admin", None),
    ]
    assert [(one.full_name, one.in_book) for one in source.practitioners()] == [
        ("Dr Dana Demo", True),
        ("Terry Trial", False),
        ("Dr Fay Former", False),
    ]


def test_a_practice_that_is_no_longer_paired_needs_a_person() -> None:
    told = fixture("gentu")
    gone = changed(told, lambda one: not is_token(told, one), lambda: httpx.Response(404))
    source = Stage(told, gone).source()

    for ask in (source.practice, source.practitioners, source.types):
        with pytest.raises(NeedsReconnect):
            ask()


def test_a_probe_reads_the_patient_too() -> None:
    told = fixture("gentu")
    listed = told.listed[0]["json"]
    site = f"/v1/tenants/{told.connection.site}"
    appointment, patient = listed["appointments"][0], listed["patients"][0]
    single = [
        {"path": f"{site}/appointments/{appointment['id']}", "json": appointment},
        {"path": f"{site}/patients/{patient['id']}", "json": patient},
    ]

    found = Stage(told, playing([*told.exchanges, *single])).source().probe(appointment["id"])

    assert found is not None
    assert [one.patient and one.patient.full_name for one in found] == ["Ann van der Example"]


def test_an_application_has_one_token_for_all_its_practices() -> None:
    first = Stage(fixture("gentu"))
    first.rows()
    source = first.source(replace(first.told.connection, name="another"))

    source.practitioners()

    assert sum(is_token(first.told, one) for one in first.sender.requests) == 1


@pytest.mark.parametrize(
    ("pause", "asked"),
    [(timedelta(seconds=30), ["cursor"]), (timedelta(minutes=2), [None, "cursor"])],
)
def test_a_cursor_outlasts_a_short_wait_but_never_a_failure(
    pause: timedelta, asked: list[str | None]
) -> None:
    stage = Stage(fixture("gentu"))
    source = stage.source()
    query = stage.queries(source)[0]
    first = next(source.pages(query))
    before = len(stage.sender.requests)
    stage.now += pause

    rest = list(source.pages(query, resume=first.onward))

    told = [one.url.params for one in stage.sender.requests[before:]]
    assert ["cursor" if "cursor" in params else None for params in told] == asked
    assert first.resume is None and rest[-1].is_last


def paired(handler: Any, *, code: str = " A1b2C3d4 ", connection: Connection = CONNECTION) -> str:
    stage = Stage(fixture("gentu"), handler)
    secrets = stage.told.told["secrets"]
    return pair(replace(connection, site=""), code, secrets=secrets, ports=stage.ports)


def pairing(status: int, body: Any) -> Any:
    told = fixture("gentu")

    def handler(request: httpx.Request) -> httpx.Response:
        if is_token(told, request):
            return playing(told.exchanges)(request)
        assert request.method == "PUT"
        assert request.url.path == "/v1/apps/app-example/pairing/A1B2C3D4"
        return httpx.Response(status, json=body)

    return handler


def test_a_pairing_code_becomes_the_practices_id() -> None:
    assert paired(pairing(200, {"message": "Paired", "tenantId": "t-1"})) == "t-1"


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_a_spent_or_unknown_code_asks_for_a_new_one(status: int) -> None:
    with pytest.raises(Refused, match=r"[Gg]enerate a new code") as refusal:
        paired(pairing(status, {"message": "no"}))

    assert "A1B2C3D4" not in str(refusal.value)


@pytest.mark.parametrize(
    "code", ["", "1234567", "123456789", "1234/678", "../../x1", "a1b2c3d\u00df"]
)
def test_what_is_no_code_never_leaves(code: str) -> None:
    with pytest.raises(BadInput, match=r"has 8 letters and digits\. Generate a new"):
        paired(pairing(200, {}), code=code)


@pytest.mark.parametrize("code", ["a1b2c3d4", "A1B2-C3D4", " a1 b2 c3 d4 ", "A1B2\u2013C3D4"])
def test_a_code_may_be_typed_as_it_was_read_out(code: str) -> None:
    assert paired(pairing(200, {"tenantId": "t-1"}), code=code) == "t-1"


def test_pairing_without_an_application_id_says_what_is_missing() -> None:
    with pytest.raises(BadInput, match="app_id"):
        paired(pairing(200, {}), connection=replace(CONNECTION, settings={}))


def test_its_limits_are_those_of_the_application() -> None:
    assert VENDOR.limited_per == "application"
    assert [(one.requests, one.seconds) for one in VENDOR.limits["default"]] == [
        (60, 60),
        (1000, 3600),
    ]
