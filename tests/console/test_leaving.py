"""Removing a connection from the command line, and what becomes of its rows to come."""

from io import StringIO

import pytest

from tests.console.conftest import Shell, audit_rows, stored

pytestmark = pytest.mark.integration

NEXT_YEAR = """
    WITH moved AS (
      UPDATE run_sheet_appointments SET appointment_time = now() + interval '1 year' RETURNING id)
    SELECT count(*) FROM moved
"""
STANDING = "SELECT count(*) FROM run_sheet_appointments WHERE removed_at IS NULL"


@pytest.fixture
def held(shell: Shell, connected: str, database_url: str) -> str:
    """A connection with rows to come."""
    shell.answer("sync", connected, "--here")
    assert stored(database_url, NEXT_YEAR)
    return connected


def test_rows_stay_where_nobody_is_asked(shell: Shell, held: str, database_url: str) -> None:
    before = stored(database_url, STANDING)

    said = shell("connections", "remove", held)

    assert said.code == 0
    assert f"Rows still to come on the sheet: {before}, 0 of them" in said.out
    assert f"take-off {held[:8]}" in said.out
    assert stored(database_url, STANDING) == before


def test_rows_leave_with_the_removal_where_it_is_said(
    shell: Shell, held: str, database_url: str
) -> None:
    before = stored(database_url, STANDING)

    told = shell.answer("connections", "remove", held, "--rows", "take-off")

    assert told["rows"] == {"to_come": 0, "typed": 0, "taken_off": before}
    assert stored(database_url, STANDING) == 0


def test_a_word_that_is_no_choice_removes_nothing(shell: Shell, held: str) -> None:
    assert "--rows is keep" in shell.complaint("connections", "remove", held, "--rows", "all")
    assert len(shell.answer("connections", "list")["connections"]) == 1


def test_rows_of_a_removed_connection_are_taken_off_and_put_back(
    shell: Shell, held: str, database_url: str
) -> None:
    before = stored(database_url, STANDING)
    assert "There is no removed connection" in shell.complaint("connections", "take-off", held)
    shell.answer("connections", "remove", held)

    off = shell.answer("connections", "take-off", held[:8])
    [listed] = shell.answer("connections", "removed")["connections"]
    back = shell.answer("connections", "put-back", held[:8])

    assert (off["moved"], listed["taken_off"], back["moved"]) == (before, before, before)
    assert listed["id"] == held
    assert held[:8] in shell("connections", "removed").out
    assert [row.action for row in audit_rows(database_url, "connection.r%")] == [
        "connection.removed",
        "connection.rows_taken_off",
        "connection.rows_put_back",
    ]


class Terminal(StringIO):
    """Somebody sits there and answers."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "stays"), [("", True), ("take-off", False)])
def test_somebody_at_a_terminal_is_asked(
    shell: Shell,
    held: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    *,
    stays: bool,
) -> None:
    before = stored(database_url, STANDING)
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))

    said = shell("connections", "remove", held)

    assert f"Rows still to come on the sheet: {before}" in said.out
    assert "take-off-all: they all leave it" in said.out
    assert stored(database_url, STANDING) == (before if stays else 0)
