"""Something on every page: an account on which everything has happened once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from adapters.storage.tables import (
    audit_findings,
    deliveries,
    pms_appointment_types,
    pms_audit_logs,
    pms_connections,
    webhook_endpoints,
    webhook_messages,
)
from tests.producers.conftest import Site
from tests.producers.ledger import ask, practice, put_job, put_run, put_worker, sign_in, turn_away
from tests.producers.seeding import DAY, NOW, Practice, Slot, seed, was_read

LONG = "Xanthippe-Anastasiadou-Papadimitriou-Konstantinopoulou-Berg"
REASON = f"Gentu answered 503 to GET /tenants/{'9' * 90} and so it went on. " * 3


def fill(site: Site) -> None:
    """Beside the demo day: jobs, a setup begun, endpoints, deliveries, findings, callers."""
    clinic = practice(site, "Example Clinic")
    sign_in(site, clinic)
    _worked(site, clinic)
    _shut_out(site, "Northside Specialists")
    _unfinished(site, "Harbour Allied Health")
    _named(site)
    _told(site)
    _came(site, clinic)
    _found(site)


def _add(site: Site, table: Any, **values: Any) -> UUID:
    row = {"id": uuid4(), "account_id": "default", **values}
    with site.everything() as db:
        db.execute(insert(table), row)
    made: UUID = row["id"]
    return made


def _worked(site: Site, clinic: UUID) -> None:
    put_worker(site, "worker-7f3a.sync.41", "sync", "default", silent=-600)
    put_run(site, clinic, put_job(site, connection_id=clinic, state="done", ago=90))
    put_job(site, connection_id=clinic, due=900, waiting_for="the hourly limit of Gentu")
    for error in ("NeedsReconnect", "Refused"):
        put_job(site, connection_id=clinic, state="dead", error_kind=error, error_text=REASON)
    ask(site, "answered")
    turn_away(site, "search-patients", 4)


def _shut_out(site: Site, name: str) -> None:
    """For a reason of one long word, as an address in it is."""
    held = update(pms_connections).where(pms_connections.c.display_name == name)
    with site.everything() as db:
        db.execute(held.values(state_reason=f"It answered 503 to GET /tenants/{'9' * 90}"))


def _unfinished(site: Site, name: str) -> None:
    """At a PMS that does not say which of its many types are telehealth."""
    held = update(pms_connections).where(pms_connections.c.display_name == name)
    gentu = {"connector": "gentu", "pms_type": "gentu"}
    with site.everything() as db:
        db.execute(held.values(state="SETUP_REQUIRED", setup_step="summary", **gentu))
    kinds = ["Immunisation, travel (yellow fever, typhoid, rabies)", "W" * 60, "Skin check"]
    for number in range(45):
        _add(
            site,
            pms_appointment_types,
            pms_connection_id=practice(site, name),
            pms_type_id=str(number),
            pms_type_name=f"{kinds[number % 3]} {number}",
            default_duration_minutes=15,
        )


def _named(site: Site) -> None:
    """Two days later: names without a blank, names from right to left, a long word as a note."""
    clinic = "Wolfeschlegelsteinhausenbergerdorff-Family-Practice-Group-St"
    rooms = Practice(
        vendor="medirecords",
        name=clinic,
        timezone="Australia/Melbourne",
        books={
            LONG: (
                Slot(at="09:00", patient=LONG, notes="x" * 70, kind="W" * 60),
                Slot(at="09:30", patient="محمد عبد الرحمن الهاشمي", minutes=45),
            ),
            "د. ليلى الحسيني": (Slot(at="09:00", patient="שרה כהן-לוי"),),
        },
    )
    with site.everything() as db:
        site.ids |= seed(db, site.seal(), (rooms,), day=DAY + timedelta(days=2))
        was_read(db, day=DAY + timedelta(days=2))


def _told(site: Site) -> None:
    ref = site.ports.secrets.put("endpoint", {"secret": "whsec_bm90LWEtc2VjcmV0"})
    for number, state in enumerate(("disabled", "active", "active")):
        url = f"https://hooks.example.com/{number}"
        about = {"secret_ref": ref, "told_in": 0, "created_by": "Sam", "created_at": NOW}
        endpoint = _add(site, webhook_endpoints, url=url, state=state, reason="No.", **about)
        _add(
            site,
            webhook_messages,
            endpoint_id=endpoint,
            kind="test",
            content={},
            state="failed",
            attempts=3,
            created_at=NOW,
        )


def _came(site: Site, connection_id: UUID) -> None:
    for number in range(2):
        _add(
            site,
            deliveries,
            connection_id=connection_id,
            sender="gentu",
            event="appointment.changed",
            dedupe_key=str(number),
            subject=f"Appointment/{number}",
            state="done",
            trace_id="t",
            received_at=NOW,
            last_received_at=NOW,
            settled_at=NOW,
        )


def _found(site: Site) -> None:
    access = {"account_id": "default", "user_id": LONG, "action": "run_sheet.read"}
    with site.everything() as db:
        seen = {**access, "request_summary": REASON, "created_at": NOW}
        db.execute(insert(pms_audit_logs), seen)
    for person in ("Ada Invented", "Bo Fictional"):
        _add(
            site,
            audit_findings,
            rule="many_patients",
            person=person,
            since=NOW - timedelta(hours=2),
            until=NOW,
            counted=74,
            threshold=60,
        )
