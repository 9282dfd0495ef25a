"""Agreements on patient data (BAA): who signed which version, with whom; never overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import insert, text

from adapters import pms
from adapters.storage.tables import agreements
from domain.errors import BadInput

CUSTOMER = "customer"
"""The account's own agreement with us; every other party is a vendor, by its name."""

_COLUMNS = "id, party, version, signed_by, signed_on, ends_on, recorded_by, created_at"
_LIST = text(f"SELECT {_COLUMNS} FROM agreements ORDER BY created_at DESC, id")  # noqa: S608
_IN_FORCE = text(
    """
    SELECT party FROM (
      SELECT DISTINCT ON (party) party, signed_on, ends_on FROM agreements
      WHERE party = ANY (CAST(:parties AS text[])) ORDER BY party, created_at DESC, id
    ) AS latest
    WHERE signed_on <= :today AND (ends_on IS NULL OR ends_on > :today)
    """
)
_ON_ACCOUNT = text(
    """
    UPDATE accounts SET baa_accepted_at = :at, baa_accepted_by = :by
    WHERE id = current_setting('app.account')
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One acceptance; without `ends_on` it is in force until another takes its place."""

    id: UUID
    party: str
    version: str
    signed_by: str
    signed_on: date
    ends_on: date | None
    recorded_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreement:
    party: str
    version: str
    signed_by: str
    signed_on: date
    ends_on: date | None = None


def keep(db: Db, new: NewAgreement, *, account_id: str, by: str, at: datetime) -> Agreement:
    """The newest of a party is the one that counts."""
    if new.ends_on is not None and new.ends_on <= new.signed_on:
        raise BadInput("The agreement ends before it begins; check the days.")
    if not new.version.strip() or not new.signed_by.strip():
        raise BadInput("Say which version was signed, and by whom.")
    values = {
        "account_id": account_id,
        "party": new.party,
        "version": new.version.strip(),
        "signed_by": new.signed_by.strip(),
        "signed_on": new.signed_on,
        "ends_on": new.ends_on,
        "recorded_by": by,
    }
    made = insert(agreements).returning(*(agreements.c[name] for name in _COLUMNS.split(", ")))
    row = db.execute(made, values).mappings().one()
    if new.party == CUSTOMER:
        db.execute(_ON_ACCOUNT, {"at": at, "by": new.signed_by.strip()})
    return Agreement(**row)


def listed(db: Db) -> Sequence[Agreement]:
    """Newest first, those that no longer hold included."""
    return [Agreement(**row) for row in db.execute(_LIST).mappings()]


def lacking(db: Db, vendor: str, *, today: date) -> Sequence[str]:
    """With whom there is none in force, of those a connection to this vendor needs."""
    parties = [CUSTOMER, vendor]
    held = set(db.execute(_IN_FORCE, {"parties": parties, "today": today}).scalars())
    return [party for party in parties if party not in held]


def require(db: Db, vendor: str, *, now: datetime, is_production: bool) -> None:
    """In production patients' data moves under agreements only; elsewhere they are invented."""
    missing = lacking(db, vendor, today=now.date()) if is_production else ()
    if missing:
        title = pms.vendor(vendor).title
        names = " and ".join("the practice" if one == CUSTOMER else title for one in missing)
        raise BadInput(
            f"Record the agreement on patient data with {names} first, under Audit or with"
            " 'pms-sync baa record'; without it no connection is made in production."
        )
