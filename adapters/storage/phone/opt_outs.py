"""Who wants no texts: numbers as blind indexes, and sealed, so that the table tells nobody's."""

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.phones import normalised
from infra.database import dispatch, transaction
from infra.sealing import Sealer

TABLE, COLUMN = "text_opt_outs", "recipient"

_ADD = text(
    """
    INSERT INTO text_opt_outs AS held (account_id, recipient_hash, recipient)
    VALUES (:account_id, :hash, :recipient)
    ON CONFLICT (account_id, recipient_hash) DO UPDATE SET recipient = EXCLUDED.recipient
    WHERE held.recipient IS NULL
    """
)
_REMOVE = text("DELETE FROM text_opt_outs WHERE recipient_hash = ANY(:hashes)")
_IS_OUT = text("SELECT EXISTS (SELECT FROM text_opt_outs WHERE recipient_hash = ANY(:hashes))")
_IS_OWN = text(
    r"""
    SELECT EXISTS (SELECT FROM accounts
                   WHERE id = :account_id AND :number = ANY(phones || transfer_to))
        OR EXISTS (SELECT FROM pms_connections
                   WHERE account_id = :account_id AND removed_at IS NULL AND :number = ANY(
                     regexp_split_to_array(settings ->> 'phone_numbers', '\s*,\s*')))
    """
)
_OURS = text(
    """
    SELECT id, phones @> ARRAY[CAST(:number AS text)] AS is_own FROM accounts ORDER BY id
    """
)


def index(sealer: Sealer, recipient: str, *, account_id: str) -> bytes:
    return sealer.blind_index(recipient, table=TABLE, column=COLUMN, account=account_id)


def add(db: Db, sealer: Sealer, recipient: str, *, account_id: str) -> None:
    sealed = sealer.seal(recipient, table=TABLE, column=COLUMN, row=account_id, account=account_id)
    found = index(sealer, recipient, account_id=account_id)
    db.execute(_ADD, {"account_id": account_id, "hash": found, "recipient": sealed})


def remove(db: Db, sealer: Sealer, recipient: str, *, account_id: str) -> None:
    db.execute(_REMOVE, {"hashes": _indexes(sealer, recipient, account_id)})


def is_out(db: Db, sealer: Sealer, recipient: str, *, account_id: str) -> bool:
    hashes = _indexes(sealer, recipient, account_id)
    return bool(db.execute(_IS_OUT, {"hashes": hashes}).scalar_one())


def can_text(db: Db, sealer: Sealer, caller: str | None, *, account_id: str) -> bool:
    """Whether a caller may be promised one: at a number of their own, and not unwanted there."""
    number = normalised(caller, None).e164 if caller else None
    if number is None or is_own(db, number, account_id=account_id):
        return False
    return not is_out(db, sealer, number, account_id=account_id)


def is_own(db: Db, number: str, *, account_id: str) -> bool:
    """Whether it is the practice's: what comes from it was passed on, and is nobody's to text."""
    return bool(db.execute(_IS_OWN, {"account_id": account_id, "number": number}).scalar_one())


def heard(engine: Engine, sealer: Sealer, sender: str, *, number: str, stops: bool) -> int:
    """Somebody wants texts no more, or again; for how many accounts that holds.

    `number` is the one they wrote to: of the account that has it as its own, else of all, for
    they share the numbers of one messaging service.
    """
    with dispatch(engine) as db:
        rows = db.execute(_OURS, {"number": number}).all()
    own = [row.id for row in rows if row.is_own]
    accounts = own or [row.id for row in rows]
    for account_id in accounts:
        with transaction(engine, account_id=account_id) as db:
            change = add if stops else remove
            change(db, sealer, sender, account_id=account_id)
    return len(accounts)


def _indexes(sealer: Sealer, recipient: str, account_id: str) -> list[bytes]:
    return sealer.blind_indexes(recipient, table=TABLE, column=COLUMN, account=account_id)
