"""What a connection's sheet keeps when it is signed in again or moved, and that no secret leaks."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import text

from adapters.storage.jobs.ledger import put
from domain.jobs import JobState
from domain.runs import SyncType
from domain.window import local_day
from domain.work import sync_job
from infra.database import transaction
from tests.producers.conftest import Site
from tests.producers.office import Office, Vendor, gentu, office
from tests.security.left_behind import Everything, database_as_text, redis_as_text
from tests.security.test_canaries import every_log_line
from workers.here import run_here

pytestmark = pytest.mark.integration

CODE = "CANARY42"
WRONG = "wrong-canary-9f8e7d6c"


@pytest.fixture
def desk(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str
) -> Iterator[Office]:
    with office(make_site(), redis_client, database_url) as made:
        yield made


@pytest.fixture
def clinic() -> Iterator[Vendor]:
    with gentu() as made:
        yield made


def connected(desk: Office, clinic: Vendor) -> str:
    """Everybody mapped, every appointment let through, and synced once."""
    made = desk.begin(clinic, site=clinic.site, settings={"map_all": True})
    desk.send("PATCH", f"/{made['id']}", {"telehealth_only": False}, version="*")
    assert desk.check(made["id"], "test", {})["state"] == "ok"
    started = desk.send("POST", f"/{made['id']}/start", {})
    started.raise_for_status()
    desk.rows("UPDATE jobs SET state = 'cancelled' WHERE kind = 'sync' RETURNING id")
    synced(desk, made["id"])
    return str(made["id"])


def synced(desk: Office, connection_id: str, day: date | None = None) -> dict[str, Any]:
    """One whole pass over the day, the vendor's today if not given; its row of the log."""
    day = day or local_day(datetime.now(UTC), "Australia/Melbourne")
    job = sync_job(
        account_id="default",
        connection_id=UUID(connection_id),
        vendor="gentu",
        first_day=day,
        last_day=day,
        sync_type=SyncType.MANUAL,
    )
    with transaction(desk.parts.engine, account_id="default") as db:
        job_id = put(db, job)
    assert run_here(desk.parts, job_id) is JobState.DONE
    return dict(desk.rows("SELECT * FROM pms_sync_log WHERE job_id = :id", id=job_id)[0]._mapping)  # noqa: SLF001 - a row's documented mapping


def filed(desk: Office) -> list[Any]:
    """Each row with its instant, the zone it is shown in and the day it is filed under."""
    return desk.rows(
        "SELECT entry.id, appointment_time, entry.timezone, day FROM run_sheet_appointments AS"
        " entry JOIN run_sheets ON run_sheets.id = run_sheet_id"
        " WHERE removed_at IS NULL ORDER BY entry.id"
    )


def test_signing_in_again_keeps_the_sheet(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)
    before = filed(desk)
    desk.rows("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN' RETURNING id")

    desk.check(held, "credentials", {"secrets": dict.fromkeys(clinic.secrets, WRONG)})
    refused = filed(desk)
    desk.check(held, "credentials", {"secrets": clinic.secrets})
    run = synced(desk, held)

    assert before
    assert refused == before == filed(desk)
    assert (run["created"], run["removed"]) == (0, 0)


def test_a_practice_connected_again_finds_its_sheet_as_it_was(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)
    before = filed(desk)
    desk.send("DELETE", f"/{held}", version="*").raise_for_status()

    again = connected(desk, clinic)

    assert before and again == held
    assert filed(desk) == before
    assert desk.value("SELECT created FROM pms_sync_log ORDER BY job_id DESC LIMIT 1") == 0


def test_a_practice_paired_again_finds_its_sheet_as_it_was(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)
    before = filed(desk)
    desk.send("DELETE", f"/{held}", version="*").raise_for_status()
    app_id = clinic.desk.credentials(clinic.site)["app_id"]
    begun = desk.begin(clinic, settings={"app_id": app_id, "map_all": True})
    desk.send("PATCH", f"/{begun['id']}", {"telehealth_only": False}, version="*")

    code = clinic.desk.pairing_code(clinic.site)
    check = desk.check(begun["id"], "pair", {"code": code})
    desk.send("POST", f"/{check['connection_id']}/start", {}).raise_for_status()
    desk.rows("UPDATE jobs SET state = 'cancelled' WHERE kind = 'sync' RETURNING id")
    run = synced(desk, held)

    assert (check["state"], check["connection_id"]) == ("ok", held)
    assert desk.send("GET", f"/{begun['id']}").status_code == 404
    assert [one["id"] for one in desk.send("GET", "").json()["connections"]] == [held]
    assert run["created"] == 0 and filed(desk) == before
    assert len(desk.kept) == 1


def test_a_site_corrected_to_one_that_was_removed_is_started_as_that_connection(
    desk: Office, clinic: Vendor
) -> None:
    held = connected(desk, clinic)
    desk.send("DELETE", f"/{held}", version="*").raise_for_status()
    begun = desk.begin(clinic, site="mistyped", timezone="Australia/Melbourne")
    change = {"site": clinic.site, "setup_step": "summary"}
    desk.send("PATCH", f"/{begun['id']}", change, version="*").raise_for_status()

    started = desk.send("POST", f"/{begun['id']}/start", {})

    assert started.json()["connection"]["id"] == held
    assert started.json()["connection"]["state"] == "ACTIVE"


def test_a_practice_connected_again_is_not_corrected_into_another(
    desk: Office, clinic: Vendor
) -> None:
    held = connected(desk, clinic)
    desk.send("DELETE", f"/{held}", version="*").raise_for_status()
    again = desk.begin(clinic, site=clinic.site, settings={"map_all": True})

    refused = desk.send("PATCH", f"/{again['id']}", {"site": "tenant-9"}, version="*")
    respelled = desk.send("PATCH", f"/{held}", {"site": clinic.site.upper()}, version="*")

    assert (again["id"], refused.status_code) == (held, 422)
    assert f"its practice's rows ({clinic.site}) on the sheet already" in refused.json()["detail"]
    assert respelled.json()["connection"]["site"] == clinic.site.upper()


def test_another_zone_files_the_rows_anew_and_keeps_their_instants(
    desk: Office, clinic: Vendor
) -> None:
    held = connected(desk, clinic)
    before = filed(desk)

    desk.send("PATCH", f"/{held}", {"timezone": "America/Los_Angeles"}, version="*")
    with transaction(desk.parts.engine, account_id="default") as db:
        instants = list(db.execute(text("SELECT appointment_time FROM run_sheet_appointments")))
    for day in sorted({local_day(row[0], "America/Los_Angeles") for row in instants}):
        synced(desk, held, day)

    after = filed(desk)
    assert [(row.id, row.appointment_time) for row in after] == [
        (row.id, row.appointment_time) for row in before
    ]
    assert {row.timezone for row in after} == {"America/Los_Angeles"}
    assert all(row.day == local_day(row.appointment_time, row.timezone) for row in after)
    assert {row.day for row in after} != {row.day for row in before}


def test_no_secret_is_in_any_table_answer_or_log(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str, clinic: Vendor
) -> None:
    answers: list[str] = []
    with every_log_line() as logs, office(make_site(), redis_client, database_url) as desk:
        app_id = clinic.desk.credentials(clinic.site)["app_id"]
        wrong = dict.fromkeys(clinic.secrets, WRONG)
        made = desk.begin(clinic, settings={"app_id": app_id}, secrets=wrong)
        one = f"/{made['id']}"
        steps = [
            ("POST", f"{one}/pair", {"code": CODE}),
            ("POST", f"{one}/credentials", {"secrets": {"client_secret": f"{WRONG}2"}}),
            ("POST", f"{one}/credentials", {"secrets": clinic.secrets}),
            ("POST", f"{one}/pair", {"code": CODE}),
            ("POST", f"{one}/pair", {"code": clinic.desk.pairing_code(clinic.site)}),
            ("POST", f"{one}/credentials", {"secrets": {"client_secret": f"{WRONG}3"}}),
            ("GET", one, None),
            ("GET", "", None),
        ]
        answers = [desk.send(*step).text for step in steps]
        left = Everything(
            logs=logs.getvalue(),
            redis=redis_as_text(redis_client),
            database=database_as_text(desk.parts.engine),
        )
        states = desk.rows("SELECT state FROM pms_connection_checks ORDER BY asked_at")
        refs = desk.rows("SELECT trial_ref FROM pms_connection_checks WHERE trial_ref IS NOT NULL")
        kept = [dict(one) for one in desk.kept.values()]

    secret = clinic.secrets["client_secret"]
    pair = f"{clinic.secrets['client_id']}:{secret}"
    canaries = [WRONG, CODE, secret, base64.b64encode(pair.encode()).decode()]
    assert {one: left.holding(one) for one in canaries} == {one: [] for one in canaries}
    assert not [one for one in canaries for answer in answers if one in answer]
    assert [row.state for row in states] == ["failed", "failed", "ok", "failed", "ok", "failed"]
    assert refs == []
    assert kept == [clinic.secrets]
    assert "connection.pair_asked" in left.database
    assert json.loads(answers[6])["connection"]["state"] == "SETUP_REQUIRED"
