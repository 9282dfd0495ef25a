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
    """A collection, or one thing, at a path; `parse` yields what one record means to us.

    `faults` are this path's own odd status codes. `expects` are the documented keys of a record:
    one that is missing is counted as drift. `mark_header` holds the vendor's own "as of".
    `id_at` is where a record has its id. A parameter that is the name of a part in braces becomes
    that part. `secret_headers` are headers that hold secrets. `loading` is a header and the word
    in it that says: not everything is here yet. `joins` is what records name in another listing.
    `changed_at` is where a record says when it was changed last. `further` are listings that are
    read after it for the same slice, asked for by the same query: where those called off are not
    listed with the others, say.
    """

    path: str
    wrapping: Wrapping
    parse: Callable[[Record, Connection], Iterable[T]]
    paging: Paging = field(default_factory=Whole)
    params: Mapping[str, str] = field(default_factory=dict)
    buckets: tuple[str, ...] = ("default",)
    faults: Mapping[int, type[SyncError]] = field(default_factory=dict)
    expects: frozenset[str] = frozenset()
    mark_header: str | None = None
    id_at: str = "id"
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    loading: tuple[str, str] | None = None
    joins: Join | None = None
    changed_at: str | None = None
    further: "tuple[Listing[T], ...]" = ()


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
    """Everything the engine, the wizard and the command line need to know of a PMS.

    `secrets` and `settings` are what a connection needs and may have, each with a line of help.
    `read_fault` looks into bodies, for vendors whose status codes do not tell; with
    `may_answer_nothing` a success may lack one. `changes` is the listing of changes, where they
    are asked for elsewhere than the appointments of a window. `headers_of` adds
    headers that depend on the connection. A vendor that lists no practitioners says at which path
    an appointment names its own: those met in the book become practitioners. `title` is what
    sentences call it, `maker` the company behind the product where its name is another. `sign_in`
    is how a person may let us in on the vendor's own page, where the operator has set it up. With
    `two_way` what people change on the sheet goes back to it, unless the practice switches it off.
    Without `serves_callers` its desk takes only what people decided on the sheet. `excess_cost` is
    what a vendor that bills calls beyond its limits asks for each, in US dollars. `site_secret` is
    the secret that says which practice it is, and so is the site as well. `place` reads of a site
    and settings the practice they stand for, where it can be written in several ways: its office,
    and which of it, None where that is not said. `practitioners_are` says
    what counts as one where the vendor has another word; `region` is where its practices are.
    `settable` says which statuses the sheet may set there; without it every one of ours.
    `limit_words` say of a bucket what it limits, where that is not requests of any kind. `proves`
    says of a token that is kept whether its secrets are good, where each sign-in may cost one.
    `check_settings` refuses settings that could not be used, by what is known of a practice so far.
    `own_statuses` are the PMS's statuses that a practice has given a meaning in its settings. One
    that is `adaptive` is read less often while a practice is quiet, unless the practice says no.
    Notes are read only as `note_policy` lets them. `holds` are what it tells that a practice may do
    without, each with the spots at which its records have it: these are emptied before anything
    else sees them (`rest.minimised`). Where there is no such spot it is dropped once it was read.
    `behind` are the PMSs it stands before, with what can be done at each; "" is any other.
    """

    name: str
    title: str
    maker: str = ""
    stage: Stage = "sketched"
    docs: str
    base_url: str
    limits: Mapping[str, tuple[Limit, ...]]
    limited_per: LimitedPer
    limits_are: Literal["documented", "assumed"] = "assumed"
    secrets: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    site_label: str = "Site"
    site_secret: str | None = None
    place: Callable[[str, Mapping[str, Any]], tuple[str, str | None]] | None = None
    practitioners_are: str = ""
    region: str = "Australia"
    capabilities: Capabilities = field(default_factory=Capabilities)
    note_policy: NotePolicy = "never"
    holds: Mapping[Extra, tuple[str, ...]] = field(default_factory=dict)
    telehealth_only: bool = True
    two_way: bool = False
    adaptive: bool = True
    settable: Callable[[Connection], frozenset[Status]] | None = None
    check_settings: Callable[[Mapping[str, Any], Connection | None], None] | None = None
    own_statuses: OwnStatuses | None = None
    tiers: Mapping[str, tuple[Tier, ...]] = field(default_factory=dict)
    limit_words: Mapping[str, str] = field(default_factory=dict)
    excess_cost: Decimal | None = None
    voice_shares: Mapping[str, float] = field(default_factory=dict)
    extra_hosts: frozenset[str] = frozenset()

    auth: Auth | None = None
    sign_in: SignIn | None = None
    proves: Callable[[Token], bool] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    headers_of: Callable[[Connection], Mapping[str, str]] | None = None
    rate_headers: RateHeaders | None = None
    faults: Mapping[int, type[SyncError]] = field(default_factory=dict)
    read_fault: Callable[[int, Any], Fault | None] | None = None
    may_answer_nothing: bool = False
    queries: Queries | None = None
    appointments: Listing[Appointment] | None = None
    changes: Listing[Appointment] | None = None
    appointment: Listing[Appointment] | None = None
    practice: Listing[Practice] | None = None
    practitioners: Listing[Practitioner] | None = None
    practitioner_at: str | None = None
    types: Listing[AppointmentType] | None = None
    pairing: Pairing | None = None
    opens: Opens | None = None
    desk: OpensDesk | None = None
    serves_callers: bool = True
    behind: Mapping[str, frozenset[Ability]] = field(default_factory=dict)

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
