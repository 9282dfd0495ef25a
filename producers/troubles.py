"""What an operator has to see to, a line for each practice: what is wrong, why, what helps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.storage.jobs.queue_board import DeadGroup
from domain.freshness import Status
from domain.sheet import ConnectionView

WRONG: Sequence[str] = (Status.NEEDS_SIGN_IN, Status.FAILING, Status.LATE)
"""The worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One practice; `dead` jobs of it wait for somebody to decide.

    Without a `wrong` status it is fresh, and only its dead jobs are left to see to.
    """

    connection: ConnectionView
    wrong: str | None
    reason: str | None
    dead: int

    @property
    def connection_id(self) -> UUID:
        return self.connection.id

    @property
    def is_shut_out(self) -> bool:
        """Only signing in again helps."""
        return self.wrong == Status.NEEDS_SIGN_IN


def troubles(connections: Sequence[ConnectionView], dead: Sequence[DeadGroup]) -> Sequence[Trouble]:
    """Of what the page has read already: who breaks the promise, then who left dead jobs."""
    groups: dict[UUID, list[DeadGroup]] = {}
    for one in dead:
        if one.connection_id is not None:
            groups.setdefault(one.connection_id, []).append(one)
    found = [_trouble(one, groups.get(one.id, ())) for one in connections]
    rank: Mapping[str | None, int] = {name: place for place, name in enumerate(WRONG)}
    wrong = [one for one in found if one.wrong or one.dead]
    return sorted(wrong, key=lambda one: (rank.get(one.wrong, len(WRONG)), -one.dead))


def _trouble(connection: ConnectionView, dead: Sequence[DeadGroup]) -> Trouble:
    wrong = connection.status if connection.status in WRONG else None
    told = (one.error_text for one in dead if one.error_text)
    return Trouble(
        connection=connection,
        wrong=wrong,
        reason=connection.reason or next(told, None),
        dead=sum(one.jobs for one in dead),
    )
