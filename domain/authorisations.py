"""An office that let us in at a marketplace: what was told of it, and whose account it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.connections import State

OFFICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}", re.ASCII)
"""An office id, such as D12345; it becomes part of a secret's name and of a site."""

SUBJECT = "Office"
"""What a delivery about an office is about."""

LISTED_WITHIN = timedelta(hours=1)
"""An office that the vendor does not list this long after its event never authorised us."""

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8

MANY = 3
"""More offices than this that vanish at once, and half of all, are taken for the vendor's fault."""


class AuthorisationState(StrEnum):
    """Where an authorisation stands; the first two are open.

    `pending`: nobody has claimed the office. `claimed`: an account has, and it is being connected.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    CONNECTED = "connected"
    REFUSED = "refused"
    DROPPED = "dropped"


S = AuthorisationState
OPEN = frozenset({S.PENDING, S.CLAIMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a message said: which office, and what came along to tell whose it is.

    `is_end` where the message speaks of a cancelled order. None of it is believed.
    """

    office_id: str
    app_id: str | None = None
    token: str | None = field(default=None, repr=False)
    is_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A practice within an office; without a zone where the vendor names none that we know."""

    practice_id: str
    name: str | None = None
    pms_type: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office as the vendor itself lists it."""

    office_id: str
    secret_key: str = field(repr=False)
    practices: tuple[Located, ...]

    @property
    def key(self) -> str:
        """What it is found by, however its id was written."""
        return self.office_id.upper()

    @property
    def name(self) -> str | None:
        return next((one.name for one in self.practices if one.name), None)

    @property
    def pms_type(self) -> str | None:
        return next((one.pms_type for one in self.practices if one.pms_type), None)


Listed = Mapping[str, Office]
"""Offices by their id in capitals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An open authorisation; `account_id` once somebody showed that the office is theirs."""

    id: UUID
    office_id: str
    state: AuthorisationState
    account_id: str | None
    first_seen_at: datetime
    settled_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A practice of an office as it is to be connected, with its secret stored.

    `is_replaced` where a connection had another secret until now.
    """

    site: str
    practice: Located
    timezone: str
    secret_ref: str
    is_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A connection to a practice of an office."""

    id: UUID
    account_id: str
    site: str
    state: State
    practice_id: str | None = None
    secret_ref: str | None = None
    timezone: str = "UTC"

    @property
    def office_id(self) -> str:
        return self.site.partition(":")[0]


def sites(office: Office, linked: Sequence[Linked]) -> Mapping[str, Located]:
    """The practices by the site of their connection: the first has the office's id alone.

    Which one is first is settled once: a practice that was connected as it stays it, and keeps
    its site as it was written.
    """
    ordered = sorted(office.practices, key=lambda one: (len(one.practice_id), one.practice_id))
    own = [one for one in linked if one.site.upper() == office.key]
    first = next((one.practice_id for one in own if one.practice_id), ordered[0].practice_id)
    if first not in {one.practice_id for one in ordered}:
        first = ordered[0].practice_id
    named = {
        f"{office.office_id}:{one.practice_id}": one for one in ordered if one.practice_id != first
    }
    found = {office.office_id: next(one for one in ordered if one.practice_id == first), **named}
    written = {one.site.upper(): one.site for one in linked}
    return {_written(site, one, written): one for site, one in found.items()}


def _written(site: str, practice: Located, written: Mapping[str, str]) -> str:
    """As its connection has it, who may have named the practice though the office would do."""
    named = f"{site}:{practice.practice_id}"
    return written.get(site.upper()) or written.get(named.upper(), site)


def vanished(linked: Sequence[Linked], listed: Listed) -> Sequence[Linked]:
    """Working connections whose office, or practice in it, is no longer listed (by id in capitals).

    None of them where so many are missing that the listing itself is in doubt.
    """
    working = [one for one in linked if one.state in {State.ACTIVE, State.ERROR}]
    gone = [one for one in working if not _is_listed(one, listed)]
    offices = {one.office_id for one in working}
    lost = {one.office_id for one in gone}
    if len(lost) > MANY and len(lost) * 2 > len(offices):
        return []
    return gone


def read_code(typed: str) -> str | None:
    """A code as it was typed, in capitals and without what separates its parts."""
    bare = re.sub(r"[\s-]", "", typed).upper()
    return bare if len(bare) == CODE_LENGTH and set(bare) <= set(LETTERS) else None


def shown_code(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def coded(digest: bytes) -> str:
    """A code made of bytes that nobody can guess."""
    number, letters = int.from_bytes(digest[:16]), []
    for _ in range(CODE_LENGTH):
        number, rest = divmod(number, len(LETTERS))
        letters.append(LETTERS[rest])
    return "".join(letters)


def _is_listed(one: Linked, listed: Listed) -> bool:
    office = listed.get(one.office_id.upper())
    if office is None:
        return False
    practice = one.site.partition(":")[2] or one.practice_id
    return not practice or practice in {each.practice_id for each in office.practices}
