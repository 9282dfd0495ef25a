"""An account with several practices: each request is answered by the one it is meant for."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
import redis

from adapters import pms
from adapters.chosen import settings
from adapters.storage.phone import phone_book
from adapters.storage.practices import connections
from domain.connections import State
from domain.errors import BadInput
from domain.tools import NO_PRACTICE
from infra import database
from tests.practice_api.client import Client, client
from tests.voice.line import ACCOUNT, NUMBER_ID
from tests.workers.tools.desk import ZONE
from workers.tools.transfer_to_human import NOT_YET

pytestmark = pytest.mark.integration

CALLED = "+12025550111"
BOB = {"query": "Bob Baker", "dateOfBirth": "1990-07-15"}
FAY = {"firstName": "Fay", "lastName": "Fern", "dateOfBirth": "1999-09-09"}
DAY = "2026-11-23"


@pytest.fixture
def api(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Client]:
    with client(database_url, redis_client, redis_url) as made:
        yield made


def at(site: str, *, called: str | None = None) -> connections.NewConnection:
    own = settings(pms.vendor("sikka"), {"phone_numbers": called} if called else {})
    return connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site=site,
        timezone=ZONE,
        settings=own,
        state=State.ACTIVE,
    )


def connected(api: Client, *new: connections.NewConnection) -> list[UUID]:
    """Later practices of the same account, connected at once."""
    with database.transaction(api.line.engine, account_id=ACCOUNT) as db:
        return [connections.add(db, one) for one in new]


@pytest.fixture
def second(api: Client) -> UUID:
    return connected(api, at("D2", called=CALLED))[0]


@pytest.fixture
def called(api: Client, second: UUID) -> str:
    """A call to the second practice, which has asked one thing."""
    message = api.line.message([("call_1", "search-patients", {})])
    message["message"]["phoneNumber"] = {"id": NUMBER_ID, "number": CALLED}
    with api.line.worker():
        api.line.results(message)
    assert asked_at(api) == [second]
    return api.line.call_id


def asked_at(api: Client) -> list[UUID]:
    rows = api.line.rows("SELECT connection_id FROM tool_calls ORDER BY created_at")
    return [row.connection_id for row in rows]


def answers(api: Client, *called: str | None) -> UUID | None:
    with database.transaction(api.line.engine, account_id=ACCOUNT) as db:
        found = phone_book.answering(phone_book.practices(db, connectors=pms.desks()), called)
    return found.id if found else None


def test_an_assistant_in_a_call_asks_the_practice_that_was_called(
    api: Client, second: UUID, called: str
) -> None:
    api.signed("POST", "/patients/search", BOB, call=called)

    assert asked_at(api) == [second, second]


def test_what_the_address_names_leads_no_assistant_away_from_its_call(
    api: Client, second: UUID, called: str
) -> None:
    first = answers(api)
    assert first != second

    api.signed("POST", "/patients/search", BOB, call=called, integrationId=str(first))

    assert asked_at(api) == [second, second]


def test_a_person_names_the_practice_or_is_asked_to(api: Client, second: UUID) -> None:
    unnamed = api.send("GET", "/appointments", startDate=DAY)
    named = api.send("GET", "/appointments", startDate=DAY, integrationId=str(second))

    assert unnamed.status_code == 422
    assert "name one in the address: ?integrationId=" in unnamed.text
    assert named.status_code == 200
    assert asked_at(api) == [second]


def test_the_only_practice_needs_no_name(api: Client) -> None:
    assert api.send("GET", "/appointments", startDate=DAY).status_code == 200


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(
    ("named", "status"), [("practice one", 422), ("00000000-0000-0000-0000-000000000007", 404)]
)
def test_a_practice_that_is_none_is_refused(api: Client, named: str, status: int) -> None:
    answer = api.send("GET", "/appointments", startDate=DAY, integrationId=named)

    assert answer.status_code == status
    assert asked_at(api) == []


def test_one_key_does_not_ask_two_practices(api: Client, second: UUID) -> None:
    third, key = connected(api, at("D3"))[0], str(uuid4())
    api.send("POST", "/patients", FAY, key=key, integrationId=str(second))

    other = api.send("POST", "/patients", FAY, key=key, integrationId=str(third))

    assert other.status_code == 422
    assert asked_at(api) == [second]


def test_the_status_is_that_of_the_practice_named(api: Client, second: UUID) -> None:
    assert api.told("GET", "/status", integrationId=str(second))["id"] == str(second)


@pytest.mark.parametrize("typed", ["+1 (202) 555-0111", "+61391234567, +1.202.555.0111"])
def test_a_number_is_known_however_it_was_typed(api: Client, typed: str) -> None:
    (own,) = connected(api, at("D2", called=typed))

    assert answers(api, CALLED) == own


def test_a_practice_is_known_by_the_id_of_its_number_too(api: Client) -> None:
    number_id = "6B3A2F60-0A1F-4C55-9D3C-0E6A4E3B7C11"
    (own,) = connected(api, at("D2", called=number_id))

    assert answers(api, None, number_id.lower()) == own


@pytest.mark.parametrize("typed", ["202-555-0111", "none at all", "+1202"])
def test_what_is_no_number_is_refused_with_what_to_write(typed: str) -> None:
    with pytest.raises(BadInput, match=r"an international number, such as \+12025550100"):
        at("D2", called=typed)


def test_of_practices_connected_at_once_the_first_site_answers(api: Client) -> None:
    api.line.rows("UPDATE pms_connections SET removed_at = now() RETURNING id")

    _, first, _ = connected(api, at("D9:3"), at("D9:1"), at("D9:2"))

    assert answers(api, "+12025550199") == first


NOT_IN_USE = "UPDATE pms_connections SET state = :state WHERE id = :id RETURNING id"


@pytest.mark.parametrize("state", [State.INACTIVE, State.NEEDS_SIGN_IN, State.SETUP_REQUIRED])
def test_a_call_to_a_practice_that_is_not_in_use_is_answered_by_no_other(
    api: Client, second: UUID, state: State
) -> None:
    first = answers(api)
    api.line.rows(NOT_IN_USE, state=state.value, id=second)

    assert answers(api, CALLED) is None
    assert answers(api, "+12025550199") == first


def test_a_call_to_a_practice_whose_system_serves_no_callers_is_answered_by_no_other(
    api: Client,
) -> None:
    new = replace(at("T1", called=CALLED), vendor="gentu")
    connected(api, new)

    assert answers(api, CALLED) is None


def test_a_number_of_a_practice_that_was_removed_is_nobodys(api: Client, second: UUID) -> None:
    first = answers(api)
    api.line.rows(
        "UPDATE pms_connections SET removed_at = now() WHERE id = :id RETURNING id", id=second
    )

    assert answers(api, CALLED) == first


def test_a_caller_of_a_paused_practice_books_nowhere_and_is_handed_to_a_person(
    api: Client, second: UUID
) -> None:
    api.line.rows(NOT_IN_USE, state=State.INACTIVE.value, id=second)
    given = {"date": api.line.day.isoformat(), "time": "9:00"}
    asked = [("call_1", "book-appointment", given), ("call_2", "transfer-to-human", {})]
    message = api.line.message(asked)
    message["message"]["phoneNumber"] = {"id": NUMBER_ID, "number": CALLED}

    with api.line.worker():
        booked, handed = api.line.results(message)

    assert booked["error"] == NO_PRACTICE
    assert handed["result"] == NOT_YET
    assert api.line.desk.sent == []
