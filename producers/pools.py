"""Connections by the allowance they share: one pool for each that some of them spend from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from adapters import pms
from adapters.rest.budgets import of_names
from adapters.storage.practices.habits import Synced, read_synced
from domain.connections import Connection
from domain.errors import SyncError
from domain.limits import Budget
from producers.doors import Door
from producers.pages.allowances import buckets_of

AT_ONCE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A vendor's budgets that every sync of these connections spends from."""

    vendor: str
    budgets: Sequence[Budget]
    members: Sequence[Synced]

    @property
    def buckets(self) -> Sequence[str]:
        return [one.bucket for one in self.budgets]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """All of an account's, the largest first; those `untold` are not signed in, or cannot be asked.

    `by_kind` are those whose PMS counts each kind of call by itself: no one allowance is a sync's.
    `at` is the database's own time.
    """

    pools: Sequence[Pool]
    untold: Sequence[Synced]
    by_kind: Sequence[Synced]
    at: datetime


def pools(door: Door, *, at_once: int = AT_ONCE) -> Pools:
    """The store of secrets tells whose an allowance is; it is asked outside any transaction."""
    found: dict[tuple[str, ...], list[Synced]] = {}
    held: dict[tuple[str, ...], Sequence[Budget]] = {}
    synced, at = _synced(door, at_once)
    for one in synced:
        spends = budgets_of(door, one.connection)
        key = tuple(budget.bucket for budget in spends)
        found.setdefault(key, []).append(one)
        held[key] = spends
    apart = found.pop((), [])
    made = [
        Pool(vendor=members[0].connection.vendor, budgets=held[key], members=members)
        for key, members in found.items()
    ]
    made.sort(key=lambda one: (-len(one.members), one.vendor))
    return Pools(
        pools=made,
        untold=[one for one in apart if not _is_by_kind(one.connection)],
        by_kind=[one for one in apart if _is_by_kind(one.connection)],
        at=at or door.ports.clock(),
    )


def _synced(door: Door, at_once: int) -> tuple[Sequence[Synced], datetime | None]:
    """All of them, a page a transaction, and when the first was read."""
    read = partial(read_synced, most=at_once, usual_hours=door.ports.usual_hours)
    with door.transaction() as db:
        page = read(db)
    found, at = [*page.synced], page.at
    while page.next is not None:
        with door.transaction() as db:
            page = read(db, after=page.next)
        found += page.synced
    return found, at


def budgets_of(door: Door, connection: Connection) -> Sequence[Budget]:
    """What a sync of the connection spends from; none where nobody has signed in."""
    try:
        found = buckets_of(door, connection)
    except SyncError:
        return ()
    return of_names(found, _of_a_sync(connection))


def _of_a_sync(connection: Connection) -> Sequence[str]:
    listing = pms.vendor(connection.vendor).appointments
    return listing.buckets if listing else ("default",)


def _is_by_kind(connection: Connection) -> bool:
    return pms.vendor(connection.vendor).limits.keys().isdisjoint(_of_a_sync(connection))
