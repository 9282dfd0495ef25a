"""How many workers the queries of KEDA ask for, over a real ledger, by a role that only reads."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from infra import database
from tests.deployment.test_kubernetes import SCALED, SCALER

pytestmark = pytest.mark.integration

_JOB = text(
    """
    INSERT INTO jobs (kind, queue, vendor, state, due_at, trace_id)
    SELECT :kind || n, :queue, :vendor, :state, now() - make_interval(secs => :age), 'trace'
    FROM generate_series(1, :count) AS n
    """
)
_WORKERS = text(
    """
    INSERT INTO workers (id, pool, queues, threads)
    SELECT :pool || n, :pool, ARRAY[:pool], 8 FROM generate_series(1, :count) AS n
    """
)
Asked = Callable[[str], float]


@pytest.fixture
def db(database_url: str) -> Iterator[Db]:
    engine: Engine = database.engine(database_url, application_name="tests")
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM workers"))
        for statement in SCALER:
            connection.exec_driver_sql(statement)
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def asked(db: Db) -> Asked:
    """What a pool's query answers the role that KEDA signs in as."""

    def ask(pool: str) -> float:
        query = SCALED[f"ScaledObject/worker-{pool}"]["triggers"][0]["metadata"]["query"]
        db.execute(text("SET LOCAL ROLE pms_sync_scaler"))
        found = db.exec_driver_sql(query).scalar_one()
        db.execute(text("RESET ROLE"))
        return float(found)

    return ask


def put(db: Db, queue: str, count: int, **more: Any) -> None:
    values = {"kind": "kind", "vendor": None, "state": "ready", "age": 0.0} | more
    db.execute(_JOB, {"queue": queue, "count": count, **values})


def there(db: Db, pool: str, count: int) -> None:
    db.execute(_WORKERS, {"pool": pool, "count": count})


@pytest.mark.parametrize("pool", ["voice", "sync", "default"])
def test_nothing_to_do_asks_for_nobody(asked: Asked, pool: str) -> None:
    assert asked(pool) == 0


def test_the_older_the_queue_the_more_workers(db: Db, asked: Asked) -> None:
    there(db, "sync", 2)
    put(db, "sync", 80, vendor="medirecords", age=30)

    assert asked("sync") == pytest.approx(2, rel=0.05)
    put(db, "sync", 1, vendor="medirecords", age=60)
    assert asked("sync") == pytest.approx(4, rel=0.05)


def test_no_more_than_the_budgets_can_feed(db: Db, asked: Asked) -> None:
    there(db, "sync", 4)
    put(db, "sync", 500, vendor="gentu", age=600)

    # One budget of 60 a minute for all of its practices: one thread of eight.
    assert asked("sync") == 1 / 8
    put(db, "sync", 3, vendor="halaxy", age=600)
    assert asked("sync") == (1 + 3) / 8
    put(db, "sync", 500, vendor="halaxy", age=600)
    assert asked("sync") == (1 + 9) / 8


def test_a_practice_with_a_budget_of_its_own_counts_by_itself(db: Db, asked: Asked) -> None:
    there(db, "sync", 4)
    put(db, "sync", 40, vendor="medirecords", age=600)

    assert asked("sync") == 40 / 8


def test_what_waits_for_a_budget_asks_for_nobody(db: Db, asked: Asked) -> None:
    put(db, "sync", 50, vendor="medirecords", age=-45)

    assert asked("sync") == 0


def test_a_caller_who_waits_a_second_is_one_too_many(db: Db, asked: Asked) -> None:
    there(db, "voice", 2)
    put(db, "voice", 20, age=2)

    assert asked("voice") == pytest.approx(4, rel=0.05)
    put(db, "voice", 1, age=60)
    assert asked("voice") == 21 / 4


def test_the_rest_may_wait_a_minute(db: Db, asked: Asked) -> None:
    there(db, "default", 1)
    put(db, "default", 100, age=120)

    assert asked("default") == pytest.approx(2, rel=0.05)
