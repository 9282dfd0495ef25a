"""Pages by number from 0, and the ways such paging goes wrong."""

from collections.abc import Sequence
from typing import Any

from simulators.chance import chance, happens
from simulators.faults import Fault
from simulators.life import live
from simulators.medirecords import shapes
from simulators.medirecords.offices import Office
from simulators.medirecords.queries import Filters, Paging
from simulators.records import Appointment, Meaning

Json = dict[str, Any]


def envelope(rows: Sequence[Json], paging: Paging, *, total: int, is_endless: bool = False) -> Json:
    pages = -(-total // paging.size)
    return {
        "data": list(rows),
        "first": paging.page == 0,
        "last": paging.page >= pages - 1 and not is_endless,
        "totalPages": pages,
        "totalElements": total,
        "numberOfElements": len(rows),
        "size": paging.size,
        "page": paging.page,
    }


def paged(rows: Sequence[Json], paging: Paging) -> Json:
    start = paging.page * paging.size
    return envelope(rows[start : start + paging.size], paging, total=len(rows))


class Pages:
    """The appointment lists of one practice."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._endless: set[Filters] = set()
        self._drift = chance("drift", office.id)

    def read(self, values: dict[str, str], fault: Fault | None) -> Json:
        clinic = self.office.clinic
        paging = Paging.read(values, self.office.knobs)
        filters = Filters.read(values, clinic.zone)
        if paging.page and happens(self._drift, self.office.knobs.drift):
            live(clinic, 1, f"drift/{clinic.version}")
        with clinic.lock:
            rows = self._rows(filters)
        self._remember(filters, paging, fault)
        is_endless = filters in self._endless
        start = _start(paging, fault)
        start = start % max(1, len(rows)) if is_endless else start
        chosen = rows[start : start + paging.size]
        records = [shapes.appointment(row, self.office) for row in chosen]
        return envelope(records, paging, total=len(rows), is_endless=is_endless)

    def _remember(self, filters: Filters, paging: Paging, fault: Fault | None) -> None:
        """A list stays endless until it is begun again."""
        if fault and fault.name == "endless-cursor":
            self._endless.add(filters)
        elif paging.page == 0:
            self._endless.discard(filters)

    def _rows(self, filters: Filters) -> list[Appointment]:
        by_start = self.office.knobs.order == "start"
        return sorted(
            (row for row in self.office.clinic.appointments.values() if self._is_in(row, filters)),
            key=lambda row: (row.start.isoformat() if by_start else "", row.id),
        )

    def _is_in(self, row: Appointment, filters: Filters) -> bool:
        knobs = self.office.knobs
        if filters.start and row.start < filters.start:
            return False
        if filters.end and row.start > filters.end:
            return False
        if filters.end == row.start and knobs.window == "half-open":
            return False
        if row.meaning is Meaning.CANCELLED and not knobs.keeps_cancelled:
            return False
        return not filters.equal or self._matches(row, filters)

    def _matches(self, row: Appointment, filters: Filters) -> bool:
        record = shapes.appointment(row, self.office)
        return all(record[name] == value for name, value in filters.equal)


def _start(paging: Paging, fault: Fault | None) -> int:
    start = paging.page * paging.size
    if fault and fault.name == "repeated-page":
        return max(0, start - paging.size)
    if fault and fault.name == "moved-cursor":
        return max(0, start + (1 if fault.shift is None else fault.shift))
    return start
