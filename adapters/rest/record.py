"""Strict reading of one record: the right type or BadRecord, which never quotes the value."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from math import ceil
from typing import Any, TypeVar

from adapters.rest.answers import dig
from adapters.rest.clean import many_lines, one_line
from adapters.rest.instants import read_birth_date, read_instant, read_since_1970
from adapters.rest.surroundings import NOWHERE, ReadCodes, Surroundings
from domain.errors import BadRecord

_T = TypeVar("_T")

_MAX_TEXT = 500
_MAX_ID = 200
_MAX_NOTES = 20_000
_MAX_INTEGER = 2**53
_MAX_MINUTES = 2**31 - 1
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Record:
    """One JSON object, read by dotted paths.

    `flags` and `drift` gather what had to be degraded; what is reached through a record, nested,
    looked up or followed, adds to those of the whole. `reached` names what was looked up in side
    lists; None stands for anything that was read from elsewhere.
    """

    __slots__ = ("_values", "around", "drift", "flags", "reached", "where")

    def __init__(
        self,
        values: Any,
        *,
        where: str = "",
        around: Surroundings = NOWHERE,
        whole: "Record | None" = None,
    ) -> None:
        if not isinstance(values, dict):
            raise BadRecord("not an object", path=where)
        self._values = values
        self.where = where
        self.around: Surroundings
        self.flags: set[str]
        self.drift: list[str]
        self.reached: list[str | None]
        if whole is None:
            self.around, self.flags, self.drift, self.reached = around, set(), [], []
        else:
            self.around, self.flags = whole.around, whole.flags
            self.drift, self.reached = whole.drift, whole.reached

    def raw(self, path: str) -> Any:
        if "." in path:
            return dig(self._values, path)
        return self._values.get(path)

    def fields(self) -> Mapping[str, Any]:
        """Everything in it, unread."""
        return dict(self._values)

    def has(self, path: str) -> bool:
        return self.raw(path) is not None

    def maybe(self, path: str, *, limit: int = _MAX_TEXT) -> str | None:
        """Text on one line; None where it is absent, null or blank."""
        value = dig(self._values, path) if "." in path else self._values.get(path)
        if value is None:
            if "." in path:
                self._check_way(path)
            return None
        if not isinstance(value, str):
            raise self.bad(path, "not a text")
        if len(value) > limit:
            raise self.bad(path, "too long")
        # The common case without a call: this runs twenty times for each appointment.
        return (value.strip() if value.isprintable() else one_line(value)) or None

    def text(self, path: str) -> str:
        return self._required(path, self.maybe(path))

    def maybe_id(self, path: str) -> str | None:
        """An id: a text, or a whole number where a vendor counts."""
        value = self.raw(path)
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) > _MAX_INTEGER:
                raise self.bad(path, "a number beyond reason")
            return str(value)
        found = self.maybe(path, limit=_MAX_ID)
        if found is not None and found != value:
            raise self.bad(path, "an id with odd characters")
        return found

    def id(self, path: str = "id") -> str:
        value = self.raw(path)
        # Nearly every id is as it should be; an appointment has four, and this spares each calls.
        is_text = isinstance(value, str) and 0 < len(value) <= _MAX_ID
        if is_text and value.isprintable() and value.strip() == value:
            found: str = value
            return found
        return self._required(path, self.maybe_id(path))

    def text_id(self, path: str = "id") -> str:
        """The id of a vendor whose ids are texts: a number there is not one of them."""
        if isinstance(self.raw(path), int):
            raise self.bad(path, "an id that is not a text")
        return self.id(path)

    def notes(self, path: str) -> str | None:
        """Free text with its line breaks; cut, and flagged, where it is endless.

        What is no text is left out and told.
        """
        value = self.raw(path)
        if not isinstance(value, str):
            return self.side(path)
        if len(value) > _MAX_NOTES:
            self.flags.add("notes_cut")
        return many_lines(value[:_MAX_NOTES]) or None

    def minutes(self, path: str) -> int | None:
        """A length; one that is begun counts whole, one that is none is left out and told."""
        value = self.raw(path)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # More than a table holds of a type's would fail every sync of its practice.
        if not is_number or not abs(value) <= _MAX_MINUTES:
            self._leave_out(path)
            return None
        begun: int = ceil(value)
        return begun

    def side(self, path: str) -> str | None:
        """A text nothing else hangs on: a number becomes one, all else is left out and told."""
        value = self.raw(path)
        if value is None and "." not in path:
            return None
        # The common case without a call, as in `maybe`.
        if isinstance(value, str) and len(value) <= _MAX_TEXT:
            return (value.strip() if value.isprintable() else one_line(value)) or None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_INTEGER:
            return str(value)
        return self.side_text(path)

    def side_text(self, path: str, *, limit: int = _MAX_TEXT) -> str | None:
        """As `maybe`, of a text nothing else hangs on: what is none is left out and told."""
        return self._side(path, self.maybe, limit=limit)

    def boolean(self, path: str, *, default: bool = False) -> bool:
        value = self.raw(path)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.bad(path, "neither true nor false")
        return value

    def side_words(self, path: str) -> str | None:
        """A list of words as one text, where nothing hangs on it; some write it as one."""
        told = self.raw(path)
        if not isinstance(told, list):
            return self.side(path)
        text = " ".join(one.strip() for one in told if isinstance(one, str))
        if len(text) > _MAX_TEXT or not all(isinstance(one, str) for one in told):
            self._leave_out(path)
        return one_line(text) or None if len(text) <= _MAX_TEXT else None

    def side_mark(self, path: str) -> bool | None:
        """As `boolean`, where nothing else hangs on it: what is none is left out and told."""
        value = self.raw(path)
        if value is None or isinstance(value, bool):
            return value
        self._leave_out(path)
        return None

    def side_id(self, path: str) -> str | None:
        """As `maybe_id`, where nothing else hangs on it: what is none is left out and told."""
        return self._side(path, self.maybe_id)

    def maybe_instant(self, path: str, *, zone: str | None = None) -> datetime | None:
        """An instant in UTC. A naive time is read in `zone`; without one it is rejected."""
        found = self.maybe(path)
        return None if found is None else self.moment(found, path=path, zone=zone)

    def instant(self, path: str, *, zone: str | None = None) -> datetime:
        return self._required(path, self.maybe_instant(path, zone=zone))

    def since_1970(self, path: str, *, a_second: int = 1) -> datetime:
        """An instant told as a number that counts from 1970, so many to `a_second`."""
        told = self._required(path, self.maybe_id(path))
        try:
            return read_since_1970(told, a_second=a_second)
        except ValueError as reason:
            raise self.bad(path, str(reason)) from None

    def side_instant(self, path: str, *, zone: str | None = None) -> datetime | None:
        """As `maybe_instant`, where there is more to go by: what is none is left out and told."""
        return self._side(path, self.maybe_instant, zone=zone)

    def moment(self, text: str, *, path: str, zone: str | None = None) -> datetime:
        """As `instant`, for a text put together from several fields."""
        try:
            when, flag = read_instant(text, timezone=zone)
        except ValueError as reason:
            raise self.bad(path, str(reason)) from None
        if flag:
            self.flags.add(flag)
        return when

    def birth_date(self, path: str) -> str | None:
        """An ISO date; what cannot be one is left out and flagged."""
        found = self.side(path)
        day = None if found is None else read_birth_date(found)
        if found is not None and day is None:
            self.flags.add("unreadable_birth_date")
        return day

    def items(self, path: str) -> list[Any]:
        """A list; an absent one is empty."""
        value = self.raw(path)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.bad(path, "not a list")
        return value

    def records(self, path: str, *, required: bool = False) -> "list[Record]":
        """Those of a list; an absent one is empty, or not to be had where it is required."""
        if required and not self.has(path):
            raise self.bad(path, "missing")
        items, base = self.items(path), self._at(path)
        return [
            Record(item, where=f"{base}[{index}]", whole=self) for index, item in enumerate(items)
        ]

    def side_records(self, path: str) -> "list[Record]":
        """As `records`, of a list nothing else hangs on: what is none is left out and told."""
        value = self.raw(path)
        items = value if isinstance(value, list) else []
        found = [one for one in items if isinstance(one, dict)]
        if len(found) < len(items) or (value is not None and value is not items):
            self._leave_out(path)
        return [Record(one, where=self._at(path), whole=self) for one in found]

    def record(self, path: str) -> "Record | None":
        value = self.raw(path)
        return None if value is None else Record(value, where=self._at(path), whole=self)

    @property
    def now(self) -> datetime | None:
        """When the page was read."""
        self.reached.append(None)
        return self.around.now

    def lookup(self, side: str, key: str | None) -> "Record | None":
        """The record with that id in a side list of the same page."""
        if not key:
            return None
        self.reached.append(key)
        found = self.around.included.get(side, {}).get(key)
        return None if found is None else Record(found, where=f"{side}[]", whole=self)

    def learnt(self, side: str, key: str | None, read: "Callable[[Record], _T]") -> _T | None:
        """What `read` makes of a record as `lookup` finds it, once for the page.

        For what many records share, and for reading that sets no flags: later ones would lack them.
        """
        spot = (side, key or "")
        if spot in self.around.kept:
            self.reached.append(key)
        else:
            found = self.lookup(side, key)
            if found is None:
                return None
            self.around.kept[spot] = read(found)
        known: _T = self.around.kept[spot]
        return known

    def follow(
        self, path: str, *, query: Mapping[str, str] | None = None, **parts: str
    ) -> "Record | None":
        """What the vendor holds at `path`, asked for once; None where it holds nothing."""
        self.reached.append(None)
        found = self.around.follow(path, query or {}, parts)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        return None if found is None else Record(found, where=path, whole=self)

    def held(self, path: str, *, id: str) -> "Record | None":  # noqa: A002 - as in the path
        """What the vendor holds under that id at `path`; None where it holds nothing.

        Nor is anything else that answers there taken for it, which is told as not read.
        """
        self.reached.append(None)
        found = self.around.follow(path, {}, {"id": id})
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if found is None:
            return None
        if (id_in(found, "id") or "").casefold() != id.casefold():
            self.around.unread.append(path)
            return None
        return Record(found, where=path, whole=self)

    def code(self, path: str, code: str, *, read: ReadCodes) -> Any:
        """What the vendor's code list at `path` says of a code; None where it does not know it."""
        self.reached.append(None)
        return self.around.codes(path, code, read)

    def bad(self, path: str, reason: str) -> BadRecord:
        return BadRecord(reason, path=self._at(path))

    def _side(self, path: str, read: Callable[..., _T | None], **how: Any) -> _T | None:
        try:
            return read(path, **how)
        except BadRecord:
            self._leave_out(path)
            return None

    def _leave_out(self, path: str) -> None:
        self.drift.append(f"unreadable:{path}")

    def _check_way(self, path: str) -> None:
        """What a path leads through may be missing, and is an object if it is there."""
        held: Any = self._values
        for step in path.split(".")[:-1]:
            held = held.get(step)
            if held is None:
                return
            if not isinstance(held, dict):
                raise self.bad(path, "not an object")

    def _at(self, path: str) -> str:
        return f"{self.where}.{path}" if self.where else path

    def _required(self, path: str, value: _T | None) -> _T:
        if value is None:
            raise self.bad(path, "missing")
        return value


def id_in(item: Any, path: str) -> str | None:
    """The id of a record that may be anything, as it came; None where it has none."""
    try:
        return Record(item).maybe_id(path)
    except BadRecord:
        return None


def last_segment(reference: str | None) -> str | None:
    """The id at the end of a reference, which may also be a path or an address."""
    return (reference or "").rstrip("/").rpartition("/")[2] or None


def joined(*notes: str | None) -> str | None:
    """Different notes on lines of their own."""
    if not any(notes):
        return None
    return "\n".join(dict.fromkeys(note for note in notes if note)) or None
