"""What is known of a slice's rows without opening them, kept while the slice is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.storage.sheet.connection_sheet import ConnectionSheet
from domain.appointments import Appointment
from domain.intake import Stored, known_by_origin
from domain.origins import record_of
from domain.sources import Query
from domain.window import Window

Keyed = Sequence[tuple[UUID, Appointment]]


@dataclass(slots=True)
class KnownRows:
    """Prints of rows; whoever's are asked for first has the whole window of them read at once."""

    held: dict[UUID, Stored] = field(default_factory=dict)
    by_origin: dict[bytes, list[UUID]] = field(default_factory=dict)
    _whose: set[str] = field(default_factory=set)

    def read_slice(
        self, sheet: ConnectionSheet, query: Query, *, window: Window, everyone: Iterable[str]
    ) -> None:
        """Those of the query's practitioner, or of everyone, with the records they were made of."""
        whose = {query.practitioner_id} if query.practitioner_id else set(everyone)
        around = sheet.stored_around((), window=window, practitioner_ids=sorted(whose))
        self.held.update(around)
        self.by_origin = known_by_origin(self.held)
        self._whose |= whose

    def missing(self, keyed: Keyed) -> list[UUID]:
        return [row for row, _ in keyed if row not in self.held]

    def read_page(self, sheet: ConnectionSheet, keyed: Keyed, *, window: Window | None) -> None:
        """Rows of a page; with a window also all that their practitioners have in it."""
        ids = self.missing(keyed)
        whose = {one.practitioner_id for _, one in keyed if one.practitioner_id} - self._whose
        if window is None or not whose:
            self.held.update(sheet.stored(ids))
            return
        around = sheet.stored_around(ids, window=window, practitioner_ids=sorted(whose))
        self.held.update(around)
        self._whose |= whose

    def forget(self, ids: Iterable[UUID]) -> None:
        """These rows have just been written."""
        for row in ids:
            held = self.held.pop(row, None)
            if held is not None and held.origin is not None:
                self.by_origin.pop(record_of(held.origin), None)
