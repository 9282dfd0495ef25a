"""A connection: one practice's link to one PMS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain import minimising


class State(StrEnum):
    """Whether a connection is usable, and if not, who must act."""

    SETUP_REQUIRED = "SETUP_REQUIRED"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ERROR = "ERROR"
    NEEDS_SIGN_IN = "NEEDS_SIGN_IN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is known of a practice's link to its PMS; no secret is ever in it."""

    id: UUID
    account_id: str
    vendor: str
    pms_type: str | None = None  # the PMS behind a vendor that stands before several
    site: str
    name: str = ""
    timezone: str
    opening_hours: Mapping[str, Any] = field(default_factory=dict)
    state: State = State.ACTIVE
    is_removed: bool = False

    # Where it is reached, where its secrets are, and the vendor's own settings
    # (`default_minutes`, ...).
    base_url: str | None = None
    token_url: str | None = None
    secret_ref: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    # What of its book comes onto the sheet.
    telehealth_only: bool = True
    telehealth_types: frozenset[str] = frozenset()  # marked by a person
    types: Mapping[str, "KnownType"] = field(default_factory=dict)  # as last read
    practitioners: Mapping[str, str] = field(default_factory=dict)  # in its book or on our sheet
    clinicians: Mapping[str, UUID] = field(default_factory=dict)  # those that have a column
    emptied: frozenset[str] = frozenset()  # what stored rows were emptied of already

    # How often it is read; an adaptive one less often while it is quiet.
    frequency_minutes: int = 15
    adaptive: bool = False
    quiet_minutes: int = 120
    last_sync_at: datetime | None = None

    # What goes back to it: what both sides changed is a conflict where it goes both ways.
    both_ways: bool = False
    auto_push: bool = False  # what people change goes out by itself
    auto_create: bool = False  # and what they add

    @property
    def default_minutes(self) -> int:
        return int(self.settings.get("default_minutes", 30))

    @property
    def left_out(self) -> frozenset[minimising.Extra]:
        """What the practice does not let us have."""
        return minimising.chosen(self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownType:
    """An appointment type as last read from the PMS, with a person's choices."""

    name: str
    duration_minutes: int | None = None
    is_telehealth: bool = False
    sync_enabled: bool = True
