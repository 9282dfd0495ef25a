"""Which account a call is for, and which of its connections can serve it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.vapi.messages import CallContext

_ACCOUNTS = text(
    """
    SELECT id, id = ANY(:claims) AS is_claimed,
           vapi_number_ids @> ARRAY[CAST(:number_id AS text)]
             OR phones @> ARRAY[CAST(:number AS text)] AS is_called,
           transfer_to,
           cardinality(vapi_number_ids) + cardinality(phones) = 0
             AND (SELECT count(*) FROM accounts) = 1 AS is_all_there_is
    FROM accounts
    WHERE id = ANY(:claims) OR vapi_number_ids @> ARRAY[CAST(:number_id AS text)]
       OR phones @> ARRAY[CAST(:number AS text)] OR (SELECT count(*) FROM accounts) = 1
    """
)
_SERVING = text(
    """
    SELECT id, connector, settings FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') AND connector = ANY(:connectors)
    ORDER BY created_at, connector, site
    """
)
_RECENT = text(
    """
    SELECT count(*) FROM tool_calls
    WHERE account_id = :account_id AND created_at > :since AND starts_with(tool, 'api.') = :by_api
    """
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An account a call was matched to, and whom it passes callers on to."""

    id: str
    transfer_to: tuple[str, ...]


def account_of(db: Db, call: CallContext) -> Listed | None:
    """The one account that the called number and every claim agree on; None where they do not.

    Where nothing is claimed and the number is nobody's, the only account there is serves the call,
    if it has named no numbers of its own. What a model may have filled in chooses nobody: it can
    only agree.
    """
    claims = call.accounts | call.guesses
    values = {
        "claims": sorted(claims),
        "number_id": call.called_number_id or "",
        "number": call.called_number or "",
    }
    rows = db.execute(_ACCOUNTS, values).all()
    claimed = {row.id for row in rows if row.is_claimed}
    if claimed != claims:
        return None
    wanted = {row.id for row in rows if row.is_called} | call.accounts
    if not wanted:
        wanted = {row.id for row in rows if row.is_all_there_is}
    found = [row for row in rows if row.id in wanted]
    if len(found) != 1 or not call.guesses <= wanted:
        return None
    return Listed(found[0].id, tuple(found[0].transfer_to))


@dataclass(frozen=True, slots=True)
class Practice:
    """A connection that can serve calls, with its PMS and the numbers of its own."""

    id: UUID
    vendor: str
    numbers: frozenset[str] = frozenset()


def practices(db: Db, *, connectors: Sequence[str]) -> Sequence[Practice]:
    """All of the account that can serve calls, the oldest first."""
    rows = db.execute(_SERVING, {"connectors": list(connectors)}).all()
    return [Practice(row.id, row.connector, frozenset(numbers_of(row.settings))) for row in rows]


def answering(found: Sequence[Practice], called: Collection[str | None] = ()) -> Practice | None:
    """The one of the called number, or of its id at Vapi; else the first.

    Several practices of an account name each one's in the setting `phone_numbers`.
    """
    own = (one for one in found if not one.numbers.isdisjoint(called))
    return next(own, next(iter(found), None))


def recent(db: Db, account_id: str, *, since: datetime, by_api: bool = False) -> int:
    """How many tool calls the account has had since then, by phone or over the API."""
    values = {"account_id": account_id, "since": since, "by_api": by_api}
    return int(db.execute(_RECENT, values).scalar_one())


def numbers_of(settings: Mapping[str, Any]) -> list[str]:
    """The numbers of a practice's own, and their ids at Vapi, as its connection names them."""
    given = settings.get("phone_numbers") or ""
    return [one.strip() for one in str(given).split(",") if one.strip()]
