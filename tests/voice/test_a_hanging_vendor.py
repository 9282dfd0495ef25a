"""A practice whose system takes every question and answers none: callers hear so in time."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import redis
from sqlalchemy import text

from adapters.opening import Opener
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.tools import NOT_NOW, NOT_REACHED, TOO_MANY
from infra import database
from infra.clock import system_clock
from producers.callers import ANSWER_SECONDS, FALLBACK_SECONDS
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.voice.line import ACCOUNT, ANN, SECRET, Line, line
from workers.tools import modules

pytestmark = pytest.mark.integration

AT_ONCE = 20
HARD_STOP_SECONDS = 18.0
WORKERS = 8
THREADS = 4
SPARE_SECONDS = 10.0
"""A request that nobody bounds would wait longer than this after the callers hung up."""

SAID = {NOT_NOW, NOT_REACHED.format(left="nothing was changed"), TOO_MANY}
"""What is so, whatever becomes of the practice's system afterwards."""


class Hole:
    """A server that accepts whoever comes, and says nothing until it closes."""

    def __init__(self) -> None:
        self._taken: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/v4"
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        for one in (self._server, *self._taken):
            with suppress(OSError):  # whoever came may be gone
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._taken.append(self._server.accept()[0])


@pytest.fixture
def hole() -> Iterator[Hole]:
    made = Hole()
    yield made
    made.close()


@pytest.fixture
def phone(
    hole: Hole, database_url: str, redis_client: redis.Redis, redis_url: str
) -> Iterator[Line]:
    """With the patience of the product, and Sikka's own desk in front of the hole."""
    with line(
        database_url,
        redis_client,
        redis_url,
        fallback_seconds=FALLBACK_SECONDS,
        answer_seconds=ANSWER_SECONDS,
        calls_a_minute=10_000,
    ) as made:
        secrets = FakeSecrets()
        held = {"office_id": "D1", "secret_key": "s", "app_id": "a", "app_key": "k"}
        with database.transaction(made.engine, account_id=ACCOUNT) as db:
            values = {"url": hole.url, "ref": secrets.put("sikka", held)}
            db.execute(
                text("UPDATE pms_connections SET base_url = :url, secret_ref = :ref"), values
            )
        opener = Opener(
            secrets=secrets,
            tokens=FakeTokens(),
            throttle=RedisThrottle(redis_client, StoredSpent(made.engine)),
            clock=system_clock,
        )
        made.parts = replace(made.parts, opener=opener)
        yield made
        opener.close()


async def ask(client: httpx.AsyncClient, phone: Line, tool: str) -> str:
    """What one caller hears; a caller hangs up by then, and that is the failure."""
    told = {
        "firstName": "Ann", "lastName": "Ames", "dateOfBirth": "1985-03-02", "phone": ANN,
        "date": phone.day.isoformat(), "time": "9:00", "appointmentId": "1", "patientId": "1",
        "note": "late", "amount": 10, "email": "ann@example.com",
    }  # fmt: skip
    message = phone.message([("a", tool, told)])
    message["message"]["call"]["id"] = uuid4().hex
    answer = await client.post(
        f"{phone.client.base_url}/vapi/webhook", json=message, headers={"X-Vapi-Secret": SECRET}
    )
    assert answer.status_code == 200
    (entry,) = answer.json()["results"]
    return str(entry.get("result") or entry["error"])


async def everybody(phone: Line, tools: Sequence[str]) -> Sequence[str]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=HARD_STOP_SECONDS, verify=NO_TLS) as client:
        return await asyncio.gather(*(ask(client, phone, tool) for tool in tools))


def test_every_call_of_every_tool_is_answered_while_the_vendor_hangs(
    phone: Line, hole: Hole
) -> None:
    asking = [name for name in modules() if name != "transfer-to-human"] * AT_ONCE

    with ExitStack() as workers:
        for _ in range(WORKERS):
            workers.enter_context(phone.worker())
        heard = Counter(asyncio.run(everybody(phone, asking)))
        hole.close()

    assert heard.keys() <= SAID
    assert heard.total() == len(asking)
    assert phone.rows("SELECT state FROM pms_writes WHERE state <> 'withdrawn'") == []
    assert phone.rows("SELECT 1 FROM slot_holds") == []
    assert phone.rows("SELECT 1 FROM tool_calls WHERE state IN ('waiting', 'claimed')") == []


def test_a_practice_that_hangs_gives_the_workers_back_to_other_practices(
    phone: Line, hole: Hole
) -> None:
    with phone.worker():
        asyncio.run(everybody(phone, ["search-patients"] * THREADS))
        nobody_waits = time.monotonic() + SPARE_SECONDS
        while phone.rows("SELECT 1 FROM jobs WHERE state = 'running'"):
            assert time.monotonic() < nobody_waits
            time.sleep(0.1)
