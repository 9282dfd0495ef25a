"""Asking a PMS only for what changed: when that is enough, and from which mark."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from domain.connections import Connection
from domain.intake import MAPPING_VERSION

Days = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What a connection's last run left: the PMS's own "as of", and what it is good for.

    `shape` stands for how records became rows then; `full_at` is when the days were last read
    whole, which is due every `full_every`.
    """

    mark: str | None
    days: Days | None
    shape: str | None
    full_at: datetime | None
    full_every: timedelta

    def is_full_due(self, days: Days, *, now: datetime) -> bool:
        """Whether the days must be read whole: nothing less is possible, or it is time again."""
        if self.mark is None or self.days != days:
            return True
        return not self._is_whole_lately(now)

    def may_leave_far_days(self, *, now: datetime) -> bool:
        """Whether today alone is enough: all days were read, and changes cannot be asked for."""
        return self.mark is None and self._is_whole_lately(now)

    def since(self, days: Days, *, shape: str, now: datetime) -> str | None:
        """The mark to ask changes from; None where the days must be read whole."""
        if self.is_full_due(days, now=now) or self.shape != shape:
            return None
        return self.mark

    def _is_whole_lately(self, now: datetime) -> bool:
        """What is far ahead was said by a clock that was put back since."""
        at = self.full_at
        return at is not None and abs(now - at) < self.full_every


def shape_of(connection: Connection) -> str:
    """What besides the PMS's records decides their rows: a change of it shows in no record."""
    parts = (
        MAPPING_VERSION,
        connection.timezone,
        connection.site,
        connection.telehealth_only,
        sorted(connection.telehealth_types),
        sorted(connection.clinicians.items()),
        sorted((name, str(value)) for name, value in connection.settings.items()),
        sorted(
            (pms_id, kind.name, kind.duration_minutes, kind.is_telehealth, kind.sync_enabled)
            for pms_id, kind in connection.types.items()
        ),
    )
    return sha256(repr(parts).encode()).hexdigest()[:16]
