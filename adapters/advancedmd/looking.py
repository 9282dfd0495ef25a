"""One visit looked for: by its id where that is offered, else on the days it may stand on."""

from collections.abc import Callable, Sequence
from datetime import date

from adapters.advancedmd.office import Office
from adapters.advancedmd.rows import Visit
from domain.appointments import Appointment
from domain.errors import BadRecord, BrokenContract, Refused
from domain.sources import Sighting

UNREADABLE = "something of it cannot be read"

BY_ID = "by_id"
"""What is kept of an office: whether it can be asked for an appointment by its id."""

ById = Callable[[str], Sequence[Appointment] | None]
OfDay = Callable[[date], Sequence[Visit]]


class Looking:
    """That an appointment is gone is believed only of an office that tells others by their ids.

    Reading one by its id is documented nowhere: "not there" may mean that it is not offered.
    """

    def __init__(
        self, by_id: ById, of_day: OfDay, office: Office, *, ids_are_appointments: bool
    ) -> None:
        self._by_id = by_id
        self._of_day = of_day
        self._office = office
        self._ids_are_appointments = ids_are_appointments
        self._listed: str | None = None

    @property
    def is_offered(self) -> bool:
        """Whether one may be asked for by its id, as far as it is known."""
        return self._ids_are_appointments and self._office.recall(BY_ID) is not False

    def listed(self, rows: Sequence[Appointment]) -> None:
        """What the book shows now: one of it proves, if need be, what ids are good for."""
        self._listed = next((row.pms_id for row in rows), self._listed)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        """By its id alone; None where it is gone for certain.

        Where nobody can say the next run does without: it takes off what its days no longer list.
        """
        seen = self.look(pms_id, ())
        if seen.is_known:
            return seen.rows or None
        self._learn(is_offered=False)
        raise Refused("AdvancedMD does not say whether this visit is still there.")

    def look(self, pms_id: str, days: Sequence[date]) -> Sighting:
        """Raises BadRecord where it is there and nobody can read it."""
        try:
            found, is_missing = self._asked(pms_id) if self.is_offered else ((), False)
        except BadRecord:
            rows = self._on(days, pms_id)
            if not rows:
                raise
            return Sighting(rows=rows)
        if found:
            self._learn(is_offered=True)
            return Sighting(rows=found)
        if is_missing and self._office.recall(BY_ID):
            return Sighting(is_gone=True)
        rows = self._on(days, pms_id)
        if rows:
            self._learn(is_offered=False)
            return Sighting(rows=rows)
        return Sighting(is_gone=is_missing and self._tells_another())

    def _asked(self, pms_id: str) -> tuple[Sequence[Appointment], bool]:
        """What came by the id, and whether it was said not to be there.

        What is not offered need not be refused in order: a page says it as well, unless ids told
        something before. A failure of the server says nothing of what it offers.
        """
        try:
            found = self._by_id(pms_id)
        except (Refused, BrokenContract) as problem:
            if isinstance(problem, BrokenContract) and self._office.recall(BY_ID):
                raise
            self._learn(is_offered=False)
            return (), False
        return found or (), not found

    def _on(self, days: Sequence[date], pms_id: str) -> list[Appointment]:
        """Raises BadRecord where it stands there and cannot be read."""
        found = [one for day in days for one in self._of_day(day) if one.pms_id == pms_id]
        rows = [row for one in found for row in one.rows]
        if found and not rows:
            raise BadRecord(UNREADABLE)
        return rows

    def _tells_another(self) -> bool:
        """Whether one that is certainly there is told by its id."""
        if self._listed is None:
            return False
        found, _ = self._asked(self._listed)
        self._learn(is_offered=bool(found))
        return bool(found)

    def _learn(self, *, is_offered: bool) -> None:
        self._office.keep(BY_ID, is_offered)
