"""What the records of a page name in another listing, asked for together."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from adapters.rest.envelope import Wrapping
from adapters.rest.memory import Memory
from adapters.rest.record import id_in, last_segment
from domain.connections import Connection
from domain.errors import NeedsReconnect, Refused

Params = Mapping[str, str]
Fetch = Callable[[Params], Sequence[Any]]
"""Parameters to the records they bring."""

_UNKNOWN = object()
_NOT_FOR_US = (Refused, NeedsReconnect)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a record is kept that is not with ours, and the text it goes by in the side list.

    Places may number alike, so that the id is not enough; the text stands in whatever names it.
    """

    place: str
    key: str


@dataclass(frozen=True, slots=True)
class _Asking:
    """For whom, how, and what is known already."""

    connection: Connection
    fetch: Fetch
    remembered: MutableMapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Records of another listing by their id, which stands at `key` here, and there unless `there`.

    Where it `is_link` the id is the end of an address, or of a reference, that stands at `key`.
    They become the side list `side`. `many` asks for up to `most` at once, `one` for a single one.
    Where a vendor takes no notice of the first, or refuses it, the others are asked for one by one.
    Whom `elsewhere` tells to be kept in another place is asked for there, by the parameter
    `place_at`; where that is not for us, or nobody is told, with ours.
    """

    side: str
    key: str
    path: str
    wrapping: Wrapping
    many: Callable[[Sequence[str], Connection], Params]
    one: Callable[[str, Connection], Params]
    there: str | None = None
    is_link: bool = False
    most: int = 40
    elsewhere: Callable[[Any], Elsewhere | None] | None = None
    place_at: str = ""

    def side_list(
        self,
        items: Sequence[Any],
        connection: Connection,
        *,
        fetch: Fetch,
        remembered: MutableMapping[str, Any],
    ) -> Mapping[str, Any]:
        """By id, what these records name; who was asked for lately is not asked for again."""
        known = _Asking(connection, fetch, remembered)
        found: dict[str, Any] = {}
        for place, names in self._away(items).items():
            there = self._known(list(dict.fromkeys(names.values())), known, place=place)
            found |= {key: there[pms_id] for key, pms_id in names.items() if pms_id in there}
        rest = [each for each in items if (at := self._place(each)) is None or at.key not in found]
        ours = dict.fromkeys(pms_id for each in rest if (pms_id := self.id_in(each)))
        return {**self._known(list(ours), known), **found}

    def id_in(self, item: Any) -> str | None:
        """Whom a record of ours names."""
        found = id_in(item, self.key)
        return last_segment(found) if self.is_link else found

    def _own_id(self, item: Any) -> str | None:
        """Who a record of theirs is."""
        return id_in(item, self.there or self.key)

    def _place(self, item: Any) -> Elsewhere | None:
        return self.elsewhere(item) if self.elsewhere else None

    def _away(self, items: Sequence[Any]) -> Mapping[str, Mapping[str, str]]:
        """By place, what is named there: the text it goes by, and its id."""
        found: dict[str, dict[str, str]] = {}
        for each in items:
            there, pms_id = self._place(each), self.id_in(each)
            if there is not None and pms_id is not None:
                found.setdefault(there.place, {})[there.key] = pms_id
        return found

    def _known(
        self, ids: Sequence[str], asking: _Asking, *, place: str | None = None
    ) -> Mapping[str, Any]:
        """By id, as many as there is room for; `place` is where, unless it is with ours."""
        spot = f"{self.path} at {place}" if place else self.path
        keys = {pms_id: f"{asking.connection.id} {spot} {pms_id}" for pms_id in ids}
        known = Memory(most=len(ids), seconds=inf)
        known.update({one: asking.remembered.get(key, _UNKNOWN) for one, key in keys.items()})
        asked = [pms_id for pms_id in ids if known.get(pms_id, _UNKNOWN) is _UNKNOWN]
        for start in range(0, len(asked), self.most):
            chunk = asked[start : start + self.most]
            found = self._there(chunk, asking, place) if place else self._together(chunk, asking)
            for pms_id in chunk:
                known[pms_id] = asking.remembered[keys[pms_id]] = found.get(pms_id)
        return {pms_id: one for pms_id, one in known.items() if one is not None}

    def _there(self, ids: Sequence[str], asking: _Asking, place: str) -> Mapping[str, Any]:
        """What may not be read there costs its details alone."""

        def fetch(params: Params) -> Sequence[Any]:
            return asking.fetch({**params, self.place_at: place})

        with suppress(*_NOT_FOR_US):
            return self._together(ids, replace(asking, fetch=fetch), believes_none=True)
        return {}

    def _together(
        self, ids: Sequence[str], asking: _Asking, *, believes_none: bool = False
    ) -> Mapping[str, Any]:
        """An answer with strangers is a page of everybody, and says nothing of whom it lacks.

        Nor does one with nobody, unless it is believed.
        """
        found = Memory(most=len(ids), seconds=inf)
        if len(ids) > 1:
            with suppress(Refused):
                items = asking.fetch(self.many(ids, asking.connection))
                found.update(self._by_id(ids, items))
                is_told = bool(found) or believes_none
                if is_told and {self._own_id(one) for one in items} <= {*ids, None}:
                    return found
        for each in ids:
            if each not in found:
                alone = asking.fetch(self.one(each, asking.connection))
                found.update(self._by_id([each], alone))
        return found

    def _by_id(self, ids: Sequence[str], items: Sequence[Any]) -> Mapping[str, Any]:
        """Only who was asked for."""
        found = ((self._own_id(one), one) for one in items)
        return {pms_id: one for pms_id, one in found if pms_id is not None and pms_id in ids}
