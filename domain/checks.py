"""A check of a connection: what is tried, what the PMS said, and how a failure is told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.appointments import AppointmentType, Practice, Practitioner
from domain.connections import Connection
from domain.errors import BadInput, NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.sources import Spend

SUCCESSFUL = "Connection successful."
UNPAIRED = "The credentials are accepted; enter a pairing code next."
FAILED = "Connection failed."
NOT_ALLOWED = "403"
NOT_THERE = frozenset({"404", "410"})

AGAIN = "; connect this practice again"
"""Added where a sync is shut out; who is trying credentials at a form is told better."""

# What the engine says of an answer names its path as a template, which tells a person nothing.
_ANSWERED = re.compile(r"^(?P<vendor>[^:]+): [A-Z]+ .+? answered (?P<status>\d{3})(?P<more>;.*)?$")


class CheckFailed(SyncError):
    """A connection was tried and does not work; the text says what to correct."""


class CheckKind(StrEnum):
    """What a person asked for: try it as it is, spend a pairing code, or try new credentials."""

    TEST = "test"
    PAIR = "pair"
    CREDENTIALS = "credentials"


class CheckState(StrEnum):
    WAITING = "waiting"
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the PMS said of the practice; nothing but `spent` where it is not paired yet."""

    practice: Practice | None = None
    practitioners: Sequence[Practitioner] = ()
    types: Sequence[AppointmentType] = ()
    spent: Sequence[Spend] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check under way. `held` is the connection as stored, `tried` as it would become.

    `trial_ref` names secrets that live for the check alone; once it `is_over`, those to forget.
    """

    id: UUID
    kind: CheckKind
    held: Connection
    tried: Connection
    trial_ref: str | None = field(default=None, repr=False)
    asked_at: datetime
    asked_by: str
    is_paired: bool = False
    is_over: bool = False


def failure(error: SyncError, *, site_label: str, pairs: bool) -> str:
    """What went wrong and what to correct, in words without paths or values."""
    text = str(error).rstrip(".")
    answered = _ANSWERED.match(text)
    if answered is None and (isinstance(error, BadInput | Refused) or _says_what_to_do(error)):
        return f"{FAILED} {text}."
    if answered is not None:
        more = (answered["more"] or "").removesuffix(AGAIN)
        if answered["status"] == NOT_ALLOWED and not more:
            more = f"; is the {_lowered(site_label)} right?"
        text = f"{answered['vendor']} answered {answered['status']}{more}"
    return f"{FAILED} {_advice(error, answered, site_label=site_label, pairs=pairs)}({text})"


def shut_out(error: SyncError) -> str:
    """Why a person has to sign in again; what the vendor answered is told with the run."""
    answered = _ANSWERED.match(str(error))
    if answered is None:
        return str(error)
    return f"{answered['vendor']} no longer accepts our sign-in; sign in again."


def in_words(error: SyncError) -> str:
    """What went wrong with a change, for whoever looks at its row: no address says it to them."""
    answered = _ANSWERED.match(str(error))
    if answered is None:
        return str(error)
    did = "refused it" if isinstance(error, Refused) else "did not answer as it should"
    return f"{answered['vendor']} {did} (it said {answered['status']})."


def _says_what_to_do(error: SyncError) -> bool:
    """A refusal in words of ours tells after its semicolon what helps, which may be no secret."""
    return isinstance(error, NeedsReconnect) and "; " in str(error).removesuffix(AGAIN)


def _advice(
    error: SyncError, answered: re.Match[str] | None, *, site_label: str, pairs: bool
) -> str:
    if answered is not None and answered["status"] in NOT_THERE and not answered["more"]:
        again = ", or pair the practice again with a new code" if pairs else ""
        return f"Please check the {_lowered(site_label)}{again}. "
    if isinstance(error, NeedsReconnect):
        return "Please check your credentials. "
    return "Try again in a few minutes. " if isinstance(error, Transient | Throttled) else ""


def _lowered(label: str) -> str:
    return f"{label[:1].lower()}{label[1:]}"
