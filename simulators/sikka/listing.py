"""Reads one list: practices, dates, filters, order, page, fields, and how paging goes wrong."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.faults import Fault
from simulators.sikka.copies import Copy
from simulators.sikka.errors import Refused
from simulators.sikka.knobs import Knobs
from simulators.sikka.paging import Paging, Shown, chosen, envelope
from simulators.sikka.rql import Sought

Json = dict[str, Any]
Values = Mapping[str, str]
Found = tuple[Copy, Any]
LOADED = ("loaded_startdate", "loaded_enddate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One list of the vendor; what it holds, and what can be asked of it."""

    rows: Callable[[Copy, Values], Iterable[Any]]
    render: Callable[[Copy, Any], Json]
    order: Callable[[Any], Any] = lambda row: 0
    usual: tuple[str, ...] = ()  # fields unless more are asked for; all when empty
    filters: tuple[str, ...] = ()
    by_hand: Mapping[str, Callable[[Json, str], bool]] = field(default_factory=dict)
    dates: Mapping[str, Callable[[Copy, Any], date | None]] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)  # SortBy, and the field it means
    needs: tuple[str, ...] = ()
    id_of: Callable[[Any], str] | None = None  # of what a refresh brings
    says_insert: bool = False


def found(table: Table, copies: Sequence[Copy], values: Values, knobs: Knobs) -> list[Found]:
    """Every row asked for, in order, before paging."""
    for name in table.needs:
        if not values.get(name):
            raise Refused("API1020", f"{name} is required")
    every = [(copy, row) for copy in copies for row in table.rows(copy, values)]
    rows = _loaded(table, _dated(table, every, values, knobs), values)
    rows.sort(key=lambda each: table.order(each[1]))
    rows = sought(table, _equal(table, rows, values), values, knobs, every=every)
    if by := table.sorts.get(values.get("SortBy", "")):
        rows.sort(key=lambda each: str(table.render(*each)[by]))
    return rows


def sought(
    table: Table,
    rows: list[Found],
    values: Values,
    knobs: Knobs,
    *,
    every: Sequence[Found] | None = None,
) -> list[Found]:
    """What `find` leaves of the rows; its fields are those of the whole list, if there is more."""
    if knobs.ignores_find or not values.get("find"):
        return rows
    find = Sought.read(values["find"])
    find.check(table.render(*each) for each in (rows if every is None else every))
    return [each for each in rows if find.holds(table.render(*each))]


def _equal(table: Table, rows: list[Found], values: Values) -> list[Found]:
    wanted = {name: values[name] for name in table.filters if values.get(name)}
    by_hand = {name: values[name] for name in table.by_hand if values.get(name)}
    if not wanted and not by_hand:
        return rows
    return [
        each
        for each, record in ((each, table.render(*each)) for each in rows)
        if all(str(record.get(name, "")).casefold() == wanted[name].casefold() for name in wanted)
        and all(table.by_hand[name](record, by_hand[name]) for name in by_hand)
    ]


def _dated(table: Table, rows: list[Found], values: Values, knobs: Knobs) -> list[Found]:
    if not table.dates:
        return rows
    on = values.get("date_filter_on") or next(iter(table.dates))
    if on not in table.dates:
        raise Refused("API1026", "date_filter_on is not known")
    start, end = read_date(values, "startdate"), read_date(values, "enddate")
    if end and knobs.end == "exclusive":
        end -= timedelta(days=1)
    if start is None and end is None:
        return rows
    return [
        each
        for each, when in ((each, table.dates[on](*each)) for each in rows)
        if when and (start or when) <= when <= (end or when)
    ]


def _loaded(table: Table, rows: list[Found], values: Values) -> list[Found]:
    if table.id_of is None or not any(values.get(name) for name in LOADED):
        return rows
    id_of = table.id_of
    return [
        (copy, row)
        for copy, row in rows
        if within(copy.loaded_at(id_of(row)), values, copy.location.clinic.zone)
    ]


def within(when: datetime, values: Values, zone: ZoneInfo) -> bool:
    start, end = (_read_moment(values, name, zone) for name in LOADED)
    return (start is None or start <= when) and (end is None or when <= end)


def read_date(values: Values, name: str) -> date | None:
    text = values.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("API1026", f"{name} must be like 2026-06-02") from None


def _read_moment(values: Values, name: str, zone: ZoneInfo) -> datetime | None:
    """A day is whole; a time without a zone is the practice's own."""
    text = values.get(name, "")
    try:
        when = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("API1026", f"{name} must be like 2026-06-02") from None
    if when and len(text) == len("2026-06-02") and name == LOADED[1]:
        when = datetime.combine(when, time.max)
    return when.replace(tzinfo=when.tzinfo or zone) if when else None


class Pages:
    """Cuts a list into pages; an endless one stays so until it is begun again."""

    def __init__(self) -> None:
        self._endless: set[str] = set()

    def cut(
        self, table: Table, rows: list[Found], shown: Shown, knobs: Knobs, fault: Fault | None
    ) -> Json | None:
        """None when there is nothing on the page."""
        paging = Paging.read(shown.values, knobs)
        is_endless = self._remember(shown, paging, fault)
        start = _start(paging, fault)
        start = start % max(1, len(rows)) if is_endless else start
        page = rows[start : start + paging.size]
        if not page:
            return None
        records = [chosen(table.render(*each), table.usual, shown.values) for each in page]
        is_last = (paging.page + 1) * paging.size >= len(rows) and not is_endless
        return envelope(
            records, shown, paging, total=len(rows), is_last=is_last, wild=knobs.wild_last
        )

    def _remember(self, shown: Shown, paging: Paging, fault: Fault | None) -> bool:
        asked = {name: value for name, value in shown.values.items() if name != "offset"}
        mark = f"{shown.path}?{sorted(asked.items())}"
        if fault and fault.name == "endless-cursor":
            self._endless.add(mark)
        elif paging.page == 0:
            self._endless.discard(mark)
        return mark in self._endless


def _start(paging: Paging, fault: Fault | None) -> int:
    start = paging.page * paging.size
    if fault and fault.name == "repeated-page":
        return max(0, start - paging.size)
    if fault and fault.name == "moved-cursor":
        return max(0, start + (1 if fault.shift is None else fault.shift))
    return start
