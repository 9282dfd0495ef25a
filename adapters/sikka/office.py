"""What a desk has to know of its practice before it can do anything: asked for once, then kept."""

from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from adapters.rest.record import Record
from adapters.sikka.line import Line
from adapters.sikka.offices import Ours, office_of, pms_type_of, practice_of, shown
from adapters.sikka.statuses import family
from domain.connections import Connection
from domain.errors import BadRecord, BrokenContract, NeedsReconnect, Refused, Throttled, Transient

KEPT_FOR = timedelta(minutes=15)
NOT_REFRESHED = "not_refresh"
_REFRESHED = "practice_management_system_refresh_date"
OLD = (
    "Sikka has not reached the practice's system for more than a day{told}: what it shows may be"
    " old. See that Sikka's program at the practice is running."
)
_LACKING = (NeedsReconnect, Refused)
_SILENT = (*_LACKING, BrokenContract, Throttled, Transient)


class Office:
    """`kept` outlives the desk, what is in it counts for a while; nothing of a patient is in it."""

    def __init__(
        self,
        line: Line,
        connection: Connection,
        *,
        kept: MutableMapping[str, Any],
        clock: Callable[[], datetime],
    ) -> None:
        self._line = line
        self._connection = connection
        self._kept = kept
        self._clock = clock

    @property
    def office_id(self) -> str:
        return office_of(self._connection)

    @property
    def practice_id(self) -> str:
        known = practice_of(self._connection)
        return known or str(self._told.get("practice_id") or "")

    @property
    def pms_type(self) -> str | None:
        known = pms_type_of(self._connection)
        return known or str(self._told.get("practice_management_system") or "") or None

    @property
    def family(self) -> str:
        return family(self.pms_type)

    def setting(self, name: str) -> str:
        return str(self._connection.settings.get(name) or "").strip()

    @property
    def supported(self) -> Mapping[str, Any] | None:
        """What Sikka says of the PMS; None where it says nothing of it."""
        pms_type = self.pms_type
        return self._once("supported", lambda: self._supported(pms_type)) if pms_type else None

    def providers(self) -> list[Mapping[str, str]]:
        """Id and name of those who work there, in Sikka's order."""
        return [one for one in self._listed() if not _has_left(one)]

    def former(self) -> frozenset[str]:
        """The ids of those who work there no more; a schedule may have them still."""
        present = {one.get("provider_id") for one in self.providers()}
        listed = {one.get("provider_id", "") for one in self._listed()}
        return frozenset(listed - present)

    def chairs(self) -> list[str]:
        """The operatories on show; the one that is set, where none are listed."""
        found: list[str] = self._once("chairs", self._chairs)
        default = self.setting("default_operatory")
        return found or ([default] if default else [])

    def outdated(self) -> str | None:
        """Where Sikka has had no contact with the practice's PMS for more than a day."""
        asked = {"office_id": self.office_id}
        try:
            rows = self._line.records("/data_sync_status", asked, as_application=True)
        except _SILENT:
            return None
        ours = [one for one in rows if one.side_id("practice_id") in (None, self.practice_id)]
        if not any((one.side("status") or "").casefold() == NOT_REFRESHED for one in ours):
            return None
        since = next((at for one in ours if (at := one.side(_REFRESHED))), None)
        told = f", last on {since[:16].replace('T', ' at ')} its time" if since else ""
        return OLD.format(told=told)

    def words(self, path: str) -> list[Mapping[str, str]]:
        """The rows of one of the practice's own lists of words."""
        found: list[Mapping[str, str]] = self._once(
            path, lambda: [_texts(one) for one in self._of_practice(path)]
        )
        return found

    @property
    def _told(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._once("practice", self._authorised)
        return found

    def _authorised(self) -> Mapping[str, Any]:
        wanted = practice_of(self._connection)
        asked = shown(wanted)
        found = self._line.records("/authorized_practices", asked, as_application=True)
        ours = Ours(office=self.office_id, practice=wanted).among([one.fields() for one in found])
        if not ours:
            raise Refused("Sikka does not list this practice among those that authorised us.")
        return {name: ours[0].get(name) for name in ("practice_id", "practice_management_system")}

    def _supported(self, pms_type: str) -> Mapping[str, Any] | None:
        asked = {"practice_management_system": pms_type}
        try:
            found = self._line.records("/supported_pmses", asked, as_application=True)
        except _SILENT:
            return None
        names = ((one.side("practice_management_system"), one) for one in found)
        ours = [one for name, one in names if name and family(name) == family(pms_type)]
        return _texts(ours[0]) if ours else None

    def _listed(self) -> list[Mapping[str, str]]:
        found: list[Mapping[str, str]] = self._once(
            "providers", lambda: [_texts(one) for one in self._of_practice("/providers")]
        )
        return found

    def _chairs(self) -> list[str]:
        try:
            practices = self._of_practice("/practices")
            customer = next((found for one in practices if (found := one.side("cust_id"))), None)
            if customer is None:
                return []
            rows = self._line.records("/operatories", {"cust_id": customer, "is_hidden": "F"})
        except _LACKING:
            return []
        return [found for one in rows if (found := self._chair(one))]

    def _chair(self, one: Record) -> str | None:
        """None for that of another practice, and where nobody can say whose it is."""
        try:
            is_ours = one.maybe_id("practice_id") in (None, self.practice_id)
        except BadRecord:
            return None
        return (one.side_id("operatory") or one.side_id("operatory_id")) if is_ours else None

    def _of_practice(self, path: str) -> list[Record]:
        return self._line.records(path, {"practice_id": self.practice_id})

    def _once(self, name: str, ask: Callable[[], Any]) -> Any:
        key, now = f"{self._connection.id} sikka {name}", self._clock()
        ends, value = self._kept.get(key, (now, None))
        if ends <= now:
            value = ask()
            self._kept[key] = (now + KEPT_FOR, value)
        return value


def _has_left(provider: Mapping[str, str]) -> bool:
    return provider.get("status", "").casefold() == "inactive"


def _texts(record: Record) -> dict[str, str]:
    """Its texts; everything in these lists is one, or at most a number."""
    told = ((name, record.side(name)) for name in record.fields())
    return {name: text or "" for name, text in told}
