"""What an operator has to see to, a line for each practice: what is wrong, why, what helps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.storage.jobs.queue_board import DeadGroup
from domain.backfills import Backfill, BackfillState
from domain.freshness import Status
from domain.reading import WELL
from domain.sheet import ConnectionView

WRONG: Sequence[str] = (Status.NEEDS_SIGN_IN, Status.FAILING, Status.LATE)
"""The worst first."""
IN_PART = "in_part"
"""Its last sync came on time and left something to decide: rows that would leave the sheet, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One practice; `dead` jobs of it, or a `range` that stopped, wait for somebody to decide.

    Without a `wrong` status it is fresh, and only those are left to see to.
    """

    connection: ConnectionView
    wrong: str | None
    reason: str | None
    dead: int
    range: Backfill | None = None

    @property
    def connection_id(self) -> UUID:
        return self.connection.id

    @property
    def is_shut_out(self) -> bool:
        """Only signing in again helps."""
        return self.wrong == Status.NEEDS_SIGN_IN

    @property
    def is_to_decide(self) -> bool:
        """What its syncs have come upon is told, and decided, beside them."""
        return self.wrong == IN_PART or self.range is not None


def troubles(
    connections: Sequence[ConnectionView],
    dead: Sequence[DeadGroup],
    ranges: Mapping[UUID, Backfill],
) -> Sequence[Trouble]:
    """Who breaks the promise, then who was read in part, then who left something to decide."""
    groups: dict[UUID, list[DeadGroup]] = {}
    for one in dead:
        if one.connection_id is not None:
            groups.setdefault(one.connection_id, []).append(one)
    stopped = {key: one for key, one in ranges.items() if one.state is BackfillState.PAUSED}
    found = [_trouble(one, groups.get(one.id, ()), stopped.get(one.id)) for one in connections]
    rank: Mapping[str | None, int] = {name: place for place, name in enumerate((*WRONG, IN_PART))}
    wrong = [one for one in found if one.wrong or one.dead or one.range]
    return sorted(wrong, key=lambda one: (rank.get(one.wrong, len(rank)), -one.dead))


def _trouble(
    connection: ConnectionView, dead: Sequence[DeadGroup], stopped: Backfill | None
) -> Trouble:
    told = [one.error_text for one in dead if one.error_text]
    if stopped and stopped.reason:
        told.insert(0, stopped.reason)
    return Trouble(
        connection=connection,
        wrong=_wrong(connection),
        reason=connection.reason or next(iter(told), None),
        dead=sum(one.jobs for one in dead),
        range=stopped,
    )


def is_in_part(connection: ConnectionView) -> bool:
    """A sync that came on time and was done in part is not well."""
    return bool(connection.reason) and connection.status in WELL


def _wrong(connection: ConnectionView) -> str | None:
    if connection.status in WRONG:
        return connection.status
    return IN_PART if is_in_part(connection) else None
