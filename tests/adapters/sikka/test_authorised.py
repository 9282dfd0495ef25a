"""Sikka's list of who authorised us, as odd as it may be."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters import pms
from adapters.opening import USER_AGENT, Opener
from adapters.sikka.authorised import SikkaOffices
from domain.authorisations import Office
from domain.errors import BadInput, BrokenContract, NeedsReconnect, Transient
from infra.http import Client
from tests.contract.kit import FakeThrottle
from tests.fakes import FakeSecrets, FakeTokens

KEYS = {"app_id": "invented-id", "app_key": "invented-key"}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Answer = Callable[[httpx.Request], httpx.Response]


def item(office: str = "D1", practice: Any = "1", **more: Any) -> dict[str, Any]:
    return {
        "office_id": office,
        "practice_id": practice,
        "secret_key": f"secret-of-{office}",
        "practice_name": "Northgate Dental",
        "practice_management_system": "Dentrix",
        "practice_management_system_refresh_date_time_zone": "US Mountain Standard Time",
        **more,
    }


def envelope(*items: Any, following: str = "") -> dict[str, Any]:
    return {"offset": "0", "pagination": {"next": following}, "items": list(items)}


def opened(answer: Answer, keys: Mapping[str, str] = KEYS) -> SikkaOffices:
    opener = Opener(
        secrets=FakeSecrets(),
        tokens=FakeTokens(),
        throttle=FakeThrottle(),
        clock=lambda: NOW,
        presets={"sikka": keys},
    )
    hosts = frozenset({str(urlsplit(pms.vendor("sikka").base_url).hostname)})
    client = Client(hosts, USER_AGENT, transport=httpx.MockTransport(answer))
    opener._clients[hosts] = client  # noqa: SLF001 - its one way out
    return SikkaOffices(opener, "tests")


def says(body: Any, status: int = 200) -> SikkaOffices:
    return opened(lambda _request: httpx.Response(status, content=json.dumps(body).encode()))


@pytest.mark.parametrize("wrapped", [False, True])
def test_offices_come_with_all_their_practices(wrapped: bool) -> None:
    body: Any = envelope(item(practice="1"), item(practice=2), item("d2", "1-1"))

    found = says([body] if wrapped else body).listed()

    assert sorted(found) == ["D1", "D2"]
    assert [one.practice_id for one in found["D1"].practices] == ["1", "2"]
    assert found["D1"].practices[0].timezone == "America/Phoenix"
    assert (found["D2"].office_id, found["D1"].pms_type) == ("d2", "Dentrix")
    assert "secret-of" not in repr(found)


def test_pages_are_asked_for_by_their_number_as_the_application() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        last = len(asked) == 3
        following = "" if last else "http://elsewhere.example/v4/authorized_practices?offset=9"
        return httpx.Response(200, json=envelope(item(f"D{len(asked)}"), following=following))

    found = opened(answer).listed()

    assert sorted(found) == ["D1", "D2", "D3"]
    queries = [parse_qs(urlsplit(str(one.url)).query) for one in asked]
    assert [one["offset"] for one in queries] == [["0"], ["1"], ["2"]]
    assert {one["show"][0] for one in queries} == {"all"}
    assert {one.url.host for one in asked} == {"api.sikkasoft.com"}
    assert {one.headers["app-id"] for one in asked} == {"invented-id"}
    assert "request-key" not in asked[0].headers


def test_what_makes_no_sense_is_left_out() -> None:
    strange = [
        None,
        "D9",
        {},
        item("../up"),
        item("D8", secret_key=""),
        item("D7", practice="a/b"),
        item("D6", practice=True),
        item("D5", secret_key=["x"]),
        item("D4", practice_name="two\nlines", practice_management_system=7),
        item("D3", practice_management_system_refresh_date_time_zone="Moon Standard Time"),
    ]

    found = says(envelope(*strange)).listed()

    assert sorted(found) == ["D3", "D4"]
    assert (found["D4"].name, found["D4"].pms_type) == (None, "7")
    assert found["D3"].practices[0].timezone is None


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"http_code": "401", "error_code": "API2003"}, NeedsReconnect),
        (500, {"http_code": "500", "error_code": "API2001"}, Transient),
        (200, {"http_code": "401", "error_code": "API2003"}, NeedsReconnect),
        (200, {"pagination": {}}, BrokenContract),
    ],
)
def test_a_failure_is_named_and_the_list_never_taken_for_empty(
    status: int, body: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        says(body, status).listed()


def test_no_content_is_an_empty_list() -> None:
    assert opened(lambda _request: httpx.Response(204)).listed() == {}


def test_a_list_that_never_ends_is_given_up() -> None:
    with pytest.raises(BrokenContract):
        says(envelope(item(), following="more")).listed()


def test_without_the_applications_keys_nothing_is_asked() -> None:
    offices = opened(lambda _request: httpx.Response(500), keys={})

    assert not offices.is_set_up
    with pytest.raises(BadInput):
        offices.listed()


def test_a_refused_secret_proves_nothing() -> None:
    office = Office(office_id="D1", secret_key="wrong", practices=())  # noqa: S106 - invented
    refusal = {"http_code": "401", "error_code": "API2007"}

    with pytest.raises(NeedsReconnect):
        says(refusal, 401).prove(office, account_id="default")


def test_a_secret_is_kept_where_it_was_and_drops_what_it_had_bought() -> None:
    offices = says({})
    office = Office(office_id="D1", secret_key="new", practices=())  # noqa: S106 - invented
    ref = offices.store(None, office, account_id="default", site="D1:2")
    kept = offices.opener.secrets
    assert ref == "tests/sikka/default/D1/2"
    assert offices.is_stored(ref, office)

    kept.replace(ref, {"office_id": "D1", "secret_key": "old", "refresh_key": "r"})
    assert not offices.is_stored(ref, office)
    assert offices.store(ref, office, account_id="default", site="D1:2") == ref
    assert dict(kept.get(ref)) == {"office_id": "D1", "secret_key": "new"}
