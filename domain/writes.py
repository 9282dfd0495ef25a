"""A write: an intent that is kept before anything leaves, and what has become of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.desk import Ability, Receipt, Resource
from domain.errors import SyncError
from domain.window import Window
from domain.wishes import Write, WriteKind

HOLD_SECONDS = 60
"""How long a slot is held for a write that does not get as far as leaving."""

SEND_WITHIN = timedelta(seconds=5)
"""A write leaves this soon after it was marked as submitted, or not at all."""

CERTAIN_AFTER = timedelta(seconds=60)
"""Only this long after it was marked can a read-back say that a write never arrived."""

SHOWN_AFTER = timedelta(hours=1)
"""By then a PMS shows what it has taken on: its copy is refreshed every hour or sooner."""

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
NUMBER_LENGTH = 6
"""Confirmation numbers are read out: nothing in them sounds or looks like another."""


class WriteState(StrEnum):
    """Where a write stands: see NEXT. One that was marked but never left is as requested again."""

    REQUESTED = "requested"
    HELD = "held"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


S = WriteState
NEXT: Mapping[WriteState, frozenset[WriteState]] = {
    S.REQUESTED: frozenset({S.SUBMITTED, S.FAILED, S.WITHDRAWN}),
    S.HELD: frozenset({S.SUBMITTED, S.FAILED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.CONFIRMED, S.FAILED, S.UNKNOWN, S.REQUESTED}),
    S.UNKNOWN: frozenset({S.CONFIRMED, S.FAILED}),
    S.CONFIRMED: frozenset(),
    S.FAILED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
NOT_YET_SENT = frozenset({S.REQUESTED, S.HELD})
OPEN = frozenset({S.SUBMITTED, S.UNKNOWN})
SETTLED = frozenset({S.CONFIRMED, S.FAILED, S.WITHDRAWN})
MAY_STAND = OPEN | {S.CONFIRMED}
"""What the practice's system has, or may have."""

Features = Mapping[str, bool]

BY_DEFAULT: Features = {
    "appointments": True,
    "patients": True,
    "online_booking": True,
    "patient_creation": True,
    "notes": False,
    "insurance": False,
    "payments": False,
}
NEEDS: Mapping[Ability, tuple[str, ...]] = {
    Ability.SEARCH_PATIENTS: ("patients",),
    Ability.OPENINGS: ("appointments",),
    Ability.BOOK: ("appointments", "online_booking"),
    Ability.RESCHEDULE: ("appointments", "online_booking"),
    Ability.CANCEL: ("appointments",),
    Ability.SET_STATUS: ("appointments",),
    Ability.CREATE_PATIENT: ("patients", "patient_creation"),
    Ability.UPDATE_PATIENT: ("patients",),
    Ability.CHANGE_NAME: ("patients",),
    Ability.CHANGE_CONTACT: ("patients",),
    Ability.READ_NOTES: ("notes",),
    Ability.ADD_NOTE: ("notes",),
    Ability.READ_INSURANCE: ("insurance",),
    Ability.ADD_INSURANCE: ("insurance",),
    Ability.READ_BALANCE: ("payments",),
    Ability.RECORD_PAYMENT: ("payments",),
}
CHANGES: Mapping[Ability, tuple[str, ...]] = {
    Ability.CHANGE_CONTACT: ("phone", "email", "address"),
    Ability.CHANGE_NAME: ("first_name", "last_name"),
}
"""What of a patient each lets be changed, by the fields of a `PatientChange`."""

ABILITY: Mapping[WriteKind, Ability] = {kind: Ability(kind.value) for kind in WriteKind}


def changeable(abilities: Collection[Ability]) -> list[str]:
    """The fields of a `PatientChange` that a practice's system takes."""
    return [one for ability, names in CHANGES.items() if ability in abilities for one in names]


class SlotTaken(SyncError):
    """Somebody else has, or is about to have, that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a write would occupy, kept from others until it is known what became of it.

    `practice` names the book itself, as its desk does, whoever connected it and however often.
    """

    practice: str
    window: Window
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWrite:
    """A write as it is asked for; the same `key` asked for again is the same write.

    With `once` so is the same wish, whatever its key: see `domain.sameness`. `entry_id` is the row
    of the sheet it was made from, where no caller asked for it.
    """

    connection_id: UUID
    write: Write = field(repr=False)
    key: str
    asked_by: str
    trace_id: str
    call_id: str | None = None
    hold: Hold | None = None
    entry_id: UUID | None = None
    patient_link_id: UUID | None = None
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWrite:
    """A write as the ledger has it; `confirmation` is our own number, minted when it was kept.

    `told` is what the caller was told: "confirmed", "requested" or "failed".
    """

    id: UUID
    account_id: str
    connection_id: UUID
    state: WriteState
    write: Write = field(repr=False)
    key: str
    confirmation: str
    receipt: Receipt | None = None
    pms_id: str | None = None
    reason: str | None = None
    call_id: str | None = None
    told: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    polls: int = 0
    trace_id: str = ""
    is_new: bool = False


def allowed(abilities: frozenset[Ability], features: Features) -> frozenset[Ability]:
    """What a desk can do, less what the practice has switched off."""
    on = {**BY_DEFAULT, **features}
    return frozenset(one for one in abilities if all(on.get(name, False) for name in NEEDS[one]))
