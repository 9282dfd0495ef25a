"""The call that is played on the page: through our own webhook, signed, while developing only."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis
from sqlalchemy import text

from adapters.vapi.signing import proof
from adapters.vapi.verifying import Signed, is_genuine, plan_of
from domain.people import Role
from infra.database import transaction
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
        stands_at(made, "http://127.0.0.1:9/v4")
        yield made


def stands_at(practice: Line, base_url: str | None) -> None:
    with transaction(practice.engine) as db:
        changed = text("UPDATE pms_connections SET base_url = :base_url")
        db.execute(changed, {"base_url": base_url})


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


@pytest.mark.parametrize("base_url", [None, "https://api.sikkasoft.com/v4"])
def test_no_call_is_played_at_a_practice_that_is_not(practice: Line, base_url: str | None) -> None:
    stands_at(practice, base_url)

    answer = practice.client.post(PATH, json={"caller": ANN}, headers=bearer("default"))

    assert (answer.status_code, practice.desk.sent) == (409, [])
    assert "at Example Dental, which is not played" in answer.json()["detail"]
    assert practice.value("SELECT count(*) FROM deliveries WHERE sender = 'vapi'") == 0


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
