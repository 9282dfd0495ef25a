"""A person's word that most of a day did vanish, given over JSON."""

from typing import Any

import pytest
from sqlalchemy import text

from domain.people import Role
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

SYNC = "/api/run-sheet/sync"


def asked(site: Site) -> list[Any]:
    with site.everything() as db:
        jobs = db.execute(text("SELECT args FROM jobs WHERE kind = 'sync' ORDER BY id"))
        return [one["allow_removals"] for one in jobs.scalars()]


def test_removals_are_allowed_only_when_asked_for(site: Site) -> None:
    plain = site.client.post(SYNC, headers=site.bearer())
    count = len(plain.json()["jobs"])

    approved = site.client.post(SYNC, headers=site.bearer(), json={"allow_removals": True})

    assert approved.status_code == 202
    assert asked(site) == [False] * count + [True] * count
    with site.everything() as db:
        told = db.execute(
            text("SELECT request_summary FROM pms_audit_logs WHERE action = 'sync.asked'")
        ).scalars()
        assert [one.endswith(" allow_removals") for one in told] == [False, True]


def test_who_may_not_sync_may_not_allow_removals(site: Site) -> None:
    refused = site.client.post(
        SYNC, headers=site.bearer(Role.PROVIDER), json={"allow_removals": True}
    )

    assert refused.status_code == 403
    assert asked(site) == []
