"""Offices and the practices in them: which one a connection means, and what Sikka says of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.rest.envelope import Contents, Envelope
from adapters.rest.record import Record
from adapters.sikka.zones import iana
from domain.appointments import Practice
from domain.connections import Connection
from domain.errors import BadInput

ENVELOPE = Envelope(
    # "No data" is a code, for which nobody says whether it comes with a 204 or in a 200.
    items="items",
    may_be_empty=True,
    in_array=True,
    nothing=("error_code", "API2005"),
)
NO_ZONE_YET = "UTC"
"""The zone of a connection nobody has told one of."""


def office_of(connection: Connection) -> str:
    return connection.site.partition(":")[0]


def practice_of(connection: Connection) -> str | None:
    """The practice within the office; None where the office is told alone."""
    return place(connection.site, connection.settings)[1]


def place(site: str, settings: Mapping[str, Any]) -> tuple[str, str | None]:
    """The office, and the practice within it: told by the site, else by the settings."""
    office, _, named = site.partition(":")
    return office, (named or str(settings.get("practice_id") or "")).strip() or None


def shown(practice: str | None) -> dict[str, str]:
    """Without this, authorized_practices lists the first practice of each office alone."""
    return {"show": "all"} if practice else {}


def pms_type_of(connection: Connection) -> str | None:
    """The PMS behind Sikka, where a person or the authorisation has told it."""
    told = str(connection.settings.get("pms_type") or "").strip()
    kept = connection.pms_type if connection.pms_type != connection.vendor else None
    return told or kept or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Of all practices that authorised the application, the one a connection means."""

    office: str
    practice: str | None

    @property
    def label(self) -> str:
        return "items"

    def open(self, body: Any) -> Contents:
        every = ENVELOPE.open(body)
        told = [one for one in every.items if isinstance(one, dict)]
        others = [one for one in told if not self._is_ours(one)]
        return Contents(items=self.among(told), passed_over=others, body=every.body)

    def among(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        ours = [one for one in rows if self._is_ours(one)]
        names = sorted({str(one.get("practice_id") or "") for one in ours})
        if len(names) > 1:
            told = ", ".join(f"{self.office}:{name}" for name in names)
            raise BadInput(f"This office has several practices; connect each by itself: {told}.")
        return ours

    def _is_ours(self, one: Mapping[str, Any]) -> bool:
        office, practice = str(one.get("office_id") or ""), str(one.get("practice_id") or "")
        return office.strip() == self.office and self.practice in (None, practice.strip())


def practice(record: Record, connection: Connection) -> Iterator[Practice]:
    yield Practice(
        site=connection.site,
        name=record.maybe("practice_name"),
        timezone=_zone(record, connection),
        number=record.maybe_id("practice_id"),
        pms_type=record.maybe("practice_management_system"),
    )


def _zone(record: Record, connection: Connection) -> str | None:
    """By its Windows name; one that we do not know leaves the connection's own."""
    name = record.maybe("practice_management_system_refresh_date_time_zone")
    if name is None:
        return None
    try:
        return iana(name)
    except BadInput:
        if connection.timezone == NO_ZONE_YET:
            raise
        return None
