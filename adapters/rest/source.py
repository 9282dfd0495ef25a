"""Any described vendor as the source of one connection's appointments."""

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urljoin

from adapters.rest import people, twins
from adapters.rest.auth import Ask
from adapters.rest.batches import (
    Batch,
    hides_some,
    is_loading,
    must_be_short,
    parsed,
    with_names,
    with_parts,
    within,
)
from adapters.rest.caller import Caller
from adapters.rest.codes import CodeLists
from adapters.rest.envelope import Contents
from adapters.rest.memory import Memory
from adapters.rest.minimised import bare, emptied, left_out, spots
from adapters.rest.origins import Origins, Reading
from adapters.rest.paging import Step, Turn, broken_at, walk
from adapters.rest.ports import Ports
from adapters.rest.record import Record, id_in
from adapters.rest.references import References
from adapters.rest.stretches import Stretch, stretches
from adapters.rest.surroundings import ReadCodes, Surroundings
from adapters.rest.vendor import Listing, Params, Vendor
from domain.appointments import Appointment, AppointmentType, Practice, Practitioner
from domain.connections import Connection, KnownType
from domain.errors import (
    BadRecord,
    BrokenContract,
    Gone,
    Refused,
    SaidNothing,
    SyncError,
    Transient,
)
from domain.minimising import without
from domain.sources import Capabilities, Page, Query, Reject, Sighting, Spend
from domain.window import Window

_T = TypeVar("_T")
_D = TypeVar("_D")

CUT_SHORT = "listing:short"

_A_DAY = timedelta(days=1)
_AHEAD = 7 * _A_DAY
_SPENT: Mapping[int, type[SyncError]] = {HTTPStatus.CONFLICT: Refused, HTTPStatus.GONE: Refused}


class RestSource:
    """One connection opened for reading; it learns names and types as it reads them."""

    def __init__(
        self, vendor: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
    ) -> None:
        auth = vendor.auth_by(secrets)
        if auth is None:
            raise TypeError(f"{vendor.name} says nothing of how requests are signed")
        self._vendor = vendor
        self._stored = connection
        self._connection = connection
        if vendor.practitioners is None:
            names = {**connection.practitioners, **people.named(connection)}
            self._connection = replace(connection, practitioners=names)
        self._left_out = left_out(vendor, connection)
        self._empty_at = spots(vendor, self._left_out)
        self._caller = Caller(vendor, auth, connection, secrets, ports)
        own: MutableMapping[str, Any] = Memory()
        self._remembered = own if ports.remembered is None else ports.remembered
        self._references = References(self._record_at, self._remembered, connection.id)
        self._codes: MutableMapping[str, Any] = {} if ports.codes is None else ports.codes
        self._code_lists = CodeLists(self._held_at, self._codes, connection.id)
        self._clock = ports.clock
        self._set_aside: list[Reject] = []
        self._drift_aside: Counter[str] = Counter()

    @property
    def capabilities(self) -> Capabilities:
        return self._vendor.capabilities

    def practice(self) -> Practice:
        """The practice this connection names, as the vendor describes it."""
        found = self._whole(_described(self._vendor.practice))
        ours = [one for one in found if one.site == self._connection.site]
        if not ours:
            raise BrokenContract(f"{self._vendor.title} does not describe this practice")
        return ours[0]

    def practitioners(self) -> Sequence[Practitioner]:
        """Those the vendor lists; where it lists none, those named or met before.

        At first nobody was met: then the book of the coming week is looked through.
        """
        if self._vendor.practitioners is None:
            known = self._connection.practitioners
            if not self._stored.practitioners:
                known = {**self._in_the_book(), **known}
            return people.practitioners(known)
        found = self._whole(self._vendor.practitioners)
        self._learn_names(found)
        return found

    def types(self) -> Sequence[AppointmentType]:
        if self._vendor.types is None:
            return ()
        found = self._whole(self._vendor.types)
        self._learn_types(found)
        return found

    def _learn_names(self, found: Sequence[Practitioner]) -> None:
        names = {one.pms_id: one.full_name for one in found}
        known = {**self._connection.practitioners, **names}
        self._connection = replace(self._connection, practitioners=known)

    def _learn_types(self, found: Sequence[AppointmentType]) -> None:
        known = dict(self._connection.types)
        for one in found:
            was = known.get(one.pms_id) or KnownType(name=one.name)
            marked = was.is_telehealth if one.is_telehealth is None else one.is_telehealth
            known[one.pms_id] = replace(
                was, name=one.name, duration_minutes=one.duration_minutes, is_telehealth=marked
            )
        self._connection = replace(self._connection, types=known)

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        """What to ask; judged by the names stored before this run, not those it has just read."""
        if self._vendor.queries is None:
            return [Query(key="all", window=window)]
        return list(
            self._vendor.queries(window, self._stored, practitioners=practitioners, since=since)
        )

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        """The query's pages; with a mark that is too old it begins anew.

        Rejects and drift of the lists read before come with the first page.
        """
        every = _described(self._listing(query))
        for stretch in stretches(every, resume=resume, now=self._clock()):
            yield from self._stretch(stretch, query)

    def _stretch(self, stretch: Stretch[Appointment], query: Query) -> Iterator[Page]:
        listing, reading = stretch.listing, None
        if query.known is not None:
            reading = Reading(query.known, query, listing)
        for turn in self._turns(listing, params=query.params, resume=stretch.mark):
            batch = self._read(listing, turn.contents, reading=reading)
            aside, self._set_aside = self._set_aside, []
            drift, self._drift_aside = batch.drift + self._drift_aside, Counter()
            onward = stretch.onward(turn.onward, is_last=turn.is_last, now=self._clock())
            records = within(query, batch.rows)
            is_short = turn.is_short or turn.contents.lacks_some
            is_hidden = hides_some(batch, probe_by_id=self.capabilities.probe_by_id)
            yield Page(
                records=records,
                rejects=(*aside, *batch.rejects, *batch.unread),
                resume=stretch.kept(onward, is_last=turn.is_last),
                onward=onward,
                is_last=turn.is_last and stretch.is_last,
                drift=drift + Counter({CUT_SHORT: 1} if is_short else {}),
                mark=turn.contents.headers.get(listing.mark_header or ""),
                practitioners=self._met(records),
                is_partial=is_short or is_hidden or is_loading(listing, turn.contents),
                known=batch.known,
            )

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        listing = _described(self._vendor.appointment)
        # Whoever must wait between the record and its patient does not ask for the record again.
        key = f"{self._connection.id} probe {pms_id}"
        turns = self._remembered.get(key)
        if turns is None:
            try:
                turns = list(self._turns(listing, parts={"id": pms_id}))
            except Gone:
                return None
            if any(is_loading(listing, turn.contents) for turn in turns):
                raise Transient(f"{self._vendor.title} is taking in this practice's data")
            if any(turn.contents.is_silent for turn in turns):
                raise SaidNothing(f"{self._vendor.title}: {listing.asked} answered nothing")
            self._remembered[key] = turns
        batches = [self._read(listing, turn.contents) for turn in turns]
        self._remembered.pop(key, None)
        for reject in (reject for batch in batches for reject in batch.rejects):
            raise BadRecord(reject.reason, path=reject.path)
        rows = [row for batch in batches for row in batch.rows]
        # One that is spelt otherwise by now is known by what it says of itself.
        if any(row.pms_id.casefold() != pms_id.casefold() for row in rows):
            raise BadRecord("not the appointment that was asked for", path=listing.id_at)
        return rows or None

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        """By its id, which finds it on any day."""
        if self._vendor.appointment is None:
            return Sighting()
        return Sighting.by_id(self.probe(pms_id))

    def renew(self) -> datetime | None:
        return self._caller.renew()

    def outdated(self) -> str | None:
        return None

    def drain_spent(self) -> Sequence[Spend]:
        return self._caller.drain_spent()

    def pair(self, code: str) -> str:
        """The site that a code which staff read out stands for; the code is spent."""
        pairing = _described(self._vendor.pairing)
        kept = {key: self._caller.secrets.get(key, "") for key in pairing.secret_parts}
        parts = {**kept, **self._parts(code=pairing.read(code))}
        url = self._caller.url(pairing.path, parts, {})
        ask = Ask(url=url, name=pairing.path, method=pairing.method, faults=_SPENT)
        try:
            return Record(self._caller.signed(ask).body).id(pairing.site_at)
        except Refused:
            raise Refused(f"This pairing code is spent or unknown. {pairing.advice}") from None
        except BadRecord as bad:
            raise BrokenContract(f"{self._vendor.title}: {pairing.path}: {bad.path}") from None

    def _listing(self, query: Query) -> Listing[Appointment] | None:
        """The one that tells changes, where only those are asked for and it is another."""
        if not query.complete and self._vendor.changes is not None:
            return self._vendor.changes
        return self._vendor.appointments

    def _turns(
        self,
        listing: Listing[Any],
        *,
        params: Params | None = None,
        parts: Mapping[str, str] | None = None,
        resume: str | None = None,
    ) -> Iterator[Turn]:
        filled = self._parts(**(parts or {}))
        asked = {**with_parts(listing.params, filled), **(params or {})}
        # What a query says wins over the paging, so that a connection may choose its page size.
        own = params or {}
        named = f"{self._vendor.title}: {listing.asked}"

        def fetch(step: Step) -> Contents:
            told = {**asked, **step.params, **own}
            url = self._caller.url(listing.path, filled, {} if listing.posts else told)
            body = listing.posts(told) if listing.posts else None
            reply = self._caller.ask(listing, urljoin(url, step.address or url), body=body)
            with broken_at(named):
                if reply.body is None and not reply.is_empty:
                    raise BrokenContract("answered null")
                contents = emptied(listing.wrapping.open(reply.body), self._empty_at)
                return replace(contents, headers=reply.headers, is_silent=reply.is_silent)

        first = self._caller.url(listing.path, filled, {})
        yield from walk(listing.paging, fetch, url=first, named=named, resume=resume)

    def _parsed(
        self, listing: Listing[_T], contents: Contents, *, reading: Reading | None = None
    ) -> Batch[_T]:
        included = {**contents.included, **self._joined(listing, contents.items)}
        around = Surroundings(
            included, self._follow, self._code, now=self._clock(), unread=self._references.unread
        )
        origins = None
        if reading is not None:
            origins = Origins(reading.known, reading.by(self._connection), included)
        return parsed(listing, contents, self._connection, around, origins=origins)

    def _read(
        self, listing: Listing[Appointment], contents: Contents, *, reading: Reading | None = None
    ) -> Batch[Appointment]:
        """Appointments, with the names that `parse` leaves to what is known already."""
        batch = self._parsed(listing, contents, reading=reading)
        if twins.are_in(batch, self._connection.id):
            # Which word counts is known only where each of them was read.
            batch = self._parsed(listing, contents)
            zone = self._connection.timezone
            twins.settle(batch, contents, changed_at=listing.changed_at, timezone=zone)
        batch.rows = [with_names(row, self._connection) for row in batch.rows]
        if self._left_out:
            batch.rows = [without(row, self._left_out) for row in batch.rows]
        return batch

    def _whole(self, listing: Listing[_T]) -> list[_T]:
        """All of a short list, in whatever listings; its rejects are told with the next page."""
        batches: list[Batch[_T]] = []
        for one in (listing, *listing.further):
            for turn in self._turns(one):
                batches.append(self._parsed(one, turn.contents))
                must_be_short(batches, named=f"{self._vendor.title}: {one.asked}")
        rows = [row for batch in batches for row in batch.rows]
        rejects = [reject for batch in batches for reject in batch.rejects]
        if rejects and not rows:
            raise BrokenContract(f"{self._vendor.title}: {listing.asked}: nothing readable")
        self._set_aside += rejects
        for batch in batches:
            self._drift_aside += batch.drift
        return rows

    def _joined(self, listing: Listing[Any], items: Sequence[Any]) -> Mapping[str, Any]:
        """What this page's records name in another listing, asked for together."""
        join = listing.joins
        if join is None:
            return {}
        named = f"{self._vendor.title}: GET {join.path}"

        def fetch(params: Mapping[str, str]) -> Sequence[Any]:
            parts = self._parts()
            url = self._caller.url(join.path, parts, with_parts(params, parts))
            try:
                reply = self._caller.signed(Ask(url=url, name=join.path))
            except Gone:
                return ()
            with broken_at(named):
                return emptied(join.wrapping.open(reply.body), self._empty_at).items

        found = join.side_list(items, self._connection, fetch=fetch, remembered=self._remembered)
        return {join.side: found}

    def _follow(self, path: str, query: Mapping[str, str], parts: Mapping[str, str]) -> Any:
        return self._references.follow(self._caller.url(path, self._parts(**parts), query), path)

    def _code(self, path: str, code: str, read: ReadCodes) -> Any:
        url = self._caller.url(path, self._parts(), {})
        return self._code_lists.meaning(url, path, code, read)

    def _record_at(self, url: str, path: str) -> Any:
        return bare(self._held_at(url, path), self._empty_at)

    def _held_at(self, url: str, path: str) -> Any:
        """None where nothing is; what answers nothing has not said so."""
        try:
            told = self._caller.signed(Ask(url=url, name=path)).body
        except Gone:
            return None
        return {} if told is None else told

    def _met(self, rows: Sequence[Appointment]) -> Sequence[Practitioner]:
        """Who is new on this page, where the vendor does not say who works there."""
        if self._vendor.practitioners is not None:
            return ()
        known = self._connection.practitioners
        if new := people.met(rows, known):
            self._connection = replace(self._connection, practitioners={**known, **new})
        return people.practitioners(new)

    def _in_the_book(self) -> dict[str, str]:
        """The ids the coming week's appointments name; nothing else of them is read."""
        path = self._vendor.practitioner_at
        if path is None:
            return {}
        listing, now = _described(self._vendor.appointments), self._clock()
        found: list[str | None] = []
        for query in self.queries(Window(now - _A_DAY, now + _AHEAD), ()):
            for turn in self._turns(listing, params=query.params):
                found += [id_in(item, path) for item in turn.contents.items]
        return {pms_id: pms_id for pms_id in found if pms_id is not None}

    def _parts(self, **more: str) -> dict[str, str]:
        """What may stand in a path: the site, the connection's settings, and what is at hand."""
        settings = {key: str(value) for key, value in self._connection.settings.items()}
        return {**settings, "site": self._connection.site, **more}


def _described(listing: _D | None) -> _D:
    if listing is None:
        raise Refused("This PMS does not offer that.")
    return listing
