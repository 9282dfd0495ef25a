"""The drift report over JSON, and at the command line."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert, select, text

from adapters.storage.tables import pms_connections, pms_drift
from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.seeding import NOW

pytestmark = pytest.mark.integration


def connection_of(site: Site, vendor: str, *, met: Mapping[str, int]) -> UUID:
    """The seeded connection to that vendor, with so much drift counted."""
    with site.everything() as db:
        found: UUID = db.execute(
            select(pms_connections.c.id).where(pms_connections.c.connector == vendor).limit(1)
        ).scalar_one()
        for what, times in met.items():
            row = {"what": what, "times": times, "first_seen_at": NOW, "last_seen_at": NOW}
            db.execute(
                insert(pms_drift), {"account_id": "default", "pms_connection_id": found, **row}
            )
    return found


def asked(site: Site, connection: UUID, headers: Mapping[str, str]) -> httpx.Response:
    return site.client.get(f"/api/pms/connections/{connection}/drift", headers=headers)


def test_what_was_met_is_told_in_sentences(site: Site) -> None:
    connection = connection_of(site, "halaxy", met={"status:waitlist": 3, "missing:end": 1})

    answer = asked(site, connection, site.bearer(Role.OWNER))

    told: dict[str, Any] = {one["what"]: one for one in answer.json()["drift"]}
    assert answer.status_code == 200 and answer.json()["success"] is True
    assert told["status:waitlist"]["times"] == 3
    assert "“waitlist”" in told["status:waitlist"]["sentence"]
    assert told["missing:end"]["last_seen_at"] == "2026-11-23T00:05:00Z"


def test_a_connection_nothing_was_met_at_has_an_empty_report(site: Site) -> None:
    connection = connection_of(site, "gentu", met={})

    assert asked(site, connection, site.bearer()).json()["drift"] == []


def test_another_accounts_connection_is_as_absent_as_one_that_never_was(site: Site) -> None:
    connection = connection_of(site, "gentu", met={"status:odd": 1})
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'other')"))

    stranger = asked(site, connection, site.bearer(account_id="other"))
    nobody = asked(site, uuid4(), site.bearer())

    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json()["detail"] == nobody.json()["detail"]


def test_a_report_needs_a_person_signed_in(site: Site) -> None:
    assert asked(site, uuid4(), {}).status_code == 401


def test_the_page_of_a_connection_says_where_an_unknown_status_is_given_a_meaning(
    site: Site,
) -> None:
    connection = connection_of(site, "gentu", met={"status:77": 2})
    with site.everything() as db:
        db.execute(
            text("UPDATE pms_connections SET connector = 'advancedmd' WHERE id = :id"),
            {"id": connection},
        )

    page = site.client.get(f"/connections/{connection}", headers=site.bearer(Role.OWNER)).text

    assert "above, as the meaning of the office&#39;s own codes, such as: 77=arrived" in page
    assert "pms-sync connections set" not in page
