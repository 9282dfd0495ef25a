"""Signing in to Medirecords on a page of its own, where the operator has set one up."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest
from redis import Redis

from adapters.rest.sign_in import challenge
from domain.people import Role
from infra.vendor_urls import VendorUrls
from simulators.front import said
from simulators.serving import Reply, Request, running
from tests.producers.conftest import Site
from tests.producers.office import Office, Vendor, medirecords, office

pytestmark = pytest.mark.integration

PAGE = "https://auth.example.com/authorize"
LATER = timedelta(minutes=11)


@dataclass
class Desk:
    """The vendor's token endpoint: a code for a token, once, and only with its verifier.

    Each refresh token works once.
    """

    token: str
    refresh: str = "r-0"
    asked: list[dict[str, str]] = field(default_factory=list)
    challenge: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Reply:
        form = dict(parse_qsl(request.body.decode()))
        self.asked.append(form)
        if not self._is_good(form):
            return said({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        self.refresh = f"r-{int(self.refresh.removeprefix('r-')) + 1}"
        told = {"access_token": self.token, "expires_in": 600, "refresh_token": self.refresh}
        return said(told)

    def _is_good(self, form: Mapping[str, str]) -> bool:
        if form["grant_type"] == "refresh_token":
            return form["refresh_token"] == self.refresh
        is_proven = challenge(form.get("code_verifier", "")) == self.challenge
        return is_proven and form["code"] == "c-1"


@pytest.fixture
def clinic() -> Iterator[Vendor]:
    with medirecords() as made:
        yield made


@pytest.fixture
def tokens(clinic: Vendor) -> Iterator[tuple[Desk, str]]:
    with running(desk := Desk(clinic.secrets["token"])) as url:
        yield desk, f"{url}/token"


@pytest.fixture
def desk(
    make_site: Callable[..., Site],
    redis_client: Redis,
    database_url: str,
    tokens: tuple[Desk, str],
) -> Iterator[Office]:
    site = make_site(
        presets={"medirecords": {"client_id": "id-1", "client_secret": "s-1"}},
        preset_settings={"medirecords": {"authorize_url": PAGE, "scopes": "read"}},
        urls={"medirecords": VendorUrls(token_url=tokens[1])},
    )
    with office(site, redis_client, database_url) as made:
        yield made


def begun(desk: Office, clinic: Vendor) -> str:
    """A connection nobody gave a token for."""
    place = {"site": clinic.site, "timezone": "Australia/Melbourne"}
    body = {"vendor": "medirecords", "base_url": clinic.told["base_url"], **place}
    answer = desk.send("POST", "", body, key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["connection"]["id"])


def sent(desk: Office, connection: str) -> Mapping[str, str]:
    """Where the page sends the browser, which keeps the cookie it was given."""
    answer = desk.site.client.get("/setup/oauth/start", params={"connection": connection})
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == PAGE
    return dict(parse_qsl(parts.query))


def returned(desk: Office, **query: str) -> httpx.Response:
    return desk.site.client.get("/setup/oauth/return", params=query, timeout=30)


def test_a_practice_is_connected_without_anybody_entering_a_token(
    desk: Office, clinic: Vendor, tokens: tuple[Desk, str]
) -> None:
    desk.site.sign_in(Role.OWNER)
    connection = begun(desk, clinic)
    asked = sent(desk, connection)
    tokens[0].challenge = asked["code_challenge"]

    answer = returned(desk, code="c-1", state=asked["state"])

    now = desk.one(connection)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/setup?connection={connection}"
    assert now["setup_step"] == "practitioners" and now["practitioners"] > 0
    (kept,) = desk.kept.values()
    assert kept == {"grant": kept["grant"], "refresh_token": "r-1"}
    assert asked["redirect_uri"] == f"{desk.site.ports.base_url}/setup/oauth/return"
    assert [one["client_secret"] for one in tokens[0].asked] == ["s-1"]


def let_in(desk: Office, clinic: Vendor, tokens: tuple[Desk, str]) -> str:
    """A connection a person has signed in."""
    desk.site.sign_in(Role.OWNER)
    connection = begun(desk, clinic)
    asked = sent(desk, connection)
    tokens[0].challenge = asked["code_challenge"]
    assert returned(desk, code="c-1", state=asked["state"]).status_code == 303
    return connection


def test_credentials_that_fail_do_not_end_a_sign_in(
    desk: Office, clinic: Vendor, tokens: tuple[Desk, str]
) -> None:
    connection = let_in(desk, clinic, tokens)
    good, tokens[0].token = tokens[0].token, "refused"

    failed = desk.check(connection, "credentials", {"secrets": {"client_id": "another"}})
    tokens[0].token = good
    desk.parts.opener.tokens.kept.clear()  # type: ignore[attr-defined]
    again = desk.check(connection, "test", {})

    assert (failed["state"], again["state"]) == ("failed", "ok")
    (kept,) = desk.kept.values()
    assert kept["refresh_token"] == tokens[0].refresh


def test_credentials_that_work_keep_the_newest_part_of_a_sign_in(
    desk: Office, clinic: Vendor, tokens: tuple[Desk, str]
) -> None:
    connection = let_in(desk, clinic, tokens)

    check = desk.check(connection, "credentials", {"secrets": {"client_id": "another"}})

    (kept,) = desk.kept.values()
    assert check["state"] == "ok"
    assert (kept["client_id"], kept["refresh_token"]) == ("another", tokens[0].refresh)


def test_a_token_entered_after_a_sign_in_is_the_one_that_is_used(
    desk: Office, clinic: Vendor, tokens: tuple[Desk, str]
) -> None:
    connection = let_in(desk, clinic, tokens)
    tokens[0].refresh, before = "r-9", len(tokens[0].asked)

    check = desk.check(connection, "credentials", {"secrets": clinic.secrets})

    assert check["state"] == "ok"
    assert list(desk.kept.values()) == [clinic.secrets]
    assert len(tokens[0].asked) == before


def test_a_code_that_is_refused_is_told_and_leaves_nothing(desk: Office, clinic: Vendor) -> None:
    desk.site.sign_in(Role.OWNER)
    connection = begun(desk, clinic)
    asked = sent(desk, connection)

    answer = returned(desk, code="c-2", state=asked["state"])

    assert answer.status_code == 409
    assert "sign in again" in answer.text and "c-2" not in answer.text
    assert desk.kept == {}


def test_a_person_who_says_no_changes_nothing(desk: Office, clinic: Vendor) -> None:
    desk.site.sign_in(Role.OWNER)
    asked = sent(desk, begun(desk, clinic))

    answer = returned(desk, error="access_denied", state=asked["state"])

    assert answer.status_code == 409 and "did not let us in" in answer.text


@pytest.mark.parametrize("mark", ["", "x.y.z", "another's", "a bearer's", "late"])
def test_a_return_that_was_not_begun_here_is_refused(
    desk: Office, clinic: Vendor, mark: str
) -> None:
    desk.site.sign_in(Role.OWNER)
    state = sent(desk, begun(desk, clinic))["state"]
    if mark == "another's":
        desk.site.client.cookies.delete("pms_sync_sign_in")
    elif mark == "late":
        desk.site.clock.now += LATER
    elif mark == "a bearer's":
        state = desk.site.bearer()["Authorization"].removeprefix("Bearer ")
    else:
        state = mark

    answer = returned(desk, code="c-1", state=state)

    assert answer.status_code == 403
    assert desk.kept == {}


def test_where_nobody_set_it_up_there_is_no_such_page(
    make_site: Callable[..., Site], clinic: Vendor, redis_client: Redis, database_url: str
) -> None:
    with office(make_site(), redis_client, database_url, works=False) as desk:
        desk.site.sign_in(Role.OWNER)
        connection = begun(desk, clinic)

        answer = desk.site.client.get("/setup/oauth/start", params={"connection": connection})

    assert answer.status_code == 404


def test_only_who_may_configure_is_sent_there(desk: Office, clinic: Vendor) -> None:
    connection = begun(desk, clinic)
    url = f"/setup/oauth/start?connection={connection}"

    nobody = desk.site.client.get(url)
    reader = desk.site.client.get(url, headers=desk.site.bearer(Role.PROVIDER))

    assert (nobody.status_code, reader.status_code) == (401, 403)
