"""A backup is restored after a booking and its text have gone out: neither leaves again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from domain.work import ANSWER, SEND_TEXT, SETTLE
from infra import database
from simulators.sikka import Knobs
from tests.conftest import Databases
from tests.console.test_restoring import address, program
from tests.voice.line import Carrier, Line
from tests.voice.test_a_call_at_sikka import SUNDAY, Practice, practice

pytestmark = pytest.mark.integration

CALLER = "+12025559999"
MOST_LOOKS = 300


@dataclass
class Memory(Carrier):
    """A carrier that knows what it was given."""

    def find(self, recipient: str, body: str, *, since: datetime) -> str | None:
        return "SM1" if (recipient, body) in self.sent else None


@pytest.fixture
def slow(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Practice]:
    """A practice whose write-backs take longer than a caller waits."""
    knobs = Knobs(fastest_write=9.0, slowest_write=9.0, refresh_seconds=0.0)
    with practice(database_url, redis_client, redis_url, knobs, answer_seconds=7.0) as made:
        made.phone.parts = replace(made.phone.parts, texts=Memory())
        yield made


def dumped(phone: Line, to: Path) -> Path:
    """As the runbook has it, while everything runs."""
    url = phone.engine.url.render_as_string(hide_password=False)
    made = program("pg_dump", "--format=custom", f"--file={to / 'sheet.dump'}", address(url))
    assert made.returncode == 0, made.stderr
    return to / "sheet.dump"


@contextmanager
def restored(phone: Line, dump: Path, databases: Databases) -> Iterator[Line]:
    """The same line over what the dump held; and somebody has told that it was restored."""
    with databases.new() as url:
        back = program("pg_restore", "--no-owner", f"--dbname={address(url)}", str(dump))
        assert back.returncode == 0, back.stderr
        engine = database.engine(url, application_name="tests")
        with database.transaction(engine) as db:
            db.execute(text("UPDATE accounts SET restored_at = now()"))
            # An hour later; at once nobody can tell of a text that it never left.
            db.execute(text("UPDATE pms_writes SET created_at = created_at - interval '1 h'"))
        yield replace(phone, engine=engine, parts=replace(phone.parts, engine=engine))
        engine.dispose()


def day_of(phone: Line) -> str:
    return (phone.day + timedelta(days=2 if phone.day.weekday() == SUNDAY else 0)).isoformat()


def asked(practice: Practice) -> str:
    """A caller has proved who they are, and has chosen a time."""
    patient = practice.somebody()
    who = {"firstName": patient["first"], "lastName": patient["last"]}
    practice.phone.ask("searchPatients", caller=CALLER, dateOfBirth=patient["date_of_birth"], **who)
    times = practice.phone.ask("checkAvailability", caller=CALLER, date=day_of(practice.phone))
    return times.partition(" at ")[2].partition(" with ")[0].partition(",")[0]


def followed(phone: Line) -> None:
    """Until the practice's system has said what became of it, and the text has left."""
    for _ in range(MOST_LOOKS):
        phone.rows("UPDATE jobs SET due_at = now() WHERE state = 'ready' RETURNING id")
        phone.carry(SETTLE)
        phone.carry(SEND_TEXT)
        states = {row.state for row in phone.rows("SELECT state FROM text_messages")}
        if states == {"sent"}:
            return
        threading.Event().wait(0.1)
    raise AssertionError(phone.rows("SELECT state, reason FROM pms_writes"))


def test_a_caller_who_was_texted_after_the_backup_is_not_texted_again(
    slow: Practice, databases: Databases, tmp_path: Path
) -> None:
    phone, day = slow.phone, day_of(slow.phone)
    before = len(slow.appointments)
    with phone.worker():
        said = phone.ask("bookAppointment", caller=CALLER, date=day, time=asked(slow))
    assert "You will get a text message" in said
    dump = dumped(phone, tmp_path)
    followed(phone)
    assert isinstance(phone.parts.texts, Memory)
    assert len(phone.parts.texts.sent) == 1

    with restored(phone, dump, databases) as again:
        followed(again)

    assert len(phone.parts.texts.sent) == 1
    assert len(slow.appointments) == before + 1


def test_a_call_that_waited_in_the_backup_is_not_carried_out_again(
    slow: Practice, databases: Databases, tmp_path: Path
) -> None:
    """The worker takes it on after the dump was made; the caller's patience is long over then."""
    phone, before = slow.phone, len(slow.appointments)
    with phone.worker():
        start = asked(slow)
    booking = threading.Thread(
        target=phone.ask,
        args=("bookAppointment",),
        kwargs={"caller": CALLER, "date": day_of(phone), "time": start},
    )
    booking.start()
    while not phone.rows("SELECT id FROM jobs WHERE kind = :k AND state = 'ready'", k=ANSWER):
        threading.Event().wait(0.02)
    dump = dumped(phone, tmp_path)
    with phone.worker():
        booking.join()
    followed(phone)

    with restored(phone, dump, databases) as again:
        waiting = again.rows("SELECT id FROM jobs WHERE kind = :k", k=ANSWER)
        again.carry(ANSWER)
        again.carry(SETTLE)
        again.carry(SEND_TEXT)
        written = again.rows("SELECT id FROM pms_writes")

    assert waiting
    assert len(slow.appointments) == before + 1
    assert written == []
    assert isinstance(phone.parts.texts, Memory)
    assert len(phone.parts.texts.sent) == 1
