"""Calling a column of the sheet by the name people know."""

from collections.abc import Mapping
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.seeding import DAY

pytestmark = pytest.mark.integration


def rename(
    site: Site, clinician_id: UUID, name: object, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return site.client.patch(
        f"/api/run-sheet/clinicians/{clinician_id}",
        headers=headers or site.bearer(),
        json={"name": name},
    )


def test_a_column_is_called_what_people_call_it(site: Site) -> None:
    priya = site.column("Dr Priya Nair")

    answer = rename(site, priya, "  Dr Priya  Nair (Tuesdays) ")

    assert answer.status_code == 200
    assert answer.json()["clinician"] == {"id": str(priya), "name": "Dr Priya Nair (Tuesdays)"}
    sheet = site.client.get("/api/run-sheet", params={"date": str(DAY)}, headers=site.bearer())
    assert "Dr Priya Nair (Tuesdays)" in {one["name"] for one in sheet.json()["clinicians"]}


def test_a_renaming_is_audited_and_told_to_every_open_page(site: Site) -> None:
    priya = site.column("Dr Priya Nair")

    rename(site, priya, "Dr P Nair")

    with site.everything() as db:
        audit = db.execute(text("SELECT * FROM pms_audit_logs ORDER BY id DESC LIMIT 1")).one()
        event = db.execute(text("SELECT * FROM run_sheet_events ORDER BY seq DESC LIMIT 1")).one()
    assert (audit.action, audit.user_id) == ("clinician.renamed", "script")
    assert str(priya) in audit.request_summary
    assert (event.kind, event.detail) == ("sheet_changed", {"clinician_id": str(priya)})


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("   ", "needs a name"),
        ("x" * 81, "too long"),
        ("Dr\u202eNair", "cannot be shown"),
        ("dr tom whitfield", "already"),
        (None, "body.name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(site: Site, name: object, says: str) -> None:
    priya = site.column("Dr Priya Nair")

    answer = rename(site, priya, name)

    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert site.column("Dr Priya Nair") == priya


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_who_configures_may_rename(site: Site, role: Role) -> None:
    priya = site.column("Dr Priya Nair")

    assert rename(site, priya, "Mine now", site.bearer(role)).status_code == 403


def test_another_accounts_column_is_not_there(site: Site) -> None:
    priya = site.column("Dr Priya Nair")
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'other')"))

    foreign = rename(site, priya, "Mine now", site.bearer(account_id="other"))
    absent = rename(site, uuid4(), "Mine now")

    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert foreign.json()["detail"] == absent.json()["detail"]


def test_a_renaming_heeds_the_etag_where_one_is_sent(site: Site) -> None:
    priya = site.column("Dr Priya Nair")
    first = rename(site, priya, "Dr P Nair").headers["ETag"]
    rename(site, priya, "Dr Nair")

    stale = rename(site, priya, "Nair", {**site.bearer(), "If-Match": first})
    fresh = rename(site, priya, "Nair", {**site.bearer(), "If-Match": "*"})

    assert (stale.status_code, fresh.status_code) == (412, 200)
