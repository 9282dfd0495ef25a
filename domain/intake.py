"""Which of the records a PMS sent belong on the sheet, and which of those are new or different."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID, uuid5

from domain.appointments import Appointment, Patient
from domain.connections import Connection
from domain.origins import is_read_otherwise, is_whole, record_of
from domain.window import Window, zone

ESTIMATED = "estimated_duration"
"""Flag of a record whose length is the practice's usual one: the PMS told none."""

MOVED = "moved"
"""Flag of a row that is off because its visit stands at another time, under another id."""

LEFT_OUT = "left_out"
"""Flag of a row that is off by the connection's own filters: the PMS had the visit still."""

FOR_OTHERS = "for_others"
"""Of a row that is off: the PMS has its visit still, for somebody else or for nobody."""

WAS_FOR_SOMEBODY = "was_for_somebody"
"""Of a row of nobody: the PMS had the visit for a patient before, whose row is off."""

PATIENT_MISSING = "patient_not_included"
"""Flag of a record without what the PMS has of its patient."""

MAPPING_VERSION = 1
"""Raise when the same record must become a different row, so that every row is looked at again."""

_REMEMBERED = 8192

Fingerprint = Callable[[bytes], bytes]
Fingerprints = Callable[[bytes], Sequence[bytes]]
"""Of one document under the present key, and under every key that was ever in use."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a row without opening it.

    `is_undone`: a person took back that a run had put it on the sheet, or taken it off;
    `has_undone`: or what it had changed. `told` is the print of what the PMS said last, `origin`
    that of the record as it was sent (see `domain.origins`).
    """

    fingerprint: bytes | None
    is_removed: bool
    is_undone: bool = False
    has_undone: bool = False
    told: bytes | None = field(default=None, repr=False)
    origin: bytes | None = field(default=None, repr=False)

    @property
    def is_where_it_belongs(self) -> bool:
        """On the sheet, or kept off it by a person for as long as the PMS says the same."""
        return self.is_removed == self.is_undone

    def stays_undone(self, said: Sequence[bytes], fingerprints: Fingerprints) -> bool | None:
        """Something of it was taken back, and the PMS says of it what it said then.

        None without a fingerprint: what is left out may have been other then, and with it all that
        was told, so that only what is stored can say.
        """
        is_taken_back = self.has_undone or (self.is_undone and self.is_removed)
        if not is_taken_back or self.told is None:
            return False
        half = len(self.told) // 2
        prints = {mark for one in said for mark in fingerprints(one)}
        if not prints.isdisjoint({self.told[:half], self.told[half:]}):
            return True
        return None if self.fingerprint is None else False

    @property
    def may_leave(self) -> bool:
        return not self.is_removed and not self.is_undone


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that belongs on the sheet, with the row and the column it goes to.

    `stays_undone`: only what is ours has changed since a person took back what the PMS says here;
    None where only what is stored of the row can say so.
    """

    id: UUID
    appointment: Appointment
    clinician_id: UUID | None
    fingerprint: bytes
    told: bytes
    is_held: bool = True
    stays_undone: bool | None = False


@dataclass(frozen=True, slots=True)
class Reprint:
    """A row that is as it was, with prints of an earlier key or reading: these take their place."""

    id: UUID
    fingerprint: bytes
    told: bytes
    origin: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """A page, sorted: rows to write, rows to take off the sheet, and how many were left alone.

    Of those leaving it is told whether only the connection's own filters keep them off.
    """

    fresh: Sequence[Incoming]
    leaving: Mapping[UUID, bool]
    unchanged: int
    skipped: int
    seen: Sequence[UUID]
    reprinted: Sequence[Reprint] = ()

    @property
    def left_out(self) -> frozenset[UUID]:
        return frozenset(row for row, is_ours in self.leaving.items() if is_ours)

    @property
    def is_quiet(self) -> bool:
        return not self.fresh and not self.leaving and not self.reprinted


@dataclass(frozen=True, slots=True)
class Listed:
    """What a slice mentioned: rows seen, and the vendor's ids of records we could not read.

    Only a slice that was read whole, in one go, can tell what it did not mention. Of the rows seen
    those `leaving` may have to leave the sheet all the same; the others stand.
    """

    seen: Sequence[UUID]
    unreadable: Sequence[str]
    is_whole: bool
    leaving: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may have to leave the sheet; `is_listed` says that the PMS still mentions it.

    What `is_left_out` only the connection's filters keep off; what `is_chosen` they would, whatever
    the PMS said since: somebody has chosen so here.

    One that is not `is_due` stands on these days only because a person moved it there, or since
    they were listed: no listing of them need mention it, so that only asking for it can tell.
    """

    id: UUID
    pms_id: str
    is_listed: bool
    is_due: bool = True
    is_left_out: bool = False
    is_chosen: bool = False


def known_by_origin(stored: Mapping[UUID, Stored]) -> dict[bytes, list[UUID]]:
    """Records of which every row is held and stands where it belongs, with their rows."""
    found = defaultdict[bytes, list[UUID]](list)
    for row, held in stored.items():
        if held.origin is not None and held.is_where_it_belongs:
            found[held.origin].append(row)
    return {record_of(told): rows for told, rows in found.items() if is_whole(told, len(rows))}


def row_id(connection_id: UUID, appointment: Appointment) -> UUID:
    """The row of this patient's place in this appointment: the same in every run."""
    return uuid5(connection_id, f"{appointment.pms_id}\x1f{appointment.patient_id}")


def belongs(appointment: Appointment, connection: Connection) -> bool:
    """The connection's own filters: mapped clinicians, wanted types, telehealth where only that.

    What nobody is assigned to yet is everybody's business: it belongs, in no clinician's column.
    """
    practitioner = appointment.practitioner_id
    if appointment.removed or (practitioner and practitioner not in connection.clinicians):
        return False
    kind = connection.types.get(appointment.type_id or "")
    if kind is not None and not kind.sync_enabled:
        return False
    return appointment.is_telehealth or not connection.telehealth_only


def sort_page(
    records: Iterable[tuple[UUID, Appointment]],
    stored: Mapping[UUID, Stored],
    *,
    connection: Connection,
    window: Window,
    fingerprint: Fingerprint,
    fingerprints: Fingerprints | None = None,
) -> Sorted:
    """Tell new and different rows, each by its last word; one beyond the window only if held."""
    prints = fingerprints or (lambda document: [fingerprint(document)])
    fresh, leaving = dict[UUID, Incoming](), dict[UUID, bool]()
    seen, reprinted = list[UUID](), list[Reprint]()
    unchanged = skipped = 0
    for row, appointment in dict(records).items():
        held = stored.get(row)
        if held is None and appointment.start not in window:
            continue
        seen.append(row)
        if not belongs(appointment, connection):
            skipped += 1
            if held is not None and held.may_leave:
                leaving[row] = not appointment.removed
            continue
        clinician = connection.clinicians.get(appointment.practitioner_id or "")
        record = filed(appointment, clinician, timezone=connection.timezone)
        mark = fingerprint(record)
        is_same = held is not None and held.is_where_it_belongs and held.fingerprint == mark
        if held is not None and is_same and not is_read_otherwise(held.origin, appointment.origin):
            unchanged += 1
            continue
        said = told(appointment, timezone=connection.timezone)
        said_mark = b"".join(map(fingerprint, said))
        if held is not None and held.is_where_it_belongs and held.fingerprint in prints(record):
            unchanged += 1
            reprinted.append(Reprint(row, mark, said_mark, appointment.origin))
            continue
        undone, is_held = held is not None and held.stays_undone(said, prints), held is not None
        fresh[row] = Incoming(row, appointment, clinician, mark, said_mark, is_held, undone)
    return Sorted(list(fresh.values()), leaving, unchanged, skipped, seen, reprinted)


def filed(appointment: Appointment, clinician_id: UUID | None, *, timezone: str) -> bytes:
    """A record with the zone its row is filed by: another zone may put it on another day."""
    return canonical(appointment, clinician_id) + f"@{timezone}".encode()


def told(appointment: Appointment, *, timezone: str) -> tuple[bytes, bytes]:
    """The PMS's own words alone: not our columns, rules or guesses, whatever becomes of those.

    Once by the instant and once by the practice's clock: where its zone is put right, the instants
    of a PMS that tells wall times all move.
    """
    by_instant = appointment.start.isoformat()
    by_wall = _shown_on_the_wall(appointment.start, timezone)
    is_guessed = ESTIMATED in appointment.flags
    own = (
        appointment.pms_id,
        None if is_guessed else appointment.duration_minutes,
        appointment.status_raw or appointment.status.value,
        appointment.is_telehealth,
        appointment.type_id,
        appointment.type_name,
        appointment.practitioner_id,
        appointment.notes,
        appointment.telehealth_link,
        appointment.telehealth_host_link,
        _parts_of(appointment.patient),
    )
    rest = repr(own).removeprefix("(")
    return f"({by_instant!r}, {rest}".encode(), f"({by_wall!r}, {rest}".encode()


# A book is a grid of times: a month of a practice has some thousands of them, each many times.
@lru_cache(maxsize=_REMEMBERED)
def _shown_on_the_wall(start: datetime, timezone: str) -> str:
    return wall_time(start, timezone).isoformat()


def wall_time(at: datetime, timezone: str) -> datetime:
    """What the practice's clock shows then."""
    return at.astimezone(zone(timezone)).replace(tzinfo=None)


def canonical(appointment: Appointment, clinician_id: UUID | None) -> bytes:
    """Everything of a record that reaches its row, in one unambiguous line."""
    parts = (
        MAPPING_VERSION,
        appointment.pms_id,
        appointment.start.isoformat(),
        appointment.end.isoformat(),
        appointment.status.value,
        appointment.status_raw,
        appointment.is_telehealth,
        appointment.type_id,
        appointment.type_name,
        appointment.practitioner_id,
        clinician_id,
        appointment.notes,
        appointment.telehealth_link,
        appointment.telehealth_host_link,
        sorted(appointment.flags),
        _parts_of(appointment.patient),
    )
    marks = (appointment.version, appointment.facility_id)
    # Only where there is one: whatever is told of none must be the row that it was.
    referral = (("referral", appointment.referral_id),) if appointment.referral_id else ()
    return repr((*parts, *(marks if any(marks) else ()), *referral)).encode()


def _parts_of(patient: Patient | None) -> tuple[str | None, ...] | None:
    if patient is None:
        return None
    return (
        patient.pms_id,
        patient.full_name,
        patient.first_name,
        patient.last_name,
        patient.phone,
        patient.email,
        patient.date_of_birth,
    )
