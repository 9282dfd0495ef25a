"""What a PMS said of a patient, sealed and kept for minutes, so that it is asked once a call."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from domain.appointments import Patient
from domain.desk import PatientCard
from infra.database import transaction
from infra.sealing import SealBroken, Sealer

TABLE, PATIENT = "pms_cached_data", "patient"
SHAPE = 2
"""Raise when what is kept of a patient has other parts."""
LASTS = timedelta(minutes=5)

_READ = text(
    """
    SELECT data FROM pms_cached_data
    WHERE pms_integration_id = :connection_id AND cache_key = :key AND expires_at > :now
    """
)
_KEEP = text(
    """
    INSERT INTO pms_cached_data
      (account_id, pms_integration_id, cache_key, cache_type, data, expires_at, last_fetched_at)
    VALUES (:account_id, :connection_id, :key, :type, :data, :expires_at, :now)
    ON CONFLICT (pms_integration_id, cache_key) DO UPDATE SET
      data = EXCLUDED.data, expires_at = EXCLUDED.expires_at,
      last_fetched_at = EXCLUDED.last_fetched_at
    """
)
_FORGET = text(
    """
    DELETE FROM pms_cached_data WHERE pms_integration_id = :connection_id AND cache_type = :type
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCache:
    """The patients of one connection, as they were told within the last minutes."""

    engine: Engine
    sealer: Sealer
    account_id: str
    connection_id: UUID
    clock: Callable[[], datetime]
    lasts: timedelta = LASTS

    def read(self, pms_id: str) -> PatientCard | None:
        key = _key(pms_id)
        values = {"connection_id": self.connection_id, "key": key, "now": self.clock()}
        with transaction(self.engine, account_id=self.account_id) as db:
            sealed = db.execute(_READ, values).scalar_one_or_none()
        if sealed is None:
            return None
        try:
            return _card(json.loads(self.sealer.open(bytes(sealed), **self._place(key))))
        except SealBroken:
            # Under a key that is gone: as good as none, and over within minutes.
            return None

    def keep(self, card: PatientCard) -> None:
        key, now = _key(card.patient.pms_id), self.clock()
        plain = json.dumps(asdict(card), default=date.isoformat)
        values = {
            "account_id": self.account_id,
            "connection_id": self.connection_id,
            "key": key,
            "type": PATIENT,
            "data": self.sealer.seal(plain, **self._place(key)),
            "expires_at": now + self.lasts,
            "now": now,
        }
        with transaction(self.engine, account_id=self.account_id) as db:
            db.execute(_KEEP, values)

    def forget(self) -> None:
        """Something of them may be other now."""
        with transaction(self.engine, account_id=self.account_id) as db:
            forget_patients(db, self.connection_id)

    def _place(self, key: str) -> dict[str, str]:
        row = f"{self.connection_id} {key}"
        return {"table": TABLE, "column": "data", "row": row, "account": self.account_id}


def forget_patients(db: Db, connection_id: UUID) -> None:
    """They are asked for again."""
    db.execute(_FORGET, {"connection_id": connection_id, "type": PATIENT})


def _key(pms_id: str) -> str:
    """With what shape it has: code of another version neither reads it nor is read."""
    return f"{PATIENT}:{SHAPE}:{pms_id}"


def _card(document: Mapping[str, Any]) -> PatientCard:
    visited = document["last_visit"]
    return PatientCard(
        **{
            **document,
            "patient": Patient(**document["patient"]),
            "phones": tuple(document["phones"]),
            "shared": tuple(document["shared"]),
            "last_visit": visited and date.fromisoformat(visited),
        }
    )
