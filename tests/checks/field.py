"""Practices of a hundred pages a day, and workers whose runs are interrupted."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import text

from adapters.secrets.file import FileSecretStore
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from domain.connections import State
from domain.runs import SyncType
from domain.work import sync_job
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from simulators.medirecords import MedirecordsSimulator
from simulators.serving import running
from simulators.setup import Setup
from simulators.truth import truth
from tests.checks.ground import Kept
from tests.checks.trials import trials
from tests.e2e.stack import Stack, stack
from tests.plain import NO_TLS
from tests.sync.practice import ACCOUNT, KEY
from tests.sync.test_a_day import assert_equals_the_pms

SEED = 20261121
PAGES = trials(30, 100)
LAST_PAGES = 5
"""Near the end of a run it may be over before it can be interrupted."""

DAYS = tuple(date(2026, 6, 2) + timedelta(days=number) for number in range(trials(2, 6)))
"""Every second run of a day finds nothing new, and so stores its place less often."""

LATENCY_MS = 5
ZONE = ZoneInfo("Australia/Melbourne")
STOP_SECONDS = 30.0
Asked = Sequence[tuple[str, str]]


@dataclass
class Field:
    """A practice with a listing of one page for each practitioner, and two workers."""

    running: Stack
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - a test's dice
    workers: list[Kept] = field(default_factory=list)
    runs: int = 0

    def sync(self) -> int:
        """A run over the next day's hundred pages."""
        self.until_two_work()
        self.running.clinic.day = self.next_day()
        return self.running.clinic.put_sync()

    def next_day(self) -> date:
        self.runs += 1
        return DAYS[(self.runs - 1) % len(DAYS)]

    def until_two_work(self) -> None:
        self.running.wait_for(lambda: self.running.workers_alive() >= 2, seconds=60)

    def row(self, job_id: int) -> Any:
        query = text("SELECT *, lease_until < now() AS is_lapsed FROM jobs WHERE id = :id")
        with dispatch(self.running.clinic.engine) as db:
            return db.execute(query, {"id": job_id}).one()

    def page(self, job_id: int) -> int:
        """How many it had done when it last stored its place."""
        stored = self.row(job_id).checkpoint
        return len(stored.get("done", ())) + int(stored.get("page", 0))

    def until_a_page(self, job_id: int) -> None:
        """Any page but the very last ones."""
        least = self.dice.randrange(1, PAGES - LAST_PAGES)
        self.running.wait_for(lambda: self.page(job_id) >= least, seconds=60)

    def until_tried_again(self, job_id: int, attempts: int) -> float:
        """Until another attempt than those has begun; answers how long that took."""
        return self.running.wait_for(lambda: self.row(job_id).attempts > attempts, seconds=60)

    def until_told(self, held: Kept, event: bytes) -> None:
        self.running.wait_for(lambda: event in held.told(), seconds=60)

    def until_gone(self, held: Kept) -> float:
        return self.running.wait_for(lambda: held.code is not None, seconds=2 * STOP_SECONDS)

    def holder(self, job_id: int) -> Kept:
        """Who carries it."""
        pid = int(self.row(job_id).worker.split(":")[1])
        return next(one for one in self.workers if one.pid == pid)

    def worker(self) -> None:
        number = self.runs + len(self.workers)
        log = (self.running.home / f"unlimited-{number}.log").open("ab")
        made = Kept(("tests.checks.unlimited",), self.running.environment, log)
        made.keep_up()
        self.workers.append(made)

    def replace(self, gone: Kept) -> None:
        """What a supervisor does."""
        gone.log.close()
        self.workers.remove(gone)
        self.worker()

    def stop(self) -> None:
        for one in self.workers:
            one.kill()
            one.log.close()

    def lapse(self, job_id: int) -> None:
        """The ten seconds of its lease, in which nothing happens, have gone by."""
        with dispatch(self.running.clinic.engine) as db:
            db.execute(
                text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = :id"),
                {"id": job_id},
            )

    def ended(self, job_id: int) -> None:
        self.until_ended(job_id)
        assert_equals_the_pms(self.running.clinic)

    def until_ended(self, job_id: int) -> None:
        self.running.wait_for(lambda: self.running.ended(job_id), seconds=90)
        assert self.running.clinic.run_of(job_id)["status"] in {"success", "partial"}

    def kill_at_a_page(self, job_id: int, *, rows: int) -> Kept:
        """What the stored place says was written is on the sheet, beside as many rows as before."""
        self.until_a_page(job_id)
        held = self.holder(job_id)
        held.kill()
        assert self.counted(job_id) == self.running.saved() - rows
        return held

    def counted(self, job_id: int) -> int:
        """How many new rows its stored place says were written."""
        return int(self.row(job_id).checkpoint["counts"].get("created", 0))

    def requests(self) -> list[tuple[str, str]]:
        """Every page asked for so far, by what was asked."""
        told = self.running.clinic.control("requests")["requests"]
        return [(one["path"], str(one["query"])) for one in told if "appointments" in one["path"]]


@contextmanager
def in_the_field() -> Iterator[Field]:
    setup = Setup(
        seed=5,
        practitioners=PAGES,
        appointments=2 * PAGES,
        days=DAYS,
        limits=(),
        latency_ms=LATENCY_MS,
    )
    with stack(setup=setup) as running_stack:
        running_stack.scheduler()
        made = Field(running_stack)
        made.worker()
        made.worker()
        try:
            yield made
        finally:
            made.stop()


@dataclass(frozen=True, slots=True)
class LongListing:
    """A second practice in the same field: all of a day in one listing, whose places keep."""

    practice: Field
    simulator: MedirecordsSimulator
    connection_id: UUID

    def sync(self) -> int:
        self.practice.until_two_work()
        day = self.practice.next_day()
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor="medirecords",
            first_day=day,
            last_day=day,
            sync_type=SyncType.MANUAL,
        )
        with transaction(self.practice.running.clinic.engine, account_id=ACCOUNT) as db:
            return put(db, job)

    def is_shown_whole(self) -> bool:
        """Every appointment of the days read so far, under its own time."""
        (clinic,) = self.simulator.clinics.values()
        told = truth(clinic, self.simulator.front.vendor.wording)
        held = {
            (one["id"], datetime.fromisoformat(one["start_utc"])) for one in told["appointments"]
        }
        query = text(
            "SELECT DISTINCT pms_appointment_id AS id, appointment_time AS start"
            " FROM run_sheet_appointments WHERE pms_connection_id = :id AND removed_at IS NULL"
        )
        with transaction(self.practice.running.clinic.engine, account_id=ACCOUNT) as db:
            shown = {(row.id, row.start) for row in db.execute(query, {"id": self.connection_id})}
        days = {start.astimezone(ZONE).date() for _, start in shown}
        return shown == {
            (id_, start) for id_, start in held if start.astimezone(ZONE).date() in days
        }

    def requests(self) -> list[tuple[str, str]]:
        return [
            (one.path, one.query)
            for one in self.simulator.front.arrivals.all()
            if one.path.endswith("/appointments")
        ]


@contextmanager
def long_listing(practice: Field) -> Iterator[LongListing]:
    """A page holds one appointment, so that a hundred make a hundred pages."""
    setup = Setup(seed=5, appointments=PAGES, days=DAYS, limits=(), latency_ms=LATENCY_MS)
    simulator = MedirecordsSimulator(setup)
    with running(simulator) as url:
        (tenant,) = simulator.described(url)["tenants"]
        store = FileSecretStore(practice.running.home, Sealer(Keyring.from_hex(KEY)))
        token = httpx.get(f"{url}/_sim/credentials", verify=NO_TLS).json()["token"]
        new = connections.NewConnection(
            account_id=ACCOUNT,
            vendor="medirecords",
            site=str(tenant["tenantId"]),
            timezone=str(tenant["timezone"]),
            name="Long Listing",
            base_url=url,
            secret_ref=store.put("medirecords/default/listing", {"token": token}),
            settings={"map_all": True, "page_size": "1"},
            telehealth_only=False,
            state=State.ACTIVE,
        )
        with transaction(practice.running.clinic.engine, account_id=ACCOUNT) as db:
            connections.add(db, new)
            db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))
        yield LongListing(practice, simulator, new.id)


def again(pages: Asked) -> int:
    """How many of them had been asked for before."""
    return len(pages) - len(set(pages))
