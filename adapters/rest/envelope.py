"""What an answer wraps its records in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.rest.answers import dig
from domain.errors import BrokenContract

MOST_RECORDS = 10_000
"""On one page; the largest that any vendor is asked for has a tenth of it."""

_ERRORS = ("fatal", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """One answer taken out of its wrapping; body and headers stay for the paging to read.

    `passed_over` are records that it had besides, and that tell nothing to whoever reads it. One
    that `lacks_some` says itself that something went wrong while it was made; one that `is_silent`
    had nothing in it, not even that there is nothing.
    """

    items: Sequence[Any] = field(repr=False)
    passed_over: Sequence[Any] = field(default=(), repr=False)
    included: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    lacks_some: bool = False
    is_silent: bool = False

    @property
    def listed(self) -> Sequence[Any]:
        """All that the answer listed, by which it is told whether more follows."""
        return [*self.items, *self.passed_over] if self.passed_over else self.items


class Wrapping(Protocol):
    """Where in an answer the records and their side lists are."""

    @property
    def label(self) -> str:
        """What a record's path begins with."""

    def open(self, body: Any) -> Contents:
        """The contents; raises BrokenContract where the list is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A list under a key, "" for the answer itself; side lists hold records with ids.

    `may_be_empty` takes an answer without a body for an empty list; `in_array` also takes the
    whole envelope in a list of one, `may_be_bare` the list without an envelope. `nothing` is a key
    and what stands there where an answer without a list says that there is nothing to list.
    """

    items: str
    included: tuple[str, ...] = ()
    may_be_empty: bool = False
    in_array: bool = False
    may_be_bare: bool = False
    nothing: tuple[str, str] | None = None

    @property
    def label(self) -> str:
        return self.items or "items"

    def open(self, body: Any) -> Contents:
        if body is None and self.may_be_empty:
            return Contents(items=())
        if self.in_array and isinstance(body, list) and len(body) == 1:
            body = body[0]
        items = body if self.may_be_bare and isinstance(body, list) else dig(body, self.items)
        if items is None and self.nothing and dig(body, self.nothing[0]) == self.nothing[1]:
            return Contents(items=())
        if not isinstance(items, list):
            raise BrokenContract(f"the list '{self.label}' is missing")
        _check_length(items, self.label)
        return Contents(items=items, included=self._included(body), body=body)

    def _included(self, body: Any) -> Mapping[str, Mapping[str, Any]]:
        return {side: _by_id(dig(body, side)) for side in self.included}


@dataclass(frozen=True, slots=True)
class Single:
    """An answer that is one record."""

    label: str = "record"

    def open(self, body: Any) -> Contents:
        if not isinstance(body, dict):
            raise BrokenContract("the record is missing")
        return Contents(items=(body,), body=body)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A FHIR Bundle: matches of one resource type, everything else as side lists by type."""

    resource: str

    @property
    def label(self) -> str:
        return self.resource

    def open(self, body: Any) -> Contents:
        if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
            raise BrokenContract("the Bundle is missing")
        total = body.get("total")
        # An empty one may come without entries; one that counts some has lost them.
        entries = body.get("entry", [] if not total else None)
        if not isinstance(entries, list):
            raise BrokenContract("the list 'entry' is missing")
        _check_length(entries, "entry")
        found = [entry.get("resource") if isinstance(entry, dict) else entry for entry in entries]
        items = [one for one in found if self._is_match(one)]
        lacks_some = any(map(_tells_an_error, found))
        if lacks_some and not items:
            raise BrokenContract(f"an error stands where '{self.resource}' should be listed")
        return Contents(
            items=items,
            included=_by_type([one for one in found if not self._is_match(one)]),
            body=body,
            lacks_some=lacks_some,
        )

    def _is_match(self, resource: Any) -> bool:
        """What does not even say its type is kept, so that it is rejected by name."""
        told = resource.get("resourceType") if isinstance(resource, dict) else None
        return not isinstance(told, str) or told == self.resource


def _tells_an_error(resource: Any) -> bool:
    """Whether it is an outcome that says more than a warning."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "OperationOutcome":
        return False
    told = resource.get("issue")
    issues = told if isinstance(told, list) else []
    return any(isinstance(one, dict) and one.get("severity") in _ERRORS for one in issues)


def _check_length(items: Sequence[Any], label: str) -> None:
    if len(items) > MOST_RECORDS:
        raise BrokenContract(f"the list '{label}' has more than {MOST_RECORDS} records")


def _by_id(items: Any) -> Mapping[str, Any]:
    if not isinstance(items, list):
        return {}
    return {
        item["id"]: item
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    }


def _by_type(resources: Sequence[Any]) -> Mapping[str, Mapping[str, Any]]:
    sides: dict[str, list[Any]] = {}
    for resource in resources:
        sides.setdefault(str(resource["resourceType"]), []).append(resource)
    return {kind: _by_id(ones) for kind, ones in sides.items()}
