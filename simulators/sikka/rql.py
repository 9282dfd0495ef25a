"""The vendor's query language: `find=firstname=eq_joe::OR::patient_id=gte_100` keeps what it says.

The document gives the operators (eq_, neq_, like_ for a prefix, gt_, gte_, lt_, lte_) and the
joints (`::AND::`, `::OR::`), and little else. Made up here:

- AND binds closer than OR, and there are no brackets.
- A field is one of the whole record, whether the answer shows it or not. One that no row of the
  list has is refused with API1026, as is an operator that is not known and whatever else cannot
  be read; a list without any row knows no fields and refuses none.
- Fields, operators and joints are written as above; values match in either case, as they do in
  the plain filters. A value holds anything but `::`.
- Numbers compare as numbers where both sides are numbers, else both are texts; a date is a text,
  padded as the record has it. A field a row lacks is empty, and `eq_` finds the empty ones.
- An empty `find` asks nothing. The other parameters hold as well.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.sikka.errors import Refused

Json = dict[str, Any]
AND, OR, JOINT = "::AND::", "::OR::", "::"
COMPARISON = re.compile(r"(?P<field>\w+)=(?P<name>[a-z]+)_(?P<value>.*)", re.DOTALL)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
PREFIX = "like"


@dataclass(frozen=True, slots=True)
class Comparison:
    field: str
    name: str
    asked: str
    number: Decimal | None

    @classmethod
    def read(cls, text: str) -> "Comparison":
        match = COMPARISON.fullmatch(text)
        if match is None or JOINT in text:
            raise Refused("API1026", "find must be like firstname=eq_joe")
        if match["name"] not in {*COMPARED, PREFIX}:
            raise Refused("API1026", "find has an operator that is not known")
        asked = match["value"].casefold()
        return cls(match["field"], match["name"], asked, _number(asked))

    def holds(self, record: Json) -> bool:
        own = str(record.get(self.field, "")).casefold()
        if self.name == PREFIX:
            return own.startswith(self.asked)
        number = None if self.number is None else _number(own)
        if number is None:
            return COMPARED[self.name](own, self.asked)
        return COMPARED[self.name](number, self.number)


@dataclass(frozen=True, slots=True)
class Sought:
    """One of the alternatives must hold, with everything in it."""

    fields: frozenset[str]
    equal: Mapping[str, frozenset[Decimal | str]]  # a value a row may have, looked up at once
    others: tuple[tuple[Comparison, ...], ...]

    @classmethod
    def read(cls, text: str) -> "Sought":
        equal: dict[str, set[Decimal | str]] = {}
        fields, others = set[str](), []
        for alternative in text.split(OR):
            first, *more = (Comparison.read(each) for each in alternative.split(AND))
            fields |= {each.field for each in (first, *more)}
            if first.name == "eq" and not more:
                equal.setdefault(first.field, set()).add(_key(first.asked))
            else:
                others.append((first, *more))
        frozen = {name: frozenset(values) for name, values in equal.items()}
        return cls(frozenset(fields), frozen, tuple(others))

    def holds(self, record: Json) -> bool:
        return any(
            _key(str(record.get(name, "")).casefold()) in values
            for name, values in self.equal.items()
        ) or any(all(each.holds(record) for each in alternative) for alternative in self.others)

    def check(self, records: Iterable[Json]) -> None:
        """Looks no further than the row that has all the fields, which is mostly the first."""
        unknown, is_empty = self.fields, True
        for record in records:
            is_empty = False
            unknown -= record.keys()
            if not unknown:
                return
        if not is_empty:
            raise Refused("API1026", "find has a field that is not known")


def _number(text: str) -> Decimal | None:
    return Decimal(text) if NUMBER.fullmatch(text) else None


def _key(text: str) -> Decimal | str:
    """The same for what is equal."""
    number = _number(text)
    return text if number is None else number
