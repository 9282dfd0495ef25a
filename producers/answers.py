"""What every answer of the API has, and what it says of connections, as models OpenAPI shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from adapters.rest.vendor import Vendor
from adapters.storage.practices.checks import CheckView
from adapters.storage.practices.connection_details import ConnectionDetails
from adapters.storage.practices.left_rows import LeftRows, Removed
from domain.checks import CheckState

HIDDEN = "set"
PRESET = "set by the operator"
SHOWN_DIGITS = 4
SHORTEST_SHOWN = 12
NEVER_SHOWN = ("secret", "password", "token", "key")


class Success(BaseModel):
    success: Literal[True] = True


def sent(answer: Success) -> Response:
    """A long answer: serialised where it is made, not on the loop that serves everybody."""
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


class JobPut(Success):
    job_id: int


class CapabilitiesAnswer(BaseModel):
    """What the PMS's API can do."""

    changed_since: bool
    shows_deletions: bool
    probe_by_id: bool
    webhooks: bool
    per_practitioner: bool
    telehealth: str
    telehealth_by: str
    writes: list[str]

    @classmethod
    def of(cls, vendor: Vendor) -> Self:
        can = vendor.capabilities
        named = {name: getattr(can, name) for name in cls.model_fields if name != "writes"}
        return cls(**named, writes=sorted(can.writes))


class ConnectionAnswer(BaseModel):
    """One practice's link to one PMS. `secrets` say which are set, never what they are.

    In a list they are null: `has_secrets` says whether there are any. `pms_type` is the PMS behind
    a vendor that stands before several, else the vendor.
    """

    id: UUID
    vendor: str
    vendor_title: str
    pms_type: str
    name: str
    site: str
    timezone: str
    state: str
    state_reason: str | None
    status: str
    sentence: str
    sync_enabled: bool
    frequency_minutes: int
    days_ahead: int
    full_every_minutes: int
    adaptive: bool
    quiet_minutes: int
    rests_until: datetime | None
    telehealth_only: bool
    settings: dict[str, Any]
    opening_hours: dict[str, Any]
    features: dict[str, bool]
    booking_rules: dict[str, Any]
    setup_step: str | None
    practitioners: int
    mapped: int
    types: int
    telehealth_types: int
    last_sync_at: datetime | None
    last_sync_status: str | None
    last_sync_error: str | None
    next_sync_at: datetime | None
    has_secrets: bool
    secrets: dict[str, str] | None
    capabilities: CapabilitiesAnswer
    webhook_key_made_at: datetime | None
    created_at: datetime
    version: int

    @classmethod
    def of(
        cls, found: ConnectionDetails, vendor: Vendor, secrets: Mapping[str, str] | None
    ) -> Self:
        own = {name: getattr(found, name) for name in cls.model_fields if hasattr(found, name)}
        return cls(
            **own,
            vendor_title=vendor.title,
            status=found.fresh.status,
            sentence=found.fresh.sentence,
            secrets=None if secrets is None else dict(secrets),
            capabilities=CapabilitiesAnswer.of(vendor),
        )


class OneConnection(Success):
    connection: ConnectionAnswer


class ManyConnections(Success):
    connections: list[ConnectionAnswer]
    next_cursor: str | None


class LeftRowsAnswer(BaseModel):
    """Rows of a connection that are still to come.

    `to_come` stand on the sheet, `typed` of them with something a person typed; `taken_off` were
    taken off it by hand and can be put back.
    """

    to_come: int
    typed: int
    taken_off: int

    @classmethod
    def of(cls, found: LeftRows) -> Self:
        return cls(**{name: getattr(found, name) for name in LeftRowsAnswer.model_fields})


class OneLeftRows(Success):
    rows: LeftRowsAnswer


class RemovedConnection(Success):
    """`rows` where it was said what becomes of them: how they are left."""

    id: UUID
    rows: LeftRowsAnswer | None = None


class GoneAnswer(BaseModel):
    """A connection that was removed, with its rows still to come."""

    id: UUID
    vendor: str
    name: str
    site: str
    timezone: str
    removed_at: datetime
    rows: LeftRowsAnswer

    @classmethod
    def of(cls, found: Removed) -> Self:
        own = {name: getattr(found, name) for name in cls.model_fields if name != "rows"}
        return cls(**own, rows=LeftRowsAnswer.of(found))


class ManyGone(Success):
    connections: list[GoneAnswer]


class MovedRows(Success):
    """How many rows were moved, and how they are left."""

    moved: int
    rows: LeftRowsAnswer


class CheckAnswer(BaseModel):
    """A check; `connectionValid` is null while it waits.

    `connection_id` is another than it was asked of where the practice turned out to have been
    connected before: that connection goes on in its place.
    """

    id: UUID
    connection_id: UUID
    kind: str
    state: str
    connectionValid: bool | None  # noqa: N815 - the name clients know
    message: str | None
    practice: str | None
    practitioners: int
    types: int
    asked_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, found: CheckView) -> Self:
        own = {name: getattr(found, name) for name in cls.model_fields if hasattr(found, name)}
        waits = found.state == CheckState.WAITING
        return cls(**own, connectionValid=None if waits else found.state == CheckState.OK)


class OneCheck(Success):
    check: CheckAnswer


class SuggestionAnswer(BaseModel):
    """A clinician whose name says it is them; `score` is 1 for the same name."""

    clinician_id: UUID
    clinician: str
    score: float


class PractitionerAnswer(BaseModel):
    pms_id: str
    name: str
    active: bool
    sync_enabled: bool
    clinician_id: UUID | None
    clinician: str | None
    suggestion: SuggestionAnswer | None


class ClinicianAnswer(BaseModel):
    id: UUID
    name: str


class Practitioners(Success):
    practitioners: list[PractitionerAnswer]
    clinicians: list[ClinicianAnswer]


class TypeAnswer(BaseModel):
    type_id: str
    name: str
    duration_minutes: int | None
    colour: str | None
    is_telehealth: bool
    classified: bool
    sync_enabled: bool


class Types(Success):
    types: list[TypeAnswer]


class VendorAnswer(BaseModel):
    """A PMS that can be connected, and what that takes."""

    name: str
    title: str
    available: bool
    coming_soon: bool
    docs: str | None = None
    site_label: str | None = None
    site_required: bool = False
    secrets: dict[str, str] = {}
    preset_secrets: list[str] = []
    pairing: bool = False
    settings: dict[str, str] = {}
    telehealth: str | None = None
    capabilities: CapabilitiesAnswer | None = None


class Vendors(Success):
    vendors: list[VendorAnswer]


class Started(Success):
    job_id: int
    connection: ConnectionAnswer


def masked(vendor: Vendor, own: Mapping[str, str], preset: Mapping[str, str]) -> dict[str, str]:
    """Which secrets are there: of a long name of an account the end, of all else nothing."""
    found = {key: PRESET for key in preset if key in vendor.secrets}
    return found | {key: _masked(key, value) for key, value in own.items()}


def _masked(key: str, value: str) -> str:
    if len(value) < SHORTEST_SHOWN or any(word in key for word in NEVER_SHOWN):
        return HIDDEN
    return f"••••{value[-SHOWN_DIGITS:]}"
