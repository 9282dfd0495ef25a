"""Which account a call is for, and which of its connections can serve it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.vapi.messages import CallContext
from infra.vendor_urls import VendorUrls, is_loopback

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
_PRACTICES = text(
    """
    SELECT id, connector, settings,
           state IN ('ACTIVE', 'ERROR') AND connector = ANY(:connectors) AS is_serving
    FROM pms_connections WHERE removed_at IS NULL ORDER BY created_at, connector, site
    """
)
_ADDRESSES = text(
    """
    SELECT display_name, connector, base_url FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') AND connector = ANY(:connectors)
    ORDER BY created_at
    """
)
_TRANSFER_TO = text("SELECT transfer_to FROM accounts WHERE id = :id")
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


def transfer_to(db: Db, account_id: str) -> Sequence[str]:
    """Whom the account passes callers on to, the first one first."""
    found: Sequence[str] = db.execute(_TRANSFER_TO, {"id": account_id}).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class Practice:
    """A connection, with its PMS and the numbers of its own, and whether it can serve calls."""

    id: UUID
    vendor: str
    numbers: frozenset[str] = frozenset()
    is_serving: bool = True


def practices(db: Db, *, connectors: Sequence[str]) -> Sequence[Practice]:
    """All of the account, the oldest first; those of these PMSs that are in use serve calls."""
    rows = db.execute(_PRACTICES, {"connectors": list(connectors)}).all()
    return [
        Practice(row.id, row.connector, frozenset(numbers_of(row.settings)), row.is_serving)
        for row in rows
    ]


def real(db: Db, *, connectors: Sequence[str], urls: Mapping[str, VendorUrls]) -> Sequence[str]:
    """Those that serve calls and are not played on this machine: what is booked there stands."""
    found = []
    for row in db.execute(_ADDRESSES, {"connectors": list(connectors)}):
        told = row.base_url or urls.get(row.connector, VendorUrls()).base_url or ""
        if not is_loopback(urlsplit(told).hostname or ""):
            found.append(row.display_name)
    return found


def serving(found: Sequence[Practice]) -> list[Practice]:
    """Those that can serve calls."""
    return [one for one in found if one.is_serving]


def answering(found: Sequence[Practice], called: Collection[str | None] = ()) -> Practice | None:
    """The one of the called number, or of its id at Vapi; else the first that can.

    Several practices of an account name each one's in the setting `phone_numbers`. A number whose
    practice is paused, or lost its access, is answered by none: another's book is not theirs.
    """
    own = [one for one in found if not one.numbers.isdisjoint(called)]
    return next(iter(serving(own or found)), None)


def recent(db: Db, account_id: str, *, since: datetime, by_api: bool = False) -> int:
    """How many tool calls the account has had since then, by phone or over the API."""
    values = {"account_id": account_id, "since": since, "by_api": by_api}
    return int(db.execute(_RECENT, values).scalar_one())


def numbers_of(settings: Mapping[str, Any]) -> list[str]:
    """The numbers of a practice's own, and their ids at Vapi, as its connection names them."""
    given = settings.get("phone_numbers") or ""
    return [one.strip() for one in str(given).split(",") if one.strip()]
