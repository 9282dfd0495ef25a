"""A practice at any simulated vendor that lives on while it is synced, and is judged meanwhile."""

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from random import Random
from threading import Lock
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Engine, text

from adapters import pms
from adapters.opening import Opener
from adapters.storage.audit.audit import Access
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.practices import connections, practice_book
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import read_sheet
from domain.connections import State
from domain.jobs import JobState
from domain.limits import Budget, Outlook
from domain.runs import SyncType
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import dispatch, engine, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from simulators import serving
from simulators.clinic import Clinic
from simulators.front import Front
from simulators.gentu import GentuSimulator
from simulators.halaxy import HalaxySimulator
from simulators.life import live
from simulators.medirecords import MedirecordsSimulator
from simulators.serving import Reply, Request
from simulators.setup import Setup
from simulators.truth import truth
from tests.fakes import FakeSecrets, FakeTokens
from tests.judging import History, Tally, judge, owed
from tests.sync.practice import ACCOUNT, KEY
from workers.execution import Execution, Running
from workers.leases import keep_alive
from workers.works import Parts, works

FIRST, LAST = date(2031, 6, 3), date(2031, 6, 4)
"""Days to come, so that Halaxy's clock turns nobody into attended while we look."""

CONTROL = "/_sim/"
ATTEMPTS = 40
RETYPED = 0.05
"""The share of happenings by which an appointment becomes of another type, telehealth or not."""

_ENDED = text("SELECT status, error_message FROM pms_sync_log WHERE job_id = :id")


class Simulated(serving.Simulator, Protocol):
    front: Front

    @property
    def clinics(self) -> dict[str, Clinic]: ...

    def described(self, url: str) -> dict[str, Any]: ...


SIMULATORS: dict[str, Callable[[Setup], Simulated]] = {
    "gentu": GentuSimulator,
    "medirecords": MedirecordsSimulator,
    "halaxy": HalaxySimulator,
}


class NoLimit:
    """A vendor clock that grants at once; the simulator has no limit either."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        return system_clock()

    def pause(self, bucket: str, *, seconds: float) -> None:
        """The job waits as long as it was told; nothing else asks meanwhile."""

    def observe(self, bucket: str, **told: Any) -> None:
        """Nothing is counted here."""

    def outlook(self, budgets: Sequence[Budget], **asked: Any) -> Outlook:
        raise AssertionError("nobody asks this clock for its outlook")


class _Overheard:
    """A simulator before each of whose answers something may happen at the practice."""

    def __init__(self, simulator: Simulated) -> None:
        self.stopping = simulator.stopping
        self.before: Callable[[], None] = lambda: None
        self._simulator = simulator

    def answer(self, request: Request) -> Reply:
        if not request.path.startswith(CONTROL):
            self.before()
        return self._simulator.answer(request)


class _NoRegister:
    def alive(self) -> None:
        return

    def gone(self) -> None:
        return


@dataclass
class Living:
    """A connection with its telehealth filter on, judged at every look."""

    vendor: str
    parts: Parts
    simulator: Simulated
    connection_id: UUID
    rng: Random
    liveliness: float = 0.0  # how likely something happens before a request
    curiosity: float = 0.0  # how likely the sheet is looked at before a request
    tally: Tally = field(default_factory=Tally)
    history: History = field(default_factory=History)
    runs: Counter[str] = field(default_factory=Counter)
    _promised: int | None = None  # the mark of the last whole pass's beginning
    _lock: Lock = field(default_factory=Lock)

    @property
    def clinic(self) -> Clinic:
        (clinic,) = self.simulator.clinics.values()
        return clinic

    def note(self) -> None:
        told = truth(self.clinic, self.simulator.front.vendor.wording)
        self.history.note(owed(told, first=FIRST, last=LAST))

    def before_a_request(self) -> None:
        with self._lock:
            if self.rng.random() < self.liveliness:
                self.happen()
            if self.rng.random() < self.curiosity:
                self.look()

    def happen(self) -> None:
        if self.rng.random() < RETYPED:
            clinic = self.clinic
            row = self.rng.choice(list(clinic.appointments.values()))
            clinic.revise(replace(row, type_id=self.rng.choice(list(clinic.types))))
        else:
            live(self.clinic, 1, self.rng.random())
        self.note()

    def look(self) -> None:
        """Judge the sheet as it is now, once there is a promise."""
        if self._promised is None:
            return
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            sheet = read_sheet(
                db,
                EntrySeal(self.parts.sealer, account_id=ACCOUNT),
                account_id=ACCOUNT,
                first_day=FIRST,
                last_day=LAST,
                access=Access(user="judge"),
                connection_id=self.connection_id,
            )
        promised = self.history.since(self._promised)
        self.tally.add(judge(sheet.entries, promised, known=self.tally.shown))

    def names(self) -> dict[UUID, str | None]:
        """Whom each row on the sheet is for."""
        query = text("SELECT * FROM run_sheet_appointments WHERE removed_at IS NULL")
        seal = EntrySeal(self.parts.sealer, account_id=ACCOUNT)
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            rows = db.execute(query).mappings().all()
        return {row["id"]: seal.values(row)["patient_name"] for row in rows}

    def rejected(self) -> set[str]:
        """Where what the last run could not read stood."""
        query = text(
            "SELECT path FROM pms_rejects WHERE run_id ="
            " (SELECT id FROM pms_sync_log ORDER BY started_at DESC LIMIT 1)"
        )
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            return set(db.execute(query).scalars())

    def sync(self) -> str:
        """One pass as the timetable would have it; where it asks a person, the person agrees."""
        status, message = self._run(allow_removals=False)
        if "--allow-removals" in message:
            status, message = self._run(allow_removals=True)
        return status

    def record(self) -> UUID:
        """One pass that is recorded, whatever comes of it; its run."""
        job_id = self._put(sync_type=SyncType.MANUAL, record=True)
        self._carry(job_id)
        query = text("SELECT id FROM pms_sync_log WHERE job_id = :id")
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            run_id: UUID = db.execute(query, {"id": job_id}).scalar_one()
        self._sign_in_again()
        return run_id

    def _run(self, *, allow_removals: bool) -> tuple[str, str]:
        began = self.history.now()
        job_id = self._put(allow_removals=allow_removals)
        self._carry(job_id)
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            run = db.execute(_ENDED, {"id": job_id}).one()
        self.runs[run.status] += 1
        with self._lock:
            if run.status == "success":
                self.runs["whole"] += 1
                self._promised = began
            self.look()
        self._sign_in_again()
        return str(run.status), run.error_message or ""

    def _put(self, **options: Any) -> int:
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor=self.vendor,
            first_day=FIRST,
            last_day=LAST,
            **options,
        )
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            return put(db, job)

    def _carry(self, job_id: int) -> None:
        """To its end; a job that waits or backs off is due at once, for time is not judged here."""
        running = Running()
        ledger = Ledger(self.parts.engine, worker="living")
        execution = Execution(
            ledger=ledger,
            works=works(self.parts),
            running=running,
            stopping=self.parts.stopping,
            clock=self.parts.clock,
            chance=self.rng.random,
        )
        done = Stopping()
        beats = keep_alive(ledger, _NoRegister(), running, done)
        try:
            for _ in range(ATTEMPTS):
                if execution.run(job_id) is not JobState.READY:
                    return
                with dispatch(self.parts.engine) as db:
                    due = text("UPDATE jobs SET due_at = now() WHERE id = :id")
                    db.execute(due, {"id": job_id})
        finally:
            done.ask()
            beats.join()
        raise AssertionError(f"job {job_id} has not ended after {ATTEMPTS} attempts")

    def _sign_in_again(self) -> None:
        """What a person does whose PMS refused a good token: nothing was wrong with it."""
        asked = text(
            "UPDATE pms_connections SET state = 'ACTIVE' WHERE id = :id AND state = 'NEEDS_SIGN_IN'"
        )
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            self.runs["signed in"] += db.execute(asked, {"id": self.connection_id}).rowcount


@contextmanager
def living(
    database_url: str, vendor: str, *, setup: Setup, seed: int, settings: dict[str, Any]
) -> Iterator[Living]:
    """A connected practice; nothing happens there yet."""
    simulator = SIMULATORS[vendor](replace(setup, days=(FIRST, LAST), limits=()))
    heard = _Overheard(simulator)
    db = engine(database_url, application_name="tests", pool_size=10)
    with serving.running(heard) as url:
        secrets = FakeSecrets()
        opener = Opener(
            secrets=secrets, tokens=FakeTokens(), throttle=NoLimit(), clock=system_clock
        )
        parts = Parts(
            engine=db,
            sealer=Sealer(Keyring.from_hex(KEY)),
            opener=opener,
            clock=system_clock,
            stopping=Stopping(),
        )
        connection_id = _connect(db, vendor, simulator, url, secrets, settings)
        clinic = Living(vendor, parts, simulator, connection_id, Random(seed))  # noqa: S311
        clinic.note()
        heard.before = clinic.before_a_request
        yield clinic
        opener.close()
    db.dispose()


def _connect(
    db: Engine,
    vendor: str,
    simulator: Simulated,
    url: str,
    secrets: FakeSecrets,
    settings: dict[str, Any],
) -> UUID:
    described = simulator.described(url)
    (tenant,) = described["tenants"]
    with urllib.request.urlopen(f"{url}{CONTROL}credentials") as answer:  # noqa: S310
        told = json.load(answer)
    ref = secrets.put(vendor, {key: told[key] for key in pms.vendor(vendor).secrets})
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor=vendor,
        site=str(tenant["tenantId"]),
        timezone=str(tenant["timezone"]),
        base_url=described["base_url"],
        token_url=described.get("token_url"),
        secret_ref=ref,
        settings={"map_all": True, **settings},
        telehealth_only=True,
        state=State.ACTIVE,
    )
    with transaction(db, account_id=ACCOUNT) as session:
        connections.add(session, new)
        stored = connections.load(session, new.id)
        practice_book.mark_telehealth(session, stored, tenant["telehealth_type_ids"])
    return new.id
