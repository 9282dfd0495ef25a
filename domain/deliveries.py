"""What reached us from outside: one delivery for each thing a message named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.appointments import Appointment
from domain.errors import SyncError

APPOINTMENT = "Appointment"
PATIENT = "Patient"


class DeliveryState(StrEnum):
    """`stored` until a job has settled it; the others are ends, of which only a replay leads back.

    `done`: looked up, whatever came of it. `ignored`: never asked for anything. `dead`: given up.
    """

    STORED = "stored"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"


class UnreadableError(SyncError):
    """A message that proved where it comes from and makes no sense; says why, quotes nothing."""


@dataclass(frozen=True, slots=True)
class Focus:
    """One thing a message says has changed, and when; what became of it the message leaves open."""

    kind: str
    pms_id: str
    at: datetime | None = None

    @property
    def subject(self) -> str:
        return f"{self.kind}/{self.pms_id}"


def parted(subject: str) -> tuple[str, str]:
    """The kind and the PMS's id of a subject."""
    kind, _, pms_id = subject.partition("/")
    return kind, pms_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Some deliveries to settle together: what each of them wants looked up at the PMS.

    Whatever is asked under the same `key` may be remembered from one attempt to the next, nothing
    that was asked before is good enough.
    """

    key: str
    wanted: Mapping[UUID, Sequence[str]]

    @property
    def pms_ids(self) -> Sequence[str]:
        return list(dict.fromkeys(one for ids in self.wanted.values() for one in ids))


@dataclass(slots=True)
class Seen:
    """What was found of a look so far; an appointment that is gone is found without any row."""

    found: dict[str, Sequence[Appointment]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.found) + len(self.unreadable)

    def has(self, pms_ids: Sequence[str]) -> bool:
        return all(one in self.found or one in self.unreadable for one in pms_ids)
