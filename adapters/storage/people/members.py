"""Who may sign in to an account; one of them shut out, or let in again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import TextClause, text

from adapters.storage.people.revoking import end_everywhere
from domain.errors import BadInput

_LIST = text(
    """
    SELECT name, role, disabled_at AS shut_out_at,
           (SELECT count(*) FROM sessions
            WHERE user_id = users.id AND expires_at > :now) AS sessions
    FROM users WHERE account_id = :account_id ORDER BY name
    """
)
_SHUT_OUT = text(
    """
    UPDATE users SET disabled_at = COALESCE(disabled_at, :at)
    WHERE account_id = :account_id AND name = :name RETURNING id
    """
)
_LET_IN = text(
    """
    UPDATE users SET disabled_at = NULL,
                     tokens_from = CASE WHEN disabled_at IS NULL THEN tokens_from ELSE :at END
    WHERE account_id = :account_id AND name = :name RETURNING id
    """
)


_KNOWN = text("SELECT FROM users WHERE account_id = :account_id AND name = :name")
NOBODY = "Nobody called '{name}' may sign in; see 'pms-sync people list'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who was given a link at least once."""

    name: str
    role: str
    shut_out_at: datetime | None
    sessions: int


def listed(db: Db, account_id: str, *, now: datetime) -> Sequence[Member]:
    """For the dispatch role."""
    rows = db.execute(_LIST, {"account_id": account_id, "now": now}).mappings()
    return [Member(**row) for row in rows]


def shut_out(db: Db, *, account_id: str, name: str, at: datetime) -> int:
    """From now on, whatever they hold; how many sessions that ended. For the dispatch role."""
    _changed(db, _SHUT_OUT, account_id=account_id, name=name, at=at)
    return end_everywhere(db, account_id=account_id, name=name)


def let_in(db: Db, *, account_id: str, name: str, at: datetime) -> None:
    """By a new link: what they held before stays ended. For the dispatch role."""
    # Instants of tokens are whole seconds: those of this very second are gone, too.
    _changed(db, _LET_IN, account_id=account_id, name=name, at=at + timedelta(seconds=1))


def require(db: Db, account_id: str, name: str) -> None:
    """Raise BadInput for a name that was never given a link. For the dispatch role."""
    if db.execute(_KNOWN, {"account_id": account_id, "name": name}).first() is None:
        raise BadInput(NOBODY.format(name=name))


def _changed(db: Db, statement: TextClause, *, name: str, **values: object) -> None:
    if db.execute(statement, {"name": name, **values}).first() is None:
        raise BadInput(NOBODY.format(name=name))
