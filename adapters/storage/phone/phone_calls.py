"""Phone calls: whether one goes on, and what it has proved so far, sealed while it lasts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, Row, TextClause, text

from adapters.storage.phone import call_backs
from domain.appointments import Patient
from domain.desk import PatientCard
from domain.names import display
from infra.clock import system_clock
from infra.database import transaction
from infra.sealing import Sealer

TABLE = "phone_calls"
A_DAY, A_MOMENT = timedelta(days=1), timedelta(minutes=5)
MOST_OF_A_NUMBER, MOST_OF_THE_UNKNOWN = 12, 100
_NAMED = ("pms_id", "first_name", "last_name", "date_of_birth")

_READ = text("SELECT proofs FROM phone_calls WHERE account_id = :account_id AND call_id = :call_id")
_LOCKED = text(f"{_READ.text} FOR UPDATE")
_SEEN = text(
    """
    INSERT INTO phone_calls (account_id, call_id) VALUES (:account_id, :call_id)
    ON CONFLICT DO NOTHING
    """
)
_PROVE = text(
    """
    UPDATE phone_calls SET proofs = :proofs, seen_at = now()
    WHERE account_id = :account_id AND call_id = :call_id
    """
)
_ATTEMPT = text(
    """
    INSERT INTO phone_calls (account_id, call_id, attempts) VALUES (:account_id, :call_id, 1)
    ON CONFLICT (account_id, call_id) DO UPDATE SET
      attempts = phone_calls.attempts + 1, seen_at = now()
    RETURNING attempts
    """
)
_ATTEMPTS = text(
    "SELECT attempts FROM phone_calls WHERE account_id = :account_id AND call_id = :call_id"
)
_WRONG = text(
    """
    SELECT call.attempts, asked.id, asked.caller
    FROM phone_calls AS call LEFT JOIN LATERAL (
      SELECT id, caller FROM tool_calls
      WHERE account_id = call.account_id AND call_id = call.call_id AND caller IS NOT NULL
      ORDER BY created_at DESC LIMIT 1) AS asked ON true
    WHERE call.account_id = :account_id AND call.attempts > 0 AND call.seen_at > :since
    """
)
_TAKEN_BACK = text(
    """
    UPDATE phone_calls SET attempts = GREATEST(attempts - 1, 0)
    WHERE account_id = :account_id AND call_id = :call_id
    """
)


_UNDER_WAY = text(
    """
    SELECT asked.id, asked.caller, asked.connection_id
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
      SELECT id, caller, connection_id, created_at FROM tool_calls
      WHERE account_id = :account_id AND call_id = :call_id AND NOT starts_with(tool, 'api.')
      ORDER BY created_at DESC LIMIT 1) AS asked ON true
    LEFT JOIN phone_calls AS call ON call.account_id = :account_id AND call.call_id = :call_id
    WHERE call.ended_at IS NULL AND (asked.created_at > :since OR call.seen_at > :since)
    """
)


_ENDED = text(
    """
    SELECT FROM phone_calls
    WHERE account_id = :account_id AND call_id = :call_id AND ended_at IS NOT NULL
    """
)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A phone call that goes on; the number that calls and the practice, where they are known."""

    id: str
    caller: str | None = field(default=None, repr=False)
    connection_id: UUID | None = None


def has_ended(db: Db, *, account_id: str, call_id: str) -> bool:
    """Whether its end was reported."""
    return db.execute(_ENDED, {"account_id": account_id, "call_id": call_id}).first() is not None


def under_way(
    db: Db, sealer: Sealer, *, account_id: str, call_id: str, since: datetime
) -> UnderWay | None:
    """The call, if anything was heard of it since then and not that it has ended."""
    values = {"account_id": account_id, "call_id": call_id, "since": since}
    row = db.execute(_UNDER_WAY, values).first()
    if row is None:
        return None
    if row.caller is None:
        return UnderWay(call_id, connection_id=row.connection_id)
    place = {"table": "tool_calls", "column": "caller", "row": row.id, "account": account_id}
    caller, _ = json.loads(sealer.open(row.caller, **place))
    return UnderWay(call_id, caller, row.connection_id)


class StoredProofs:
    """Implements `domain.tools.Proofs` for one call of one connection's account.

    `caller` is the number that calls, where it is one caller's own.
    """

    def __init__(  # noqa: PLR0913 - whose call it is, and where it is kept
        self,
        engine: Engine,
        sealer: Sealer,
        *,
        account_id: str,
        connection_id: UUID,
        call_id: str,
        caller: str | None = None,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._engine = engine
        self._sealer = sealer
        self._account = account_id
        self._connection = str(connection_id)
        self._registered = f"{connection_id} registered"
        self._number_looked_for = f"{connection_id} number"
        self._owner = {"account_id": account_id, "call_id": call_id}
        self._seen: dict[str, list[Any]] = {}

    @property
    def patient_ids(self) -> frozenset[str]:
        """Patients of this practice the caller has proved to be, or to speak for."""
        with transaction(self._engine, account_id=self._account) as db:
            return frozenset(self._proofs(db, _READ).get(self._connection, ()))

    def prove(self, patient_ids: frozenset[str], *, behind: str | None = None) -> None:
        with transaction(self._engine, account_id=self._account) as db:
            self._prove(db, patient_ids, behind=behind)

    def has_looked_behind(self, number: str) -> bool:
        """As of the last look at what is proved, which whoever asks this has just had."""
        told, at = self._seen.get(self._number_looked_for, (None, None))
        if at is None or told != number:
            return False
        return self._clock() - datetime.fromisoformat(at) < A_MOMENT

    @property
    def registered(self) -> Mapping[str, PatientCard]:
        """Whom this call has registered at this practice, by name and birthday."""
        with transaction(self._engine, account_id=self._account) as db:
            rows = self._proofs(db, _READ).get(self._registered, ())
        cards = [_card(dict(one)) for one in rows]
        return {one.patient.pms_id: one for one in cards}

    def register(self, card: PatientCard) -> None:
        with transaction(self._engine, account_id=self._account) as db:
            self._prove(db, frozenset({card.patient.pms_id}), card)

    @property
    def attempts(self) -> int:
        with transaction(self._engine, account_id=self._account) as db:
            return db.execute(_ATTEMPTS, self._owner).scalar() or 0

    @property
    def is_barred(self) -> bool:
        """Who hangs up after three wrong answers and calls again has not three more for ever.

        Those of all callers without a number of their own count together, and so for more.
        """
        values = {"account_id": self._account, "since": self._clock() - A_DAY}
        with transaction(self._engine, account_id=self._account) as db:
            rows = db.execute(_WRONG, values).all()
            wrong: int = sum(row.attempts for row in rows if self._number(row) == self._caller)
        return wrong > (MOST_OF_A_NUMBER if self._caller else MOST_OF_THE_UNKNOWN)

    def attempt(self) -> int:
        """Counted in one statement, so that guesses made at once count each."""
        with transaction(self._engine, account_id=self._account) as db:
            return int(db.execute(_ATTEMPT, self._owner).scalar_one())

    def believed(self, patient_ids: frozenset[str]) -> None:
        with transaction(self._engine, account_id=self._account) as db:
            self._prove(db, patient_ids)
            db.execute(_TAKEN_BACK, self._owner)

    def _prove(
        self,
        db: Db,
        patient_ids: frozenset[str],
        registered: PatientCard | None = None,
        *,
        behind: str | None = None,
    ) -> None:
        """Locked first: tool calls of one message may prove at the same time."""
        db.execute(_SEEN, self._owner)
        proofs = self._proofs(db, _LOCKED)
        proofs[self._connection] = sorted({*proofs.get(self._connection, ()), *patient_ids})
        if registered is not None:
            told = {name: getattr(registered.patient, name) for name in _NAMED}
            proofs[self._registered] = [*proofs.get(self._registered, ()), told]
        if behind is not None:
            proofs[self._number_looked_for] = [behind, self._clock().isoformat()]
        sealed = self._sealer.seal(json.dumps(proofs), **self._place())
        db.execute(_PROVE, {**self._owner, "proofs": sealed})

    def _proofs(self, db: Db, statement: TextClause) -> dict[str, list[Any]]:
        row = db.execute(statement, self._owner).first()
        if row is None or row.proofs is None:
            return {}
        self._seen = json.loads(self._sealer.open(row.proofs, **self._place()))
        return self._seen

    def _number(self, row: Row[Any]) -> str | None:
        about = {"account_id": self._account, "row_id": row.id}
        return call_backs.number(self._sealer, row.caller, **about)

    def _place(self) -> dict[str, str]:
        call = self._owner["call_id"]
        return {"table": TABLE, "column": "proofs", "row": call, "account": self._account}


def _card(told: Mapping[str, Any]) -> PatientCard:
    full_name = display(given=told["first_name"], family=told["last_name"])
    return PatientCard(patient=Patient(**told, full_name=full_name))
