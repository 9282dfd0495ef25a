"""The call that is played on the page: through our own webhook, signed, while developing only."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis

from adapters.vapi.signing import proof
from adapters.vapi.verifying import Signed, is_genuine, plan_of
from domain.people import Role
from tests.calls.test_playing import PLANS
from tests.producers.conftest import Site
from tests.voice.line import ANN, Line, line
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration

PATH = "/api/vapi/simulated-calls"
OAUTH2 = {"type": "oauth2", "clientId": "vapi", "clientSecret": "s-example"}


@pytest.fixture
def practice(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made, made.worker():
        yield made


def test_a_call_is_played_and_the_number_that_was_heard_is_told(practice: Line) -> None:
    wish = {"caller": ANN, "day": practice.day.isoformat()}

    answer = practice.client.post(PATH, json=wish, headers=bearer("default"))

    call = answer.json()["call"]
    assert answer.status_code == 200, answer.text
    assert call["confirmation"] == practice.value("SELECT confirmation FROM pms_writes")
    assert [one["who"] for one in call["turns"]] == ["caller", "assistant"] * 3
    assert practice.value("SELECT count(*) FROM deliveries WHERE sender = 'vapi'") == 3


def test_a_stranger_hears_a_question_and_books_nothing(practice: Line) -> None:
    wish = {"caller": "+12025550111", "day": practice.day.isoformat()}

    call = practice.client.post(PATH, json=wish, headers=bearer("default")).json()["call"]

    assert call["confirmation"] is None
    assert practice.desk.sent == []


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_those_who_configure_may_play_calls(practice: Line, role: Role) -> None:
    answer = practice.client.post(PATH, json={"caller": ANN}, headers=bearer("default", role))

    assert answer.status_code == 403


def test_a_caller_needs_a_number(practice: Line) -> None:
    answer = practice.client.post(PATH, json={"caller": "Ann"}, headers=bearer("default"))

    assert answer.status_code == 422


@pytest.mark.parametrize("plan", [*PLANS.values(), OAUTH2])
def test_whatever_proves_a_message_can_be_given(plan: dict[str, object]) -> None:
    now, url, body = datetime.now(UTC), "https://ingress.example/vapi/webhook", b"{}"
    plans = [plan_of(plan, signing_key="k" * 40)]

    headers = dict(proof(plans, body, url=url, now=now))

    arrived = Signed(headers=headers, body=body, url=url, now=now)
    assert is_genuine(plans, arrived)
    assert not is_genuine(plans, replace(arrived, headers={}))


def test_in_production_no_calls_are_played_and_none_is_offered(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(is_production=True)

    answer = site.client.post(PATH, json={"caller": ANN}, headers=site.bearer())
    page = site.client.get("/deliveries", headers={**site.bearer(), "Accept": "text/html"}).text

    assert answer.status_code == 403
    assert "while developing" in answer.json()["detail"]
    assert "data-play-call" not in page


def test_while_developing_the_page_offers_to_play_a_call(make_site: Callable[..., Site]) -> None:
    site = make_site()

    owner = site.client.get("/deliveries", headers={**site.bearer(), "Accept": "text/html"}).text
    operator = {**site.bearer(Role.OPS), "Accept": "text/html"}

    assert "data-play-call" in owner
    assert "data-play-call" not in site.client.get("/deliveries", headers=operator).text
