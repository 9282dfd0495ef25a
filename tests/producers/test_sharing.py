"""Who took what of an allowance within the hour, and how soon callers were answered."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.practices import connections
from adapters.storage.practices.connections import NewConnection
from domain.connections import State
from domain.people import Person, Role
from infra import database
from producers.doors import Door
from producers.pools import pools
from tests.producers.conftest import Site
from tests.producers.ledger import (
    ask,
    budget_of,
    practice,
    put_job,
    put_run,
    sign_in,
    spend,
    turn_away,
)

pytestmark = pytest.mark.integration


def new_practice(name: str) -> NewConnection:
    return NewConnection(
        account_id="default",
        vendor="gentu",
        site=name,
        timezone="Australia/Melbourne",
        name=name,
        base_url=None,
        token_url=None,
        secret_ref=None,
        settings={},
        telehealth_only=False,
        state=State.ACTIVE,
    )


def share_of(site: Site, vendor: str) -> dict[str, Any]:
    answer = site.client.get("/api/queues/shares", headers=site.bearer())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(
        one for one in answer.json()["shares"]["shares"] if one["vendor"] == vendor
    )
    return found


def test_each_connections_part_is_told_beside_its_fair_share(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    sign_in(site, clinic)
    bucket = budget_of(site, clinic).bucket
    spend(site, bucket, clinic, 30)
    spend(site, bucket, uuid4(), 12)

    share = share_of(site, "gentu")

    assert (share["limit"], share["allowed"], share["took"]) == ("1,000 requests an hour", 1000, 42)
    parts = {one["practice"]: one for one in share["takers"]}
    assert (parts["Example Clinic"]["took"], parts["Example Clinic"]["fair"]) == (30, 30)
    assert (parts[None]["took"], parts[None]["connection_id"]) == (12, None)
    assert share["evenness"] == 1.0


def test_every_practice_is_counted_however_many_are_read_at_once(site: Site) -> None:
    named = {"alder", "Birch", "cedar", "Dogwood", "elm"}
    with database.transaction(site.ports.database, account_id="default") as db:
        for name in named:
            connections.add(db, new_practice(name))
    owner = Person(account_id="default", name="Sam Owner", role=Role.OWNER)

    found = pools(Door(site.ports, owner, Access(user="Sam Owner")), at_once=2)

    members = [one for pool in found.pools for one in pool.members]
    told = [one.connection.name for one in (*members, *found.untold)]
    assert set(told) >= named
    assert len(told) == len(set(told))


def test_who_waits_long_and_got_nothing_while_others_did_is_told_first(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    sign_in(site, clinic)
    spend(site, budget_of(site, clinic).bucket, None, 990)
    put_run(site, clinic, 990_001, requests=40, ago=9000)
    put_job(site, connection_id=clinic, ago=1200)

    share = share_of(site, "gentu")

    first = share["takers"][0]
    assert (first["practice"], first["starves"], first["wanted"]) == ("Example Clinic", True, 40)
    assert first["fair"] == 40
    assert share["evenness"] < 1


def test_answers_are_told_by_the_hour_and_by_tool(site: Site) -> None:
    for took in (1.0, 2.0, 3.0):
        ask(site, "answered", took=took)
    ask(site, "withdrawn", took=4.1)
    ask(site, "late", tool="book-appointment", took=15.0)
    ask(site, "answered", tool="api.slots")
    for account, calls in (("default", 3), ("northside", 50)):
        with site.everything() as db:
            db.execute(
                text("INSERT INTO accounts (id, name) VALUES (:id, :id) ON CONFLICT DO NOTHING"),
                {"id": account},
            )
        turn_away(site, "search-patients", calls, account_id=account)

    answer = site.client.get("/api/queues/deadlines", headers=site.bearer())

    told = answer.json()["deadlines"]
    total = told["total"]
    assert (total["answered"], total["fallback"], total["late"]) == (3, 1, 1)
    assert (total["turned_away"], total["p50"], total["longest"]) == (3, 3.0, 15.0)
    assert len(told["hours"]) == 24
    assert sum(one["answers"]["answered"] for one in told["hours"]) == 3
    assert [one["tool"] for one in told["tools"]] == ["search-patients", "book-appointment"]


def test_without_a_call_there_is_nothing_to_tell(site: Site) -> None:
    answer = site.client.get("/api/queues/deadlines", headers=site.bearer())

    told = answer.json()["deadlines"]
    assert (told["total"]["answered"], told["total"]["p50"], told["tools"]) == (0, None, [])
