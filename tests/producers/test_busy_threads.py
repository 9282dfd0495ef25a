"""What is answered while every thread of the pages waits, as when the database hangs."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.vapi.verifying import short_plans
from domain.errors import Transient
from infra import database
from infra.settings import Settings
from producers.callers import FALLBACK_SECONDS, LAST_SECONDS, Voice
from producers.main import CONNECTIONS, GRACE_SECONDS, PAGES, SWITCH_SECONDS, create_app, ports_from
from producers.ports import Ports
from tests.producers.conftest import Site
from tests.security.test_openapi import practice_with_a_desk
from tests.webhooks.forging import SECRET

pytestmark = pytest.mark.integration

Made = Callable[..., Site]
PEOPLE, EACH = 15, 4
LOCAL = "127.0.0.1"
RINGS = {"message": {"type": "status-update", "status": "in-progress", "call": {"id": "rings"}}}
FREE_TIMES = "/api/pms/appointments/availability?date=2026-11-24"
_WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """With as many connections as the ingress has, for which nobody waits for ever."""
    made = database.engine(database_url, application_name="tests", pool_size=CONNECTIONS)
    yield made
    made.dispose()


def while_all_wait(ports: Ports, method: str, path: str) -> httpx.Response:
    async def scene() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(ports))
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        async with threads, httpx.AsyncClient(transport=transport, base_url="http://in") as client:
            return await asyncio.wait_for(client.request(method, path), timeout=15)

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("POST", "/vapi/webhook", 401),
        ("POST", "/vapi/tools/book-appointment", 401),
    ],
    ids=["whether it lives", "metrics", "callers", "callers of one tool"],
)
def test_probes_and_callers_wait_for_no_thread_of_the_pages(
    make_site: Made, method: str, path: str, status: int
) -> None:
    assert while_all_wait(make_site().ports, method, path).status_code == status


def test_callers_find_a_connection_while_all_people_wait_for_the_database(
    make_site: Made, database_url: str, redis_url: str
) -> None:
    plans = short_plans(SECRET, allow_bare=False)
    voice = Voice(
        plans=plans,
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url),
        answer_seconds=0.1,
    )
    site, proof = make_site(voice=voice), {"X-Vapi-Secret": SECRET}
    practice_with_a_desk(site)
    other = database.engine(database_url, application_name="tests", pool_size=1)

    def opened(number: int) -> int:
        by = site.bearer(claims={"sub": f"person {number % PEOPLE}"})
        return site.client.get("/api/conflicts", headers=by, timeout=60).status_code

    with ThreadPoolExecutor(PEOPLE * EACH) as people:
        with database.transaction(other) as db:
            db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            db.execute(text("LOCK TABLE run_sheet_conflicts"))
            opening = [people.submit(opened, number) for number in range(PEOPLE * EACH)]
            until_they_wait(db)
            told = site.client.post("/vapi/webhook", json=RINGS, headers=proof, timeout=5)
            asked = site.client.get(FREE_TIMES, headers=proof, timeout=5)
        seen = {one.result() for one in opening}
    other.dispose()

    assert (told.status_code, asked.status_code, seen) == (200, 503, {200})


def until_they_wait(db: Db) -> None:
    """As many as may; more could not be, and would show here."""
    ends = time.monotonic() + 60
    while db.execute(_WAITING).scalar_one() < PAGES:
        assert time.monotonic() < ends


def test_threads_that_compute_let_a_caller_in_soon(make_site: Made) -> None:
    sys.setswitchinterval(0.005)

    assert make_site().client.get("/healthz").status_code == 200

    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)


def test_an_ingress_that_is_told_to_stop_lets_callers_hear_their_answer() -> None:
    assert GRACE_SECONDS > LAST_SECONDS


def test_a_redis_that_stands_still_is_given_up_while_the_caller_still_listens(
    database_url: str, tmp_path: Path
) -> None:
    with socket.create_server((LOCAL, 0)) as silent:
        urls: dict[str, Any] = {
            "PMS_SYNC_HOME": tmp_path,
            "database_url": database_url,
            "redis_url": f"redis://{LOCAL}:{silent.getsockname()[1]}/0",
            "encryption_key": "ab" * 32,
        }
        ports = ports_from(Settings(_env_file=None, **urls))
        assert ports.voice is not None
        began = time.monotonic()

        with pytest.raises(Transient):
            ports.voice.announcer.announce("voice", [1])

        assert time.monotonic() - began < FALLBACK_SECONDS
