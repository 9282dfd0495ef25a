"""What a PMS is asked for, and how its answers come back, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, Self
from uuid import UUID

from domain.appointments import Appointment, AppointmentType, Practice, Practitioner
from domain.origins import Known
from domain.window import Window

MOST_PAGES = 2_000
"""Pages of one query, over all attempts at it, before the listing is thought endless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a PMS's API can do; pages, tools and the sync are drawn from it.

    `telehealth` is "types" where a person must mark them and "reported" where the vendor tells all;
    `telehealth_by` says the same in words. `lists_types` is said by those that open themselves.
    """

    changed_since: bool = False
    shows_deletions: bool = False
    probe_by_id: bool = False
    webhooks: bool = False
    per_practitioner: bool = False
    lists_types: bool = False
    telehealth: str = "types"
    telehealth_by: str = "the appointment types a person marks"
    writes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One slice of a listing: its stable `key`, whom it covers, and the vendor's parameters.

    `practitioner_id` is None where the slice covers every practitioner. `window` leaves out what
    the vendor answers beyond it, for queries asked with a margin. A parameter given as a tuple is
    repeated. Where only changes are asked for the slice is not `complete`: what it does not list
    has not gone. `known` is what is held of it: a source may tell those rows by their ids alone.
    """

    key: str
    practitioner_id: str | None = None
    params: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    window: Window | None = None
    complete: bool = True
    known: Known | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record we could not read, kept aside: where it stood and why, never its values."""

    path: str
    reason: str
    pms_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a listing. `resume` is where to go on, None where a query must start anew.

    `onward` is where to go on at once, after a mere wait; a vendor's cursor may not keep longer.
    `drift` counts what the vendor sent that its description does not know ("status:tentative").
    `mark` is the vendor's own word for "as of this answer", to ask for changes since.
    `practitioners` are those met on this page for the first time, where the vendor lists none.
    `is_partial` says that the vendor is still taking in the practice's data, or has not listed all
    that it counts: what is not listed has not gone. `known` are rows whose records came again as
    they were: they stand as they are.
    """

    records: Sequence[Appointment]
    rejects: Sequence[Reject] = ()
    resume: str | None = None
    onward: str | None = None
    is_last: bool = False
    drift: Mapping[str, int] = field(default_factory=dict)
    mark: str | None = None
    practitioners: Sequence[Practitioner] = ()
    is_partial: bool = False
    known: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """One request that left for the vendor: the bucket it spent from, and when.

    `connection_id` is whose it was, where the bucket may be shared.
    """

    bucket: str
    at: datetime
    connection_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a look for one appointment came to: found, gone for certain, or nobody can say.

    Only what `is_gone` may leave the sheet.
    """

    rows: Sequence[Appointment] = field(default=(), repr=False)
    is_gone: bool = False

    @property
    def is_known(self) -> bool:
        return self.is_gone or bool(self.rows)

    @classmethod
    def by_id(cls, found: Sequence[Appointment] | None) -> Self:
        """Of a PMS that is sure to know what it holds by its id."""
        return cls(rows=found or (), is_gone=not found)


class AppointmentSource(Protocol):
    """One connection's PMS, opened for reading."""

    @property
    def capabilities(self) -> Capabilities: ...

    def practice(self) -> Practice: ...

    def practitioners(self) -> Sequence[Practitioner]: ...

    def types(self) -> Sequence[AppointmentType]: ...

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        """What to ask for the window; only for changes since a page's `mark` where given."""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]: ...

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        """The appointment as it stands now, whatever its day; None when it is gone."""

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        """The appointment as it stands now; `days`, the practice's own, are where it may stand.

        They are read where the PMS cannot be asked for one by its id. Raises BadRecord where it is
        there and cannot be read.
        """

    def outdated(self) -> str | None:
        """Why what can be read is old, in one sentence for people; None where nothing says so."""

    def renew(self) -> datetime | None:
        """Renew the token if it will end soon; when the one now kept ends, None where none does."""

    def drain_spent(self) -> Sequence[Spend]:
        """The requests made since the last call, to be stored with what they brought."""
