"""Offices that let us in: noted when they are told of, claimed by an account, refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.practices import authorisation_tokens as tokens
from adapters.storage.practices.authorisation_tokens import CODE_LASTS, Held, is_office_code
from domain.authorisations import OFFICE, AuthorisationState, Notice, read_code
from domain.errors import BadInput
from infra.sealing import Sealer

VENDOR = "sikka"
MOST_PENDING = 500
MOST_AN_HOUR = 60
"""What nobody vouches for is noted up to here; the daily look at the vendor finds the rest."""

COLUMNS = """id, account_id, connection_id, office_id, practice_name, pms_type, state, note, times,
             first_seen_at, last_seen_at, settled_at, settled_by"""

# Dispatch sees every account's rows; what follows in its account does so as that account.
_ENTER = text(
    """
    SELECT set_config('role', 'pms_sync_app', true), set_config('app.account', :account, true)
    """
)
_OWNERS = text(
    """
    SELECT DISTINCT account_id FROM pms_connections
    WHERE connector = :vendor AND upper(split_part(site, ':', 1)) = upper(:office_id)
      AND removed_at IS NULL
    """
)
_OPEN = text(
    """
    SELECT id, state, account_id, first_seen_at FROM pms_authorisations
    WHERE vendor = :vendor AND office_id = :office_id AND state IN ('pending', 'claimed')
    FOR UPDATE
    """
)
_NOTE = text(
    """
    INSERT INTO pms_authorisations AS held
      (vendor, office_id, account_id, state, settled_by, first_seen_at, last_seen_at)
    VALUES (:vendor, :office_id, :account_id, :state, :by, :now, :now)
    ON CONFLICT (vendor, office_id, practice_id) WHERE state IN ('pending', 'claimed')
    DO UPDATE SET
      times = held.times + 1, last_seen_at = EXCLUDED.last_seen_at,
      state = CASE WHEN held.account_id IS NULL THEN EXCLUDED.state ELSE held.state END,
      settled_by = COALESCE(held.settled_by, EXCLUDED.settled_by),
      account_id = COALESCE(held.account_id, EXCLUDED.account_id)
    RETURNING id, state, account_id
    """
)
_DISPUTE = text(
    """
    UPDATE pms_authorisations
    SET state = 'pending', account_id = NULL, settled_by = :by, note = :note, last_seen_at = :now
    WHERE id = :id
    """
)
_WAITING = text(
    """
    SELECT count(*) AS pending, count(*) FILTER (WHERE first_seen_at > :since) AS fresh
    FROM pms_authorisations WHERE vendor = :vendor AND state = 'pending'
    """
)
_PENDING = text(
    f"""
    SELECT {COLUMNS} FROM pms_authorisations
    WHERE vendor = :vendor AND state = 'pending' AND account_id IS NULL
    ORDER BY first_seen_at, id LIMIT :most
    """  # noqa: S608 - our own columns
)
_OF_ACCOUNT = text(
    f"""
    SELECT {COLUMNS} FROM pms_authorisations
    WHERE account_id = :account_id AND vendor = :vendor
    ORDER BY last_seen_at DESC, id DESC LIMIT :limit
    """  # noqa: S608 - our own columns
)
_ALL = text(
    f"""
    SELECT {COLUMNS} FROM pms_authorisations
    WHERE vendor = :vendor AND (:everything OR state IN ('pending', 'claimed'))
    ORDER BY last_seen_at DESC, id DESC LIMIT :limit
    """  # noqa: S608 - our own columns
)
_CLAIM = text(
    """
    UPDATE pms_authorisations
    SET state = 'claimed', account_id = :account_id, settled_by = :by, note = NULL
    WHERE id = :id AND (state = 'pending' AND account_id IS NULL
                        OR state = 'claimed' AND account_id = :account_id)
    RETURNING office_id
    """
)
_REFUSE = text(
    """
    UPDATE pms_authorisations
    SET state = 'refused', account_id = :account_id, settled_by = :by, settled_at = :now
    WHERE id = :id AND (state = 'pending' OR state = 'claimed' AND account_id = :account_id)
    RETURNING office_id
    """
)


DISPUTED = "disputed"
TWO_ACCOUNTS = "Two accounts ask for this office: its code, or an operator, decides."


class NotWaiting(BadInput):
    """No office of that name or code waits to be claimed by whoever asks."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a notice: whose the office is by now, or why it asks for nothing."""

    account_id: str | None = None
    ignored: str | None = None
    is_claimed: bool = False


def enter(db: Db, account_id: str) -> None:
    """Go on in the same transaction as that account, whose rows alone are seen from now on."""
    db.execute(_ENTER, {"account": account_id})


def note(db: Db, sealer: Sealer, notice: Notice, *, is_proven: bool, now: datetime) -> Noted:
    """Take down what a message says, for the dispatch role; an office has one open row.

    A state shows who asked, not that the office is theirs: one that waited before the state was
    made, or that another account has connected, is not claimed by it. `is_proven` where the
    message came with the vendor's own key, which vouches for both. Of two accounts neither has it.
    """
    owners = _owners(db, notice.office_id)
    held = tokens.find(db, sealer, notice.token, vendor=VENDOR, now=now) if notice.token else None
    if notice.is_end or (owners and held is None):
        return _about_connected(owners)
    row = db.execute(_OPEN, {"vendor": VENDOR, "office_id": notice.office_id}).first()
    first_seen = row.first_seen_at if row else now
    is_theirs = held is not None and owners <= {held.account_id}
    if held is not None and is_theirs:
        if row is not None and row.account_id not in {None, held.account_id}:
            return _disputed(db, row.id, held, now)
        if is_proven or first_seen >= held.made_at:
            return _claimed(db, notice, held, now)
    if owners:
        return Noted(ignored="The office is connected to another account.")
    if row is None and _is_full(db, now):
        return Noted(ignored="Too many offices wait already; the daily look at Sikka finds it.")
    kept = db.execute(_NOTE, _values(notice, None, AuthorisationState.PENDING, None, now)).one()
    return Noted(account_id=kept.account_id)


def named(db: Db, sealer: Sealer, typed: str, *, now: datetime) -> RowMapping:
    """The office that waits under exactly this id or code; raises NotWaiting for any other.

    A disputed one is told by its code only.
    """
    wanted, code = typed.strip(), read_code(typed)
    is_office = OFFICE.fullmatch(wanted) is not None
    for row in db.execute(_PENDING, {"vendor": VENDOR, "most": MOST_PENDING}).mappings():
        is_named = is_office and row["office_id"].casefold() == wanted.casefold()
        if is_named and row["settled_by"] != DISPUTED:
            return row
        if code is None or row["first_seen_at"] < now - CODE_LASTS:
            continue
        if is_office_code(sealer, code, row["id"]):
            return row
    raise NotWaiting("No office of this id or code waits to be connected.")


def claim(db: Db, row_id: UUID, *, account_id: str, by: str) -> str:
    """It is theirs: the office's id. For the dispatch role, after they have named it."""
    values = {"id": row_id, "account_id": account_id, "by": by}
    row = db.execute(_CLAIM, values).first()
    if row is None or not _owners(db, row.office_id) <= {account_id}:
        raise NotWaiting("This office does not wait to be connected here.")
    office_id: str = row.office_id
    return office_id


def refuse(db: Db, row_id: UUID, *, account_id: str | None, by: str, now: datetime) -> str:
    """It is not to be connected; a new authorisation at the vendor is asked about anew."""
    values = {"id": row_id, "account_id": account_id, "by": by, "now": now}
    row = db.execute(_REFUSE, values).first()
    if row is None:
        raise NotWaiting("This office does not wait to be connected here.")
    office_id: str = row.office_id
    return office_id


def of_account(db: Db, account_id: str, *, limit: int = 20) -> Sequence[RowMapping]:
    """What the account has claimed, connected or refused, the latest first."""
    values = {"account_id": account_id, "vendor": VENDOR, "limit": limit}
    return db.execute(_OF_ACCOUNT, values).mappings().all()


def every(db: Db, *, everything: bool, limit: int = 100) -> Sequence[RowMapping]:
    """Of all accounts, for an operator; the open ones unless all are wanted."""
    values = {"vendor": VENDOR, "everything": everything, "limit": limit}
    return db.execute(_ALL, values).mappings().all()


def by_code(
    db: Db, sealer: Sealer, row_id: UUID, code: str, *, by: str, now: datetime
) -> tuple[str, str]:
    """An operator enters a code that an account made: the account and the office's id."""
    held = tokens.find(db, sealer, code, vendor=VENDOR, now=now)
    if held is None:
        raise BadInput("This code is unknown, used already, or older than seven days.")
    office_id = claim(db, row_id, account_id=held.account_id, by=by)
    tokens.use(db, held, now=now)
    return held.account_id, office_id


def _claimed(db: Db, notice: Notice, held: Held, now: datetime) -> Noted:
    by = f"{held.kind} of {held.asked_by}"
    values = _values(notice, held.account_id, AuthorisationState.CLAIMED, by, now)
    row = db.execute(_NOTE, values).one()
    if row.account_id != held.account_id:
        return Noted(ignored="The office is being connected to another account.")
    tokens.use(db, held, now=now)
    return Noted(account_id=row.account_id, is_claimed=True)


def _disputed(db: Db, row_id: UUID, held: Held, now: datetime) -> Noted:
    """Whoever was first may have been waiting for this office to come: nobody gets it unasked."""
    values = {"id": row_id, "by": DISPUTED, "note": TWO_ACCOUNTS, "now": now}
    db.execute(_DISPUTE, values)
    tokens.use(db, held, now=now)
    return Noted(ignored=TWO_ACCOUNTS)


def _about_connected(owners: frozenset[str]) -> Noted:
    """Nothing to claim: what the vendor says of it is looked up."""
    if not owners:
        return Noted(ignored="This office is not connected here.")
    return Noted(account_id=next(iter(owners)) if len(owners) == 1 else None)


def _values(
    notice: Notice,
    account_id: str | None,
    state: AuthorisationState,
    by: str | None,
    now: datetime,
) -> dict[str, object]:
    return {
        "vendor": VENDOR,
        "office_id": notice.office_id,
        "account_id": account_id,
        "state": state.value,
        "by": by,
        "now": now,
    }


def _owners(db: Db, office_id: str) -> frozenset[str]:
    found = db.execute(_OWNERS, {"vendor": VENDOR, "office_id": office_id})
    return frozenset(row.account_id for row in found)


def _is_full(db: Db, now: datetime) -> bool:
    values = {"vendor": VENDOR, "since": now - timedelta(hours=1)}
    row = db.execute(_WAITING, values).one()
    return bool(row.pending >= MOST_PENDING or row.fresh >= MOST_AN_HOUR)
