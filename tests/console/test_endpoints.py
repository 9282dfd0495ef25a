"""Programs that are told of changes, kept at the terminal."""

import pytest

from tests.console.conftest import Shell, audit_rows, stored

pytestmark = pytest.mark.integration

URL = "https://hooks.example.com/pms-sync"


@pytest.fixture
def added(shell: Shell) -> str:
    return str(shell.answer("endpoints", "add", URL)["id"])


def test_an_endpoint_is_added_shown_without_its_secret_and_removed(
    shell: Shell, database_url: str
) -> None:
    assert "Nobody is told" in shell("endpoints", "list").out
    made = shell.answer("endpoints", "add", URL)

    listed = shell("endpoints", "list", "--json")

    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in listed.out
    [one] = listed.json["endpoints"]
    assert (one["id"], one["url"], one["state"]) == (made["id"], URL, "active")
    assert URL in shell("endpoints", "list").out
    assert "secret forgotten" in shell("endpoints", "remove", made["id"][:8]).out
    assert shell.answer("endpoints", "list")["endpoints"] == []
    [row] = audit_rows(database_url, "endpoint.added")
    assert row.user_id.startswith("cli:")
    assert row.request_summary == f"endpoint {made['id']}"
    assert len(audit_rows(database_url, "endpoint.removed")) == 1


def test_an_endpoint_is_paused_resumed_and_given_another_secret(
    shell: Shell, added: str, database_url: str
) -> None:
    assert "sent nothing" in shell("endpoints", "pause", added[:8]).out
    assert shell.answer("endpoints", "list")["endpoints"][0]["state"] == "paused"
    assert "told again" in shell("endpoints", "resume", added).out
    assert shell.answer("endpoints", "list")["endpoints"][0]["state"] == "active"

    said = shell("endpoints", "rotate", added).out
    told = shell.answer("endpoints", "rotate", added)

    assert "shown only this once" in said
    assert "whsec_" in said
    assert told["secret"] not in said
    assert told["both_valid_until"]
    for what in ("paused", "resumed"):
        assert len(audit_rows(database_url, f"endpoint.{what}")) == 1
    assert len(audit_rows(database_url, "endpoint.secret_changed")) == 2


def test_a_message_is_listed_and_sent_once_more(
    shell: Shell, added: str, database_url: str
) -> None:
    assert "Nothing has been sent yet." in shell("endpoints", "messages").out
    message = stored(
        database_url,
        f"""
        INSERT INTO webhook_messages (account_id, endpoint_id, kind, content, state, attempts)
        VALUES ('default', '{added}', 'run_sheet.changed', '{{"rows": 7}}', 'delivered', 1)
        RETURNING id
        """,  # noqa: S608 - the test's own
    )

    assert "run_sheet.changed" in shell("endpoints", "messages").out
    assert "once more" in shell("endpoints", "redeliver", str(message)[:8]).out

    [one] = shell.answer("endpoints", "messages")["messages"]
    assert (one["id"], one["state"], one["content"]) == (str(message), "due", {"rows": 7})
    assert shell.answer("jobs", "list", "--state", "ready")["jobs"]
    assert len(audit_rows(database_url, "endpoint.told_again")) == 1


def test_an_endpoint_is_sent_a_test_once_and_none_while_it_is_paused(
    shell: Shell, added: str, database_url: str
) -> None:
    assert "is sent a test, once" in shell("endpoints", "test", added[:8]).out
    told = shell.answer("endpoints", "test", added)

    newest, _ = shell.answer("endpoints", "messages")["messages"]
    assert (newest["id"], newest["kind"], newest["state"]) == (told["message_id"], "test", "due")
    [job] = shell.answer("jobs", "list", "--state", "ready")["jobs"]
    assert job["kind"] == "tell_endpoint"
    assert len(audit_rows(database_url, "endpoint.tested")) == 2

    shell("endpoints", "pause", added)
    assert "paused or disabled; resume it" in shell.complaint("endpoints", "test", added)
    assert len(audit_rows(database_url, "endpoint.tested")) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("add", "http://hooks.example.com/"), "https://"),
        (("add", URL, "--account", "nobody"), "no account 'nobody'"),
        (("list", "--account", "nobody"), "no account 'nobody'"),
        (("messages", "--account", "nobody"), "no account 'nobody'"),
        (("pause", "%"), "no id of any endpoint"),
        (("resume", "0000"), "No endpoint id starts"),
        (("test", "%"), "no id of any endpoint"),
        (("redeliver", "x"), "no id of any message"),
    ],
)
def test_what_cannot_be_done_is_told(
    shell: Shell, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in shell.complaint("endpoints", *arguments)
