"""A practice's book at Sikka, once it is known which practice of the office it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from adapters.rest.ports import Ports
from adapters.rest.source import RestSource
from adapters.rest.vendor import Listing, Vendor
from adapters.sikka.faults import NotInPlan
from adapters.sikka.feed import Newest
from adapters.sikka.line import Line
from adapters.sikka.office import Office
from adapters.sikka.offices import practice_of
from domain.appointments import Appointment, Practitioner
from domain.connections import Connection
from domain.errors import Refused
from domain.sources import Page, Query
from domain.window import Window

_WITHOUT_FEED = timedelta(hours=1)
"""For how long a plan that lacks the feed of changes is not asked for it again."""


class SikkaSource(RestSource):
    """`{practice}` is a part of whatever is asked for; an office alone means its first practice."""

    def __init__(
        self, vendor: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
    ) -> None:
        super().__init__(vendor, connection, secrets=secrets, ports=ports)
        line = Line(self._caller)
        self._office = Office(line, connection, kept=self._codes, clock=ports.clock)

    def outdated(self) -> str | None:
        """Sikka holds a copy, which its program at the practice brings up to date."""
        return self._office.outdated()

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        return super().queries(window, practitioners, since=None if self._lacks_feed() else since)

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        """A plan without the feed of changes shuts nobody out: the days are read whole."""
        try:
            yield from super().pages(query, resume=resume)
        except NotInPlan as missing:
            if query.complete:
                raise
            self._codes[self._feed_key] = self._clock()
            raise Refused(str(missing)) from None

    def _listing(self, query: Query) -> Listing[Appointment] | None:
        """The feed remembers over all pages of a walk which word is the last."""
        found = super()._listing(query)
        if found is None or not isinstance(found.wrapping, Newest):
            return found
        return replace(found, wrapping=replace(found.wrapping, words={}))

    @property
    def _feed_key(self) -> str:
        return f"{self._connection.id} sikka without feed"

    def _lacks_feed(self) -> bool:
        since = self._codes.get(self._feed_key)
        return since is not None and timedelta() <= self._clock() - since < _WITHOUT_FEED

    def _parts(self, **more: str) -> dict[str, str]:
        held = self._connection
        practice_id = practice_of(held) or self._office.practice_id
        if practice_of(held) is None:
            told = {**held.settings, "practice_id": practice_id}
            self._connection = replace(held, settings=told)
        return {**super()._parts(), "practice": practice_id, **more}
