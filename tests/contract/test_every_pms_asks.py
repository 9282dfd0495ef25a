"""What every PMS is asked for, and what is believed of its answers; each on its recording."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from adapters.pms import registered
from domain.errors import SyncError, Throttled
from domain.sources import AppointmentSource
from tests.contract.kit import (
    NOW,
    Fixture,
    Stage,
    as_row,
    changed,
    fixture,
    is_page,
    is_token,
    names,
)

every_vendor = pytest.mark.parametrize("name", sorted(registered()))
probed_vendor = pytest.mark.parametrize(
    "name", sorted(name for name, one in registered().items() if one.capabilities.probe_by_id)
)

FOUR_WEEKS = timedelta(weeks=4)
A_SHORTEST_SECRET = 8
ASKED_FOR = "90210"


@every_vendor
@pytest.mark.parametrize("other", ["start", "end"])
def test_the_days_that_are_wanted_are_what_it_asks_for(name: str, other: str) -> None:
    """Its recording names them in the `query` of a page, so that other days find nothing in it."""
    told = fixture(name)
    moved = {
        "start": told.window.start - (FOUR_WEEKS if other == "start" else timedelta()),
        "end": told.window.end + (FOUR_WEEKS if other == "end" else timedelta()),
    }
    window = {bound: instant.isoformat() for bound, instant in moved.items()}
    stage = Stage(replace(told, told={**told.told, "window": window}))

    with pytest.raises(AssertionError, match="nothing recorded"):
        stage.rows()


@every_vendor
def test_a_slice_has_a_name_of_its_own_and_the_same_whenever_it_is_asked_for(name: str) -> None:
    told = fixture(name)
    first, later = Stage(told), Stage(told, now=NOW + timedelta(minutes=7))

    keys = [[query.key for query in one.queries(one.source())] for one in (first, later)]

    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


@every_vendor
def test_everything_is_asked_for_where_it_cannot_be_asked_for_changes(name: str) -> None:
    """What is not listed then has left the practice's book."""
    told = fixture(name)
    if told.vendor.capabilities.changed_since:
        return
    source = Stage(told).source()
    practitioners = source.practitioners()
    source.types()

    whole = source.queries(told.window, practitioners)
    since = source.queries(told.window, practitioners, since="no mark of theirs")

    assert all(query.complete for query in whole)
    assert since == whole


@every_vendor
def test_changes_are_asked_for_by_its_own_mark_where_it_says_that_it_tells_them(name: str) -> None:
    told = fixture(name)
    stage = Stage(told)
    source = stage.source()
    pages = [page for query in stage.queries(source) for page in source.pages(query)]
    mark = next((page.mark for page in pages if page.mark), None)

    assert (mark is not None) is told.vendor.capabilities.changed_since
    if mark is None:
        return
    since = source.queries(told.window, source.practitioners(), since=mark)
    assert since and not any(query.complete for query in since)


@every_vendor
def test_no_address_it_asks_at_holds_a_secret(name: str) -> None:
    stage = Stage(fixture(name))
    stage.rows()

    secrets = [one for one in stage.told.told["secrets"].values() if len(one) >= A_SHORTEST_SECRET]
    asked = [str(one.url) for one in stage.sender.requests if not is_token(stage.told, one)]

    assert secrets and not [url for url in asked for one in [*secrets, "tok-"] if one in url]


@every_vendor
def test_it_describes_the_practice_that_was_asked_for(name: str) -> None:
    told = fixture(name)

    practice = Stage(told).source().practice()

    assert practice.site == told.connection.site
    wanted = told.told.get("practice", {})
    found = {"name": practice.name, "timezone": practice.timezone}
    assert {key: found[key] for key in wanted} == wanted


@every_vendor
def test_it_pauses_until_its_own_header_says_where_it_names_one(name: str) -> None:
    """`wait` of its recording is a refusal as its document writes it, for 23 seconds from NOW on.

    Whether that is told in seconds or as an instant is for nobody here to guess.
    """
    told = fixture(name)
    names = told.vendor.rate_headers
    if names is None or names.reset is None:
        return
    headers = told.told.get("wait", {})
    assert names.reset in headers, f"write down a refusal with {names.reset} as `wait`"
    refusal = httpx.Response(429, headers=headers, json={})
    stage = Stage(told, changed(told, lambda request: is_page(told, request), lambda: refusal))

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert wait.value.until == NOW + timedelta(seconds=23)


@probed_vendor
def test_an_appointment_is_found_by_its_id(name: str) -> None:
    """`looked_up` of its recording says which, and what they are; `is: one` marks the answers."""
    told = fixture(name)
    stage = Stage(told)
    source = stage.source()
    for query in stage.queries(source):
        list(source.pages(query))

    assert told.told.get("looked_up"), "name at least one appointment that is read by its id"
    for wanted in told.told["looked_up"]:
        rows = [as_row(row) for row in source.probe(wanted["pms_id"]) or ()]
        assert wanted in [{key: row[key] for key in wanted} for row in rows]


@probed_vendor
@pytest.mark.parametrize("status", [0, 400, 401, 403, 429, 500, 502, 503, 504])
def test_a_failure_never_says_that_an_appointment_is_gone(name: str, status: int) -> None:
    """It would leave the sheet while the vendor is down; 0 is a line that drops."""
    source = _failing_by_id(fixture(name), status)

    try:
        seen = source.look_again(ASKED_FOR, days=[])
    except SyncError:
        return
    assert not seen.is_gone


def _failing_by_id(told: Fixture, status: int) -> AppointmentSource:
    def respond() -> httpx.Response:
        if status == 0:
            raise httpx.ReadError("reset by peer")
        return httpx.Response(status, json={})

    stage = Stage(told, changed(told, lambda one: names(one, ASKED_FOR), respond))
    source = stage.source()
    for query in stage.queries(source):
        list(source.pages(query))
    return source
