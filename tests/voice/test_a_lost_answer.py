"""The database is gone for a moment: what a caller hears is what became of the call."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import Connection, event, make_url, text

from adapters.replies import Teller
from adapters.storage.jobs.ledger import Ledger
from adapters.storage.phone import tool_calls
from adapters.storage.phone.tool_calls import NewToolCall
from domain.desk import Receipt
from domain.jobs import Job
from domain.tools import BROKEN, NOT_NOW, ToolAnswer
from domain.wishes import Write
from infra.database import DatabaseAway, engine, transaction
from infra.redis import connect
from tests.chaos.line import Line as Way
from tests.chaos.line import Mode
from tests.chaos.line import line as way
from tests.cutting import SOCKET, cut_once
from tests.voice.line import ACCOUNT, Line, line
from workers.answering import Answering

pytestmark = pytest.mark.integration


def booked(phone: Line) -> str:
    return phone.ask(
        "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
    )


def test_a_call_whose_storing_was_not_heard_of_is_looked_for_before_anything_is_said(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with (
        cut_once(database_url, after=b"INSERT INTO deliveries", at=b"COMMIT") as url,
        line(url, redis_client, redis_url) as phone,
        phone.worker(),
    ):
        said = booked(phone)

        assert "is confirmed for" in said
        assert [one.patient_id for one in phone.desk.book] == ["PAT-1001"]
        assert phone.value("SELECT count(*) FROM tool_calls") == 1
        assert phone.value("SELECT times FROM deliveries") == 2


def test_an_answer_that_cannot_be_read_when_it_comes_is_read_again(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    reading = b"SELECT id, state, answer, account_id"
    with (
        cut_once(database_url, after=reading, at=reading) as url,
        line(url, redis_client, redis_url) as phone,
        phone.worker(),
    ):
        assert "is confirmed for" in booked(phone)


@contextmanager
def away_after_sending(phone: Line, *, transactions: int) -> Iterator[None]:
    """Whoever has just sent a write finds no database so many times in a row."""
    left, submit = threading.local(), phone.desk.submit

    def sent(write: Write) -> Receipt:
        left.count = transactions
        return submit(write)

    def begun(_: Connection) -> None:
        if getattr(left, "count", 0):
            left.count -= 1
            raise DatabaseAway("the database cannot be reached")

    phone.desk.submit = sent  # type: ignore[method-assign]
    event.listen(phone.engine, "begin", begun)
    yield
    event.remove(phone.engine, "begin", begun)


def test_a_write_that_left_before_the_database_went_away_is_told_of_and_followed(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    """Neither its receipt could be kept, nor could anybody look whether it had left."""
    with (
        line(database_url, redis_client, redis_url) as phone,
        away_after_sending(phone, transactions=2),
        phone.worker(),
    ):
        said = booked(phone)

        assert "it is not final yet" in said
        assert [one.patient_id for one in phone.desk.book] == ["PAT-1001"]
        assert phone.value("SELECT told FROM pms_writes") == "requested"
        assert phone.value("SELECT count(*) FROM jobs WHERE kind = 'settle_write'") == 1


@contextmanager
def way_to(database_url: str, door: Path) -> Iterator[tuple[Way, str]]:
    """A line to the database that can be broken, and the address at its near end."""
    address = make_url(database_url)
    with way(Path(str(address.query["host"])) / SOCKET, door=door / SOCKET) as made:
        url = address.update_query_dict({"host": str(door)})
        yield made, url.render_as_string(hide_password=False)


def test_a_database_that_is_away_keeps_no_caller_without_a_word(
    database_url: str, redis_client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    patience = {"fallback_seconds": 1.0, "answer_seconds": 1.5, "last_seconds": 5.0}
    with (
        way_to(database_url, tmp_path) as (broken, url),
        line(url, redis_client, redis_url, **patience) as phone,  # type: ignore[arg-type]
    ):
        broken.turn(Mode.DROP)
        try:
            began = time.monotonic()
            said, took = booked(phone), time.monotonic() - began
        finally:
            broken.turn(Mode.WHOLE)

    assert said == BROKEN
    assert took < 6


def test_a_redis_that_is_away_keeps_no_caller_without_a_word(
    database_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """No worker is told of the call, nor would anybody hear of its answer."""
    nobody = f"unix://{tmp_path}/nobody.sock"
    with line(database_url, redis_client, nobody, fallback_seconds=1.0) as phone:
        began = time.monotonic()
        said, took = booked(phone), time.monotonic() - began

        assert phone.value("SELECT state FROM tool_calls") == "withdrawn"

    assert said == NOT_NOW
    assert took < 6


def test_a_database_that_says_nothing_more_keeps_no_caller_waiting(
    database_url: str, redis_client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    patience = {"fallback_seconds": 3.0, "answer_seconds": 3.5, "last_seconds": 4.0}
    beside = engine(database_url, application_name="beside")
    with (
        way_to(database_url, tmp_path) as (silent, url),
        line(url, redis_client, redis_url, **patience) as phone,  # type: ignore[arg-type]
        ThreadPoolExecutor(1) as caller,
    ):
        began = time.monotonic()
        heard = caller.submit(booked, phone)
        stored = 0
        while not stored and time.monotonic() < began + 3:
            with transaction(beside) as db:
                stored = db.execute(text("SELECT count(*) FROM tool_calls")).scalar_one()
        silent.turn(Mode.HALF_OPEN)
        try:
            said, took = heard.result(timeout=20), time.monotonic() - began
        finally:
            silent.turn(Mode.WHOLE)
    beside.dispose()

    assert stored == 1
    assert said == BROKEN
    assert took < 10


def test_a_worker_that_slept_past_its_lease_answers_the_call_it_has_taken_up_again(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with line(database_url, redis_client, redis_url) as phone:
        job = asked_without_a_practice(phone)
        calls = answering(phone)
        again = replace(job, fence=job.fence + 1)

        opened = [calls.open(one) for one in (job, again)]
        heard = [calls.answer(one, ToolAnswer(text="No.")) for one in (job, again)]

        assert None not in opened
        assert [phone.value("SELECT state FROM tool_calls"), heard[1]] == ["answered", False]


def test_an_answer_is_kept_where_nobody_can_be_told(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with line(database_url, redis_client, redis_url) as phone:
        job = asked_without_a_practice(phone)
        calls = answering(phone, teller=Teller(connect("redis://127.0.0.1:1/0", retries=0)))
        calls.open(job)

        is_kept = calls.answer(job, ToolAnswer(text="No."))

        assert is_kept
        assert phone.value("SELECT state FROM tool_calls") == "answered"
        assert phone.value("SELECT answer IS NOT NULL FROM tool_calls")


def answering(phone: Line, *, teller: Teller | None = None) -> Answering:
    parts = phone.parts
    return Answering(
        engine=parts.engine,
        sealer=parts.sealer,
        opener=parts.opener,
        teller=teller,
        clock=parts.clock,
        stopping=parts.stopping,
        control=parts.control,
    )


def asked_without_a_practice(phone: Line) -> Job:
    """The job of a tool call that no practice can serve, claimed."""
    new = NewToolCall(
        account_id=ACCOUNT,
        connection_id=None,
        delivery_id=None,
        call_id="call",
        tool_call_id="1",
        tool="lookup",
        arguments={},
        caller=None,
        control_url=None,
        reply_to="replies",
        deadline_at=phone.parts.clock() + timedelta(minutes=1),
        trace_id="t",
    )
    with transaction(phone.engine, account_id=ACCOUNT) as db:
        kept = tool_calls.keep(db, phone.parts.sealer, new, vendor=None)
    assert kept.job_id is not None
    job = Ledger(phone.engine, worker="tests").claim(kept.job_id)
    assert job is not None
    return job
