"""Whose an office is: whoever can name it may claim it, and nobody is shown another's."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from adapters.storage.practices import authorisation_tokens
from domain.authorisations import shown_code
from domain.people import Role
from tests.webhooks.marketplace import ACCOUNT, OFFICE, OTHER, SECOND, Market, market
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration

PATH = "/api/pms/sikka/authorisations"


@pytest.fixture
def sikka(database_url: str, redis_client: redis.Redis) -> Iterator[Market]:
    """One office waits for its account."""
    with market(database_url, redis_client) as made:
        made.buys()
        made.work()
        yield made


def test_nobody_is_shown_an_office_they_did_not_name(sikka: Market) -> None:
    listed = sikka.ask("GET")
    missed = sikka.ask("GET", params={"named": SECOND})

    assert listed.json()["authorisations"] == []
    assert missed.status_code == 404
    assert "waits to be connected" in missed.json()["detail"]


@pytest.mark.parametrize("typed", [OFFICE, OFFICE.lower(), f" {OFFICE} "])
def test_whoever_types_the_offices_id_may_connect_it(sikka: Market, typed: str) -> None:
    found = sikka.ask("GET", params={"named": typed}).json()["authorisations"][0]
    claimed = sikka.ask("POST", f"/{found['id']}/claim", json={"named": typed})
    sikka.work()

    assert (claimed.status_code, found["pms_type"]) == (202, "Dentrix")
    assert [one["account_id"] for one in sikka.connections()] == [ACCOUNT, ACCOUNT]
    mine = sikka.ask("GET").json()["authorisations"]
    assert [(one["office_id"], one["state"]) for one in mine] == [(OFFICE, "connected")]
    assert sikka.audited("authorisation.claimed") == 1


def test_the_offices_own_code_is_as_good_as_its_id(sikka: Market) -> None:
    code = shown_code(authorisation_tokens.office_code(sikka.parts.sealer, sikka.row_id()))

    found = sikka.ask("GET", params={"named": code.lower()}).json()["authorisations"][0]
    claimed = sikka.ask("POST", f"/{found['id']}/claim", json={"named": code})

    assert claimed.status_code == 202
    assert sikka.states() == ["claimed"]


def test_an_offices_code_ends_after_seven_days(sikka: Market) -> None:
    code = authorisation_tokens.office_code(sikka.parts.sealer, sikka.row_id())
    sikka.grow_older(timedelta(days=8))

    assert sikka.ask("GET", params={"named": code}).status_code == 404


def test_the_id_of_the_row_alone_opens_nothing(sikka: Market) -> None:
    path = f"/{sikka.row_id()}/claim"

    assert sikka.ask("POST", path, json={}).status_code == 404
    assert sikka.ask("POST", path, json={"named": SECOND}).status_code == 404
    assert sikka.ask("POST", f"/{sikka.row_id()}/refuse", json={}).status_code == 404
    assert sikka.states() == ["pending"]


def test_an_office_is_claimed_by_one_account_only(sikka: Market) -> None:
    path = f"/{sikka.row_id()}/claim"
    first = sikka.ask("POST", path, json={"named": OFFICE})
    second = sikka.ask("POST", path, account_id=OTHER, json={"named": OFFICE})
    third = sikka.ask("POST", path, account_id=OTHER, json={})
    sikka.work()

    assert (first.status_code, second.status_code, third.status_code) == (202, 404, 404)
    assert {one["account_id"] for one in sikka.connections()} == {ACCOUNT}


def test_guessing_ends_after_a_few_tries(sikka: Market) -> None:
    tries = [
        sikka.ask("GET", account_id=OTHER, params={"named": f"D{number}"}).status_code
        for number in range(90_100, 90_115)
    ]
    known = sikka.ask("GET", account_id=OTHER, params={"named": OFFICE})

    assert tries == [404] * 10 + [429] * 5
    assert known.status_code == 429
    assert sikka.ask("GET", params={"named": OFFICE}).status_code == 200


def test_a_refused_office_is_asked_about_when_it_lets_us_in_again(sikka: Market) -> None:
    answer = sikka.ask("POST", f"/{sikka.row_id()}/refuse", json={"named": OFFICE})
    assert answer.json()["authorisations"][0]["state"] == "refused"

    sikka.buys(extra={"again": 1})

    assert sorted(sikka.states()) == ["pending", "refused"]


def test_what_was_claimed_is_tried_once_more_when_asked(sikka: Market) -> None:
    path = f"/{sikka.row_id()}/claim"
    sikka.ask("POST", path, json={"named": OFFICE})
    sikka.leaves(tells=False)
    sikka.work()
    told = sikka.ask("GET").json()["authorisations"][0]
    assert (told["state"], "does not list" in told["note"]) == ("claimed", True)

    sikka.control("authorise", tenant=OFFICE)
    again = sikka.ask("POST", path, json={})
    sikka.work()

    assert again.status_code == 202
    assert sikka.states() == ["connected"]


def test_the_link_carries_a_state_of_the_accounts_own(sikka: Market) -> None:
    made = sikka.ask("POST", "/link")

    query = parse_qs(urlsplit(made.json()["url"]).query)
    assert made.status_code == 201
    assert query["redirect_uri"][0].endswith("/setup/sikka")
    sikka.buys(SECOND, state=query["state"][0])
    sikka.work()
    assert {one["site"].partition(":")[0] for one in sikka.connections()} == {SECOND}


def test_links_and_codes_are_made_within_reason(sikka: Market) -> None:
    made = [sikka.ask("POST", "/codes").status_code for _ in range(31)]

    assert made == [201] * 30 + [422]


def test_only_who_configures_may_connect_offices(sikka: Market) -> None:
    for role in (Role.OPS, Role.PROVIDER, Role.BILLING):
        headers = bearer(ACCOUNT, role)
        assert sikka.ingress.get(PATH, headers=headers).status_code == 403
        assert sikka.ingress.post(f"{PATH}/link", headers=headers).status_code == 403
        claim = f"{PATH}/{sikka.row_id()}/claim"
        assert sikka.ingress.post(claim, headers=headers, json={"named": OFFICE}).status_code == 403


def test_features_and_booking_rules_are_changed_one_by_one(sikka: Market) -> None:
    sikka.ask("POST", f"/{sikka.row_id()}/claim", json={"named": OFFICE})
    sikka.work()
    url, headers = f"/api/pms/connections/{sikka.connections()[0]['id']}", bearer(ACCOUNT)
    tag = {**headers, "If-Match": sikka.ingress.get(url, headers=headers).headers["etag"]}
    body = {"features": {"notes": True}, "booking_rules": {"min_notice_minutes": 120}}

    changed = sikka.ingress.patch(url, headers=tag, json=body).json()["connection"]
    refused = sikka.ingress.patch(url, headers=tag, json={"booking_rules": {"slot_minutes": 0}})

    assert (changed["features"]["notes"], changed["features"]["patients"]) == (True, True)
    assert changed["booking_rules"] == {
        "min_notice_minutes": 120,
        "max_days_ahead": 90,
        "slot_minutes": 15,
        "default_minutes": 30,
    }
    assert refused.status_code == 422


def test_an_office_is_said_to_have_let_us_in_only_where_sikka_lists_it(sikka: Market) -> None:
    sikka.execute(
        "INSERT INTO pms_authorisations (vendor, office_id, state)"
        " VALUES ('sikka', 'D77777', 'pending')"
    )
    headers = {**bearer(ACCOUNT), "Accept": "text/html"}

    listed, unlisted = (
        sikka.ingress.get("/setup/sikka/named", params={"typed": one}, headers=headers).text
        for one in (OFFICE, "D77777")
    )

    assert "It let us in" in listed
    assert "It let us in" not in unlisted and "list does not have it" in unlisted


def test_the_note_of_an_office_that_waits_is_what_the_last_look_found(sikka: Market) -> None:
    sikka.execute("UPDATE pms_authorisations SET note = 'no message of it reached us'")

    sikka.buys()
    sikka.work()

    assert "no message" not in sikka.rows()[-1]["note"]
