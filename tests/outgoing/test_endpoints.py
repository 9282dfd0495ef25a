"""Programs of an account are told that the sheet has changed: signed, once, and never of whom."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from adapters.storage.tables import pms_sync_log
from domain.errors import Throttled
from domain.jobs import JobState
from tests.outgoing.office import PATIENT, Office, office, receiver
from tests.producers.conftest import engine, make_site, site
from tests.producers.seeding import DAY, NOW

__all__ = ["engine", "make_site", "office", "receiver", "site"]

pytestmark = pytest.mark.integration


def test_a_change_is_told_signed_with_ids_days_and_a_cursor_that_leads_to_it(
    office: Office,
) -> None:
    office.change(PATIENT, "Bao Placeholder")

    assert office.tell() == {"told": 1}

    (body,) = office.receiver.bodies
    ids = {str(office.site.ids[one]) for one in (PATIENT, "Bao Placeholder")}
    assert body["type"] == "run_sheet.changed"
    assert (body["data"]["rows"], set(body["data"]["ids"])) == (2, ids)
    assert body["data"]["days"] == ["2026-11-23"]
    assert office.receiver.is_genuine(office.secret)
    assert not office.receiver.is_genuine("whsec_" + "A" * 43 + "=")
    feed = office.site.client.get(
        "/api/run-sheet/changes",
        params={"after": body["data"]["cursor"]},
        headers=office.site.bearer(),
    ).json()
    assert {one["id"] for one in feed["changes"]} == ids


def test_a_worker_carries_the_job_that_the_scheduler_wrote(office: Office) -> None:
    office.change(PATIENT)
    office.ripe()

    assert office.work() is JobState.DONE
    assert office.receiver.is_genuine(office.secret)


def test_no_patient_is_in_what_is_told(office: Office) -> None:
    office.change(*office.site.ids)
    office.tell()

    (headers, raw) = office.receiver.came[0]
    said = raw.decode() + str(headers)
    assert not [name for name in office.site.ids if name in said]
    assert "0400" not in said


def test_what_was_told_is_not_told_again(office: Office) -> None:
    office.change(PATIENT)
    office.tell()

    assert office.ripe() == 0
    assert office.carry() == {"told": 0}
    assert len(office.receiver.came) == 1


def test_many_rows_are_one_message(office: Office) -> None:
    for one in office.site.ids:
        office.change(one)

    office.tell()

    (body,) = office.receiver.bodies
    assert body["data"]["rows"] == len(office.site.ids)


def test_a_run_that_goes_on_is_told_once_it_is_over_or_after_a_minute(office: Office) -> None:
    running = {
        "account_id": "default",
        "job_id": 1,
        "sync_type": "full",
        "day_from": DAY,
        "day_to": DAY,
        "trace_id": "t",
    }
    with office.site.everything() as db:
        connection = db.execute(text("SELECT id FROM pms_connections LIMIT 1")).scalar_one()
        db.execute(insert(pms_sync_log), {**running, "pms_connection_id": connection})
    office.change(PATIENT)

    assert office.ripe() == 0
    office.site.clock.now = NOW + timedelta(seconds=60)
    assert office.ripe() == 1


def test_an_endpoint_that_fails_is_tried_again_later_and_hears_of_it_in_one_message(
    office: Office,
) -> None:
    office.receiver.statuses = [500]
    office.change(PATIENT)
    wait = office.tell()

    assert isinstance(wait, Throttled)
    assert wait.until == NOW + timedelta(seconds=5)
    assert office.shown()["failing_since"] is not None
    office.change("Bao Placeholder")
    assert office.ripe() == 0  # one waits already
    office.site.clock.now = wait.until
    assert office.carry() == {"told": 2}
    first, again, rest = (headers["webhook-id"] for headers, _ in office.receiver.came)
    assert first == again != rest
    assert office.shown()["failing_since"] is None


def test_an_endpoint_that_fails_for_days_is_disabled_and_said_so(office: Office) -> None:
    office.receiver.statuses = [500, 500]
    office.change(PATIENT)
    office.tell()
    office.site.clock.now = NOW + timedelta(days=5)

    assert office.carry() == {"told": 0, "stopped": True}

    shown = office.shown()
    assert (shown["state"], shown["reason"]) == ("disabled", "It answered 500.")
    with office.site.everything() as db:
        rows = db.execute(text("SELECT action FROM pms_audit_logs")).scalars().all()
    assert "endpoint.disabled" in rows
    page = office.site.client.get("/outgoing", headers=office.site.bearer()).text
    assert "It answered 500." in page
    office.change("Bao Placeholder")
    assert office.ripe() == 0
    office.act("resume")
    assert office.tell() == {"told": 1}


def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(office: Office) -> None:
    office.receiver.statuses = [410]
    office.change(PATIENT)

    assert office.tell() == {"told": 0, "stopped": True}


def test_nobody_is_sent_elsewhere(office: Office) -> None:
    office.receiver.statuses = [302]
    office.change(PATIENT)

    assert isinstance(office.tell(), Throttled)
    assert len(office.receiver.came) == 1


def test_for_a_day_both_secrets_hold_and_then_the_new_one(office: Office) -> None:
    new = office.act("rotate")["secret"]
    office.change(PATIENT)
    office.tell()
    assert office.receiver.is_genuine(office.secret)
    assert office.receiver.is_genuine(new)

    office.site.clock.now = NOW + timedelta(hours=24)
    office.change(PATIENT)
    office.tell()
    assert not office.receiver.is_genuine(office.secret)
    assert office.receiver.is_genuine(new)


def test_the_secret_is_told_once_and_lies_in_no_table(office: Office) -> None:
    assert office.secret not in str(office.done("GET"))
    with office.site.everything() as db:
        rows = db.execute(text("SELECT endpoint::text FROM webhook_endpoints AS endpoint"))
        assert office.secret not in str(rows.all())


def test_a_test_message_is_sent_at_once_and_seen(office: Office) -> None:
    office.act("test")

    assert office.carry() == {"told": 1}
    assert office.receiver.bodies[0]["type"] == "test"
    (one,) = office.messages()
    assert (one["kind"], one["state"], one["status"]) == ("test", "delivered", 204)


def test_a_message_is_sent_again_under_the_same_id(office: Office) -> None:
    office.change(PATIENT)
    office.tell()
    (one,) = office.messages()

    office.done("POST", f"/messages/{one['id']}/redeliver")
    office.carry()

    first, again = (headers["webhook-id"] for headers, _ in office.receiver.came)
    assert first == again
    assert office.receiver.is_genuine(office.secret)


def test_a_paused_endpoint_hears_nothing_and_then_everything_at_once(office: Office) -> None:
    office.act("pause")
    office.change(PATIENT)
    office.change("Bao Placeholder")
    assert office.ripe() == 0
    assert office.ask("POST", f"/{office.endpoint}/test").status_code == 422

    office.act("resume")
    office.tell()

    assert [one["data"]["rows"] for one in office.receiver.bodies] == [2]


def test_a_removed_endpoint_hears_nothing_and_its_secret_is_forgotten(office: Office) -> None:
    office.change(PATIENT)
    office.done("DELETE", f"/{office.endpoint}")

    assert office.ripe() == 0
    assert office.carry() == {"told": 0}
    assert office.done("GET")["endpoints"] == []
    with office.site.everything() as db:
        ref = db.execute(text("SELECT secret_ref FROM webhook_endpoints")).scalar_one()
    assert ref not in office.site.ports.secrets.kept  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/pms",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "ftp://hooks.example.com/",
        "hooks.example.com",
        "https://[half/",
        "https://hooks..example.com/x",
        "https://.example.com/",
        f"https://{'a' * 64}.example.com/",
        "https://xn--.com/",
        "https://hooks example.com/",
    ],
)
def test_an_address_that_is_not_fit_is_refused_in_a_sentence(office: Office, url: str) -> None:
    answer = office.ask("POST", json={"url": url})

    assert answer.status_code == 422
    assert "address" in answer.json()["detail"]


@pytest.mark.parametrize("url", ["https://10.0.0.1/hook", "https://169.254.169.254/latest"])
def test_nothing_is_sent_into_a_private_network(office: Office, url: str) -> None:
    office.done("DELETE", f"/{office.endpoint}")
    office.endpoint = office.done("POST", json={"url": url})["id"]
    office.change(PATIENT)

    assert isinstance(office.tell(), Throttled)
    (one,) = office.messages()
    assert "must not be reached" in one["reason"]


def test_in_production_this_machine_is_no_address(office: Office) -> None:
    office.change(PATIENT)
    assert office.ripe() == 1

    assert isinstance(office.carry(is_production=True), Throttled)
    assert office.receiver.came == []


def test_nothing_is_sent_again_to_an_endpoint_that_was_removed(office: Office) -> None:
    office.act("test")
    (message,) = office.messages()
    office.site.sign_in()
    before = office.site.client.get("/outgoing").text
    office.done("DELETE", f"/{office.endpoint}")

    page = office.site.client.get("/outgoing").text
    refused = office.ask("POST", f"/messages/{message['id']}/redeliver")

    assert "Send again" in before
    assert f'data-message="{message["id"]}"' in page and "Send again" not in page
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("Its endpoint was removed")
