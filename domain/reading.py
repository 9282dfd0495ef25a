"""Whether a shown day can be believed: when each PMS was last read for it, and what to read now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.connections import State
from domain.freshness import Status
from domain.sheet import ConnectionView

# Today is kept fresh by the schedule; another day is read again when somebody opens it after that.
BELIEVED_FOR = timedelta(minutes=30)
FURTHEST = timedelta(days=90)
WELL = frozenset({Status.ON_TIME, Status.CLOSED})
NEVER_READ = frozenset({State.SETUP_REQUIRED, State.INACTIVE})


@dataclass(frozen=True, slots=True)
class Reading:
    """When a connection last read the whole of a day; None for never."""

    connection: ConnectionView
    read_at: datetime | None

    @property
    def can_be_asked(self) -> bool:
        return self.connection.state not in NEVER_READ

    @property
    def is_missing(self) -> bool:
        """Its rows may be missing, and a sync would bring them."""
        return self.read_at is None and self.can_be_asked

    @property
    def is_well(self) -> bool:
        """Nobody has to know more of it."""
        is_told = self.is_missing or self.connection.reason
        return not is_told and self.connection.status in WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReadings:
    """A shown day as each connection knows it."""

    readings: Sequence[Reading]
    due: Sequence[UUID]

    @property
    def well(self) -> Sequence[Reading]:
        return tuple(one for one in self.readings if one.is_well)

    @property
    def missing(self) -> Sequence[Reading]:
        return tuple(one for one in self.readings if one.is_missing)

    @property
    def is_whole(self) -> bool:
        """Every connection that can be read has been."""
        return not self.missing


def readings_of(
    day: date,
    connections: Iterable[ConnectionView],
    read: Mapping[UUID, datetime | None],
    *,
    today: date,
    now: datetime,
) -> DayReadings:
    """`due` are the connections whose day should be read as soon as somebody looks at it."""
    found = tuple(Reading(one, read.get(one.id)) for one in connections)
    near = abs(day - today) <= FURTHEST
    due = [one.connection.id for one in found if near and _is_due(one, day == today, now)]
    return DayReadings(readings=found, due=tuple(due))


def _is_due(reading: Reading, is_today: bool, now: datetime) -> bool:  # noqa: FBT001 - a fact
    if not reading.can_be_asked or reading.connection.state == State.NEEDS_SIGN_IN:
        return False
    if reading.read_at is None:
        return True
    return not is_today and now - reading.read_at > BELIEVED_FOR
