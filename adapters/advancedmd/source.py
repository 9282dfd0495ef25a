"""An office's book at AdvancedMD: read by columns and days, and only where something changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from adapters.advancedmd import feed, slices
from adapters.advancedmd.faults import TooMany
from adapters.advancedmd.line import Line, OfficeCaller
from adapters.advancedmd.looking import Looking
from adapters.advancedmd.office import Column, Office
from adapters.advancedmd.rows import TEMPLATE, Visit, is_short, parse_visit, visits
from adapters.advancedmd.slices import WEEK, OtherDays, Slice
from adapters.advancedmd.taking import Book
from adapters.advancedmd.times import slashed
from adapters.advancedmd.wire import Message
from adapters.advancedmd.words import bare
from adapters.rest.batches import Batch, hides_some
from adapters.rest.envelope import Contents
from adapters.rest.ports import Ports
from adapters.rest.source import CUT_SHORT, RestSource
from adapters.rest.vendor import Listing, Vendor
from domain.appointments import Appointment, AppointmentType, Practice, Practitioner
from domain.connections import Connection
from domain.errors import BadInput, BrokenContract, Refused, Throttled
from domain.sources import Capabilities, Page, Query, Reject, Sighting
from domain.window import Window, local_day, whole_day

ALL, NOTHING = "all", "nothing"
_NO_FEED, _WEEKS = "no_feed", "weeks"
_SHORT = "AdvancedMD counts more visits of a day than it tells"


@dataclass(frozen=True, slots=True)
class Answer:
    """One request of a walk and what it brought; `todo` is what is still to be asked."""

    asked: Slice
    todo: tuple[Slice, ...]
    contents: Contents
    batch: Batch[Appointment]
    is_short: bool

    def visits(self) -> Iterator[Visit]:
        read: dict[int, list[Appointment]] = {}
        for place, row in zip(self.batch.places, self.batch.rows, strict=True):
            read.setdefault(place, []).append(row)
        for index, item in enumerate(self.contents.items):
            yield Visit(item, self.asked, tuple(read.get(index, ())))


class AdvancedMdSource(RestSource):
    """The scheduler by REST; by messages where REST is switched off (`reads=xml`)."""

    def __init__(
        self, vendor: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
    ) -> None:
        super().__init__(vendor, connection, secrets=secrets, ports=ports)
        held = self._caller
        self._caller = OfficeCaller(vendor, held.auth, connection, secrets, ports)
        self.line = Line(self._caller, connection)
        self.office = Office(self.line, connection, kept=self._codes, clock=ports.clock)
        self._by_messages = reads_messages(connection)
        self._looking = Looking(
            super().probe,
            lambda day: self.visits(whole_day(day, connection.timezone)),
            self.office,
            ids_are_appointments=self.ids_are_appointments,
        )

    @property
    def capabilities(self) -> Capabilities:
        """One by its id only where that is offered, and the ids are those of appointments."""
        told = self._vendor.capabilities
        return told if self._looking.is_offered else replace(told, probe_by_id=False)

    @property
    def ids_are_appointments(self) -> bool:
        """Whether the scheduler's REST knows the ids the rows go by; a visit's is another."""
        return not self._by_messages or is_set(self._connection, "ids_agree")

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        return self._looking.probe(pms_id)

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        return self._looking.look(pms_id, days)

    def practice(self) -> Practice:
        """Asked anew: somebody wants to know whether these secrets are good."""
        self.office.columns(fresh=True)
        return Practice(site=self._connection.site, name=self.office.name())

    def practitioners(self) -> Sequence[Practitioner]:
        found = [Practitioner(pms_id=one.pms_id, full_name=one.name) for one in self._columns()]
        self._learn_names(found)
        return found

    def types(self) -> Sequence[AppointmentType]:
        found = self.office.types()
        self._learn_types(found)
        return found

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        """The days whole, unless the server says that nothing changed since."""
        found = self._changes(since)
        told = {} if found is None or found.mark is None else {"mark": found.mark}
        if since is not None and found is not None and found.whole and not found.ids:
            return [Query(key=NOTHING, params=told, complete=False)]
        # What changed is told without its day, so the days are read whole: that shows all of it.
        return [Query(key=ALL, params=told, window=window)]

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        """One for each request; what AdvancedMD finds too much at once is cut in halves."""
        mark = str(query.params["mark"]) if "mark" in query.params else None
        if query.window is None:
            yield Page(records=(), is_last=True, mark=mark)
            return
        for answer in self._answers(query.window, resume=resume):
            onward = slices.written(answer.todo)
            page = self._page(answer, query.window)
            is_last = not answer.todo
            yield replace(page, resume=onward, onward=onward, is_last=is_last, mark=mark)

    def rows(self, window: Window) -> list[Appointment]:
        """All of a window, fresh."""
        query = Query(key=ALL, window=window)
        return [row for page in self.pages(query) for row in page.records]

    def visits(self, window: Window, *, whole: bool = False) -> list[Visit]:
        """As `rows`, with those that cannot be read; of its days, whenever they begin.

        With `whole` none may be missing.
        """
        answers = list(self._answers(window))
        if whole and any(one.is_short for one in answers):
            raise BrokenContract(_SHORT)
        return [visit for one in answers for visit in one.visits()]

    def book(self) -> Book:
        """What says of a visit which time it takes."""
        columns = self._columns()
        return Book(connection=self._connection, columns=columns, by_messages=self._by_messages)

    def _answers(self, window: Window, *, resume: str | None = None) -> Iterator[Answer]:
        todo = self._plan(window) if resume is None else slices.read(resume)
        while todo:
            one, todo = todo[0], todo[1:]
            try:
                answer = self._answer(one, todo)
            except (TooMany, OtherDays):
                halves = one.halves(window, self._connection.timezone)
                if not halves:
                    raise
                todo = (*halves, *todo)
                continue
            yield answer

    def _plan(self, window: Window) -> tuple[Slice, ...]:
        zone = self._connection.timezone
        if self._by_messages:
            return slices.planned(window, zone, (), by_day=True)
        by_day = self.office.recall(_WEEKS) is False
        return slices.planned(window, zone, [one.pms_id for one in self._columns()], by_day=by_day)

    def _check_days(self, one: Slice, rows: Sequence[Appointment]) -> None:
        """Which days a week means is not documented: what other days would hide looks gone."""
        if one.view != WEEK:
            return
        zone = self._connection.timezone
        is_ours = one.is_shown_by(local_day(row.start, zone) for row in rows)
        if is_ours is not None:
            self.office.keep(_WEEKS, is_ours)
        if not (is_ours or (is_ours is None and self.office.recall(_WEEKS))):
            raise OtherDays

    def _answer(self, one: Slice, todo: tuple[Slice, ...]) -> Answer:
        listing, contents = self._visits(one) if self._by_messages else self._scheduled(one)
        batch = self._read(listing, contents)
        self._looking.listed(batch.rows)
        self._check_days(one, batch.rows)
        short = self._by_messages and is_short(contents.body, contents.items)
        return Answer(one, todo, contents, batch, is_short=short)

    def _page(self, answer: Answer, window: Window) -> Page:
        rows = [row for row in answer.batch.rows if row.start in window]
        aside, self._set_aside = self._set_aside, []
        drift = Counter(answer.batch.drift)
        if self.office.recall(_NO_FEED):
            drift["feed:refused"] = 1
        # Where none can be asked for by its id, whatever such a day lacks would be thought gone.
        if answer.is_short:
            drift[CUT_SHORT] = 1
        probe_by_id = self.capabilities.probe_by_id
        return Page(
            is_partial=answer.is_short or hides_some(answer.batch, probe_by_id=probe_by_id),
            records=rows,
            rejects=(*aside, *map(_as_stored, answer.batch.rejects)),
            drift=drift,
            practitioners=self._met(rows),
        )

    def _scheduled(self, one: Slice) -> tuple[Listing[Appointment], Contents]:
        listing = self._book()
        (turn,) = self._turns(listing, params=one.params)
        return listing, turn.contents

    def _visits(self, one: Slice) -> tuple[Listing[Appointment], Contents]:
        message = Message(
            action="getdatevisits",
            kind="api",
            attributes={"visitdate": slashed(one.start)},
            children=TEMPLATE,
            buckets=("tier2",),
        )
        listing = replace(self._book(), parse=parse_visit, expects=frozenset({"id", "starttime"}))
        told = self.line.tell(message)
        return listing, Contents(items=visits(told, one.start), body=told)

    def _book(self) -> Listing[Appointment]:
        listing = self._vendor.appointments
        if listing is None:
            raise BrokenContract("AdvancedMD's scheduler is not described")
        return listing

    def _columns(self) -> Sequence[Column]:
        return self.office.columns()

    def _changes(self, since: str | None) -> feed.Changes | None:
        """None where the list of changes cannot be had: then the days are read whole.

        Without a mark it is asked all the same, for the server's time. A wait for that alone is
        not worth it, and a user who may not ask is not tried again within the hour.
        """
        if self.office.recall(_NO_FEED):
            return None
        try:
            return feed.changes(self.line, since=since)
        except Throttled:
            if since is not None:
                raise
            return None
        except TooMany:
            return None
        except Refused:
            self.office.keep(_NO_FEED, True)  # noqa: FBT003 - the value that is kept
            return None


def _as_stored(reject: Reject) -> Reject:
    """By the id its row goes by, so that what cannot be read is not thought gone."""
    return replace(reject, pms_id=bare(reject.pms_id))


def reads_messages(connection: Connection) -> bool:
    """The setting `reads`: rest, or xml where REST is switched off."""
    told = str(connection.settings.get("reads") or "rest").casefold()
    if told not in {"rest", "xml"}:
        raise BadInput("reads is rest or xml.")
    return told == "xml"


def is_set(connection: Connection, name: str) -> bool:
    """A setting that is yes or no; no unless said."""
    return str(connection.settings.get(name) or "").casefold() in {"1", "true", "yes"}
