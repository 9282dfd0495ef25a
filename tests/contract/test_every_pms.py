"""What every PMS we speak to must keep, whatever its shape; each runs on its recorded exchanges."""

import copy
import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest

from adapters.pms import modules, registered
from adapters.rest.minimised import offered
from adapters.rest.paging import PageNumber
from adapters.rest.vendor import Vendor
from domain.appointments import Status
from domain.errors import (
    BrokenContract,
    NeedsReconnect,
    SyncError,
    Throttled,
    Transient,
    by_status,
)
from domain.minimising import Extra, without
from domain.sources import Page
from tests.contract.kit import (
    FIXTURES,
    NOW,
    Fixture,
    Stage,
    answer,
    as_row,
    at,
    changed,
    fixture,
    fixture_file,
    is_page,
    is_token,
    names,
    once,
    with_first_page,
)


def _default(name: str) -> Any:
    return next(one.default for one in fields(Vendor) if one.name == name)


MONDAY = "Mon, 01 Jun 2026"
every_vendor = pytest.mark.parametrize("name", sorted(registered()))


def test_every_pms_has_a_fixture_and_every_fixture_a_pms() -> None:
    ours = {path.stem for path in FIXTURES.glob("*.json")}

    assert ours <= set(registered())
    assert all(fixture_file(name).exists() for name in registered())


@every_vendor
def test_it_is_named_after_its_file_and_fully_described(name: str) -> None:
    vendor = registered()[name]

    assert modules()[name].__name__.rpartition(".")[2] == name
    assert vendor.title and vendor.docs.startswith("https://") and vendor.secrets
    assert vendor.base_url.startswith("https://") and vendor.limits
    assert set(fixture(name).told["secrets"]) >= set(vendor.secrets)


@every_vendor
def test_it_reads_every_page_into_our_words(name: str) -> None:
    told = fixture(name)

    rows = [as_row(row) for row in Stage(told).rows()]

    expected = told.told["expected"]
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert {key: row[key] for key in wanted} == wanted


@every_vendor
def test_times_are_instants_in_utc_and_in_order(name: str) -> None:
    rows = Stage(fixture(name)).rows()

    assert all(row.start.tzinfo is UTC and row.end.tzinfo is UTC for row in rows)
    assert all(row.end > row.start for row in rows)


@every_vendor
def test_every_row_starts_in_the_window_that_was_asked_for(name: str) -> None:
    told = fixture(name)

    assert all(row.start in told.window for row in Stage(told).rows())


@every_vendor
def test_its_fixture_covers_telehealth_an_unknown_status_and_a_second_page(name: str) -> None:
    told = fixture(name)
    rows = Stage(told).rows()

    assert {row.is_telehealth for row in rows} == {True, False}
    unknown = [row for row in rows if "unknown_status" in row.flags]
    assert bool(unknown) is _has_words(told)
    assert all(row.status_raw and row.status is Status.BOOKED for row in unknown)
    assert len(told.listed) > 1 or not told.told.get("paged", True)


@every_vendor
def test_an_unknown_status_is_counted_as_drift(name: str) -> None:
    told = fixture(name)
    drift = [key for page in Stage(told).pages() for key in page.drift]

    assert any(key.startswith("status:") for key in drift) is _has_words(told)


@pytest.mark.parametrize("name", [name for name, one in registered().items() if one.own_statuses])
def test_a_status_nobody_knows_means_what_the_practice_says_of_it(name: str) -> None:
    told = fixture(name)
    own = told.vendor.own_statuses
    raw = next(row.status_raw for row in Stage(told).rows() if "unknown_status" in row.flags)
    assert own is not None
    settings = {**told.connection.settings, own.setting: f"{raw}=arrived"}
    stage = Stage(replace(told, told={**told.told, "connection": _with(told, settings=settings)}))

    pages = list(stage.pages())

    assert any(row.status is Status.ARRIVED for page in pages for row in page.records)
    assert not any("unknown_status" in row.flags for page in pages for row in page.records)
    assert not any(key.startswith("status:") for page in pages for key in page.drift)


@every_vendor
def test_notes_come_only_where_the_vendors_policy_lets_them(name: str) -> None:
    notes = [row.notes for row in Stage(fixture(name)).rows() if row.notes]

    assert registered()[name].note_policy == "inbound" or not notes


@every_vendor
def test_notes_do_not_come_from_a_vendor_that_says_nothing_of_them(name: str) -> None:
    told = fixture(name)
    unsaid = replace(told.vendor, note_policy=_default("note_policy"))

    rows = Stage(replace(told, vendor=unsaid)).rows()

    assert len(rows) == len(Stage(told).rows())
    assert not any(row.notes for row in rows)


@every_vendor
def test_whatever_it_tells_and_a_sheet_can_do_without_may_be_left_out(name: str) -> None:
    rows = Stage(fixture(name)).rows()

    told = {one for one in Extra if any(without(row, frozenset({one})) != row for row in rows)}

    assert told <= set(offered(registered()[name]))


@every_vendor
@pytest.mark.parametrize("extra", list(Extra))
def test_what_a_practice_leaves_out_is_not_read_and_all_else_is(name: str, extra: Extra) -> None:
    told = fixture(name)
    connection = {**told.told["connection"]}
    connection["settings"] = {**connection.get("settings", {}), "leave_out": extra.value}
    narrowed = replace(told, told={**told.told, "connection": connection})

    rows = Stage(narrowed).rows()

    assert rows == [without(row, frozenset({extra})) for row in Stage(told).rows()]
    assert as_row(rows[0])["patient"] == as_row(Stage(told).rows()[0])["patient"]


@every_vendor
def test_it_goes_on_after_any_page_without_asking_again_for_those_before(name: str) -> None:
    told = fixture(name)
    stage = Stage(told)
    source = stage.source()
    for query in stage.queries(source):
        pages = list(source.pages(query))
        for index, page in enumerate(pages):
            assert page.resume in {None, page.onward}
            if page.onward is None:
                continue
            before = len(stage.sender.requests)

            rest = list(stage.source().pages(query, resume=page.onward))

            assert _ids(rest) == _ids(pages[index + 1 :])
            asked = stage.sender.requests[before:]
            assert sum(is_page(told, one) for one in asked) == len(pages) - index - 1


@every_vendor
def test_the_last_page_says_so_and_only_that_one(name: str) -> None:
    stage = Stage(fixture(name))
    source = stage.source()

    for query in stage.queries(source):
        pages = list(source.pages(query))

        assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


@every_vendor
def test_every_request_is_paid_for_once_before_it_leaves(name: str) -> None:
    stage = Stage(fixture(name))
    source = stage.source()

    for query in stage.queries(source):
        list(source.pages(query))

    assert len(stage.throttle.spends) == len(stage.sender.requests) > 0
    assert stage.throttle.holders == {str(stage.told.connection.id)}
    assert all(budgets for budgets in stage.throttle.spends)
    spent = source.drain_spent()
    assert [one.bucket for one in spent] == [
        budget.bucket for budgets in stage.throttle.spends for budget in budgets
    ]
    assert source.drain_spent() == []


@every_vendor
def test_nothing_leaves_while_the_clock_says_wait(name: str) -> None:
    stage = Stage(fixture(name))
    stage.throttle.refuse = Throttled("not yet", until=NOW)

    with pytest.raises(Throttled):
        stage.rows()

    assert stage.sender.requests == []


@every_vendor
@pytest.mark.parametrize("status", [400, 403, 500, 502, 503])
def test_a_failure_ends_as_the_error_its_status_means(name: str, status: int) -> None:
    told = fixture(name)

    error = _failing(told, lambda: httpx.Response(status, json={}))

    assert type(error) is by_status(status, told.vendor.faults)


@every_vendor
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "Mon, 01 Jun 2026 22:00:40 GMT"}, 40),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "Mon, 01 Jun 2026 21:59:00 GMT"}, 60),
        # By a clock that is ten minutes behind ours, and by one that is as much ahead.
        ({"retry-after": f"{MONDAY} 21:50:40 GMT", "date": f"{MONDAY} 21:50:00 GMT"}, 40),
        ({"retry-after": f"{MONDAY} 22:10:40 GMT", "date": f"{MONDAY} 22:10:00 GMT"}, 40),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "-5"}, 60),
        ({"retry-after": "9" * 30}, 24 * 3600),
        ({"retry-after": f"Mon, 01 Jun {'9' * 30} 22:00:40 GMT"}, 60),
        ({"retry-after": f"Mon, 01 Jun 2026 22:00:40 +{'9' * 30}"}, 60),
        ({}, 60),
    ],
)
def test_it_pauses_as_long_as_it_is_told(name: str, header: dict[str, str], seconds: float) -> None:
    stage = Stage(fixture(name))
    stage.sender.handler = changed(
        stage.told,
        lambda request: is_page(stage.told, request),
        lambda: httpx.Response(429, headers=header, json={}),
    )

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert wait.value.until == NOW + timedelta(seconds=seconds)
    paid = {budget.bucket for budget in stage.throttle.spends[-1]}
    assert stage.throttle.pauses == [(bucket, seconds) for bucket in sorted(paid)]


@every_vendor
def test_a_token_refused_once_is_renewed_where_it_can_be_and_tried_again(name: str) -> None:
    told = fixture(name)
    wanted = len(Stage(told).rows())
    stage = Stage(told)
    refused = once(lambda request: not is_token(told, request))
    stage.sender.handler = changed(told, refused, lambda: answer(told.refusal))

    assert len(stage.rows()) == wanted

    assert stage.tokens.renewals == (1 if _buys_tokens(told) else 0)


@every_vendor
def test_a_token_refused_twice_needs_a_person(name: str) -> None:
    told = fixture(name)
    stage = Stage(told)
    stage.sender.handler = changed(
        told, lambda request: not is_token(told, request), lambda: answer(told.refusal)
    )

    with pytest.raises(NeedsReconnect):
        stage.rows()

    sent = [one for one in stage.sender.requests if not is_token(told, one)]
    assert len(sent) == 2


@every_vendor
def test_a_dropped_line_is_worth_another_try(name: str) -> None:
    told = fixture(name)
    stage = Stage(told)

    def drop() -> httpx.Response:
        raise httpx.ReadError("reset by peer")

    stage.sender.handler = changed(told, once(lambda request: is_page(told, request)), drop)

    with pytest.raises(Transient):
        stage.rows()
    assert len(stage.rows()) == len(told.told["expected"])


@every_vendor
@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Maintenance</body></html>",
        b'{"truncated": [',
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=["html", "truncated", "empty", "not text", "too deep"],
)
def test_an_unreadable_answer_breaks_the_contract(name: str, body: bytes) -> None:
    if body == b"" and fixture(name).told.get("empty_answers", False):
        body = b"null and void"

    error = _failing(fixture(name), lambda: httpx.Response(200, content=body))

    assert isinstance(error, BrokenContract)


@every_vendor
@pytest.mark.parametrize("body", [{}, {"error": "stale"}, [], "fine", None, 7])
def test_a_missing_list_breaks_the_contract(name: str, body: Any) -> None:
    # By hand: httpx takes json=None for no body at all.
    said = json.dumps(body).encode()
    if body == [] and fixture(name).told.get("empty_list", False):
        # There the list is the whole answer, and an empty one is no missing one.
        said = b"null"

    error = _failing(fixture(name), lambda: httpx.Response(200, content=said))

    assert isinstance(error, BrokenContract)


@every_vendor
def test_one_bad_record_does_not_sink_the_page(name: str) -> None:
    """Where an offset counts what a page lists it takes the place of a good one."""
    told = fixture(name)
    whole = Stage(told).rows()
    paging = told.vendor.appointments and told.vendor.appointments.paging
    ousted = int(isinstance(paging, PageNumber) and paging.counts == "records")

    def spoil(body: Any) -> Any:
        items = at(body, told.told["items"])
        items[:ousted] = [copy.deepcopy(told.told.get("bad_record", {}))]
        return body

    pages = list(Stage(with_first_page(told, spoil)).pages())

    read = [row for page in pages for row in page.records]
    lost = {row.pms_id for row in whole} - {row.pms_id for row in read}
    assert len(lost) == ousted
    assert read == [row for row in whole if row.pms_id not in lost]
    rejects = [reject for page in pages for reject in page.rejects]
    assert len(rejects) == 1
    assert rejects[0].path and rejects[0].reason


@every_vendor
def test_endless_paging_is_caught(name: str) -> None:
    told = fixture(name)
    stage = Stage(told)
    first = told.listed[0]
    stage.sender.handler = changed(
        told, lambda request: is_page(told, request), lambda: answer(first)
    )

    if not told.told.get("paged", True):
        assert len(list(stage.pages())) < 100
        return

    with pytest.raises(BrokenContract):
        list(stage.pages())
    assert sum(is_page(told, one) for one in stage.sender.requests) <= 3


ASKED_FOR = "90210"


@every_vendor
def test_an_appointment_that_is_gone_probes_as_none(name: str) -> None:
    told = fixture(name)
    if not told.vendor.capabilities.probe_by_id:
        assert told.vendor.appointment is None
        return
    nowhere = httpx.Response(404, json={})
    stage = Stage(told, changed(told, lambda one: names(one, ASKED_FOR), lambda: nowhere))
    source = stage.source()
    for query in stage.queries(source):
        list(source.pages(query))

    assert source.probe(ASKED_FOR) is None
    assert source.look_again(ASKED_FOR, days=[]).is_gone


@every_vendor
def test_errors_tell_nothing_of_secrets_queries_or_bodies(name: str) -> None:
    told = fixture(name)
    hidden = "Canary Example"

    errors = [
        _failing(told, lambda: httpx.Response(500, json={"message": hidden})),
        _failing(told, lambda: httpx.Response(400, json={"message": hidden})),
        _failing(told, lambda: httpx.Response(200, content=hidden.encode())),
        _failing(told, lambda: httpx.Response(200, json={"nothing": hidden})),
    ]

    secrets = [value for value in told.told["secrets"].values() if len(value) > 3]
    for error in errors:
        text = f"{error!r} {error.__cause__!r}"
        assert told.vendor.title in text
        assert not [leak for leak in [hidden, "?", "tok-", *secrets] if leak in text]


def _failing(told: Fixture, respond: Callable[[], httpx.Response]) -> SyncError:
    """The error a sync ends with when every page of appointments is answered so."""
    stage = Stage(told, changed(told, lambda request: is_page(told, request), respond))
    with pytest.raises(SyncError) as failure:
        stage.rows()
    return failure.value


def _with(told: Fixture, **changed: Any) -> dict[str, Any]:
    return {**told.told["connection"], **changed}


def _ids(pages: list[Page]) -> list[tuple[str, str]]:
    return [(row.pms_id, row.patient_id) for page in pages for row in page.records]


def _has_words(told: Fixture) -> bool:
    """Where a status is a word; marks and dates that say what has happened know no other."""
    found: bool = told.told.get("status_words", True)
    return found


def _buys_tokens(told: Fixture) -> bool:
    return any(one.get("is") == "token" for one in told.exchanges)
