"""Pages of appointments behind opaque UUID cursors, and the ways such paging goes wrong."""

import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from simulators.chance import id_of, share_of
from simulators.clinic import Clinic
from simulators.faults import Fault
from simulators.gentu import shapes
from simulators.gentu.fragments import Fragments, encode
from simulators.gentu.knobs import Knobs
from simulators.gentu.queries import BadQuery, Query
from simulators.records import Appointment, Patient

KEPT_CURSORS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a page begins: after the row with this key."""

    query: Query
    after: str = ""
    before: str | None = None  # where the page that led here began
    is_endless: bool = False
    round: int = 0


@dataclass
class Page:
    rows: list[Appointment]
    next: Mark | None


class Pages:
    """The lists of one practice."""

    def __init__(self, clinic: Clinic, knobs: Knobs) -> None:
        self.clinic = clinic
        self.knobs = knobs
        self.fragments = Fragments(clinic, knobs)
        self._marks: OrderedDict[str, tuple[Mark, float]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, values: dict[str, str], fault: Fault | None) -> bytes:
        query = Query.read(values)
        cursor = values.get("cursor")
        mark = self._mark(cursor, query) if cursor else Mark(query=query)
        return self._encode(query, self._page(_troubled(mark, fault), fault))

    def _mark(self, cursor: str, query: Query) -> Mark:
        with self._lock:
            mark, issued = self._marks.get(cursor, (None, 0.0))
        if mark is None or time.monotonic() - issued > self.knobs.cursor_seconds:
            raise BadQuery("cursor is not known")
        if mark.query != query:
            raise BadQuery("cursor belongs to another query")
        return mark

    def _page(self, mark: Mark, fault: Fault | None) -> Page:
        rows = self._rows(mark.query)
        keys = [self._key(each) for each in rows]
        start = bisect_right(keys, mark.after)
        if fault and fault.name == "moved-cursor":
            start = max(0, start + (1 if fault.shift is None else fault.shift))
        end = start + self._size(mark, len(rows) - start)
        last = keys[end - 1] if end < len(rows) else None
        return Page(rows[start:end], _following(mark, last))

    def _rows(self, query: Query) -> list[Appointment]:
        book = self.clinic.book(query.practitioner_id)
        return sorted((each for each in book if self._is_listed(each, query)), key=self._key)

    def _key(self, row: Appointment) -> str:
        return f"{row.start.isoformat()}{row.id}" if self.knobs.order == "start" else row.id

    def _is_listed(self, row: Appointment, query: Query) -> bool:
        if row.cancelled_at and not self.knobs.keeps_cancelled:
            return False
        if self.knobs.window == "overlap":
            return row.start < query.end and query.start < max(row.end, row.start + TICK)
        if self.knobs.window == "half-open":
            return query.start <= row.start < query.end
        return query.start <= row.start <= query.end

    def _size(self, mark: Mark, left: int) -> int:
        """Some pages are short of rows though more follow."""
        limit = mark.query.limit
        is_short = share_of("short", mark.after, mark.query) < self.knobs.short_pages
        return max(1, limit // 3) if is_short and left > limit // 3 else limit

    def _encode(self, query: Query, page: Page) -> bytes:
        cursor = self._issue(page.next) if page.next else None
        parts = [
            b'{"appointments":',
            _array([self.fragments.appointment(row) for row in page.rows]),
            b',"pagination":',
            encode({"next": cursor, "limit": query.limit}),
        ]
        for name in query.include:
            parts += [f',"{name}":'.encode(), _array(self._side_list(name, page.rows))]
        return b"".join([*parts, b"}"])

    def _issue(self, mark: Mark) -> str:
        """The same place in the same query has the same cursor, for as long as it is asked for."""
        cursor = id_of("cursor", mark)
        with self._lock:
            self._marks[cursor] = (mark, time.monotonic())
            self._marks.move_to_end(cursor)
            if len(self._marks) > KEPT_CURSORS:
                self._marks.popitem(last=False)
        return cursor

    def _side_list(self, name: str, rows: list[Appointment]) -> list[bytes]:
        if name == "practitioners":
            ids = dict.fromkeys(row.practitioner_id for row in rows)
            return [self.fragments.practitioner(self.clinic.practitioners[each]) for each in ids]
        patients = self._patients(rows)
        if name == "patients":
            return [self.fragments.patient(each) for each in patients]
        return [encode(each) for person in patients for each in self.referrals(person)]

    def _patients(self, rows: list[Appointment]) -> list[Patient]:
        """Each once, and now and then one missing."""
        ids = dict.fromkeys(each.patient_id for row in rows for each in row.attendees)
        gaps = self.knobs.side_list_gaps
        return [self.clinic.patients[each] for each in ids if share_of("gap", each) >= gaps]

    def referrals(self, person: Patient) -> list[dict[str, Any]]:
        return shapes.referrals(person, self.clinic.practice.at_work[0].id)


TICK = timedelta(microseconds=1)


def _array(fragments: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(fragments) + b"]"


def _troubled(mark: Mark, fault: Fault | None) -> Mark:
    if fault and fault.name == "repeated-page" and mark.before is not None:
        return replace(mark, after=mark.before, before=None)
    if fault and fault.name == "endless-cursor":
        return replace(mark, is_endless=True)
    return mark


def _following(mark: Mark, last: str | None) -> Mark | None:
    """An endless mark goes round and round, each time under another cursor."""
    if mark.is_endless:
        return replace(mark, after=last or "", before=mark.after, round=mark.round + 1)
    if last is None:
        return None
    return replace(mark, after=last, before=mark.after)
