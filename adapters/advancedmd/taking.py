"""What a visit takes of the scheduler: what cannot be read of it counts as all that it may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog

from adapters.advancedmd.office import Column
from adapters.advancedmd.rows import MISSING_TIME, Visit, starts, starts_by_clock
from adapters.advancedmd.words import bare, standing
from adapters.rest.lengths import length
from adapters.rest.record import Record
from domain.appointments import Status
from domain.connections import Connection
from domain.desk import Busy, Resource
from domain.errors import BadInput, BadRecord
from domain.slots import PRACTITIONER
from domain.window import Window, whole_day

log = structlog.get_logger()

_NOT_IN_THE_WAY = frozenset({Status.CANCELLED, Status.NO_SHOW})
_DAY = len("2026-06-02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """How the visits of one office are read: by REST, or by messages."""

    connection: Connection
    columns: Sequence[Column]
    by_messages: bool

    def taken(self, visit: Visit) -> Busy | None:
        """The time it takes of its column: nobody else is put where it may stand.

        Its whole day without its time, all that was asked for without its day, every column that
        was asked for without its own. None for what is in nobody's way.
        """
        try:
            record = Record(visit.item)
        except BadRecord as bad:
            _note(bad)
            return Busy(window=self._asked(visit), resources=_resources(self._asked_columns(visit)))
        if self._is_off(record):
            return None
        whose = self._whose(record, visit)
        if not whose:
            return None
        patient = "patient.id" if self.by_messages else "patientid"
        return Busy(
            window=self._when(record, visit),
            resources=_resources(whose),
            pms_id=bare(record.side_id("id")),
            patient_id=bare(record.side_id(patient)),
        )

    def _is_off(self, record: Record) -> bool:
        """Where it cannot be read how it stands, it stands."""
        code_at = "apptstatus" if self.by_messages else "status"
        try:
            return standing(record, self.connection, code_at=code_at).status in _NOT_IN_THE_WAY
        except BadRecord as bad:
            _note(bad)
            return False

    def _whose(self, record: Record, visit: Visit) -> Sequence[str]:
        """Messages tell of every column of the office: one of another name is read by others."""
        if not self.by_messages:
            told = bare(record.side_id("columnid"))
            return [told] if told else self._asked_columns(visit)
        heading = (record.side("columnheading") or "").casefold()
        named = [one.pms_id for one in self.columns if one.name.casefold() == heading]
        return named if heading else self._asked_columns(visit)

    def _when(self, record: Record, visit: Visit) -> Window:
        try:
            start = self._starts(record)
            told = record.minutes("duration")
            if told is None and record.raw("duration") not in (None, ""):
                raise record.bad("duration", "not a length")
            lasts = length(record, self.connection, start=start, minutes=[told])
            return Window(start, start + lasts)
        except BadRecord as bad:
            _note(bad)
        day = record.raw("visitdate" if self.by_messages else "startdatetime")
        try:
            told_day = date.fromisoformat(str(day)[:_DAY])
            return whole_day(told_day, self.connection.timezone)
        except (ValueError, BadInput):
            return self._asked(visit)

    def _starts(self, record: Record) -> datetime:
        if not self.by_messages:
            return starts(record, self.connection)
        start = starts_by_clock(record, self.connection)
        if MISSING_TIME in record.flags:
            raise record.bad("starttime", "missing")
        return start

    def _asked(self, visit: Visit) -> Window:
        return visit.asked.window(self.connection.timezone)

    def _asked_columns(self, visit: Visit) -> Sequence[str]:
        return visit.asked.columns or [one.pms_id for one in self.columns]


def _resources(columns: Sequence[str]) -> tuple[Resource, ...]:
    return tuple(Resource(kind=PRACTITIONER, pms_id=one) for one in columns)


def _note(bad: BadRecord) -> None:
    log.warning("vendor.record_unreadable", reason=str(bad), path=bad.path)
