"""What an office is like: its name, columns and types, asked for once an hour."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.advancedmd.line import Line
from adapters.advancedmd.wire import Message
from adapters.advancedmd.words import bare, split_name
from adapters.rest.clean import one_line
from adapters.rest.record import id_in
from domain.appointments import AppointmentType
from domain.connections import Connection
from domain.errors import BadInput, BrokenContract
from domain.names import display

KEPT = timedelta(hours=1)
_MOST_MINUTES = 24 * 60
_LONGEST_NAME = 200
_MOST_NAMED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the scheduler: what is a practitioner to us."""

    pms_id: str
    name: str
    profile_id: str | None = None
    facility_id: str | None = None


class Office:
    """`kept` holds what was asked for and when; it names no patient and may outlive this."""

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

    def columns(self, *, fresh: bool = False) -> tuple[Column, ...]:
        """Those this connection reads: all of the office's, or the ones it is set to."""
        found = self._columns(self._setup(fresh=fresh))
        wanted = _wanted(self._connection)
        if not wanted:
            return found
        chosen = tuple(one for one in found if one.pms_id in wanted)
        if not chosen:
            raise BadInput("None of the columns set for this connection exists in AdvancedMD.")
        return chosen

    def column(self, pms_id: str) -> Column | None:
        return next((one for one in self.columns() if one.pms_id == pms_id), None)

    def types(self) -> list[AppointmentType]:
        told = self._asked("getappttypes", "masterfiles", fresh=False)
        return [_type(one) for one in _anywhere(told) if _id(one) and _named(one)]

    def name(self) -> str | None:
        """What its places are called, of the columns this connection reads; None where untold."""
        called = {
            pms_id: _named(one) for pms_id, one in _with_ids(self._setup(fresh=False), "facility")
        }
        places = dict.fromkeys(one.facility_id for one in self.columns() if one.facility_id)
        names = [called[one] for one in places if called.get(one)]
        if not names and len(called) == 1:
            names = [one for one in called.values() if one]
        if len(names) > _MOST_NAMED:
            names = [f"{names[0]} and {len(names) - 1} more"]
        return " and ".join(names)[:_LONGEST_NAME] or None

    def keep(self, name: str, value: Any) -> None:
        self._kept[self._key(name)] = (self._clock(), value)

    def recall(self, name: str) -> Any:
        """What was kept within the hour, or None."""
        kept = self._kept.get(self._key(name))
        if kept is None or not timedelta() <= self._clock() - kept[0] < KEPT:
            return None
        return kept[1]

    def _setup(self, *, fresh: bool) -> Any:
        return self._asked("getschedulersetup", "masterfiles", fresh=fresh)

    def _asked(self, action: str, kind: str, *, fresh: bool = False) -> Any:
        found = None if fresh else self.recall(action)
        if found is None:
            found = self._line.tell(Message(action=action, kind=kind))
            self.keep(action, found)
        return found

    def _columns(self, setup: Any) -> tuple[Column, ...]:
        people = {_id(one): _person(one) for one in _anywhere(setup, "profile")}
        known = self._connection.practitioners
        found = tuple(
            Column(
                pms_id=pms_id,
                name=_named(one) or people.get(_id(one, "@profile")) or known.get(pms_id, pms_id),
                profile_id=_id(one, "@profile"),
                facility_id=_id(one, "@facility"),
            )
            for pms_id, one in _with_ids(setup, "column")
        )
        # The visits of a column that is not asked for would look gone.
        if len(found) < _count(setup, "column"):
            raise BrokenContract("AdvancedMD: getschedulersetup tells of a column without its id")
        if not found:
            raise BrokenContract("AdvancedMD: getschedulersetup tells of no columns")
        return found

    def _key(self, name: str) -> str:
        return f"{self._connection.id} advancedmd {name}"


def _wanted(connection: Connection) -> frozenset[str]:
    told = str(connection.settings.get("columns") or "").replace(";", ",")
    return frozenset(found for found in map(bare, told.split(",")) if found)


def _anywhere(values: Any, name: str = "") -> Iterator[dict[str, Any]]:
    """The elements of that name, or all, however deep: what lists are called is not documented."""
    for key, value in values.items() if isinstance(values, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                if key == name or not name:
                    yield one
                yield from _anywhere(one, name)


def _with_ids(values: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in _anywhere(values, name):
        pms_id = _id(one)
        if pms_id is not None:
            yield pms_id, one


def _count(values: Any, name: str) -> int:
    """How many of that name there are, whether or not they can be read."""
    if isinstance(values, list):
        return sum(_count(one, name) for one in values)
    if not isinstance(values, dict):
        return 0
    told = values.get(name)
    own = len(told) if isinstance(told, list) else int(told is not None)
    return own + sum(_count(one, name) for one in values.values())


def _id(one: Mapping[str, Any], path: str = "@id") -> str | None:
    return bare(id_in(one, path))


def _named(one: Mapping[str, Any]) -> str:
    return one_line(_text(one.get("@name")))[:_LONGEST_NAME]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _person(one: Mapping[str, Any]) -> str:
    told = _named(one)
    given, family = split_name(told)
    return display(given=given, family=family) or told


def _type(one: Mapping[str, Any]) -> AppointmentType:
    settings = one.get("settings")
    told = {**(settings if isinstance(settings, dict) else {}), **one}
    minutes = _text(told.get("@duration"))
    usable = minutes.isascii() and minutes.isdigit() and 0 < int(minutes[:5]) <= _MOST_MINUTES
    return AppointmentType(
        pms_id=_id(one) or "",
        name=_named(one),
        duration_minutes=int(minutes) if usable else None,
        colour=one_line(_text(told.get("@color")))[:_LONGEST_NAME] or None,
    )
