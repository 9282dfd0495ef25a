"""Opens a person of ours and a practice for a look among its patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from adapters.storage.jobs.ledger import guard
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import connections
from adapters.storage.two_way import patient_links
from adapters.storage.two_way.pushes import create_jobs
from domain.connections import Connection, State
from domain.desk import PatientCard, PatientQuery
from domain.errors import Refused, SyncError
from domain.jobs import Job
from domain.patient_links import Choice, Link, LinkState
from domain.pushes import NOT_WRITABLE
from domain.sources import Spend
from infra.database import transaction
from infra.sealing import Sealer
from workers.pushing import Practices


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLinking:
    """Implements `link_patient.Links` over Postgres and the PMS."""

    engine: Engine
    sealer: Sealer
    opener: Practices
    clock: Callable[[], datetime]

    def open(self, job: Job) -> "OpenLink":
        with transaction(self.engine, account_id=str(job.account_id)) as db:
            link = patient_links.load(db, self.sealer, UUID(job.args["link_id"]))
            connection = connections.load(db, link.connection_id)
        return OpenLink(self, job, link, connection)

    def gave_up(self, job: Job, error: SyncError) -> None:
        """The person can still be chosen by hand; the reason says why nobody was found."""
        opened = self.open(job)
        if opened.link.state is not LinkState.LINKED:
            opened.keep(Choice(state=LinkState.ERROR, reason=str(error)[:500]))


class OpenLink:
    """One person of ours; implements `link_patient.Linking`."""

    def __init__(self, parts: PatientLinking, job: Job, link: Link, connection: Connection) -> None:
        self.link = link
        self._parts = parts
        self._job = job
        self._connection = connection

    @property
    def is_paused(self) -> bool:
        return self._connection.state is State.INACTIVE

    def search(self, query: PatientQuery) -> Sequence[PatientCard]:
        desk = self._parts.opener.desk(self._connection)
        if desk is None:
            raise Refused(NOT_WRITABLE)
        try:
            return desk.search_patients(query)
        finally:
            self._save_spent([*desk.drain_spent()])

    def keep(self, choice: Choice) -> None:
        """What was found; whoever waits for it goes out in the same transaction."""
        account_id, at = self._connection.account_id, self._parts.clock()
        with transaction(self._parts.engine, account_id=account_id) as db:
            guard(db, self._job)
            is_kept = patient_links.chosen(
                db, self._parts.sealer, self.link, choice, account_id=account_id, by=None, at=at
            )
            waiting = patient_links.waiting(db, self._parts.sealer, self.link)
            if choice.state is LinkState.LINKED or not is_kept:
                create_jobs(db, self._connection, waiting)
            elif choice.reason is not None:
                patient_links.tell(db, self.link, waiting, choice.reason, account_id=account_id)

    def release(self) -> None:
        """They are linked already: whoever came to wait for it meanwhile goes out."""
        with transaction(self._parts.engine, account_id=self._connection.account_id) as db:
            guard(db, self._job)
            create_jobs(
                db, self._connection, patient_links.waiting(db, self._parts.sealer, self.link)
            )

    def _save_spent(self, spent: Sequence[Spend]) -> None:
        if spent:
            with transaction(self._parts.engine, account_id=self._connection.account_id) as db:
                keep_spent(db, spent)
