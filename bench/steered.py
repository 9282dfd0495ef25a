"""One steered time for everything that keeps time, so that a week passes in minutes.

Redis, Postgres, every process of ours and the vendor's simulator run at the pace of real time, all
ahead of it by the same amount. Nothing is sped up: between its grant and the vendor's door a call
takes as long as it does, and so do two grants from one another. What is left out is waiting. When
nothing runs but what waits for the clock, all are moved on together to the next instant at which
anything is due. The simulator is moved first and Redis, which grants, last: whoever is granted a
call at the new time finds the vendor there already; and no call is under way meanwhile.

- Redis: the key that a clock with `test_time` reads, see `adapters.throttle.steering`.
- Postgres: `now()` of a schema that this database's sessions look in before the server's own.
- Our processes: their clock asks Redis; what a handler waits for in its thread is told there too.
- The simulator: the distance from real time that its control endpoint takes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
from redis import Redis
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import CHANNEL
from adapters.throttle.instants import from_micros, to_micros
from adapters.throttle.steering import lead, steered
from infra.clock import system_clock
from infra.database import transaction
from infra.stopping import Stopping

ASLEEP = "bench:asleep"
NAP_SECONDS = 0.005
TIMEOUT = 60.0

_OWN_NOW = """
CREATE SCHEMA steered;
CREATE TABLE steered.clock (ahead interval NOT NULL);
INSERT INTO steered.clock VALUES ('0');
CREATE FUNCTION steered.now() RETURNS timestamptz STABLE LANGUAGE sql
  AS 'SELECT pg_catalog.now() + (SELECT ahead FROM steered.clock)';
GRANT USAGE ON SCHEMA steered TO PUBLIC;
GRANT SELECT ON steered.clock TO PUBLIC;
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = public, steered, pg_catalog',
                 current_database());
END $$;
"""
_AHEAD = text("UPDATE steered.clock SET ahead = :ahead")
# Whoever lives has not been silent for longer because the time was moved on.
_LIVING = text("UPDATE workers SET seen_at = seen_at + :leap")
_LEASED = text(
    """
    UPDATE jobs SET lease_until = lease_until + :leap, started_at = started_at + :leap
    WHERE state = 'running'
    """
)
_WAKE = text(f"NOTIFY {CHANNEL}")


def prepare(database_url: str, *, more: str = "") -> None:
    """Give an empty database a `now()` that can be moved on; before its tables are made.

    `more` is what a bench of another sort adds to it.
    """
    plain = database_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute((_OWN_NOW + more).encode())


@dataclass(slots=True)
class Time:
    """All clocks together, in the hand of whoever runs the bench."""

    redis: Redis
    engine: Engine
    simulator_url: str
    ahead: timedelta = timedelta()
    leaps: int = 0

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def start_at(self, instant: datetime) -> None:
        self.leap(instant - self())

    def leap(self, by: timedelta) -> None:
        self.ahead, self.leaps = self.ahead + by, self.leaps + 1
        told = {"offset_seconds": self.ahead.total_seconds()}
        url = f"{self.simulator_url}/_sim/clock"
        httpx.post(url, json=told, timeout=TIMEOUT, trust_env=False).raise_for_status()
        with transaction(self.engine) as db:
            db.execute(_AHEAD, {"ahead": self.ahead})
            db.execute(_LIVING, {"leap": by})
            db.execute(_LEASED, {"leap": by})
            db.execute(_WAKE)
        lead(self.redis, ahead=self.ahead)

    def sleepers(self) -> list[datetime]:
        """Until when the threads that wait for the clock do so."""
        return [from_micros(int(until)) for until in self.redis.hvals(ASLEEP)]


@dataclass(frozen=True, slots=True)
class SteeredStopping(Stopping):
    """A process's stopping whose waits pass by the steered time, and are told."""

    redis: Redis = field(kw_only=True)

    def wait(self, seconds: float) -> None:
        until = steered(self.redis) + timedelta(seconds=seconds)
        with self._told(until):
            while steered(self.redis) < until:
                Stopping.wait(self, NAP_SECONDS)

    @contextmanager
    def _told(self, until: datetime) -> Iterator[None]:
        name = uuid4().hex
        self.redis.hset(ASLEEP, name, str(to_micros(until)))
        try:
            yield
        finally:
            self.redis.hdel(ASLEEP, name)


def clock_over(redis: Redis) -> Callable[[], datetime]:
    """The steered clock of a process."""
    return lambda: steered(redis)
