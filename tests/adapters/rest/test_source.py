"""The engine on vendors of every shape we know, described here in a few lines each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.rest.auth import ClientCredentials, StaticToken, lifetime
from adapters.rest.batches import MOST_OF_ONE
from adapters.rest.envelope import MOST_RECORDS, Bundle, Envelope, Single
from adapters.rest.memory import Memory
from adapters.rest.paging import NextLink, PageNumber, Whole
from adapters.rest.ports import Ports, Sender
from adapters.rest.record import Record, last_segment
from adapters.rest.source import RestSource
from adapters.rest.vendor import Fault, Listing, Params, Vendor
from adapters.rest.waits import RateHeaders
from domain.appointments import Appointment, Patient, Practitioner
from domain.connections import Connection
from domain.credentials import Token
from domain.errors import (
    BadInput,
    BrokenContract,
    EndlessListing,
    Gone,
    NeedsReconnect,
    Refused,
    Throttled,
    TokenExpired,
    Transient,
)
from domain.limits import Limit
from domain.minimising import Extra
from domain.sources import Capabilities, Query, Spend
from domain.window import Window
from infra.http import Client
from tests.contract.kit import NOW, FakeThrottle, FakeTokens, Handler, MockSender, playing

ALL = Query(key="all")
CONNECTION = Connection(
    id=UUID(int=7), account_id="a", vendor="example", site="s 1", timezone="Australia/Melbourne"
)
SECRETS = {"token": "tok-example", "client_id": "id-example", "client_secret": "secret-example"}


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    start = record.instant("start", zone=connection.timezone)
    yield Appointment(
        pms_id=record.id(),
        start=start,
        end=start + timedelta(minutes=record.minutes("minutes") or 30),
        patient=patient(record),
        flags=frozenset(record.flags),
    )


def patient(record: Record) -> Patient | None:
    pms_id = record.maybe_id("patientId")
    if pms_id is None:
        return None
    found = record.follow("/v1/patients/{id}", id=pms_id)
    return Patient(pms_id=pms_id, full_name=found.maybe("lastName") if found else None)


LISTING = Listing(
    path="/v1/practices/{site}/appointments",
    wrapping=Envelope(items="data"),
    parse=parse,
    paging=PageNumber(param="page", size_param="size", size=2, last_at="last"),
    expects=frozenset({"id", "start", "room"}),
    mark_header="date",
)
VENDOR = Vendor(
    name="example",
    title="Example PMS",
    docs="https://pms.example/docs",
    base_url="https://pms.example",
    limits={"default": (Limit(60, 60),), "updates": (Limit(1, 60),)},
    limited_per="connection",
    note_policy="inbound",
    holds={Extra.NOTES: ("notes",), Extra.PHONE: ("room.phone",)},
    secrets={"token": "Token"},
    auth=StaticToken(),
    appointments=LISTING,
)


class Rig:
    """A source over a handler, with everything it touched at hand."""

    def __init__(
        self,
        handler: Handler,
        *,
        vendor: Vendor = VENDOR,
        connection: Connection = CONNECTION,
        secrets: Mapping[str, str] = SECRETS,
    ) -> None:
        self.sender, self.throttle, self.tokens = MockSender(handler), FakeThrottle(), FakeTokens()
        ports = Ports(
            sender=self.sender, throttle=self.throttle, tokens=self.tokens, clock=lambda: NOW
        )
        self.source = RestSource(vendor, connection, secrets=secrets, ports=ports)

    def rows(self) -> list[Appointment]:
        return [row for page in self.source.pages(ALL) for row in page.records]

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.sender.requests]


def page(*items: Any, last: bool = True, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": list(items), "last": last}, **more)


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "start": "2026-06-02T09:00", "room": None, **more}


def always(response: httpx.Response) -> Handler:
    return lambda request: response


def test_references_are_followed_once_each_and_paid_for() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "patients" in request.url.path:
            found = request.url.path.endswith("/9")
            return httpx.Response(200 if found else 404, json={"lastName": "Example"})
        return page(item(1, patientId=9), item(2, patientId=9), item(3, patientId=8))

    rig = Rig(handler)

    names = [row.patient.full_name for row in rig.rows() if row.patient]

    assert names == ["Example", "Example", None]
    assert len(rig.urls) == len(rig.throttle.spends) == 3


def test_what_one_practice_was_told_is_never_answered_to_another() -> None:
    shared: dict[str, Any] = {}
    people = iter(["Ann", "Bob"])

    def handler(request: httpx.Request) -> httpx.Response:
        if "patients" in request.url.path:
            return httpx.Response(200, json={"lastName": next(people)})
        return page(item(1, patientId=9))

    names = []
    for number in (1, 2):
        rig = Rig(handler, connection=replace(CONNECTION, id=UUID(int=number)))
        ports = Ports(
            sender=rig.sender,
            throttle=rig.throttle,
            tokens=rig.tokens,
            clock=lambda: NOW,
            remembered=shared,
        )
        source = RestSource(
            VENDOR, replace(CONNECTION, id=UUID(int=number)), secrets=SECRETS, ports=ports
        )
        names += [row.patient for one in source.pages(ALL) for row in one.records]

    assert [one.full_name for one in names if one] == ["Ann", "Bob"]


def test_a_patient_too_large_to_be_remembered_beside_its_visit_does_not_stop_a_look_up() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        is_patient = "patients" in request.url.path
        return httpx.Response(200, json={"lastName": "Ann"} if is_patient else item(1, patientId=9))

    rig = Rig(handler)
    one = Listing(path="/v1/appointments/{id}", wrapping=Single(), parse=parse)
    source = RestSource(
        replace(VENDOR, appointment=one),
        CONNECTION,
        secrets=SECRETS,
        ports=Ports(
            sender=rig.sender,
            throttle=rig.throttle,
            tokens=rig.tokens,
            clock=lambda: NOW,
            remembered=Memory(most_bytes=1),
        ),
    )

    found = source.probe("1")

    assert found is not None
    assert [row.patient.full_name for row in found if row.patient] == ["Ann"]


def test_a_listing_may_be_asked_for_by_post_with_its_parameters_in_the_body() -> None:
    """As where one address answers whatever is asked."""

    def visits(params: Params) -> Any:
        return {"query": "visits", "variables": dict(params)}

    def asked(**variables: str) -> dict[str, Any]:
        told = {f"variables.{name}": value for name, value in variables.items()}
        path = "/v1/practices/s 1/appointments"
        return {"method": "POST", "path": path, "query": {"page": None}, "asks": told}

    pages = [
        {**asked(page="0", day="monday"), "json": {"data": [item(1), item(2)], "last": False}},
        {**asked(page="1", day="monday"), "json": {"data": [item(3)], "last": True}},
        {**asked(id="7"), "json": {"data": [item(7)], "last": True}},
        {**asked(id="8"), "status": 500},
    ]
    listing = replace(LISTING, posts=visits)
    one = replace(listing, params={"id": "{id}"}, paging=Whole())
    source = Rig(
        playing(pages), vendor=replace(VENDOR, appointments=listing, appointment=one)
    ).source

    found = source.pages(replace(ALL, params={"day": "monday"}))

    assert [row.pms_id for page in found for row in page.records] == ["1", "2", "3"]
    assert [row.pms_id for row in source.probe("7") or ()] == ["7"]
    with pytest.raises(Transient, match=r"POST /v1/practices/\{site\}/appointments answered 500"):
        source.probe("8")


def test_parameters_and_paths_are_encoded_so_that_nothing_is_read_otherwise() -> None:
    rig = Rig(always(page()))
    query = Query(key="q", params={"from": "2026-06-02T00:00:00+10:00", "date": ("ge1", "lt2")})

    list(rig.source.pages(query))

    path, _, asked = rig.urls[0].partition("?")
    assert path == "https://pms.example/v1/practices/s%201/appointments"
    assert asked == "from=2026-06-02T00%3A00%3A00%2B10%3A00&date=ge1&date=lt2&size=2&page=0"


def test_the_real_client_sends_the_same_bytes() -> None:
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json={})

    with Client({"pms.example"}, "Example", transport=httpx.MockTransport(handler)) as client:
        sender: Sender = client
        sender.send("GET", "https://pms.example/a%20b?at=10%2B00&d=1&d=2")

    assert seen == [b"/a%20b?at=10%2B00&d=1&d=2"]


@pytest.mark.parametrize("site", ["", ".", ".."])
def test_a_site_that_would_change_the_path_is_refused_before_anything_leaves(site: str) -> None:
    rig = Rig(always(page()), connection=replace(CONNECTION, site=site))

    with pytest.raises(BadInput, match="site"):
        rig.rows()
    assert rig.urls == []


def test_missing_keys_and_unreadable_records_are_counted_not_fatal() -> None:
    rig = Rig(always(page(item(1), {"id": 2, "start": "2026-06-02T10:00"}, {"id": "x"}, 7)))

    (found,) = rig.source.pages(ALL)

    assert [row.pms_id for row in found.records] == ["1", "2"]
    assert found.drift == {"missing:room": 1}
    assert [(one.path, one.reason, one.pms_id) for one in found.rejects] == [
        ("data[2].start", "missing", "x"),
        ("data[3]", "not an object", None),
    ]


def test_a_visit_of_more_patients_than_there_can_be_is_set_aside_alone() -> None:
    def read(record: Record, connection: Connection) -> Iterator[Appointment]:
        return (row for row in parse(record, connection) for _ in range(record.minutes("of") or 1))

    vendor = replace(VENDOR, appointments=replace(LISTING, parse=read))
    rig = Rig(always(page(item(1, of=MOST_OF_ONE), item(2, of=MOST_OF_ONE + 1))), vendor=vendor)

    (found,) = rig.source.pages(ALL)

    assert {row.pms_id for row in found.records} == {"1"}
    assert [(one.path, one.pms_id) for one in found.rejects] == [("data[1]", "2")]


def test_rows_beyond_the_window_are_left_out_and_the_vendors_mark_is_kept() -> None:
    window = Window(datetime(2026, 6, 1, 23, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
    late = item(2, start="2026-06-02T10:00")
    rig = Rig(always(page(item(1), late, headers={"date": "Tue, 02 Jun 2026 00:00:00 GMT"})))

    (found,) = rig.source.pages(replace(ALL, window=window, practitioner_id="d1"))

    assert [(row.pms_id, row.practitioner_id) for row in found.records] == [("1", "d1")]
    assert found.mark == "Tue, 02 Jun 2026 00:00:00 GMT"


def test_a_fhir_bundle_is_read_along_its_next_links() -> None:
    def read(record: Record, connection: Connection) -> Iterator[Appointment]:
        who = record.lookup("Patient", last_segment(record.maybe("patient")))
        start = record.instant("start")
        named = Patient(pms_id=who.id(), full_name=who.maybe("name")) if who else None
        yield Appointment(pms_id=record.id(), start=start, end=start, patient=named)

    def bundle(request: httpx.Request) -> httpx.Response:
        number = request.url.params.get("page", "1")
        start = "2026-06-02T09:00:00+10:00"
        entry = {"resourceType": "Appointment", "id": number, "start": start, "patient": "P/9"}
        person = {"resourceType": "Patient", "id": "9", "name": "Ann"}
        link = {"relation": "next", "url": "https://pms.example/main/Appointment?page=2"}
        return httpx.Response(
            200,
            json={
                "resourceType": "Bundle",
                "link": [link] if number == "1" else [],
                "entry": [
                    {"resource": {**entry, "patient": "/main/Patient/9"}},
                    {"resource": person},
                ],
            },
        )

    listing = Listing(
        path="/main/Appointment",
        wrapping=Bundle("Appointment"),
        parse=read,
        paging=NextLink(size_param="_count"),
    )
    rig = Rig(bundle, vendor=replace(VENDOR, appointments=listing))

    first, second = rig.source.pages(ALL)

    assert [row.patient and row.patient.full_name for row in first.records] == ["Ann"]
    again = list(rig.source.pages(ALL, resume=first.resume))
    assert [one.records for one in again] == [second.records]
    assert rig.urls[-1] == "https://pms.example/main/Appointment?page=2"


def read_fault(status: int, body: Any) -> Fault | None:
    code = body.get("error_code") if isinstance(body, dict) else None
    return {
        "API1025": Fault(error=TokenExpired),
        "API0008": Fault(error=Refused),
        "API2011": Fault(error=Throttled, pause=7200),
        "API2010": Fault(error=Transient, pause=1800),
    }.get(code or "")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "API1025", NeedsReconnect),
        (200, "API0008", Refused),
        (429, "API2011", Throttled),
        (500, "API2010", Transient),
        (400, "API1026", Refused),
    ],
)
def test_failures_are_read_from_bodies_where_the_status_does_not_tell(
    status: int, code: str, error: type[Exception]
) -> None:
    answer = httpx.Response(status, json={"error_code": code, "long_message": "Canary"})
    rig = Rig(always(answer), vendor=replace(VENDOR, read_fault=read_fault))

    with pytest.raises(error) as failure:
        rig.rows()

    assert type(failure.value) is error and "Canary" not in str(failure.value)
    waits = {"API2011": 7200, "API2010": 1800}
    until = getattr(failure.value, "until", getattr(failure.value, "retry_at", None))
    assert until == (NOW + timedelta(seconds=waits[code]) if code in waits else None)


def test_an_answer_without_content_is_an_empty_list_where_the_vendor_means_so() -> None:
    listing = replace(LISTING, wrapping=Envelope(items="data", may_be_empty=True))
    empty = always(httpx.Response(204))

    assert Rig(empty, vendor=replace(VENDOR, appointments=listing)).rows() == []
    with pytest.raises(BrokenContract):
        Rig(empty).rows()


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, BrokenContract), (302, BrokenContract), (404, Gone), (409, Transient), (422, Refused)],
)
def test_other_statuses_mean_what_the_table_says(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"Example PMS: GET /v1/practices/{{site}}/.* {status}"):
        Rig(always(httpx.Response(status))).rows()


def test_a_server_that_names_a_time_is_not_tried_before() -> None:
    busy = httpx.Response(503, headers={"retry-after": "90"})

    with pytest.raises(Transient) as failure:
        Rig(always(busy)).rows()

    assert failure.value.retry_at == NOW + timedelta(seconds=90)


def test_every_bucket_of_a_listing_is_spent_at_once() -> None:
    listing = replace(LISTING, buckets=("default", "updates"))
    rig = Rig(always(page()), vendor=replace(VENDOR, appointments=listing))

    rig.rows()

    ((default, updates),) = rig.throttle.spends
    assert default.limits == (Limit(60, 60),) and updates.limits == (Limit(1, 60),)
    assert default.bucket.startswith("example/default/")
    assert len(rig.source.drain_spent()) == 2


def test_a_failed_request_was_paid_for_all_the_same() -> None:
    rig = Rig(always(httpx.Response(500)))

    with pytest.raises(Transient):
        rig.rows()

    assert [one.at for one in rig.source.drain_spent()] == [NOW]


def test_payments_made_while_another_thread_drains_are_handed_out_once() -> None:
    rig = Rig(always(page()))
    drained: list[Spend] = []

    def pay() -> None:
        for _ in range(200):
            rig.rows()

    thread = Thread(target=pay)
    thread.start()
    while thread.is_alive():
        drained += rig.source.drain_spent()
    drained += rig.source.drain_spent()

    assert len(rig.throttle.spends) == len(drained) == 200
    assert len({id(one) for one in drained}) == 200


@pytest.mark.parametrize("answer", [httpx.Response(429), None])
def test_a_wait_is_told_in_words_for_people(answer: httpx.Response | None) -> None:
    rig = Rig(always(answer or page()))
    if answer is None:
        rig.throttle.refuse = Throttled("example/default/3f9ab2 is spent", until=NOW)

    with pytest.raises(Throttled) as wait:
        rig.rows()

    told = "Example PMS's request limit"
    assert str(wait.value) == (told if answer else f"{told} (60 a minute)")


def test_a_practice_connected_twice_shares_its_allowance_and_two_practices_do_not() -> None:
    buckets = []
    for number, site in ((1, "a"), (2, "a"), (3, "b")):
        connection = replace(CONNECTION, id=UUID(int=number), site=site)
        rig = Rig(always(page()), connection=connection)
        rig.rows()
        buckets.append(rig.throttle.spends[0][0].bucket)

    assert buckets[0] == buckets[1] != buckets[2]


def test_what_the_headers_say_of_the_allowance_is_passed_on() -> None:
    names = RateHeaders(limit="x-limit", remaining="x-left", reset="x-reset", reset_is_epoch=True)
    reset = str(NOW.timestamp() + 30)
    told = page(headers={"X-Limit": "500", "X-Left": "0", "X-Reset": reset})
    rig = Rig(always(told), vendor=replace(VENDOR, rate_headers=names))

    rig.rows()

    (observed,) = rig.throttle.observed
    assert observed["bucket"] == rig.throttle.spends[0][0].bucket
    assert (observed["limit"], observed["remaining"], observed["reset_seconds"]) == (500, 0, 30)
    silent = Rig(always(page()), vendor=replace(VENDOR, rate_headers=names))
    silent.rows()
    assert silent.throttle.observed == []


def credentials(sent_as: Any) -> Vendor:
    where = "/oauth/token"
    auth = ClientCredentials(token_url=where, sent_as=sent_as, ceiling_seconds=900)
    return replace(VENDOR, auth=auth, limited_per="application")


FORM = b"grant_type=client_credentials"
FULL = b"&client_id=id-example&client_secret=secret-example"
JSON = {"grant_type": "client_credentials", **{key: SECRETS[key] for key in list(SECRETS)[1:]}}


@pytest.mark.parametrize(
    ("sent_as", "body", "basic"),
    [
        ("basic", FORM, True),
        ("form", FORM + FULL, False),
        ("json", json.dumps(JSON, separators=(",", ":")).encode(), False),
    ],
)
def test_client_credentials_travel_as_the_vendor_wants(
    sent_as: str, body: bytes, basic: bool
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            assert request.content == body
            assert ("authorization" in request.headers) is basic
            return httpx.Response(200, json={"access_token": "tok-1", "expires_in": "3600"})
        assert request.headers["authorization"] == "Bearer tok-1"
        return page()

    rig = Rig(handler, vendor=credentials(sent_as))
    rig.rows()

    (token,) = rig.tokens.kept.values()
    assert token.expires_at == NOW + timedelta(seconds=840)
    assert len(rig.throttle.spends) == 2


def test_a_token_is_never_shared_with_who_only_knows_the_client_id() -> None:
    grant = {"access_token": "tok-1", "expires_in": 3599}

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=grant) if "oauth" in request.url.path else page()

    keys: list[str] = []
    for guess in ("secret-example", "a guess"):
        rig = Rig(handler, vendor=credentials("form"), secrets={**SECRETS, "client_secret": guess})
        rig.rows()
        keys += rig.tokens.kept
    assert len(set(keys)) == 2
    assert not any(secret in key for key in keys for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), NeedsReconnect),
        (httpx.Response(401), NeedsReconnect),
        (httpx.Response(403), NeedsReconnect),
        (httpx.Response(404), Refused),
        (httpx.Response(429), Throttled),
        (httpx.Response(500), Transient),
        (httpx.Response(200, json={}), BrokenContract),
        (httpx.Response(200, json={"access_token": "a\r\nx: y"}), BrokenContract),
        (httpx.Response(200, json={"access_token": 7}), BrokenContract),
    ],
)
def test_a_token_that_is_not_given_ends_as_the_right_error(
    answer: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error) as failure:
        Rig(always(answer), vendor=credentials("form")).rows()

    assert type(failure.value) is error
    assert "secret-example" not in str(failure.value)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(3599, 840), (600, 540), ("85603 second(s)", 840), (None, 840), (40, 20), (0, 1), (-5, 840)],
)
def test_a_token_is_used_for_the_shorter_of_both_promises(told: Any, seconds: float) -> None:
    assert lifetime(told, ceiling=900) == seconds


def test_renewing_ahead_answers_when_the_token_ends_and_a_secret_that_signs_never_does() -> None:
    grant = httpx.Response(200, json={"access_token": "tok-1", "expires_in": 600})

    assert Rig(always(grant), vendor=credentials("form")).source.renew() == NOW + timedelta(
        seconds=540
    )
    assert Rig(always(page())).source.renew() is None


def test_a_missing_secret_asks_for_a_person() -> None:
    with pytest.raises(NeedsReconnect, match="'token'"):
        Rig(always(page()), secrets={}).rows()
    with pytest.raises(BadInput, match="token"):
        Rig(always(page()), secrets={"token": "a\nb"}).rows()


def test_a_connections_own_addresses_win() -> None:
    here = "http://127.0.0.1:9"
    own = replace(CONNECTION, base_url=f"{here}/v9/", token_url=f"{here}/t")

    def handler(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(200, json={"access_token": "t"}) if request.method == "POST" else page()
        )

    rig = Rig(handler, vendor=credentials("form"), connection=own)
    rig.rows()

    assert rig.urls[0] == "http://127.0.0.1:9/t"
    assert rig.urls[1].startswith("http://127.0.0.1:9/v9/v1/practices/")
    assert VENDOR.hosts(own) == {"127.0.0.1"} and VENDOR.hosts(CONNECTION) == {"pms.example"}


def test_a_vendor_that_offers_nothing_of_the_kind_says_so() -> None:
    source = Rig(always(page()), connection=replace(CONNECTION, practitioners={"d": "Dr D"})).source

    assert source.types() == ()
    assert [one.full_name for one in source.practitioners()] == ["Dr D"]
    for ask in (source.practice, lambda: source.probe("1"), lambda: source.pair("12345678")):
        with pytest.raises(Refused):
            ask()


def test_tokens_keep_their_value_out_of_sight() -> None:
    assert "tok-1" not in repr(Token(value="tok-1"))


def test_what_was_odd_in_a_short_list_is_told_with_the_first_page_alone() -> None:
    def named(record: Record, connection: Connection) -> Iterator[Practitioner]:
        yield Practitioner(pms_id=record.id(), full_name=record.side("name") or record.id())

    people = Listing(path="/people", wrapping=Envelope(items=""), parse=named)
    odd = [{"id": "d1", "name": ["Dana"]}]
    rig = Rig(
        lambda request: httpx.Response(200, json=odd) if "people" in str(request.url) else page(),
        vendor=replace(VENDOR, practitioners=people),
    )

    rig.source.practitioners()
    (first,), (second,) = (list(rig.source.pages(ALL)) for _ in range(2))

    assert (first.drift, second.drift) == ({"unreadable:name": 1}, {})


def test_a_list_of_people_that_never_ends_is_given_up_before_it_takes_all_memory() -> None:
    def named(record: Record, connection: Connection) -> Iterator[Practitioner]:
        yield Practitioner(pms_id=record.id(), full_name=record.id())

    def endless(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "0"))
        return httpx.Response(200, json=[{"id": f"{number}-{one}"} for one in range(MOST_RECORDS)])

    people = Listing(
        path="/people",
        wrapping=Envelope(items=""),
        parse=named,
        paging=PageNumber(param="page", size_param="size", size=MOST_RECORDS),
    )
    rig = Rig(endless, vendor=replace(VENDOR, practitioners=people))

    with pytest.raises(EndlessListing, match="/people lists more than"):
        rig.source.practitioners()


def test_a_reference_that_answers_null_does_not_say_that_there_is_nobody() -> None:
    def whose(record: Record, connection: Connection) -> Iterator[Appointment]:
        record.held("/v1/patients/{id}", id="p1")
        yield from parse(record, connection)

    def handler(request: httpx.Request) -> httpx.Response:
        is_listing = "appointments" in request.url.path
        return page(item(1)) if is_listing else httpx.Response(200, content=b"null")

    rig = Rig(handler, vendor=replace(VENDOR, appointments=replace(LISTING, parse=whose)))

    (only,) = rig.source.pages(ALL)

    assert [(one.pms_id, one.path) for one in only.rejects] == [("1", "/v1/patients/{id}")]


@pytest.mark.parametrize("probe_by_id", [True, False])
def test_what_cannot_be_read_and_does_not_say_which_it_is_may_be_any_row(probe_by_id: bool) -> None:
    """Where a row can be asked for by its id before it leaves the sheet, none does for it."""
    told = replace(VENDOR, capabilities=Capabilities(probe_by_id=probe_by_id))
    named = {**item(2), "start": "soon"}
    nameless = {**named, "id": None}

    for odd, is_partial in ((named, False), (nameless, not probe_by_id)):
        (found,) = Rig(always(page(item(1), odd)), vendor=told).source.pages(ALL)
        assert found.is_partial is is_partial
