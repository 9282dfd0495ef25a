"""What is left out of what a vendor tells: its own policy on notes, and a practice's choice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.rest.envelope import Contents
from adapters.rest.vendor import Vendor
from domain.connections import Connection
from domain.minimising import LOSSES, WITHOUT_LOOKING_UP, Extra

_LISTED = re.compile(r"(?P<key>[^\[]+)\[(?P<name>[^=]+)=(?P<value>[^\]]+)\]")


def withheld(vendor: Vendor) -> frozenset[Extra]:
    """What never reaches the sheet, whatever a practice says."""
    return frozenset() if vendor.note_policy == "inbound" else frozenset({Extra.NOTES})


def offered(vendor: Vendor) -> Sequence[Extra]:
    """What a practice may leave out: whatever this vendor tells at all."""
    return [one for one in Extra if one in vendor.holds and not _is_barred(vendor, one)]


def loss(vendor: Vendor, extra: Extra) -> str:
    """What a practice does without that leaves this out."""
    is_asked_for = extra is Extra.NOTES and vendor.note_policy == "on_demand"
    return WITHOUT_LOOKING_UP if is_asked_for else LOSSES[extra]


def left_out(vendor: Vendor, connection: Connection) -> frozenset[Extra]:
    """What does not reach the sheet of this practice."""
    return withheld(vendor) | connection.left_out


def spots(vendor: Vendor, extras: Iterable[Extra]) -> tuple[str, ...]:
    """Where its records hold these."""
    return tuple(spot for one in extras for spot in vendor.holds.get(one, ()))


def emptied(contents: Contents, at: Sequence[str]) -> Contents:
    """An answer whose records, and those beside them, are empty at these spots."""
    if not at:
        return contents
    included = {
        side: {key: bare(one, at) for key, one in held.items()}
        for side, held in contents.included.items()
    }
    return replace(contents, items=[bare(one, at) for one in contents.items], included=included)


def bare(record: Any, at: Sequence[str]) -> Any:
    """A record, or each of a list, with null at every spot it has; it is not changed itself.

    A spot is a path of keys (`person.mobile`), or in a list what has a certain value:
    `contact[system=phone]` leaves those out.
    """
    for spot in at:
        record = _without(record, spot)
    return record


def _without(record: Any, spot: str) -> Any:
    if isinstance(record, list):
        return [_without(one, spot) for one in record]
    key, _, rest = spot.partition(".")
    listed = _LISTED.fullmatch(key)
    name = listed["key"] if listed else key
    if not isinstance(record, dict) or record.get(name) is None:
        return record
    held = record[name]
    if listed:
        return {**record, name: _unlisted(held, listed)}
    return {**record, name: _without(held, rest) if rest else None}


def _unlisted(held: Any, listed: "re.Match[str]") -> Any:
    """A list without what is left out; anything but a list says nothing that is known."""
    if not isinstance(held, list):
        return None
    return [one for one in held if not _is(one, listed["name"], listed["value"])]


def _is(one: Any, name: str, value: str) -> bool:
    told = one.get(name) if isinstance(one, Mapping) else None
    return isinstance(told, str) and told.strip() == value


def _is_barred(vendor: Vendor, extra: Extra) -> bool:
    return extra is Extra.NOTES and vendor.note_policy == "never"
