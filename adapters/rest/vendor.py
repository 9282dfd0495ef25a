"""The description of a PMS: facts as fields, translation as functions."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from adapters.rest.auth import Auth
from adapters.rest.envelope import Wrapping
from adapters.rest.joins import Join
from adapters.rest.paging import Paging, Whole
from adapters.rest.ports import Ports
from adapters.rest.record import Record
from adapters.rest.sign_in import SignIn
from adapters.rest.waits import RateHeaders
from domain.appointments import Appointment, AppointmentType, Practice, Practitioner, Status
from domain.connections import Connection
from domain.credentials import Token
from domain.desk import Ability, PracticeDesk
from domain.errors import BadInput, SyncError
from domain.limits import Limit, Tier
from domain.minimising import Extra
from domain.sources import AppointmentSource, Capabilities, Query
from domain.window import Window

T = TypeVar("T")

NotePolicy = Literal["inbound", "on_demand", "never"]
"""Whether notes come onto the sheet, are only looked up when asked for, or are not read at all."""

Secrets = Mapping[str, str]

Params = Mapping[str, str | tuple[str, ...]]
"""What is asked for; a parameter of several values is repeated."""

_GAPS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")

LimitedPer = Literal["application", "office", "connection", "both"]
"""Who holds an allowance; with `both` a request spends from the application's and the site's."""

Stage = Literal["sketched", "recorded", "proven"]
"""How far a vendor's description was tried: on its documents, its sandbox, or a practice."""


class Queries(Protocol):
    """What to ask a listing of appointments, once per slice."""

    def __call__(
        self,
        window: Window,
        connection: Connection,
        *,
        practitioners: Sequence[Practitioner],
        since: str | None,
    ) -> Iterable[Query]: ...


@dataclass(frozen=True, slots=True)
class OwnStatuses:
    """The setting in which a practice gives statuses a meaning, and how it is read."""

    setting: str
    read: Callable[[Connection], Mapping[str, Status]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A collection, or one thing, at a path; `parse` yields what one record means to us."""

    # How it is asked for. A parameter that is the name of a part in braces becomes that part.
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging = field(default_factory=Whole)
    buckets: tuple[str, ...] = ("default",)
    secret_headers: Mapping[str, str] = field(default_factory=dict)  # headers that hold secrets
    posts: Callable[[Params], Any] | None = None  # asked by POST: its parameters as the body

    # How its answer is read.
    wrapping: Wrapping
    parse: Callable[[Record, Connection], Iterable[T]]
    id_at: str = "id"  # where a record has its id
    changed_at: str | None = None  # where a record says when it was changed last
    expects: frozenset[str] = frozenset()  # documented keys: a missing one is counted as drift
    joins: Join | None = None  # what records name in another listing
    mark_header: str | None = None  # holds the vendor's own "as of"
    loading: tuple[str, str] | None = None  # a header and the word in it for: not all is here yet
    faults: Mapping[int, type[SyncError]] = field(default_factory=dict)  # this path's own

    # Listings that are read after it for the same slice, asked for by the same query: where those
    # called off are not listed with the others, say.
    further: "tuple[Listing[T], ...]" = ()

    @property
    def asked(self) -> str:
        """What errors call asking for it."""
        return f"{'POST' if self.posts else 'GET'} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure read from an answer's body; `pause` is the wait it implies, in seconds.

    `reason` says it in words of ours, in place of the status.
    """

    error: type[SyncError]
    pause: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """How a code that staff read out is turned into a site.

    `code` is what a code looks like, in capitals and without gaps; `looks` says the same in words.
    `secret_parts` are parts of the path that may be kept among the secrets.
    """

    path: str
    site_at: str
    code: str
    looks: str
    advice: str
    method: str = "PUT"
    secret_parts: tuple[str, ...] = ()

    def read(self, typed: str) -> str:
        """The code as the PMS shows it, however it was read out: in small letters, or in groups."""
        code = _GAPS.sub("", typed).upper()
        if not re.fullmatch(self.code, code):
            raise BadInput(f"{self.looks}. {self.advice}")
        return code


class Opens(Protocol):
    """What a vendor that is not REST-shaped exports instead of listings."""

    def __call__(
        self, vendor: "Vendor", connection: Connection, *, secrets: Secrets, ports: Ports
    ) -> AppointmentSource: ...


class OpensDesk(Protocol):
    """What a vendor that can be written to exports for callers."""

    def __call__(
        self, vendor: "Vendor", connection: Connection, *, secrets: Secrets, ports: Ports
    ) -> PracticeDesk: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Everything the engine, the wizard and the command line need to know of a PMS."""

    # What people are told of it. `title` is what sentences call it, `maker` the company behind it
    # where that has another name, `practitioners_are` what it calls them, with what counts as one.
    name: str
    title: str
    maker: str = ""
    stage: Stage = "sketched"
    docs: str
    region: str = "Australia"
    site_label: str = "Site"
    practitioners_are: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    # The PMSs it stands before, with what can be done at each; "" is any other.
    behind: Mapping[str, frozenset[Ability]] = field(default_factory=dict)

    # What a connection needs and may have, each with a line of help.
    secrets: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    # Refuses settings that could not be used, by what is known of the practice so far.
    check_settings: Callable[[Mapping[str, Any], Connection | None], None] | None = None
    # The secret that says which practice it is, and so is the site as well.
    site_secret: str | None = None
    # The practice that a site and settings stand for, where it can be written in several ways: its
    # office, and which practice of it, None where that is not said.
    place: Callable[[str, Mapping[str, Any]], tuple[str, str | None]] | None = None
    # Where practices are connected with a code.
    pairing: Pairing | None = None

    # Where it is reached, and how requests are signed.
    base_url: str
    extra_hosts: frozenset[str] = frozenset()
    auth: Auth | None = None
    # How a person may let us in on the vendor's own page, where the operator has set it up.
    sign_in: SignIn | None = None
    # Whether a token that is kept shows its secrets to be good, where each sign-in may cost one.
    proves: Callable[[Token], bool] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # Headers that depend on the connection.
    headers_of: Callable[[Connection], Mapping[str, str]] | None = None

    # What it allows, by bucket.
    limits: Mapping[str, tuple[Limit, ...]]
    limited_per: LimitedPer
    limits_are: Literal["documented", "assumed"] = "assumed"
    tiers: Mapping[str, tuple[Tier, ...]] = field(default_factory=dict)
    voice_shares: Mapping[str, float] = field(default_factory=dict)
    # What a bucket limits, in words, where that is not requests of any kind.
    limit_words: Mapping[str, str] = field(default_factory=dict)
    # What it bills for each call beyond its limits, in US dollars.
    excess_cost: Decimal | None = None
    rate_headers: RateHeaders | None = None
    # Read less often while a practice is quiet, unless the practice says no.
    adaptive: bool = True

    # How failures are told.
    faults: Mapping[int, type[SyncError]] = field(default_factory=dict)
    # Looks into bodies, where status codes do not tell.
    read_fault: Callable[[int, Any], Fault | None] | None = None
    # A success may have no body.
    may_answer_nothing: bool = False

    # What is asked for. `changes` is the listing of what changed, where that is asked for elsewhere
    # than the appointments of a window; `appointment` is one by its id.
    queries: Queries | None = None
    appointments: Listing[Appointment] | None = None
    changes: Listing[Appointment] | None = None
    appointment: Listing[Appointment] | None = None
    practice: Listing[Practice] | None = None
    practitioners: Listing[Practitioner] | None = None
    # Where an appointment names its practitioner, at a vendor that lists none: those met in the
    # book become practitioners.
    practitioner_at: str | None = None
    types: Listing[AppointmentType] | None = None
    # Takes the place of all these, for a vendor that is not REST-shaped.
    opens: Opens | None = None

    # What comes onto the sheet.
    telehealth_only: bool = True
    note_policy: NotePolicy = "never"
    # What it tells that a practice may do without, each with the spots at which its records have
    # it: these are emptied before anything else sees them (`rest.minimised`). Where no spot is
    # named it is dropped once it was read.
    holds: Mapping[Extra, tuple[str, ...]] = field(default_factory=dict)

    # What is written to it.
    desk: OpensDesk | None = None
    # Else its desk takes only what people decided on the sheet.
    serves_callers: bool = True
    # What people change on the sheet goes back to it, unless the practice switches that off.
    two_way: bool = False
    # The statuses that the sheet may set there; without it every one of ours.
    settable: Callable[[Connection], frozenset[Status]] | None = None
    # Its own statuses, to which a practice has given a meaning in its settings.
    own_statuses: OwnStatuses | None = None

    def auth_by(self, secrets: Secrets) -> Auth | None:
        """How requests are signed with these secrets: by a person's sign-in where there was one."""
        return self.sign_in if self.sign_in and self.sign_in.is_in(secrets) else self.auth

    def hosts(self, connection: Connection) -> frozenset[str]:
        """The hosts its requests may go to: the vendor's, or those set for this connection."""
        ours = [getattr(one, "token_url", "") for one in (self.auth, self.sign_in)]
        urls = (
            connection.base_url or self.base_url,
            *([connection.token_url] if connection.token_url else (u for u in ours if "://" in u)),
        )
        found = {urlsplit(url).hostname for url in urls if url}
        return self.extra_hosts | {host for host in found if host}
