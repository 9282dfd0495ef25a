"""Letting people in: one-time links, and the sessions they buy; only hashes of either are kept."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.errors import BadInput
from domain.people import Person, Role

SESSION_LASTS = timedelta(hours=12)
LINK_MINUTES = 15

_USER = text(
    """
    INSERT INTO users (account_id, name, role) VALUES (:account_id, :name, :role)
    ON CONFLICT (account_id, name) DO UPDATE SET role = EXCLUDED.role
    RETURNING id, disabled_at
    """
)
_ACCOUNT = text("SELECT 1 FROM accounts WHERE id = :id")
_LINK = text(
    """
    INSERT INTO login_links (token_hash, user_id, expires_at)
    VALUES (:hash, :user_id, :expires_at)
    """
)
_SPEND = text(
    """
    UPDATE login_links SET used_at = :now FROM users
    WHERE token_hash = :hash AND used_at IS NULL AND expires_at > :now
      AND users.id = login_links.user_id AND users.disabled_at IS NULL
    RETURNING users.id
    """
)
_UNSPENT = text(
    """
    SELECT 1 FROM login_links JOIN users ON users.id = login_links.user_id
    WHERE token_hash = :hash AND used_at IS NULL AND login_links.expires_at > :now
      AND users.disabled_at IS NULL
    """
)
_OPEN = text(
    """
    INSERT INTO sessions (token_hash, user_id, csrf, expires_at)
    VALUES (:hash, :user_id, :csrf, :expires_at)
    """
)
_FIND = text(
    """
    SELECT users.account_id, users.name, users.role, sessions.csrf
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.token_hash = :hash AND sessions.expires_at > :now AND users.disabled_at IS NULL
    """
)
_END = text("DELETE FROM sessions WHERE token_hash = :hash")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as the browser gets it."""

    token: str = field(repr=False)
    expires_at: datetime


def make_login_link(
    db: Db,
    *,
    account_id: str,
    name: str,
    role: Role,
    now: datetime,
    minutes: int = LINK_MINUTES,
) -> str:
    """The token of a link that works once; the person is made, or takes that role from now on."""
    if db.execute(_ACCOUNT, {"id": account_id}).first() is None:
        raise BadInput(f"There is no account '{account_id}'; see 'pms-sync accounts list'.")
    user = db.execute(_USER, {"account_id": account_id, "name": name, "role": role.value}).one()
    if user.disabled_at is not None:
        raise BadInput(f"{name} was shut out; 'pms-sync people let-in' takes that back.")
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(minutes=minutes)
    db.execute(_LINK, {"hash": _hash(token), "user_id": user.id, "expires_at": expires_at})
    return token


def spend_login_link(db: Db, token: str, *, now: datetime) -> Opened | None:
    """A session for an unspent link; None when it is spent, too old or was never given."""
    user_id = db.execute(_SPEND, {"hash": _hash(token), "now": now}).scalar()
    if user_id is None:
        return None
    opened = Opened(secrets.token_urlsafe(32), now + SESSION_LASTS)
    values = {
        "hash": _hash(opened.token),
        "user_id": user_id,
        "csrf": secrets.token_urlsafe(24),
        "expires_at": opened.expires_at,
    }
    db.execute(_OPEN, values)
    return opened


def is_unspent(db: Db, token: str, *, now: datetime) -> bool:
    """Whether that link still lets somebody in; looking does not spend it."""
    return db.execute(_UNSPENT, {"hash": _hash(token), "now": now}).first() is not None


def find_session(db: Db, token: str, *, now: datetime) -> Person | None:
    """Who holds that session, with the role they have now."""
    row = db.execute(_FIND, {"hash": _hash(token), "now": now}).first()
    if row is None:
        return None
    return Person(account_id=row.account_id, name=row.name, role=Role(row.role), csrf=row.csrf)


def end_session(db: Db, token: str) -> None:
    db.execute(_END, {"hash": _hash(token)})


def _hash(token: str) -> bytes:
    """The tokens are random and long: one round is enough."""
    return hashlib.sha256(token.encode()).digest()
