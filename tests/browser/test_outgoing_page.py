"""Whom we tell of changes, as an owner sets it up in a real browser."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from adapters.storage.tables import webhook_endpoints, webhook_messages
from tests.browser.driving import drive
from tests.producers.conftest import Site
from tests.producers.seeding import NOW

pytestmark = [pytest.mark.browser, pytest.mark.integration]


@pytest.fixture
def told(site: Site) -> Site:
    """One endpoint that was given up and one that is told, each with messages."""
    about = {"account_id": "default", "secret_ref": "tests/one", "told_in": 0, "created_by": "Sam"}
    endpoints = (
        ("https://old.example.com/hooks/run-sheet", "disabled", 9),
        ("https://hooks.example.com/pms-sync/a-rather-long-path", "active", 1),
    )
    with site.everything() as db:
        for url, state, days in endpoints:
            is_off = state == "disabled"
            reason = "It answered 500." if is_off else None
            row = {**about, "url": url, "state": state, "reason": reason}
            kept = insert(webhook_endpoints).values(**row, created_at=NOW - timedelta(days=days))
            endpoint = db.execute(kept.returning(webhook_endpoints.c.id)).scalar_one()
            for number in range(3):
                message = {
                    "account_id": "default",
                    "endpoint_id": endpoint,
                    "kind": "test" if number == 2 else "run_sheet.changed",
                    "content": {} if number == 2 else {"rows": 1000, "and_more": True},
                    "state": "failed" if is_off else "delivered",
                    "attempts": 14 if is_off else 1,
                    "status": 500 if is_off else 204,
                    "reason": reason,
                    "created_at": NOW - timedelta(hours=number + 1),
                }
                db.execute(insert(webhook_messages), message)
    return site


def test_an_owner_has_a_program_told_and_sees_how_it_goes(
    told: Site, browser_parts: Path, tmp_path: Path
) -> None:
    found = drive("telling", base=told.ports.base_url, token=told.link(), shots=tmp_path)

    assert found["title"] == "Outgoing webhooks"
    assert found["empty"] == "Address of a program: please fill it in."
    assert "https://" in found["refused"]
    assert found["secret"].startswith("whsec_")
    assert (found["focused"], found["copies"], found["current"]) == (True, 1, "Deliveries")
    assert found["still"] == found["secret"]
    assert (found["typed"], found["pressed"]) == ("https://hooks.example.com/ano", "Resume")
    assert (found["test"], found["forgotten"]) == ("To be sent", True)
    assert found["heir"].startswith("Remove: https://")
    assert found["endpoints"] == 3
    assert "It answered 500." in found["disabled"]
    assert found["messages"] == 7
    assert (found["width-light"], found["width-dark"]) == (390, 390)
    assert found["trouble"] == []
