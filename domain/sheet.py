"""The run sheet as readers get it: a day's entries, its columns, and how fresh they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import field as of_class
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from domain.errors import SyncError
from domain.window import zone


class NotOnSheet(SyncError):
    """There is no such row for this account; a foreign one looks the same."""


class Stale(SyncError):
    """The row was changed since it was read; read it again, then decide."""


class Settled(SyncError):
    """The conflict is no longer open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientView:
    pms_id: str | None
    full_name: str | None = of_class(default=None, repr=False)
    first_name: str | None = of_class(default=None, repr=False)
    last_name: str | None = of_class(default=None, repr=False)
    phone: str | None = of_class(default=None, repr=False)
    email: str | None = of_class(default=None, repr=False)
    date_of_birth: str | None = of_class(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerView:
    pms_id: str | None
    full_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherValue:
    """The value a shown one was laid over, or that had to give way to it."""

    value: Any = of_class(repr=False)
    source: str
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who set a field and when; `conflict` while `other` waits for a person's choice."""

    source: str
    at: datetime
    by: str | None = None
    conflict: bool = False
    other: OtherValue | None = None

    @property
    def can_undo(self) -> bool:
        """A person's hand is in it, and there is something to go back to."""
        return self.source == "manual" or (self.other is not None and self.other.source == "manual")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """A field both a person and the PMS changed."""

    id: UUID
    field: str
    ours: Any = of_class(repr=False)
    theirs: Any = of_class(repr=False)
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVisit:
    """A visit of the same clinician that takes some of the same time."""

    id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapView:
    """Two visits of one clinician at the same time, the earlier one first; and from when to when.

    One of them may stand on another day's sheet, or be of another connection than was asked for.
    """

    clinician_id: UUID
    start: datetime
    end: datetime
    appointments: tuple[UUID, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One row of the sheet; instants in UTC, `timezone` the practice's own.

    `undone_by`: who took it off the sheet; nobody where the PMS did.
    """

    id: UUID
    version: int
    pms_appointment_id: str | None
    connection_id: UUID | None
    pms_connection_id: UUID | None
    start: datetime
    end: datetime
    duration_minutes: int
    timezone: str
    status: str
    status_raw: str | None
    is_telehealth: bool
    appointment_type: str | None
    patient: PatientView | None
    practitioner: PractitionerView
    clinician: str | None
    clinician_id: UUID | None
    notes: str | None = of_class(repr=False)
    pms_notes: str | None = of_class(repr=False)
    own_notes: str | None = of_class(repr=False)
    telehealth_link: str | None = of_class(repr=False)
    telehealth_host_link: str | None = of_class(repr=False)
    source: str
    is_manual_entry: bool
    removed: bool
    flags: Sequence[str]
    provenance: Mapping[str, Origin]
    conflicts: Sequence[ConflictView]
    pms_last_synced_at: datetime | None
    undone_by: str | None = None
    undone_at: datetime | None = None
    overlaps: Sequence[OtherVisit] = ()
    referral_id: str | None = None

    def can_undo(self, field: str) -> bool:
        """A person set it; in a row they typed only where something else lies beneath."""
        origin = self.provenance.get(field)
        if origin is None or not origin.can_undo:
            return False
        return origin.other is not None or not self.is_manual_entry

    @property
    def is_undone(self) -> bool:
        """A person took back that the PMS had put it on the sheet."""
        return self.undone_at is not None and self.source == "pms"

    @property
    def is_disputed(self) -> bool:
        """A person has to choose; not where one has taken the row off the sheet."""
        return bool(self.conflicts) and self.undone_at is None

    @property
    def local_start(self) -> datetime:
        return self.start.astimezone(zone(self.timezone))

    @property
    def local_end(self) -> datetime:
        return (self.start + timedelta(minutes=self.duration_minutes)).astimezone(
            zone(self.timezone)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A clinician, in the order the practice put them."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """A connection as the sheet shows it: what it is and how fresh."""

    id: UUID
    name: str
    vendor: str
    timezone: str
    status: str
    since: datetime
    sentence: str
    reason: str | None = None
    last_sync_at: datetime | None
    sync_enabled: bool
    state: str = "ACTIVE"
    site: str = ""
    rests_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        return self.rests_until is not None and self.rests_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One pass over a connection's days, with what it has counted so far."""

    id: UUID
    job_id: int
    connection_id: UUID
    status: str
    sync_type: str
    dry_run: bool
    first_day: date
    last_day: date
    started_at: datetime
    completed_at: datetime | None
    queries_done: int
    queries_total: int
    counts: Mapping[str, int]
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """A sync that has yet to begin or to end, and what it waits for."""

    job_id: int
    connection_id: UUID | None
    state: str
    due_at: datetime
    waiting_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The days a person wants synced; none named means today."""

    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The practice-local days `first_day` to `last_day`, as of the event numbered `seq`."""

    first_day: date
    last_day: date
    columns: Sequence[Column]
    entries: Sequence[EntryView]
    seq: int
    overlaps: Sequence[OverlapView] = ()


PLAIN = frozenset({str, int, bool, float, type(None)})


def as_json(value: Any) -> Any:
    """Views as JSON-plain values: instants in UTC ending in Z, ids as text."""
    # Most values are plain already: asked what they are one by one, they took half of the time.
    if type(value) in PLAIN:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(one) for one in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, UUID)):
        return str(value)
    return value
