"""What a phone call has proved so far, sealed, for as long as it lasts."""

import json
from uuid import UUID

from sqlalchemy import Engine, text

from infra.database import transaction
from infra.sealing import Sealer

TABLE = "phone_calls"

_READ = text(
    "SELECT proofs, attempts FROM phone_calls WHERE account_id = :account_id AND call_id = :call_id"
)
_PROVE = text(
    """
    INSERT INTO phone_calls (account_id, call_id, proofs)
    VALUES (:account_id, :call_id, :proofs)
    ON CONFLICT (account_id, call_id) DO UPDATE SET proofs = EXCLUDED.proofs, seen_at = now()
    """
)
_FAILED = text(
    """
    INSERT INTO phone_calls (account_id, call_id, attempts) VALUES (:account_id, :call_id, 1)
    ON CONFLICT (account_id, call_id) DO UPDATE SET
      attempts = phone_calls.attempts + 1, seen_at = now()
    """
)


class StoredProofs:
    """Implements `domain.tools.Proofs` for one call of one connection's account."""

    def __init__(
        self, engine: Engine, sealer: Sealer, *, account_id: str, connection_id: UUID, call_id: str
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._account = account_id
        self._connection = str(connection_id)
        self._owner = {"account_id": account_id, "call_id": call_id}

    @property
    def patient_ids(self) -> frozenset[str]:
        """Patients of this practice the caller has proved to be, or to speak for."""
        return frozenset(self._read()[0].get(self._connection, ()))

    @property
    def attempts(self) -> int:
        """How often somebody in this call said who they are and was not believed."""
        return self._read()[1]

    def prove(self, patient_ids: frozenset[str]) -> None:
        proofs, _ = self._read()
        proofs[self._connection] = sorted({*proofs.get(self._connection, ()), *patient_ids})
        sealed = self._sealer.seal(json.dumps(proofs), **self._place())
        with transaction(self._engine, account_id=self._account) as db:
            db.execute(_PROVE, {**self._owner, "proofs": sealed})

    def failed(self) -> None:
        with transaction(self._engine, account_id=self._account) as db:
            db.execute(_FAILED, self._owner)

    def _read(self) -> tuple[dict[str, list[str]], int]:
        with transaction(self._engine, account_id=self._account) as db:
            row = db.execute(_READ, self._owner).first()
        if row is None:
            return {}, 0
        if row.proofs is None:
            return {}, row.attempts
        return json.loads(self._sealer.open(row.proofs, **self._place())), row.attempts

    def _place(self) -> dict[str, str]:
        call = self._owner["call_id"]
        return {"table": TABLE, "column": "proofs", "row": call, "account": self._account}
