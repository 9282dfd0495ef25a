"""Agreements on patient data: recorded for good, and no connection in production without them."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from adapters.storage.people import agreements
from adapters.storage.people.agreements import NewAgreement
from domain.people import Role
from infra.database import BadStatement, transaction
from tests.producers.conftest import Site
from tests.producers.seeding import NOW, seed

pytestmark = pytest.mark.integration

SIGNED = {"version": "2026-01", "signed_by": "Ann Example", "signed_on": "2026-11-01"}


@pytest.fixture
def strict(make_site: Callable[..., Site]) -> Site:
    site = make_site(is_production=True)
    with site.everything() as db:
        site.ids = seed(db, site.seal())
    return site


def agree(site: Site, party: str, **more: object) -> int:
    body = {**SIGNED, "party": party, **more}
    return site.client.post("/api/agreements", json=body, headers=site.bearer()).status_code


def of_gentu(site: Site) -> str:
    with site.everything() as db:
        found = db.execute(text("SELECT id FROM pms_connections WHERE connector = 'gentu'"))
        return str(found.scalar_one())


def resumed(site: Site) -> tuple[int, str]:
    path = f"/api/pms/connections/{of_gentu(site)}/resume"
    answer = site.client.post(path, headers=site.bearer())
    return answer.status_code, answer.json().get("detail", "")


def test_in_production_both_agreements_come_before_a_connection(strict: Site) -> None:
    nothing = resumed(strict)
    agree(strict, "customer")
    one = resumed(strict)
    agree(strict, "gentu")

    assert nothing[0] == one[0] == 422
    assert "with the practice and Gentu" in nothing[1]
    assert "with Gentu" in one[1] and "practice and" not in one[1]
    assert resumed(strict)[0] == 200


@pytest.mark.parametrize(
    ("act", "body"), [("start", None), ("pair", {"code": "ABCD-EFGH"}), ("resume", None)]
)
def test_none_of_the_ways_in_is_open_without_them(
    strict: Site, act: str, body: dict[str, str] | None
) -> None:
    path = f"/api/pms/connections/{of_gentu(strict)}/{act}"
    with strict.everything() as db:
        db.execute(
            text("UPDATE pms_connections SET state = 'SETUP_REQUIRED', setup_step = 'types'")
        )

    answer = strict.client.post(path, json=body, headers=strict.bearer())

    assert answer.status_code == 422
    assert "Record the agreement on patient data" in answer.json()["detail"]


def test_elsewhere_nothing_is_asked_for(site: Site) -> None:
    assert resumed(site)[0] == 200


@pytest.mark.parametrize(
    "days",
    [
        {"signed_on": "2026-11-25"},
        {"signed_on": "2026-01-01", "ends_on": "2026-11-23"},
    ],
)
def test_what_does_not_hold_yet_or_any_more_does_not_count(
    strict: Site, days: dict[str, str]
) -> None:
    agree(strict, "customer")
    agree(strict, "gentu", **days)

    assert resumed(strict)[0] == 422


def test_the_newest_of_a_party_counts_and_the_older_stays(strict: Site) -> None:
    agree(strict, "customer")
    agree(strict, "gentu")
    agree(strict, "gentu", version="2026-02", ends_on="2026-11-20")

    assert resumed(strict)[0] == 422
    kept = strict.client.get("/api/agreements", headers=strict.bearer()).json()["agreements"]
    assert [(one["party"], one["version"]) for one in kept] == [
        ("gentu", "2026-02"),
        ("gentu", "2026-01"),
        ("customer", "2026-01"),
    ]
    assert {one["recorded_by"] for one in kept} == {"script"}


def test_recording_is_audited_and_stands_with_the_account(strict: Site) -> None:
    assert agree(strict, "customer") == 201

    with strict.everything() as db:
        row = db.execute(
            text("SELECT * FROM pms_audit_logs WHERE action = 'agreement.recorded'")
        ).one()
        account = db.execute(text("SELECT * FROM accounts WHERE id = 'default'")).one()
    assert row.request_summary == "customer, version 2026-01"
    assert (account.baa_accepted_by, account.baa_accepted_at) == ("Ann Example", NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"party": "nobody"},
        {"party": "customer", "version": " "},
        {"party": "customer", "ends_on": "2026-10-01"},
    ],
)
def test_what_cannot_be_is_refused(site: Site, wrong: dict[str, str]) -> None:
    assert agree(site, **wrong) == 422


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_owners_and_admins_record_them(site: Site, role: Role) -> None:
    assert site.client.get("/api/agreements", headers=site.bearer(role)).status_code == 403


@pytest.mark.parametrize(
    "statement", ["UPDATE agreements SET version = 'x'", "DELETE FROM agreements"]
)
def test_what_was_recorded_is_not_changed(site: Site, statement: str) -> None:
    new = NewAgreement(
        party="customer", version="1", signed_by="Ann Example", signed_on=date(2026, 1, 1)
    )
    with transaction(site.ports.database, account_id="default") as db:
        agreements.keep(db, new, account_id="default", by="Sam", at=NOW)

    with (
        pytest.raises(BadStatement, match="42501"),
        transaction(site.ports.database, account_id="default") as db,
    ):
        db.execute(text(statement))
