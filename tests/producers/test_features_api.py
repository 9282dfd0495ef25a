"""What is rolled out to some accounts first is switched over the API, by who may configure."""

import contextlib

import pytest
from sqlalchemy import text

from domain.errors import SyncError
from domain.features import FEATURES
from domain.people import Role
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

AUDIT_FAILS_LATE = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''full''; END';
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON pms_audit_logs DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION fail();
"""


def test_every_feature_is_listed_as_it_stands(site: Site) -> None:
    answer = site.client.get("/api/features", headers=site.bearer())

    assert answer.status_code == 200
    assert answer.json()["features"] == {name: one.is_on for name, one in FEATURES.items()}


def test_a_feature_is_switched_off_and_the_others_stay(site: Site) -> None:
    body = {"features": {"voice_booking": False}}
    answer = site.client.patch("/api/features", json=body, headers=site.bearer())

    assert answer.status_code == 200
    assert answer.json()["features"]["voice_booking"] is False
    assert answer.json()["features"]["sheet_pushes"] is True
    with site.everything() as db:
        told = db.execute(
            text("SELECT request_summary FROM pms_audit_logs WHERE action = 'account.features'")
        ).scalar_one()
    assert told == "voice_booking off"


def test_what_cannot_be_audited_is_not_switched(site: Site) -> None:
    with site.everything() as db:
        db.execute(text(AUDIT_FAILS_LATE))
    body = {"features": {"voice_booking": False}}

    with contextlib.suppress(SyncError):
        site.client.patch("/api/features", json=body, headers=site.bearer())

    with site.everything() as db:
        assert db.execute(text("SELECT features FROM accounts WHERE id = 'default'")).scalar() == {}


def test_a_feature_that_is_none_changes_nothing(site: Site) -> None:
    body = {"features": {"flying": True}}
    answer = site.client.patch("/api/features", json=body, headers=site.bearer())

    assert answer.status_code == 422
    assert "There is no feature 'flying'" in answer.json()["detail"]


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.BILLING])
def test_who_may_not_configure_switches_nothing(site: Site, role: Role) -> None:
    body = {"features": {"voice_booking": False}}
    answer = site.client.patch("/api/features", json=body, headers=site.bearer(role))

    assert answer.status_code == 403
