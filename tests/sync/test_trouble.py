"""What goes wrong at the vendor costs time, never a row."""

from typing import Any

import pytest
from sqlalchemy import text

from adapters.storage.sheet.reading import PHI_FIELDS
from infra.database import transaction
from tests.sync.practice import ACCOUNT, Practice
from tests.sync.test_a_day import assert_equals_the_pms

pytestmark = pytest.mark.integration

LISTING = r"/appointments\?"
AUDITED = text(
    "SELECT phi_accessed, phi_fields, success FROM pms_audit_logs WHERE action = 'sync' ORDER BY id"
)


def script(clinic: Practice, fault: str, **options: Any) -> None:
    """The next matching requests get this fault."""
    path = options.pop("path", LISTING)
    clinic.control("faults", {"scripts": [{"fault": fault, "path": path, **options}]})


@pytest.mark.parametrize(
    "fault",
    ["401", "429", "500", "502", "503", "reset", "truncated", "cut", "html", "missing-list"],
)
def test_a_passing_fault_costs_a_retry_and_nothing_else(clinic: Practice, fault: str) -> None:
    script(clinic, fault, times=1, seconds=1)

    run = clinic.sync()

    assert run["status"] == "success"
    assert_equals_the_pms(clinic)


@pytest.mark.parametrize("fault", ["500", "html", "missing-list", "endless-cursor"])
def test_a_lasting_fault_fails_the_run_and_keeps_the_sheet(clinic: Practice, fault: str) -> None:
    clinic.sync()
    before = clinic.live_rows()
    clinic.control("live", {"changes": 3, "seed": 1})
    script(clinic, fault, times=500)

    run = clinic.sync()

    assert run["status"] in {"failed", "partial"}
    assert run["error_message"]
    assert set(before) <= set(clinic.live_rows())
    clinic.heal()
    assert clinic.sync(allow_removals=True)["status"] == "success"
    assert_equals_the_pms(clinic)


@pytest.mark.parametrize("fault", ["repeated-page", "moved-cursor", "endless-cursor", "500"])
def test_a_listing_of_many_pages_is_whole_in_the_end(long_day: Practice, fault: str) -> None:
    script(long_day, fault, times=1, after=1)

    first = long_day.sync(allow_removals=True)
    second = long_day.sync(allow_removals=True)

    assert first["status"] == second["status"] == "success"
    assert_equals_the_pms(long_day)


def test_one_bad_practitioner_does_not_lose_the_day(clinic: Practice) -> None:
    some = next(iter(clinic.truth().values()))["practitioner_id"]
    script(clinic, "html", path=f"practitionerId={some}", times=10)

    run = clinic.sync()

    assert run["status"] == "partial"
    assert "1 of" in run["error_message"]
    shown = {row["pms_practitioner_id"] for row in clinic.rows()}
    assert shown
    assert some not in shown


def test_one_bad_record_does_not_sink_its_page(clinic: Practice) -> None:
    script(clinic, "wrong-type", times=1)

    run = clinic.sync()

    assert run["status"] == "success"
    assert run["rejected"] == 1
    assert run["created"] >= 20
    (reject,) = clinic.rejects_of(run)
    assert reject["path"]
    assert reject["reason"]


def test_an_expired_token_is_renewed_once_and_the_run_goes_on(clinic: Practice) -> None:
    clinic.sync()
    clinic.control("expire-tokens", {})

    run = clinic.sync()

    assert run["status"] == "success"
    assert clinic.tokens.bought == 2


def test_a_refused_secret_asks_for_a_person_and_keeps_the_sheet(clinic: Practice) -> None:
    clinic.sync()
    before = clinic.versions()
    for ref in clinic.secrets.kept:
        clinic.secrets.kept[ref]["client_secret"] = "revoked"  # noqa: S105 - no secret
    clinic.tokens.kept.clear()

    run = clinic.sync()

    assert run["status"] == "failed"
    assert clinic.state() == "NEEDS_SIGN_IN"
    assert clinic.versions() == before


def test_the_vendors_limit_is_never_exceeded_and_the_run_ends(clinic: Practice) -> None:
    clinic.control("limits", {"limits": ["60/60", "1000/3600"]})

    for _ in range(3):
        assert clinic.sync()["status"] == "success"

    judged = clinic.control("violations")
    assert judged["violations"] == 0


def test_every_request_left_a_row_from_which_the_clock_can_be_rebuilt(clinic: Practice) -> None:
    run = clinic.sync()

    assert clinic.spent_rows() == run["requests"] > 0


def test_the_audit_of_a_sync_names_all_it_read_of_patients_and_nothing_where_it_read_none(
    clinic: Practice,
) -> None:
    clinic.sync()
    for ref in clinic.secrets.kept:
        clinic.secrets.kept[ref]["client_secret"] = "revoked"  # noqa: S105 - no secret
    clinic.tokens.kept.clear()
    clinic.sync()

    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        read, refused = db.execute(AUDITED).all()

    assert (read.phi_accessed, set(read.phi_fields)) == (True, set(PHI_FIELDS))
    assert (refused.phi_accessed, refused.phi_fields, refused.success) == (False, [], False)
