"""Vapi buys a token with its client and secret, and is believed for as long as it lasts."""

import base64
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import redis

from adapters.vapi.verifying import Ending, OAuth2, sell
from infra.clock import system_clock
from tests.voice.line import Line, line

pytestmark = pytest.mark.integration

CLIENT, SECRET, ANOTHER = "assistant", "an-invented-client-secret", "an-invented-guess"
PLAN = OAuth2(client_id=CLIENT, client_secret=SECRET, signing_key="an-invented-signing-key-" * 2)
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url, plans=(PLAN,)) as made, made.worker():
        yield made


def bought(
    phone: Line, *, secret: str = SECRET, basic: bool = False, **form: str
) -> httpx.Response:
    if basic:
        named = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
        return phone.client.post(
            "/vapi/oauth/token", data=GRANT | form, headers={"authorization": f"Basic {named}"}
        )
    told = GRANT | {"client_id": CLIENT, "client_secret": secret} | form
    return phone.client.post("/vapi/oauth/token", data=told)


def asked(phone: Line, token: str) -> httpx.Response:
    return phone.client.post(
        "/vapi/webhook",
        json=phone.message([("a", "getPatientInfo", {})]),
        headers={"authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("basic", [True, False])
def test_who_knows_the_secret_buys_a_token_and_is_heard(phone: Line, *, basic: bool) -> None:
    sold = bought(phone, basic=basic)

    assert sold.status_code == 200
    assert sold.headers["cache-control"] == "no-store"
    assert (sold.json()["token_type"], sold.json()["expires_in"]) == ("Bearer", 3600)
    heard = asked(phone, sold.json()["access_token"])
    assert "Ann Ames" in heard.json()["results"][0]["result"]


def test_nobody_else_buys_one_and_nothing_else_is_believed(phone: Line) -> None:
    refused = bought(phone, secret=ANOTHER)

    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
    assert bought(phone, basic=True, secret="").status_code == 401
    assert asked(phone, SECRET).status_code == 401


def test_another_kind_of_grant_is_named_as_unsupported(phone: Line) -> None:
    refused = bought(phone, grant_type="password")

    assert (refused.status_code, refused.json()) == (400, {"error": "unsupported_grant_type"})


def test_a_form_of_more_than_anybody_needs_is_not_read(phone: Line) -> None:
    told = GRANT | {"client_id": CLIENT, "client_secret": SECRET}
    more = {f"field{number}": "more" for number in range(20)}

    refused = phone.client.post("/vapi/oauth/token", data=told | more)

    assert (refused.status_code, refused.json()) == (400, {"error": "unsupported_grant_type"})


def test_guessing_ends_after_a_while(phone: Line) -> None:
    statuses = [bought(phone, secret=f"guess {one}").status_code for one in range(25)]

    assert statuses[0] == 401 and statuses[-1] == 429


def test_a_client_of_before_buys_until_its_end_and_no_longer() -> None:
    now = system_clock()
    plans = (Ending(plan=PLAN, until=now),)

    assert sell(plans, CLIENT, SECRET, now=now - timedelta(seconds=1)) is not None
    assert sell(plans, CLIENT, SECRET, now=now) is None
