"""Judges the sheet against the truth of a living practice: what may be old, and what is wrong.

The promise: a row is as the PMS had it at some instant since the last whole pass began, field by
field, for a pass reads a patient after the appointment. What is older is not stale but wrong.

No PMS has a snapshot to read: a pass takes its listing page by page. A new appointment that is
moved meanwhile, from a page that is yet to be read to one that was, is on neither; it counts as
stale until the next pass. One that was ever on the sheet is looked up by its id, and has no excuse.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from domain.sheet import EntryView

Key = tuple[str, str]
Fields = Mapping[str, Any]
Visits = Mapping[Key, Fields]

UNKNOWN = {"unknown": "booked"}
"""A status nobody can know is shown as booked, with the vendor's word kept."""


class Fault(StrEnum):
    STALE = "stale"  # as it was within the promise; the next pass may set it right
    WRONG = "wrong"  # a value that the PMS did not have since the last whole pass began
    LOST = "lost"  # at the PMS all that time, and not on the sheet
    DOUBLED = "doubled"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is the matter with one row; it names fields and keeps no value."""

    fault: Fault
    key: Key
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """The sheet at one instant."""

    rows: int
    findings: tuple[Finding, ...]
    shown: frozenset[Key] = frozenset()

    def count(self, fault: Fault) -> int:
        return sum(one.fault is fault for one in self.findings)

    @property
    def bad(self) -> list[Finding]:
        return [one for one in self.findings if one.fault is not Fault.STALE]

    @property
    def accuracy(self) -> float:
        return 1 - len({one.key for one in self.bad}) / self.rows if self.rows else 1.0


class History:
    """What the sheet owed after each thing that happened at the practice, newest last."""

    def __init__(self) -> None:
        self._owed: list[Visits] = []

    def note(self, owed: Visits) -> None:
        """Rows that are as before are kept once."""
        last = self._owed[-1] if self._owed else {}
        same = {key: last[key] for key, row in owed.items() if last.get(key) == row}
        self._owed.append({**owed, **same})

    def now(self) -> int:
        """A mark of the present, to judge from later."""
        return len(self._owed) - 1

    def since(self, mark: int) -> Sequence[Visits]:
        """Newest first; the first is the present."""
        return self._owed[: mark - 1 if mark else None : -1]


@dataclass(slots=True)
class Tally:
    """Every moment judged of one practice."""

    moments: int = 0
    rows: int = 0
    worst: float = 1.0
    faults: Counter[Fault] = field(default_factory=Counter)
    bad: list[Finding] = field(default_factory=list)
    shown: set[Key] = field(default_factory=set)

    def add(self, moment: Moment) -> None:
        self.moments += 1
        self.rows += moment.rows
        self.worst = min(self.worst, moment.accuracy)
        self.faults.update(one.fault for one in moment.findings)
        self.bad += moment.bad
        self.shown |= moment.shown

    @property
    def accuracy(self) -> float:
        return 1 - len(self.bad) / self.rows if self.rows else 1.0

    def line(self, name: str) -> str:
        counts = "".join(f"{self.faults[fault]:>9}" for fault in Fault)
        shares = f"{self.accuracy:>10.4%}{self.worst:>10.2%}"
        return f"{name:<14}{self.moments:>9}{self.rows:>9}{counts}{shares}"


HEADING = (
    f"{'vendor':<14}{'moments':>9}{'rows':>9}"
    + "".join(f"{fault:>9}" for fault in Fault)
    + f"{'right':>10}{'worst':>10}"
)


def judge(
    sheet: Sequence[EntryView], promised: Sequence[Visits], *, known: Collection[Key] = ()
) -> Moment:
    """The rows of the synced days against all they may be, the present first.

    `known` were on the sheet before.
    """
    held: dict[Key, list[Fields]] = defaultdict(list)
    for entry in sheet:
        if not entry.removed:
            held[_key(entry)].append(shown(entry))
    present = promised[0]
    keys = {key for owed in promised for key in owed} | held.keys()
    findings = [
        one
        for key in sorted(keys)
        for one in _findings(key, held[key], promised, is_known=key in known)
    ]
    rows = sum(1 for key in keys if held[key] or key in present)
    return Moment(rows, tuple(findings), frozenset(key for key in keys if held[key]))


def _findings(
    key: Key, copies: Sequence[Fields], promised: Sequence[Visits], *, is_known: bool
) -> Iterator[Finding]:
    if len(copies) > 1:
        yield Finding(Fault.DOUBLED, key)
    may_be = [owed.get(key) for owed in promised]
    if not copies:
        if None not in may_be and (is_known or not _has_moved(may_be)):
            yield Finding(Fault.LOST, key)
        elif may_be[0] is not None:
            yield Finding(Fault.STALE, key, ("missing",))
        return
    there = [one for one in may_be if one is not None]
    wrong = _unlike(copies[0], there) if there else ("removed",)
    if wrong:
        yield Finding(Fault.WRONG, key, wrong)
    elif may_be[0] is None:
        yield Finding(Fault.STALE, key, ("removed",))
    elif late := _unlike(copies[0], [may_be[0]]):
        yield Finding(Fault.STALE, key, late)


def _has_moved(may_be: Sequence[Fields | None]) -> bool:
    """In the book, from one time or practitioner to another."""
    places = {(one["start"], one["practitioner"]) for one in may_be if one is not None}
    return len(places) > 1


def _unlike(fields: Fields, any_of: Sequence[Fields]) -> tuple[str, ...]:
    """Fields whose value none of these has; what the vendor states nowhere is not held."""
    return tuple(
        name
        for name, value in fields.items()
        if not any(name not in one or one[name] == value for one in any_of)
    )


def owed(
    truth: Mapping[str, Any], *, first: date, last: date, telehealth_only: bool = True
) -> Visits:
    """A simulator's truth as the rows of those practice-local days: one for each patient."""
    place = ZoneInfo(truth["timezone"])
    found: dict[Key, Fields] = {}
    for one in truth["appointments"]:
        day = datetime.fromisoformat(one["start_utc"]).astimezone(place).date()
        if first <= day <= last and (one["is_telehealth"] or not telehealth_only):
            for patient in one["patients"] or [{}]:
                found[one["id"], patient.get("id", "")] = _told(one, patient)
    return found


def _told(one: Mapping[str, Any], patient: Mapping[str, Any]) -> Fields:
    told = {
        "start": datetime.fromisoformat(one["start_utc"]),
        "status": UNKNOWN.get(one["meaning"], str(one["meaning"])),
        "practitioner": one["practitioner_id"],
        "type": one["type_name"],
        "is_telehealth": one["is_telehealth"],
        "notes": "\n".join(part for part in (one["notes"], one.get("title")) if part) or None,
        "name": patient.get("full"),
        "first_name": patient.get("first"),
        "last_name": patient.get("last"),
        "phone": patient.get("phone"),
        "email": patient.get("email"),
        "date_of_birth": patient.get("date_of_birth"),
    }
    # Where the vendor states no end anywhere, any estimate is as good as another.
    if one["end_utc"] is not None:
        told["end"] = datetime.fromisoformat(one["end_utc"])
    links = one.get("telehealth_links") or {}
    return {**told, "link": links.get("patient"), "host_link": links.get("practitioner")}


def shown(entry: EntryView) -> Fields:
    """A row of the sheet in the judge's fields."""
    patient = entry.patient
    return {
        "start": entry.start,
        "end": entry.end,
        "status": entry.status,
        "practitioner": entry.practitioner.pms_id,
        "type": entry.appointment_type,
        "is_telehealth": entry.is_telehealth,
        "notes": entry.notes,
        "name": patient and patient.full_name,
        "first_name": patient and patient.first_name,
        "last_name": patient and patient.last_name,
        "phone": patient and patient.phone,
        "email": patient and patient.email,
        "date_of_birth": patient and patient.date_of_birth,
        "link": entry.telehealth_link,
        "host_link": entry.telehealth_host_link,
    }


def _key(entry: EntryView) -> Key:
    return entry.pms_appointment_id or "", (entry.patient and entry.patient.pms_id) or ""
