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
    """What a sync needs to know of a practice's link to its PMS; no secret is ever in it.

    `settings` holds the vendor's own keys (`default_minutes`, ...). `telehealth_types` are the
    appointment types a person marked; `types` the names and durations last read. `practitioners`
    are those in the practice's book or on our sheet, `clinicians` the ones that have a column.
    `pms_type` is the PMS behind a vendor that stands before several. Where it goes `both_ways` what
    both sides changed is a conflict; with `auto_push` what people change goes out by itself, with
    `auto_create` what they add too. One that is `adaptive` is read less often while it is quiet.
    `emptied` is what stored rows were emptied of already.
    """

    id: UUID
    account_id: str
    vendor: str
    site: str
    timezone: str
    name: str = ""
    state: State = State.ACTIVE
    base_url: str | None = None
    token_url: str | None = None
    secret_ref: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    telehealth_only: bool = True
    telehealth_types: frozenset[str] = frozenset()
    types: Mapping[str, "KnownType"] = field(default_factory=dict)
    practitioners: Mapping[str, str] = field(default_factory=dict)
    clinicians: Mapping[str, UUID] = field(default_factory=dict)
    frequency_minutes: int = 15
    last_sync_at: datetime | None = None
    pms_type: str | None = None
    opening_hours: Mapping[str, Any] = field(default_factory=dict)
    both_ways: bool = False
    auto_push: bool = False
    auto_create: bool = False
    adaptive: bool = False
    quiet_minutes: int = 120
    is_removed: bool = False
    emptied: frozenset[str] = frozenset()

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
