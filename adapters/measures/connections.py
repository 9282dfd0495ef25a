"""Each connection against its promise; only so many are named, those that need somebody first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.measures.asking import Sample
from adapters.storage.sheet.sheet_status import facts_of
from domain.connections import State
from domain.freshness import LATE_AFTER, SEVERITY, Facts, Freshness, Status, assess

MOST_NAMED = 200
"""More connections than this are counted by vendor and status, and not each by its id."""

_ALL = text(
    """
    SELECT id, connector, state, sync_enabled, sync_frequency_minutes, created_at, last_sync_at,
           consecutive_failures, opening_hours, rests_until, timezone, token_expires_at, now() AS at
    FROM pms_connections WHERE removed_at IS NULL
    """
)
WITH_TOKENS = (State.ACTIVE, State.ERROR)
"""Of the others nobody renews the token."""

TROUBLED = (Status.FAILING, Status.NEEDS_SIGN_IN)
"""What is said of them says nothing of how old their sheet is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One connection now: its status, and how long its promise has been broken, if it is."""

    id: UUID
    vendor: str
    state: str
    freshness: Freshness
    promise: timedelta | None
    behind: timedelta
    last_complete: timedelta | None
    token_left: timedelta | None

    @property
    def urgency(self) -> tuple[int, timedelta]:
        return SEVERITY.get(self.freshness.status, 0), self.behind


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    kept = [_kept(row) for row in db.execute(_ALL).mappings()]
    yield from _counted(kept)
    named = sorted(kept, key=lambda one: one.urgency, reverse=True)[:MOST_NAMED]
    yield Sample("pms_sync_connections_unnamed", (), float(len(kept) - len(named)))
    for one in named:
        yield from _told(one)


def _counted(kept: Sequence[Kept]) -> Iterator[Sample]:
    """Every status of each vendor there is, so that one that clears goes to nought."""
    by_state = Counter((one.vendor, one.state) for one in kept)
    by_status = Counter((one.vendor, one.freshness.status) for one in kept)
    for vendor in sorted({one.vendor for one in kept}):
        for state in State:
            found = by_state[vendor, state.value]
            yield Sample("pms_sync_connections", (vendor, state.value), float(found))
        for status in Status:
            found = by_status[vendor, status]
            yield Sample("pms_sync_connections_fresh", (vendor, status.value), float(found))


def _told(one: Kept) -> Iterator[Sample]:
    labels = (str(one.id), one.vendor)
    yield Sample("pms_sync_connection_behind_seconds", labels, one.behind.total_seconds())
    for metric, length in (
        ("pms_sync_connection_promise_seconds", one.promise),
        ("pms_sync_last_complete_sync_seconds", one.last_complete),
        ("pms_sync_credential_expires_seconds", one.token_left),
    ):
        if length is not None:
            yield Sample(metric, labels, length.total_seconds())


def _kept(row: RowMapping) -> Kept:
    now: datetime = row["at"]
    facts, expires_at = facts_of(row), row["token_expires_at"]
    freshness = assess(facts, now=now)
    has_token = expires_at is not None and facts.state in WITH_TOKENS
    return Kept(
        id=row["id"],
        vendor=row["connector"],
        state=row["state"],
        freshness=freshness,
        promise=facts.every and LATE_AFTER * facts.every,
        behind=_behind(facts, freshness, now),
        last_complete=now - row["last_sync_at"] if row["last_sync_at"] else None,
        token_left=expires_at - now if has_token else None,
    )


def _behind(facts: Facts, found: Freshness, now: datetime) -> timedelta:
    """How long the promise has been broken, whatever broke it; nothing while the practice is shut.

    One that is paused, or not set up, has promised nothing.
    """
    if found.status in TROUBLED:
        found = assess(replace(facts, state=State.ACTIVE, failures=0), now=now)
    return now - found.since if found.status is Status.LATE else timedelta()
