"""A practice's book at Sikka, once it is known which practice of the office it is."""

from collections.abc import Mapping
from dataclasses import replace

from adapters.rest.ports import Ports
from adapters.rest.source import RestSource
from adapters.rest.vendor import Vendor
from adapters.sikka.line import Line
from adapters.sikka.office import Office
from adapters.sikka.offices import practice_of
from domain.connections import Connection


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

    def _parts(self, **more: str) -> dict[str, str]:
        held = self._connection
        practice_id = practice_of(held) or self._office.practice_id
        if practice_of(held) is None:
            told = {**held.settings, "practice_id": practice_id}
            self._connection = replace(held, settings=told)
        return {**super()._parts(), "practice": practice_id, **more}
