"""A write whose end nobody told, settled at the terminal by whoever looked in the book."""

from collections.abc import Iterator

import pytest
import redis

from domain.desk import Receipt
from domain.work import SETTLE
from tests.console.conftest import Shell, audit_rows
from tests.voice.line import KEY, Line, line
from tests.voice.test_afterwards import texts

pytestmark = pytest.mark.integration


@pytest.fixture
def phone(
    database_url: str, redis_client: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Line]:
    """A caller was promised a text for a booking that has just left."""
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    with line(database_url, redis_client, redis_url, answer_seconds=2.5) as made:
        made.desk.takes = Receipt(number="77")
        with made.worker():
            made.ask("bookAppointment", startTime=f"{made.day}T09:00")
        yield made


@pytest.fixture
def doubtful(phone: Line) -> Line:
    """Nobody could say in hours what became of it, and the caller was told so."""
    phone.rows("UPDATE pms_writes SET submitted_at = now() - interval '7 hours' RETURNING id")
    phone.carry(SETTLE)
    return phone


@pytest.mark.parametrize(
    ("end", "held", "told"),
    [("confirmed", 2, "is confirmed for"), ("failed", 0, "could not be carried out")],
)
def test_a_write_without_an_end_is_given_one_and_its_caller_hears_it(
    shell: Shell, doubtful: Line, database_url: str, end: str, held: int, told: str
) -> None:
    (listed,) = shell.answer("writes", "list")["writes"]
    assert (listed["practice"], listed["is_followed"]) == ("Example Dental", False)
    assert listed["id"][:8] in shell("writes", "list").out

    answer = shell.answer("writes", "settle", listed["id"][:8], "--as", end)
    doubtful.carry(SETTLE)

    assert answer == {"id": listed["id"], "state": end}
    assert doubtful.rows("SELECT state FROM pms_writes") == [(end,)]
    assert doubtful.value("SELECT count(*) FROM slot_holds") == held
    assert [told in body for _, body in texts(doubtful)] == [False, True]
    (row,) = audit_rows(database_url, "write.settled_by_hand")
    assert row.user_id.startswith("cli:") and listed["id"] in row.request_summary
    assert len(audit_rows(database_url, "writes.listed")) == 2
    assert "Every write has its end." in shell("writes", "list").out


def test_what_has_an_end_or_has_just_left_is_not_settled_by_hand(
    shell: Shell, phone: Line, database_url: str
) -> None:
    (listed,) = shell.answer("writes", "list")["writes"]

    assert "a moment" in shell.complaint("writes", "settle", listed["id"], "--as", "failed")
    phone.rows("UPDATE pms_writes SET submitted_at = now() - interval '1 hour' RETURNING id")
    shell.answer("writes", "settle", listed["id"], "--as", "confirmed")

    again = shell.complaint("writes", "settle", listed["id"], "--as", "failed")
    assert again.endswith("This write is confirmed already.")
    assert len(audit_rows(database_url, "write.settled_by_hand")) == 1


def test_what_is_still_followed_is_told_apart_and_not_taken_for_failed_too_early(
    shell: Shell, phone: Line
) -> None:
    phone.rows("UPDATE pms_writes SET submitted_at = now() - interval '1 hour' RETURNING id")
    (listed,) = shell.answer("writes", "list")["writes"]
    assert listed["is_followed"] is True
    assert "Followed" in shell("writes", "list").out

    told = shell.complaint("writes", "settle", listed["id"], "--as", "failed")

    assert "may yet carry it out" in told
    assert phone.rows("SELECT state FROM pms_writes") == [("submitted",)]
    seen_to = shell.answer("writes", "settle", listed["id"], "--as", "failed", "--never")
    assert seen_to == {"id": listed["id"], "state": "failed"}


def test_a_write_is_settled_as_what_it_can_be(shell: Shell) -> None:
    assert "confirmed or failed" in shell.complaint("writes", "settle", "3f", "--as", "lost")
    assert "There is no write 3f" in shell.complaint("writes", "settle", "3f", "--as", "failed")
