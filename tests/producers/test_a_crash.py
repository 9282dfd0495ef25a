"""What nobody foresaw: one sentence for people, and no connection left that is about to end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from tests.conftest import Databases
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

UNKNOWN_RULE = text(
    """
    INSERT INTO audit_findings (account_id, rule, person, since, until, counted, threshold)
    SELECT id, 'of a later version', 'somebody', now(), now(), 1, 1 FROM accounts
    """
)


def test_a_crash_is_told_without_its_cause_and_ends_the_connection(site: Site) -> None:
    """The web server ends it in any case: who was not told would ask on it, and hear nothing."""
    with site.everything() as db:
        db.execute(UNKNOWN_RULE)

    answer = site.client.get("/api/audit/findings", headers=site.bearer())

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.json()["detail"]
    assert "later version" not in answer.text
    assert answer.headers["connection"] == "close"
    assert site.client.get("/api/run-sheet", headers=site.bearer()).is_success


def test_a_page_that_crashed_names_what_its_line_in_the_log_is_found_by(site: Site) -> None:
    with site.everything() as db:
        db.execute(UNKNOWN_RULE)
    site.sign_in()

    crashed = site.client.get("/audit", headers={"Accept": "text/html"})
    missing = site.client.get("/nowhere", headers={"Accept": "text/html"})

    assert (crashed.status_code, missing.status_code) == (500, 404)
    assert f"<code>{crashed.headers['x-request-id']}</code>" in crashed.text
    assert crashed.text.count("went wrong") == 1
    assert "give whoever runs" not in missing.text
    assert '<a class="button primary" href="">Try again</a>' in crashed.text
    assert "Back to" not in crashed.text and "Try again" not in missing.text


def test_nobody_is_sent_to_sign_in_because_the_database_is_away(
    site: Site, databases: Databases, database_url: str
) -> None:
    site.sign_in()
    with shut(databases, database_url):
        page = site.client.get("/", headers={"Accept": "text/html"})

    assert page.status_code == 503
    assert "Try again" in page.text
    assert "Sign in" not in page.text


@contextmanager
def shut(databases: Databases, url: str) -> Iterator[None]:
    """A database that is there for nobody, whoever was connected included."""
    name = str(make_url(url).database)
    door = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    databases.connection.execute(door.format(sql.Identifier(name), sql.Literal(False)))
    try:
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        databases.connection.execute(gone, (name,))
        yield
    finally:
        databases.connection.execute(door.format(sql.Identifier(name), sql.Literal(True)))
