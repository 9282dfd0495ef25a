"""Taking turns over what no row stands for yet."""

from sqlalchemy import Connection as Db
from sqlalchemy import text

_TAKE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def take(db: Db, name: str) -> None:
    """Until the transaction's end nobody else has the lock of that name."""
    db.execute(_TAKE, {"name": name})
