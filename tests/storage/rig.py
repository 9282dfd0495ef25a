"""A ledger on a real database, and what the tests need to steer and to read its rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.practices import connections
from domain.connections import State
from domain.jobs import Job, NewJob
from infra.database import dispatch, engine, transaction

ACCOUNT = "default"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def soon(seconds: float) -> datetime:
    """That many seconds from now, on the database's clock to within a few milliseconds."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


@dataclass
class Rig:
    """One database, one worker's ledger, and a view of the rows."""

    engine: Engine
    ledger: Ledger

    def put(self, kind: str = "chore", **fields: Any) -> int:
        with dispatch(self.engine) as db:
            return put(db, NewJob(kind=kind, **fields))

    def claimed(self, kind: str = "chore", **fields: Any) -> Job:
        """A job that is running."""
        job = self.ledger.claim(self.put(kind, **fields))
        assert job is not None
        return job

    def row(self, job_id: int) -> Mapping[str, Any]:
        with dispatch(self.engine) as db:
            return dict(
                db.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id})
                .mappings()
                .one()
            )

    def rows(self) -> list[Mapping[str, Any]]:
        with dispatch(self.engine) as db:
            return [
                dict(row) for row in db.execute(text("SELECT * FROM jobs ORDER BY id")).mappings()
            ]

    def state(self, job_id: int) -> str:
        return str(self.row(job_id)["state"])

    def change(self, job_id: int, **columns: Any) -> None:
        """Steer a row: what time, or a dead process, would have done to it."""
        named = ", ".join(f"{column} = :{column}" for column in columns)
        statement = text(f"UPDATE jobs SET {named} WHERE id = :id")  # noqa: S608 - test's own
        with dispatch(self.engine) as db:
            db.execute(statement, {"id": job_id, **columns})

    def lapse(self, job_id: int) -> None:
        """Its worker was killed a while ago."""
        self.change(job_id, lease_until=LONG_AGO)

    def run(self, statement: str, **values: Any) -> None:
        with dispatch(self.engine) as db:
            db.execute(text(statement), values)

    def connect(self, site: str, *, account_id: str = ACCOUNT) -> UUID:
        """A connection that can be synced."""
        new = connections.NewConnection(
            account_id=account_id,
            vendor="gentu",
            site=site,
            timezone="Australia/Melbourne",
            name=site,
            base_url=None,
            token_url=None,
            secret_ref=None,
            settings={},
            telehealth_only=False,
            state=State.ACTIVE,
        )
        with transaction(self.engine, account_id=account_id) as db:
            return connections.add(db, new)


@contextmanager
def rig_on(database_url: str) -> Iterator[Rig]:
    made = engine(database_url, application_name="tests", pool_size=12)
    yield Rig(made, Ledger(made, worker="tests"))
    made.dispose()
