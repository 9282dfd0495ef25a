"""What ties an authorisation to an account: a one-time state in a link, or a code that is typed."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.authorisations import CODE_LENGTH, LETTERS, coded, read_code
from domain.errors import BadInput
from infra.sealing import Sealer

TABLE = "authorisation_states"
STATE, CODE = "state", "code"
STATE_LASTS = timedelta(hours=1)
CODE_LASTS = timedelta(days=7)
MOST_A_DAY = 30
"""Each state or code may name one office, so that this also bounds how often one can be guessed."""

NONCE_BYTES = 24
SIGNATURE_BYTES = 12
LONGEST = 200

_ADD = text(
    """
    INSERT INTO authorisation_states (token_hash, account_id, vendor, kind, asked_by, expires_at,
                                      created_at)
    VALUES (:token_hash, :account_id, :vendor, :kind, :asked_by, :expires_at, :now)
    """
)
_MADE = text(
    """
    SELECT count(*) FROM authorisation_states
    WHERE account_id = :account_id AND created_at > :since
    """
)
_FIND = text(
    """
    SELECT token_hash, account_id, kind, asked_by, created_at FROM authorisation_states
    WHERE token_hash = ANY(:hashes) AND vendor = :vendor AND used_at IS NULL AND expires_at > :now
    FOR UPDATE
    """
)
_USE = text("UPDATE authorisation_states SET used_at = :now WHERE token_hash = :token_hash")


@dataclass(frozen=True, slots=True)
class Held:
    """A state or code that is still good; it is spent once an office is claimed with it."""

    token_hash: bytes
    account_id: str
    kind: str
    asked_by: str
    made_at: datetime


def make_state(
    db: Db, sealer: Sealer, *, vendor: str, account_id: str, asked_by: str, now: datetime
) -> str:
    """A state for one link, signed so that others' inventions are known without a look."""
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    token = f"{nonce}.{_signatures(sealer, nonce)[0]}"
    _keep(db, sealer, token, STATE, vendor, account_id, asked_by, now, STATE_LASTS)
    return token


def make_code(
    db: Db, sealer: Sealer, *, vendor: str, account_id: str, asked_by: str, now: datetime
) -> str:
    """A code that somebody reads out or types: no letter or digit looks like another."""
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    _keep(db, sealer, code, CODE, vendor, account_id, asked_by, now, CODE_LASTS)
    return code


def find(db: Db, sealer: Sealer, typed: str, *, vendor: str, now: datetime) -> Held | None:
    """Whose it is, locked until the transaction ends; None where it is unknown, old or spent."""
    token = _recognised(sealer, typed.strip())
    if token is None:
        return None
    values = {"hashes": _hashes(sealer, token), "vendor": vendor, "now": now}
    row = db.execute(_FIND, values).first()
    if row is None:
        return None
    return Held(bytes(row.token_hash), row.account_id, row.kind, row.asked_by, row.created_at)


def use(db: Db, held: Held, *, now: datetime) -> None:
    """It names no other office from now on."""
    db.execute(_USE, {"token_hash": held.token_hash, "now": now})


def office_code(sealer: Sealer, row_id: UUID) -> str:
    """The code of an office that waits: told by us to the practice, who types it."""
    return coded(sealer.blind_index(str(row_id), **_OFFICE))


def is_office_code(sealer: Sealer, code: str, row_id: UUID) -> bool:
    """Whether it is, also one that was told before the key was rotated."""
    made = (coded(one) for one in sealer.blind_indexes(str(row_id), **_OFFICE))
    return any(hmac.compare_digest(code, one) for one in made)


_OFFICE = {"table": "pms_authorisations", "column": "code", "account": ""}


def _keep(  # noqa: PLR0913, PLR0917 - a row is what its columns say
    db: Db,
    sealer: Sealer,
    token: str,
    kind: str,
    vendor: str,
    account_id: str,
    asked_by: str,
    now: datetime,
    lasts: timedelta,
) -> None:
    made = db.execute(_MADE, {"account_id": account_id, "since": now - timedelta(days=1)})
    if made.scalar_one() >= MOST_A_DAY:
        raise BadInput("Too many links and codes were made today; try again tomorrow.")
    values = {
        "token_hash": _hash(sealer, token),
        "account_id": account_id,
        "vendor": vendor,
        "kind": kind,
        "asked_by": asked_by,
        "expires_at": now + lasts,
        "now": now,
    }
    db.execute(_ADD, values)


def _recognised(sealer: Sealer, typed: str) -> str | None:
    """A code as it is kept, or a state that we signed."""
    if len(typed) > LONGEST or not typed.isascii():
        return None
    nonce, dot, signature = typed.partition(".")
    if not dot:
        return read_code(typed)
    ours = _signatures(sealer, nonce)
    return typed if any(hmac.compare_digest(signature, one) for one in ours) else None


def _signatures(sealer: Sealer, nonce: str) -> list[str]:
    """Under the current key first, then under older ones."""
    place = {"table": TABLE, "column": "signature", "account": ""}
    newest = sealer.blind_index(nonce, **place)
    older = [one for one in sealer.blind_indexes(nonce, **place) if one != newest]
    return [base64.urlsafe_b64encode(one[:SIGNATURE_BYTES]).decode() for one in (newest, *older)]


def _hash(sealer: Sealer, token: str) -> bytes:
    return sealer.blind_index(token, table=TABLE, column="token_hash", account="")


def _hashes(sealer: Sealer, token: str) -> list[bytes]:
    return sealer.blind_indexes(token, table=TABLE, column="token_hash", account="")
