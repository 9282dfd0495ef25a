"""Sikka's panel and the inbox as people use them, in a real browser, while jobs are carried."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from adapters.storage.people.sessions import make_login_link
from domain.people import Role
from infra.clock import system_clock
from infra.database import dispatch
from tests.browser.driving import drive
from tests.webhooks.marketplace import OFFICE, SECOND, WEBHOOK, Market, market
from workers.here import run_here

pytestmark = [pytest.mark.browser, pytest.mark.integration]

PHONE = "+12125550142"
_CHECKS = "SELECT id FROM jobs WHERE kind = 'check_connection' AND state = 'ready'"


@pytest.fixture
def sikka(browser_parts: Path, database_url: str, redis_client: redis.Redis) -> Iterator[Market]:
    with market(database_url, redis_client) as made:
        made.execute(
            "UPDATE accounts SET phones = ARRAY[:phone] WHERE id = 'default'", {"phone": PHONE}
        )
        yield made


def played(sikka: Market, scenario: str, shots: Path) -> dict[str, object]:
    base = str(sikka.ingress.base_url).rstrip("/")
    with dispatch(sikka.engine) as db:
        token = make_login_link(
            db,
            account_id="default",
            name="Sam Owner",
            role=Role.OWNER,
            now=system_clock(),
            minutes=15,
        )
    with carried(sikka):
        return drive(
            scenario,
            base=base,
            token=token,
            shots=shots,
            vendor=str(sikka.vendor.base_url).rstrip("/"),
            webhook=f"{base}{WEBHOOK}",
            office=OFFICE,
            second=SECOND,
        )


def test_a_practice_lets_us_in_and_says_what_callers_may_do(sikka: Market, tmp_path: Path) -> None:
    found = played(sikka, "letting_in", tmp_path)

    assert "Sikka" not in str(found["choices"])
    assert found["copy"] == [
        "Connect Your Practice Management System",
        "We use Sikka to securely connect to your PMS.",
        "Authorize via Sikka Marketplace",
        "Compatible with: Dentrix, Eaglesoft, Open Dental, and 200+ PMS systems",
    ]
    assert "waits to be connected" in str(found["missed"])
    assert str(found["waiting"]).startswith("Waiting for Sikka")
    assert str(found["connected"]).startswith("Example Dental")
    assert "Sikka let us in" in str(found["said"])
    assert (found["practices"], "no longer lists" in str(found["left"])) == (2, True)
    assert str(found["named"]).startswith(SECOND)
    assert found["offices"] == 2
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", str(found["code"]))
    assert (found["features"], found["number"]) == (7, PHONE)
    assert "Connection successful" in str(found["tested"])
    assert str(found["refused"]).startswith("Shortest notice")
    assert "Insurance" in str(found["enabled"]) and "Payments" not in str(found["enabled"])
    assert {one for name, one in found.items() if name.startswith("width")} == {390}
    assert found["trouble"] == []
    rules = [one["booking_rules"]["min_notice_minutes"] for one in sikka.connections()]
    assert sorted(rules) == [60, 60, 60, 120]


def test_what_reached_us_is_read_filtered_and_done_again(sikka: Market, tmp_path: Path) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()
    sikka.buys(extra={"n": 1, "practice_name": "Canary Dental"})
    sikka.post(b"no json at all")
    sikka.execute(
        "INSERT INTO deliveries (account_id, sender, event, dedupe_key, subject, state, note,"
        " times, trace_id) VALUES ('default', 'halaxy', 'updated', 'k', 'Appointment/700001',"
        " 'ignored', 'The connection is not active.', 3, 't')"
    )
    sikka.execute(
        "INSERT INTO tool_calls (account_id, call_id, tool_call_id, tool, state, answered_by, told,"
        " deadline_at, answered_at, trace_id) VALUES ('default', 'c', 't', 'bookAppointment',"
        " 'answered', 'worker', 'confirmed', now(), now() + interval '1.4 seconds', 't')"
    )

    write_id = uuid4()
    place = {"table": "pms_writes", "column": "request", "account": "default"}
    wish = sikka.parts.sealer.seal('{"patient_id": "nobody"}', row=str(write_id), **place)
    sikka.execute(
        "INSERT INTO pms_writes (id, account_id, connection_id, kind, state, idempotency_key,"
        " request, confirmation, start_at, told, text_state, asked_by, trace_id)"
        " SELECT :id, 'default', id, 'book', 'confirmed', 'k', :wish, 'K7M2QP',"
        " '2026-11-23T15:00:00Z', 'requested', 'off', 'call', 't' FROM pms_connections LIMIT 1",
        {"id": write_id, "wish": wish},
    )
    whose = {"table": "phone_calls", "column": "caller", "account": "default"}
    sikka.execute(
        "INSERT INTO phone_calls (account_id, call_id, caller, ended_at, ended_reason, call_back)"
        " VALUES ('default', 'rang', :caller, now() - interval '20 minutes',"
        " 'call.forwarding.no-answer', :id)",
        {"id": uuid4(), "caller": sikka.parts.sealer.seal("+61491570156", row="rang", **whose)},
    )

    found = played(sikka, "arriving", tmp_path)

    assert (found["title"], found["lines"], found["ignored"]) == ("Deliveries", 3, 1)
    assert str(found["first"]).startswith("Halaxy") and str(found["first"]).endswith("3")
    assert "Answered by a worker in 1.4 s, told it is booked" in str(found["calls"])
    assert found["senders"] == ["Sikka"]
    assert found["asked"] == "Do it once more?"
    assert re.match(r"Job \d+ looks it up again", str(found["replayed"]))
    assert (found["live"], found["width"], found["trouble"]) == (True, 390, [])
    assert "Canary" not in str(found["html"])
    assert "New appointment" in str(found["untold"]) and "no texts" in str(found["untold"])
    assert re.search(
        r"The appointment on Monday 23 November 2026 at \d+ am is booked."
        r" Confirmation number K7M2QP\.$",
        str(found["tell"]),
    )
    assert "Not reached" in str(found["untold"])
    assert found["back"] == (
        "Call +61491570156. They asked for a person, and nobody took the call."
    )
    assert found["first_section"] == "Callers who wait for a call"
    assert [one["text_state"] for one in sikka.select("SELECT text_state FROM pms_writes")] == [
        "by_person"
    ]


@contextmanager
def carried(sikka: Market) -> Iterator[None]:
    """Jobs are carried as soon as they are put, as by a worker."""
    done = threading.Event()

    def carry() -> None:
        while not done.wait(0.1):
            sikka.work()
            for row in sikka.select(_CHECKS):
                run_here(sikka.parts, row["id"])

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=10)
