"""Keys for webhooks and the inbox, at the terminal."""

import pytest
from sqlalchemy import create_engine, text

from tests.console.conftest import Shell, audit_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def halaxy(shell: Shell) -> str:
    """The id of a connection that nobody has synced."""
    return str(
        shell.answer(
            *("connections", "add", "halaxy", "--site", "CL-77", "--no-test"),
            *("--timezone", "Australia/Melbourne"),
            *("--secret", "client_id=id-of-a-key", "--secret", "client_secret=made-up"),
        )["id"]
    )


def arrived(url: str, connection_id: str, *, state: str, times: int = 1) -> str:
    """A delivery about an appointment, as it stands in the inbox."""
    engine = create_engine(url)
    with engine.begin() as db:
        made = db.execute(
            text(
                "INSERT INTO deliveries (account_id, connection_id, sender, event, dedupe_key,"
                " subject, state, note, trace_id, times) VALUES ('default', :connection_id,"
                " 'halaxy', 'updated', :state, 'Appointment/700001', :state, 'a reason', 't',"
                " :times) RETURNING id"
            ),
            {"connection_id": connection_id, "state": state, "times": times},
        ).scalar_one()
    engine.dispose()
    return str(made)


def test_a_key_is_made_shown_once_and_forgotten(
    shell: Shell, halaxy: str, database_url: str
) -> None:
    made = shell.answer("connections", "webhooks", halaxy, "--new-key")

    assert made["header"] == "X-Webhook-Key"
    assert made["urls"]["deleted"].endswith("/webhooks/halaxy/deleted")
    shown = shell.answer("connections", "webhooks", halaxy)
    assert "key" not in shown
    assert shown["made_at"] is not None
    assert shell.answer("connections", "webhooks", halaxy, "--forget")["made_at"] is None
    assert len(audit_rows(database_url, "connection.webhook_key_made")) == 1
    assert len(audit_rows(database_url, "connection.webhook_key_forgotten")) == 1


def test_a_person_is_told_what_to_enter(shell: Shell, halaxy: str) -> None:
    before = shell("connections", "webhooks", halaxy)
    made = shell("connections", "webhooks", halaxy, "--new-key")
    after = shell("connections", "webhooks", halaxy)

    assert "--new-key" in before.out
    assert "shown only this once" in made.out
    assert "not shown again" in after.out
    assert "refused" in shell("connections", "webhooks", halaxy, "--forget").out


def test_a_pms_that_sends_none_is_named(shell: Shell, connected: str) -> None:
    assert "sends no webhooks" in shell.complaint("connections", "webhooks", connected)


def test_a_key_is_not_made_and_forgotten_at_once(shell: Shell, halaxy: str) -> None:
    complaint = shell.complaint("connections", "webhooks", halaxy, "--new-key", "--forget")

    assert "one of" in complaint


def test_deliveries_are_listed_and_replayed(shell: Shell, halaxy: str, database_url: str) -> None:
    assert "Nothing has been delivered yet." in shell("deliveries", "list").out
    dead = arrived(database_url, halaxy, state="dead")
    arrived(database_url, halaxy, state="done")

    assert "Appointment/700001" in shell("deliveries", "list").out
    [listed] = shell.answer("deliveries", "list", "--state", "dead")["deliveries"]
    assert (listed["id"], listed["note"]) == (dead, "a reason")
    job_id = shell.answer("deliveries", "replay", dead[:8])["job_id"]
    assert shell.answer("jobs", "show", str(job_id))["kind"] == "refetch"
    assert "has not been settled" in shell.complaint("deliveries", "replay", dead)
    assert len(audit_rows(database_url, "delivery.replayed")) == 1


def test_deliveries_are_a_table_in_a_terminal_of_80_columns(
    shell: Shell, halaxy: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(database_url, halaxy, state="done", times=3)
    monkeypatch.setenv("COLUMNS", "80")

    lines = shell("deliveries", "list").out.splitlines()

    assert ["Id", "From", "Event", "About", "State", "Came", "Note"] in map(str.split, lines)
    assert "came 3 times" in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("list", "--state", "lost"), "no state 'lost'"),
        (("replay", "%"), "not a delivery id"),
        (("replay", "0000"), "No delivery id starts"),
    ],
)
def test_what_is_no_delivery_is_told(
    shell: Shell, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in shell.complaint("deliveries", *arguments)
