"""Who may sign in, and who may no longer: told, and in the audit."""

from datetime import UTC, datetime

import pytest

from adapters.storage.people.sessions import spend_login_link
from infra.database import dispatch, engine
from tests.console.conftest import Shell, audit_rows, stored

pytestmark = pytest.mark.integration


def signed_in(shell: Shell, url: str, name: str) -> None:
    link = shell.answer("login-link", "--name", name, "--role", "billing")["url"]
    own = engine(url, application_name="tests")
    with dispatch(own) as db:
        assert spend_login_link(db, link.partition("token=")[2], now=datetime.now(UTC))
    own.dispose()


def test_whoever_is_shut_out_loses_sessions_and_links_and_is_given_no_more(
    shell: Shell, database_url: str
) -> None:
    signed_in(shell, database_url, "Kim")
    shell.answer("login-link", "--name", "Kim", "--role", "billing")

    told = shell.answer("people", "shut-out", "Kim")

    assert told == {"name": "Kim", "sessions": 1}
    assert stored(database_url, "SELECT count(*) FROM sessions") == 0
    assert stored(database_url, "SELECT count(*) FROM login_links") == 0
    assert "'pms-sync people let-in'" in shell.complaint("login-link", "--name", "Kim")
    [kim] = shell.answer("people", "list")["people"]
    assert (kim["name"], kim["role"], kim["sessions"]) == ("Kim", "billing", 0)
    assert kim["shut_out_at"] is not None


def test_whoever_is_let_in_again_needs_a_new_link(shell: Shell, database_url: str) -> None:
    signed_in(shell, database_url, "Kim")
    shell("people", "shut-out", "Kim")

    told = shell("people", "let-in", "Kim")

    assert "'pms-sync login-link' makes a link" in told.out
    assert stored(database_url, "SELECT count(*) FROM sessions") == 0
    signed_in(shell, database_url, "Kim")
    assert "Kim" in shell("people", "list").out


@pytest.mark.parametrize("command", ["shut-out", "let-in"])
def test_a_name_that_nobody_has_changes_nothing_and_says_where_names_are(
    shell: Shell, database_url: str, command: str
) -> None:
    assert "see 'pms-sync people list'" in shell.complaint("people", command, "Kym")
    assert "no account" in shell.complaint("people", command, "Kim", "--account", "elsewhere")
    assert audit_rows(database_url, "person.%") == []


def test_the_audit_has_who_was_given_a_link_shut_out_and_let_in(
    shell: Shell, database_url: str
) -> None:
    shell("login-link", "--name", "Kim", "--role", "provider")
    shell("people", "shut-out", "Kim")
    shell("people", "let-in", "Kim")

    rows = [*audit_rows(database_url, "link.%"), *audit_rows(database_url, "person.%")]

    assert [(row.action, row.request_summary) for row in rows] == [
        ("link.made", "Kim, provider"),
        ("person.shut_out", "Kim"),
        ("person.let_in", "Kim"),
    ]
    assert {row.user_id.partition(":")[0] for row in rows} == {"cli"}


def test_the_audit_of_a_new_account_begins_with_who_made_it(
    shell: Shell, database_url: str
) -> None:
    shell.answer("accounts", "add", "Harbour Clinics", "--id", "harbour")

    [row] = audit_rows(database_url, "account.added")

    assert (row.account_id, row.endpoint) == ("harbour", "pms-sync accounts add")
