"""Calling access back: every session and link of a person, and an account's bearer tokens."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection as Db
from sqlalchemy import text

_STANDING = text(
    """
    SELECT GREATEST(accounts.tokens_from, named.tokens_from) AS tokens_from,
           named.disabled_at IS NOT NULL AS is_shut_out
    FROM accounts LEFT JOIN users AS named ON named.account_id = accounts.id AND named.name = :name
    WHERE accounts.id = :id
    """
)
_END_SESSIONS = text(
    """
    DELETE FROM sessions USING users
    WHERE users.id = sessions.user_id AND users.account_id = :account_id
      AND (CAST(:name AS text) IS NULL OR users.name = :name)
    """
)
_END_LINKS = text(
    """
    DELETE FROM login_links USING users
    WHERE users.id = login_links.user_id AND users.account_id = :account_id
      AND (CAST(:name AS text) IS NULL OR users.name = :name)
    """
)
_CALL_BACK = text("UPDATE accounts SET tokens_from = :at WHERE id = :account_id")


@dataclass(frozen=True, slots=True)
class Standing:
    """An account there is; tokens issued before `tokens_from` were called back.

    All of the account, or those of whoever was shut out and let in again.
    """

    tokens_from: datetime | None
    is_shut_out: bool

    def takes(self, issued_at: int | None) -> bool:
        """A token that does not say when it was issued may be one that was called back."""
        if self.tokens_from is None:
            return True
        return issued_at is not None and issued_at >= int(self.tokens_from.timestamp())


def standing(db: Db, account_id: str, name: str) -> Standing | None:
    """Of whom a bearer token names; None where there is no such account."""
    row = db.execute(_STANDING, {"id": account_id, "name": name}).first()
    return None if row is None else Standing(row.tokens_from, row.is_shut_out)


def end_everywhere(db: Db, *, account_id: str, name: str | None = None) -> int:
    """End the sessions of one person, or of all, and spend their links; how many were open."""
    values = {"account_id": account_id, "name": name}
    db.execute(_END_LINKS, values)
    ended: int = db.execute(_END_SESSIONS, values).rowcount
    return ended


def call_back_tokens(db: Db, *, account_id: str, at: datetime) -> None:
    """Refuse every bearer token issued before this second."""
    db.execute(_CALL_BACK, {"account_id": account_id, "at": at})
