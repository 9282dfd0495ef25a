"""What the records of a page name in another listing, asked for together."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.rest.envelope import Wrapping
from domain.connections import Connection
from domain.errors import Refused

Params = Mapping[str, str]
Fetch = Callable[[Params], Sequence[Any]]
"""Parameters to the records they bring."""

_UNKNOWN = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Records of another listing by their id, which stands at `key` here as there.

    They become the side list `side`. `many` asks for up to `most` at once, `one` for a single one.
    Where a vendor takes no notice of the first, or refuses it, the others are asked for one by one.
    """

    side: str
    key: str
    path: str
    wrapping: Wrapping
    many: Callable[[Sequence[str], Connection], Params]
    one: Callable[[str, Connection], Params]
    most: int = 40

    def side_list(
        self,
        items: Sequence[Any],
        connection: Connection,
        *,
        fetch: Fetch,
        remembered: MutableMapping[str, Any],
    ) -> Mapping[str, Any]:
        """By id, what these records name; who was asked for lately is not asked for again."""
        named = list(dict.fromkeys(pms_id for each in items if (pms_id := self.id_in(each))))
        keys = {pms_id: f"{connection.id} {self.path} {pms_id}" for pms_id in named}
        known = {pms_id: remembered.get(key, _UNKNOWN) for pms_id, key in keys.items()}
        asked = [pms_id for pms_id in named if known[pms_id] is _UNKNOWN]
        for start in range(0, len(asked), self.most):
            chunk = asked[start : start + self.most]
            found = self._together(chunk, connection, fetch)
            for pms_id in chunk:
                known[pms_id] = remembered[keys[pms_id]] = found.get(pms_id)
        return {pms_id: one for pms_id, one in known.items() if one is not None}

    def id_in(self, item: Any) -> str | None:
        found = item.get(self.key) if isinstance(item, dict) else None
        return found.strip() or None if isinstance(found, str) else None

    def _together(
        self, ids: Sequence[str], connection: Connection, fetch: Fetch
    ) -> Mapping[str, Any]:
        """An answer with strangers is a page of everybody, and says nothing of whom it lacks."""
        found: dict[str, Any] = {}
        if len(ids) > 1:
            with suppress(Refused):
                items = fetch(self.many(ids, connection))
                found.update(self._by_id(ids, items))
                if found and {self.id_in(one) for one in items} <= {*ids, None}:
                    return found
        for each in ids:
            if each not in found:
                found.update(self._by_id([each], fetch(self.one(each, connection))))
        return found

    def _by_id(self, ids: Sequence[str], items: Sequence[Any]) -> Mapping[str, Any]:
        """Only who was asked for."""
        found = ((self.id_in(one), one) for one in items)
        return {pms_id: one for pms_id, one in found if pms_id is not None and pms_id in ids}
