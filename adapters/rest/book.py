"""A practice's book for its desk: what stands in it now, read as a sync reads it."""

from collections.abc import Mapping, Sequence

from adapters.rest.ports import Ports
from adapters.rest.source import RestSource
from adapters.rest.vendor import Vendor
from domain.appointments import Appointment, Practitioner, Status
from domain.connections import Connection
from domain.desk import Busy, Resource
from domain.errors import BrokenContract, Transient
from domain.overlaps import reaching_into
from domain.slots import PRACTITIONER
from domain.sources import Spend
from domain.window import Window

NOT_TAKING = frozenset({Status.CANCELLED, Status.NO_SHOW})


class Book:
    """What can be said of a book by the vendor's description alone: `queries` and its listings."""

    def __init__(
        self, vendor: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
    ) -> None:
        self._vendor = vendor
        self._source = RestSource(vendor, connection, secrets=secrets, ports=ports)
        self._practitioners: Sequence[Practitioner] | None = None

    def appointments(self, window: Window) -> list[Appointment]:
        """Those that start in it, cancelled ones too.

        One that cannot be read might take any time of those days: then nothing is known of them.
        Nor is it where the PMS has not told all.
        """
        queries = self._source.queries(window, self.practitioners())
        pages = [page for query in queries for page in self._source.pages(query)]
        title = self._vendor.title
        if any(page.is_partial for page in pages):
            raise Transient(f"{title} has not told all of these days; try again in a minute")
        if any(page.rejects for page in pages):
            raise BrokenContract(f"{title}: an appointment of these days cannot be read")
        return [row for page in pages for row in page.records if row.start in window]

    def appointment(self, pms_id: str) -> Appointment | None:
        found = self._source.probe(pms_id)
        return found[0] if found else None

    def busy(self, window: Window) -> list[Busy]:
        """What began before it and lasts into it, too."""
        every = (
            Busy(
                window=Window(row.start, row.end),
                resources=(Resource(kind=PRACTITIONER, pms_id=row.practitioner_id),),
                pms_id=row.pms_id,
                patient_id=row.patient_id or None,
            )
            for row in self.appointments(reaching_into(window))
            if row.practitioner_id and row.status not in NOT_TAKING and not row.removed
        )
        return [one for one in every if one.window.meets(window)]

    def practitioners(self) -> Sequence[Practitioner]:
        """Asked for only where appointments are asked for by each of them, and once."""
        if not self._vendor.capabilities.per_practitioner:
            return ()
        if self._practitioners is None:
            self._practitioners = self._source.practitioners()
        return self._practitioners

    def drain_spent(self) -> Sequence[Spend]:
        return self._source.drain_spent()
