"""A tool a caller's assistant may use: what it is asked, what it answers, who counts as proven."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from domain.connections import Connection
from domain.desk import Ability, Opening, PatientCard, PracticeDesk, Resource
from domain.slots import BookingRules, Wanted
from domain.writes import KeptWrite, NewWrite

NO_PRACTICE = "No PMS integration found"
"""Said, word for word, where an account has no connection that can serve calls."""

TEXT_FOLLOWS = "You will get a text message as soon as it is."
CALL_FOLLOWS = "Somebody at the practice will call you, or you can call back to ask."
"""Said where no text can be sent: the practice sees whom it has to tell."""

NOT_FINAL = "I have requested {what} at the practice, but it is not final yet."
UNDER_WAY = f"{NOT_FINAL.format(what='this')} {TEXT_FOLLOWS}"
NOT_REACHED = "I could not reach the practice's system just now, so {left}. Shall I try again?"
NOT_NOW = "I could not reach the practice's system just now. Shall I try again?"
BUSY_NOW = "The practice's system is busy just now; please ask me again in a minute."
TOO_MANY = "There are too many requests at the moment. Please wait a minute and try again."
NOT_OURS = "This call could not be matched to a practice, so I cannot help with that."
UNKNOWN_TOOL = "I cannot do that here."
BROKEN = "Something went wrong on our side. Please ask me again in a moment."
"""What became of a request is not known where this is said, so it says nothing of that."""


class Told(StrEnum):
    """What a caller was told of a write; what is only requested is followed by a text."""

    CONFIRMED = "confirmed"
    REQUESTED = "requested"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What is said to the assistant: one line. `phi_fields` are what of a patient it tells.

    A write it was about is named with what the caller was told of it, and `heard` are others of
    which it tells the end. `status` is how it is answered over HTTP, and `listed` are the patients
    it lists, where it lists several. With `calls_back` a call is promised that nobody else was
    promised for that write.
    """

    text: str = field(repr=False)
    is_error: bool = False
    status: int = 200
    told: Told | None = None
    write_id: UUID | None = None
    heard: tuple[UUID, ...] = ()
    calls_back: bool = False
    phi_fields: tuple[str, ...] = ()
    patient_id: str | None = None
    listed: tuple[str, ...] = ()


class Proofs(Protocol):
    """What this call has proved so far, kept sealed for as long as it lasts."""

    @property
    def patient_ids(self) -> frozenset[str]: ...
    def prove(self, patient_ids: frozenset[str], *, behind: str | None = None) -> None:
        """They are proven; with `behind` they are all whom calling from that number proves."""

    def has_looked_behind(self, number: str) -> bool:
        """Whether that was asked a moment ago: whomever it proves is proven."""

    @property
    def registered(self) -> Mapping[str, PatientCard]:
        """Whom this call has registered, by name and birthday: a PMS may not show them yet."""

    def register(self, card: PatientCard) -> None:
        """They are proven, and known by name for the rest of the call."""

    @property
    def attempts(self) -> int:
        """How often somebody said who they are, and was not believed."""

    @property
    def is_barred(self) -> bool:
        """So many wrong answers came from this number within a day that a person has to help."""

    def attempt(self) -> int:
        """Count that somebody says who they are, before it is looked at; how often by now."""

    def believed(self, patient_ids: frozenset[str]) -> None:
        """They are: proven, and the attempt does not count."""


class Writer(Protocol):
    """Carries writes to the practice."""

    def do(self, new: NewWrite, *, until: datetime) -> KeptWrite: ...


class Writes(Protocol):
    """What was written before: by this call, by others, and what is under way."""

    def by_key(self, key: str) -> KeptWrite | None:
        """What this very tool call has written, should it be answered once more."""

    def booking_of(self, call_id: str) -> KeptWrite | None:
        """The one booking of a phone call, if it has made any that stands or may."""

    def made(self, connection_id: UUID, pms_id: str) -> KeptWrite | None:
        """The call's booking that this appointment comes from, if it does from one."""

    def moved(self, kept: KeptWrite) -> KeptWrite | None:
        """The last move of what this booking made that stands or may."""

    def same(self, new: NewWrite) -> KeptWrite | None:
        """What was asked for before, if this is the same wish again."""

    def is_from(self, kept: KeptWrite, caller: str | None) -> bool:
        """Whether it was asked for from this number: who hears of its end hears it there."""

    def unseen(self, connection_id: UUID) -> Sequence[KeptWrite]:
        """What the PMS has taken lately and may not show yet, and what is under way."""

    def untold(self, connection_id: UUID, patient_id: str) -> Sequence[KeptWrite]:
        """What of their appointments to come has an end that somebody still waits to hear."""


class FreeTimes(Protocol):
    """What could be booked: shortly remembered to offer it, asked for anew to book it."""

    def free(
        self, wanted: Wanted, *, fresh: bool = False, moving: str | None = None
    ) -> Sequence[Opening]:
        """`moving` names an appointment whose own time counts as free."""

    def taken_by(self, pms_id: str, start: datetime) -> Sequence[Resource]:
        """Whom and what an appointment takes, as the book and what is held have it."""


class CallControl(Protocol):
    """Acts on the phone call itself."""

    def transfer(self, control_url: str, number: str) -> bool:
        """Whether the call is being passed on to that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequest:
    """One call of a tool, with everything it may use.

    `caller` is the number that calls, in E.164, where it is known; `can_text` says that a text
    can be sent there. `own_numbers` are the practice's. `until` is when an answer is due: a write
    that is not settled by then is told as requested.
    """

    account_id: str
    call_id: str
    tool_call_id: str
    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    caller: str | None = field(default=None, repr=False)
    trace_id: str
    now: datetime
    until: datetime
    connection: Connection
    rules: BookingRules
    abilities: frozenset[Ability]
    can_text: bool
    transfer_to: tuple[str, ...] = ()
    own_numbers: frozenset[str] = frozenset()
    control_url: str | None = field(default=None, repr=False)
    desk: PracticeDesk
    diary: FreeTimes
    writer: Writer
    writes: Writes
    proofs: Proofs
    control: CallControl

    @property
    def write_key(self) -> str:
        """The same for the same tool call, however often it is delivered."""
        return write_key(self.call_id, self.tool_call_id)


Tool = Callable[[ToolRequest], ToolAnswer]


def under_way(*, can_text: bool, what: str = "this") -> str:
    """For what is requested only; no more is promised than can be kept."""
    return f"{NOT_FINAL.format(what=what)} {TEXT_FOLLOWS if can_text else CALL_FOLLOWS}"


def write_key(call_id: str, tool_call_id: str) -> str:
    return f"{call_id}:{tool_call_id}"
