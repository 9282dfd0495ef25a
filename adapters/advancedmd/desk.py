"""An office's scheduler at AdvancedMD, to write to: one request each, after a look at the row."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from adapters.advancedmd import bodies, patients
from adapters.advancedmd.assumed import scheduler_buckets
from adapters.advancedmd.bodies import Change, Request
from adapters.advancedmd.source import AdvancedMdSource
from adapters.advancedmd.words import bare
from adapters.rest.auth import Ask
from adapters.rest.ports import Ports
from adapters.rest.record import id_in
from adapters.rest.vendor import Vendor
from domain.appointments import Appointment
from domain.connections import Connection
from domain.desk import (
    Ability,
    Balance,
    Busy,
    Coverage,
    Note,
    Opening,
    Outcome,
    OutcomeUnknown,
    Paid,
    PatientCard,
    PatientQuery,
    Receipt,
    Shift,
    Verdict,
)
from domain.errors import BadRecord, BrokenContract, Gone, Refused
from domain.intake import MOVED
from domain.overlaps import reaching_into
from domain.pushes import ChangedThere
from domain.sources import Sighting, Spend
from domain.window import Window, local_day
from domain.wishes import Booking, Cancellation, Move, StatusChange, Write
from infra.http import NotSent

ABILITIES = frozenset(
    {
        *(Ability.BOOK, Ability.RESCHEDULE, Ability.CANCEL, Ability.SET_STATUS),
        Ability.SEARCH_PATIENTS,
    }
)
SETTLED = timedelta(minutes=2)
"""After so long a request that got no answer does nothing any more."""

_MINUTE = timedelta(minutes=1)
_NOT_OFFERED = "AdvancedMD does not offer that from here."
_GONE = "The visit is no longer in AdvancedMD; read it again."
_OTHER_IDS = "AdvancedMD's visits are read by messages here, and those cannot be written to."
_UNSEEN = (
    "AdvancedMD does not show this visit on the day it stood; nothing was sent. The next sync shows"
    " where it stands now."
)
_UNSURE = "AdvancedMD does not say whether the visit is still there"
_UNREADABLE = (
    "AdvancedMD shows this visit with something that cannot be read ({}); nothing was sent. Put it"
    " right there, then send it again."
)
_MAY_BE_IT = (
    "AdvancedMD shows a visit of that day of which something cannot be read, and it may be this one"
)
_NOT_ALLOWED = (
    "AdvancedMD does not let our user change this; the practice's AdvancedMD administrator can"
    " give it the right to change the scheduler."
)
_NO_ADDRESS = (
    "AdvancedMD shows the visit and knows nothing at the address where it should be changed:"
    " nothing was changed. The practice's settings say where that is (change_path)."
)
_NO_BOOKING = "AdvancedMD knows nothing at the address where visits are made: nothing was booked."
_CHANGED = "The visit was changed in AdvancedMD meanwhile; read it again."


class NotAllowed(Refused):
    """403 of one change: the user lacks a right, and is signed in all the same."""


class AdvancedMdDesk:
    """Nothing is sent where the row is not the one that was read; AdvancedMD itself cannot say."""

    abilities = ABILITIES

    def __init__(
        self, vendor: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
    ) -> None:
        self._source = AdvancedMdSource(vendor, connection, secrets=secrets, ports=ports)
        self._connection = connection
        self._ports = ports

    @property
    def held_as(self) -> str:
        return f"advancedmd/{self._connection.site}".upper()

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        return patients.search(self._source.line, self._connection, query)

    def patient(self, pms_id: str) -> PatientCard | None:
        raise Refused(_NOT_OFFERED)

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        return self._source.rows(window)

    def appointment(self, pms_id: str) -> Appointment | None:
        raise Refused(_NOT_OFFERED)

    def busy(self, window: Window) -> Sequence[Busy]:
        """What began before it and lasts into it, too."""
        book = self._source.book()
        every = map(book.taken, self._source.visits(reaching_into(window), whole=True))
        return [one for one in every if one and one.window.meets(window)]

    def shifts(self, window: Window) -> Sequence[Shift]:
        raise Refused(_NOT_OFFERED)

    def openings(self, window: Window) -> Sequence[Opening] | None:
        return None

    def notes(self, patient_id: str) -> Sequence[Note]:
        raise Refused(_NOT_OFFERED)

    def insurance(self, patient_id: str) -> Sequence[Coverage]:
        raise Refused(_NOT_OFFERED)

    def balance(self, patient_id: str) -> Balance | None:
        raise Refused(_NOT_OFFERED)

    def last_payment(self, patient_id: str) -> Paid | None:
        raise Refused(_NOT_OFFERED)

    def submit(self, write: Write) -> Receipt:
        wish = write.wish
        if not isinstance(wish, Booking | Move | Cancellation | StatusChange):
            raise Refused(_NOT_OFFERED)
        if not self._source.ids_are_appointments:
            raise Refused(_OTHER_IDS)
        if isinstance(wish, Booking):
            return self._booked(wish)
        return self._changed(wish)

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        return self.find(write)

    def find(self, write: Write) -> Outcome:
        """By what the scheduler shows now."""
        wish = write.wish
        if isinstance(wish, Booking):
            made, may_be_there = self._made(wish)
            is_unclear = made is None and may_be_there
            return _unknown(_MAY_BE_IT) if is_unclear else self._told(write, made)
        if not isinstance(wish, Move | Cancellation | StatusChange):
            raise Refused(_NOT_OFFERED)
        try:
            seen = self._seen(wish)
        except BadRecord:
            return _unknown(_UNSURE)
        if not seen.is_known:
            return _unknown(_UNSURE)
        is_done = any(bodies.is_so(wish, row) for row in seen.rows)
        if seen.is_gone:
            is_done = isinstance(wish, Cancellation)
        return self._told(write, wish.appointment_id if is_done else None)

    def drain_spent(self) -> Sequence[Spend]:
        return self._source.drain_spent()

    def _told(self, write: Write, pms_id: str | None) -> Outcome:
        if pms_id is not None:
            return Outcome(verdict=Verdict.DONE, pms_id=pms_id)
        sent_at = write.submitted_at
        if sent_at is not None and self._ports.clock() - sent_at < SETTLED:
            return Outcome(verdict=Verdict.PENDING)
        return Outcome(verdict=Verdict.FAILED, reason="AdvancedMD did not take the change")

    def _made(self, wish: Booking) -> tuple[str | None, bool]:
        """The id of the visit that was to be made, where the scheduler shows it.

        And whether one that cannot be read may be it.
        """
        found = self._source.visits(Window(wish.start, wish.start + _MINUTE), whole=True)
        read = (row for one in found for row in one.rows if bodies.is_booked_as(wish, row))
        book = self._source.book()
        unread = (taken for one in found if not one.rows and (taken := book.taken(one)))
        may_be_there = any(bodies.may_be_booked_as(wish, one) for one in unread)
        return next((row.pms_id for row in read), None), may_be_there

    def _booked(self, wish: Booking) -> Receipt:
        """What is there already needs no request: it left before a backup was restored, say."""
        with _nothing_left():
            there, may_be_there = self._made(wish)
            request = bodies.booked(wish, self._source.office, self._connection)
        if there is not None:
            return Receipt(is_final=True, pms_id=there)
        if may_be_there:
            raise Refused(f"{_MAY_BE_IT}: nothing was booked. Put it right there, then try again.")
        try:
            body = self._sent(request)
        except Gone:
            raise Refused(_NO_BOOKING) from None
        told = body[0] if isinstance(body, list) and body else body
        made = bare(id_in(told, "id"))
        if made is None:
            raise OutcomeUnknown("AdvancedMD: the answer to a booking holds no id")
        return Receipt(is_final=True, pms_id=made)

    def _changed(self, wish: Change) -> Receipt:
        """What is so already needs no request; what somebody else changed is not overwritten."""
        row = self._row(wish)
        if not bodies.is_so(wish, row):
            is_moved = MOVED in row.flags and bodies.cancels(wish)
            if not is_moved and not bodies.is_as_told(wish, row):
                raise ChangedThere(_CHANGED)
            request = bodies.changed(wish, row, self._connection)
            try:
                self._sent(request)
            except Gone:
                # Either it left since it was looked at, or that is not where it is changed.
                self._row(wish)
                raise Refused(_NO_ADDRESS) from None
        return Receipt(is_final=True, pms_id=wish.appointment_id)

    def _sent(self, request: Request) -> Any:
        """Sent once; only a session that ended lets it leave a second time, for it did nothing."""
        caller = self._source.line.caller
        ask = Ask(
            method=request.method,
            url=caller.url(request.path, request.parts, {}),
            name=request.path,
            buckets=scheduler_buckets(self._connection),
            json=request.body,
            writes=True,
            faults={HTTPStatus.FORBIDDEN: NotAllowed},
        )
        try:
            return caller.signed(ask).body
        except NotAllowed:
            raise Refused(_NOT_ALLOWED) from None
        except BrokenContract as trouble:
            # The change itself would have ended in doubt: this was the login for it.
            raise NotSent(str(trouble)) from None

    def _row(self, wish: Change) -> Appointment:
        """As it stands now; nothing is sent where that cannot be seen."""
        with _nothing_left():
            seen = self._seen(wish)
        if seen.is_gone:
            raise ChangedThere(_GONE)
        if not seen.rows:
            raise Refused(_UNSEEN)
        return seen.rows[0]

    def _seen(self, wish: Change) -> Sighting:
        """By its id; should that not be offered, on the days it may stand."""
        start = wish.start if isinstance(wish, Move) else None
        there = local_day(start, self._connection.timezone) if start else None
        days = [day for day in dict.fromkeys((wish.day, there)) if day is not None]
        return self._source.look_again(wish.appointment_id, days=days)


@contextmanager
def _nothing_left() -> Iterator[None]:
    """What goes wrong while looking leaves nothing in doubt."""
    try:
        yield
    except BadRecord as bad:
        raise Refused(_UNREADABLE.format(": ".join(filter(None, (bad.path, str(bad)))))) from None
    except BrokenContract as trouble:
        raise NotSent(str(trouble)) from None


def _unknown(reason: str) -> Outcome:
    return Outcome(verdict=Verdict.UNKNOWN, reason=reason)
